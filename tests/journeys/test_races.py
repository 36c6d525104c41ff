"""Many who want to do with one case what only one can (S68): one effect, told once; the others hear 409."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from services.accounts import commands, queries
from services.chassis.actor import Actor, Context
from services.contracts.accounts import ChangeOrganization, RemoveOrganization
from tests.journeys.cast import Cast, Person, Scene, expect, unique
from tests.journeys.crowd import at_once, patiently
from tests.journeys.test_live import feed, newest
from tests.parts import eventually
from tests.world import HttpAnswer, MemoryWorld

pytestmark = pytest.mark.journey
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.fixture
def scene(cast: Cast) -> Scene:
    """Of seed A: there the customer is asked whether it was answered."""
    return cast.scene("A")


def ended(scene: Scene) -> tuple[dict[str, Any], str]:
    """A case that support closed just now."""
    case, here = scene.open()
    expect(scene.agent.post(f"{here}/answer", {"body": "Done.", "close": True}), 200)
    return case, here


def told(memory: MemoryWorld, scene: Scene, case: dict[str, Any], since: int, *kinds: str) -> list[str]:
    """Which of these the feed has told of the case since then, in their order."""
    memory.settle(None)
    lines = feed(scene.agent, scene, since)
    return [line["type"] for line in lines if line["subject"] == case["id"] and line["type"] in kinds]


def now(memory: MemoryWorld, scene: Scene) -> int:
    memory.settle(None)
    return newest(scene.agent, scene)


def test_of_fifty_who_close_one_does_and_of_fifty_who_reopen(memory: MemoryWorld, scene: Scene) -> None:
    case, here = scene.open()
    people, since = (scene.agent, scene.technician, scene.customer), now(memory, scene)
    for path in (f"{here}/close", f"{here}/reopen"):

        def act(place: int, path: str = path) -> int:
            return patiently(people[place % 3], "POST", path).status

        assert Counter(at_once(act)) == {200: 1, 409: 49}
    assert told(memory, scene, case, since, "case.closed", "case.reopened") == ["case.closed", "case.reopened"]


def test_who_close_and_reopen_at_once_take_turns_and_each_turn_is_told_once(memory: MemoryWorld, scene: Scene) -> None:
    case, here = scene.open()
    people, since = (scene.agent, scene.customer), now(memory, scene)

    def act(place: int) -> tuple[str, int]:
        verb = ("close", "reopen")[place % 2]
        return verb, patiently(people[place % 2], "POST", f"{here}/{verb}").status

    done = Counter(verb for verb, status in at_once(act) if status == 200)
    happened = told(memory, scene, case, since, "case.closed", "case.reopened")
    assert happened == ["case.closed", "case.reopened"] * (len(happened) // 2) + ["case.closed"] * (len(happened) % 2)
    assert done == Counter(one.removeprefix("case.").removesuffix("ed").replace("clos", "close") for one in happened)
    status = expect(scene.customer.get(here), 200)["status"]
    assert (status == "closed") == (happened[-1] == "case.closed")


def test_of_fifty_who_say_whether_it_was_answered_one_is_heard(memory: MemoryWorld, scene: Scene) -> None:
    case, here = ended(scene)
    since = now(memory, scene)

    def say(place: int) -> tuple[str, int]:
        answer = ("yes", "no")[place % 2]
        body = {"answer": answer, "reopen": True, "feedback": "So it is."}
        return answer, patiently(scene.customer, "PUT", f"{here}/confirmation", body).status

    answers = at_once(say)
    assert Counter(status for _, status in answers) == {200: 1, 409: 49}
    [heard] = [answer for answer, status in answers if status == 200]
    shown = expect(scene.customer.get(here), 200)
    assert (shown["confirmation"], shown["status"]) == {"yes": ("yes", "closed"), "no": ("no", "open")}[heard]
    kinds = ["comment.added", "confirmation.given", "case.reopened"]
    assert told(memory, scene, case, since, *kinds) == kinds[: 2 if heard == "yes" else 3]
    assert [one["body"] for one in shown["comments"]].count("So it is.") == 1


# --- merging ----------------------------------------------------------------------------------------------------------


def merged(scene: Scene, *paths: str) -> list[str]:
    """The numbers that go on as another one, told by those others; each leads on in one step."""
    shown = [expect(scene.agent.get(path), 200) for path in paths]
    gone = {case["id"] for case in shown if case["permissions"] == []}
    for case in shown:
        assert not (case["id"] in gone and case["merged_from"]), "a case goes on as one that goes on as another"
    return [number for case in shown for number in case["merged_from"]]


def test_of_twenty_crossing_merges_one_wins(memory: MemoryWorld, scene: Scene) -> None:
    (one, here), (other, there) = scene.open(), scene.open()
    ways = ((here, other["id"]), (there, one["id"]))

    def merge(place: int) -> tuple[int, str]:
        path, into = ways[place % 2]
        answer = patiently(scene.agent, "POST", f"{path}/merge", {"into_id": into})
        return answer.status, "" if answer.status == 200 else answer.json()["code"]

    answers = Counter(at_once(merge, 20))
    assert answers.pop((200, "")) == 1
    assert {code for _, code in answers} <= {"merged", "has_merged"}
    assert len(merged(scene, here, there)) == 1


def test_nothing_is_merged_into_a_case_that_goes_on_as_another_just_now(memory: MemoryWorld, scene: Scene) -> None:
    for _ in range(5):
        (_, first), (second, middle), (last, end) = scene.open(), scene.open(), scene.open()
        ways = ((first, second["id"]), (middle, last["id"]))

        def merge(place: int, ways: Any = ways) -> int:
            path, into = ways[place]
            return patiently(scene.agent, "POST", f"{path}/merge", {"into_id": into}).status

        assert sorted(at_once(merge, 2)) == [200, 409]
        assert len(merged(scene, first, middle, end)) == 1


def test_merging_and_taking_apart_at_once_comes_to_an_end(memory: MemoryWorld, scene: Scene) -> None:
    (one, here), (other, there) = scene.open(), scene.open()
    ways = [(path, act) for path in (here, there) for act in ("merge", "unmerge")]
    into = {here: other["id"], there: one["id"]}

    def act(place: int) -> tuple[int, str]:
        path, verb = ways[place % 4]
        body = {"into_id": into[path]} if verb == "merge" else {}
        answer = patiently(scene.agent, "POST", f"{path}/{verb}", body)
        return answer.status, "" if answer.status == 200 else answer.json()["code"]

    answers = Counter(at_once(act, 20))
    assert {code for status, code in answers if status != 200} <= {
        "merged",
        "has_merged",
        "not_merged",
    }
    assert len(merged(scene, here, there)) <= 1


# --- people and their places -----------------------------------------------------------------------------------------


def change_role(scene: Scene, who: Person) -> HttpAnswer:
    [place] = expect(who.get("/v1/me"), 200)["memberships"]
    return scene.team.cast.operator.patch(f"{scene.path}/memberships/{place['id']}", {"role": "lead"})


def go_away(scene: Scene, who: Person) -> HttpAnswer:
    return who.put("/v1/me/availability", {"team_id": scene.team.id, "state": "away"})


def join_a_customer(scene: Scene, who: Person) -> HttpAnswer:
    asked = {"user_name": who.user_name, "email": who.email, "name": "Any", "password": "unused123", "role": "member"}
    return scene.team.cast.operator.post(scene.home.users, asked)


@pytest.mark.parametrize("act", [change_role, go_away, join_a_customer])
def test_a_place_is_told_with_its_person_as_he_is(
    memory: MemoryWorld, scene: Scene, act: Callable[[Scene, Person], HttpAnswer]
) -> None:
    who, work = scene.team.add_agent(), memory.client.works["accounts"]
    new = f"new-{who.email}"
    with ThreadPoolExecutor(1) as pool:
        with work.writing() as uow:  # his new address is written and not committed yet
            person = queries.people.account(uow, who.id)
            commands.people.change_person(uow, person, {"email": new, "email_key": new})
            late = pool.submit(act, scene, who)
            with work.noting() as beside:
                eventually(lambda: beside.all(WAITING)[0][0])
        assert late.result().status in (200, 201)
    memory.settle(None)
    with memory.client.works["notifications"].noting() as uow:
        known = uow.all(text("SELECT DISTINCT email FROM memberships WHERE user_id = :id"), {"id": who.id})
    assert known == [(new,)]


def test_who_is_let_in_while_the_organization_goes_has_no_place_there(memory: MemoryWorld, scene: Scene) -> None:
    gone, operator, work = scene.team.organization(), scene.team.cast.operator, memory.client.works["accounts"]
    name = unique("late")
    asked = {"user_name": name, "email": f"{name}@example.org", "name": name, "password": "long enough to be good"}
    with ThreadPoolExecutor(1) as pool:
        with work.writing() as uow:
            remove = RemoveOrganization(team_id=scene.team.id, organization_id=gone.id)
            commands.places.remove_organization(replace(uow, context=Context(Actor("operator", operator.id))), remove)
            late = pool.submit(operator.post, gone.users, asked | {"role": "member"})
            with work.noting() as beside:
                eventually(lambda: beside.all(WAITING)[0][0])
        assert expect(late.result(), 409)["code"] == "organization_inactive"


def test_the_organization_of_nobody_gets_a_version_for_each_change(memory: MemoryWorld, cast: Cast) -> None:
    team, work = cast.team("B"), memory.client.works["accounts"]
    [nobodys] = expect(cast.operator.get(f"{team.path}/organizations"), 200)["data"]
    more = [*team.profile["products"], {"key": "another", "name": "Another"}]
    headers = {"If-Match": cast.operator.get(f"{team.path}/profile").headers["etag"]}
    with ThreadPoolExecutor(1) as pool:
        with work.writing() as uow:
            change = ChangeOrganization(team_id=team.id, organization_id=nobodys["id"], name="Visitors")
            operator = Context(Actor("operator", cast.operator.id))
            commands.places.change_organization(replace(uow, context=operator), change)
            profile = {"profile": team.profile | {"products": more}}
            late = pool.submit(cast.operator.put, f"{team.path}/profile", profile, headers=headers)
            with work.noting() as beside:
                eventually(lambda: beside.all(WAITING)[0][0])
        expect(late.result(), 200)
    [changed] = expect(cast.operator.get(f"{team.path}/organizations"), 200)["data"]
    assert (changed["name"], changed["products"][-1]) == ("Visitors", "another")
    assert changed["version"] == nobodys["version"] + 2
