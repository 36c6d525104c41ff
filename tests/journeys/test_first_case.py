"""A case from registering to reopening, with its conversation, its files and its mails."""

from __future__ import annotations

import hashlib

import pytest

from tests.journeys.cast import Cast, expect
from tests.world import World


@pytest.mark.journey
def test_a_case_is_registered_discussed_answered_and_closed(cast: Cast, world: World) -> None:
    team = cast.team("E")
    organization = team.organization()
    customer, agent = organization.person(), team.agent
    case = team.open_case(customer, "support", title="Etiketter skrivs inte ut", priority="B")
    here = f"{team.path}/cases/{case['id']}"
    expect(customer.post(f"{here}/comments", {"body": "Det är bråttom."}), 201)
    expect(agent.post(f"{here}/comments", {"body": "internt", "visibility": "internal"}), 201)
    expect(agent.post(f"{here}/answer", {"body": "Starta om skrivaren."}), 200)
    read = expect(customer.get(here), 200)
    assert [comment["body"] for comment in read["comments"]] == ["Det är bråttom.", "Starta om skrivaren."]
    assert read["status"] == "answered"
    listed = expect(customer.get(f"{team.path}/cases?view=mine"), 200)
    assert [line["id"] for line in listed["data"]] == [case["id"]]
    world.settle(lambda: customer.get(f"{here}/tree").status == 200)
    answer = customer.upload(f"{here}/files", "bild.png", b"\x89PNG" + b"x" * 1000, "image/png")
    file = expect(answer, 201)["data"][0]
    assert file["sha256"] == hashlib.sha256(b"\x89PNG" + b"x" * 1000).hexdigest()
    expect(customer.post(f"{here}/close"), 200)


@pytest.mark.journey
def test_a_foreign_case_and_a_missing_one_are_the_same_answer(cast: Cast, world: World) -> None:
    team = cast.team("C")
    ours, theirs = team.organization(), team.organization()
    mine, foreign = ours.person(), theirs.person()
    case = team.open_case(mine)
    world.settle(lambda: foreign.get(f"{team.path}/cases").status == 200)
    missing = foreign.get(f"{team.path}/cases/case_01m7x2c4e6g8j0k2m4n6p8q0r2")
    hidden = foreign.get(f"{team.path}/cases/{case['id']}")
    assert missing.status == hidden.status == 404
    told, same = missing.json(), hidden.json()
    for problem in (told, same):
        problem.pop("request_id"), problem.pop("instance")
    assert told == same
