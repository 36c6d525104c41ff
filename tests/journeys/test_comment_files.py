"""Files that come with a comment: held until it is said, then in the case's folder for those who may read it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.files import commands
from tests.journeys.cast import Cast, Person, Scene, expect, unique
from tests.journeys.test_races import WAITING
from tests.parts import eventually
from tests.world import HttpAnswer, MemoryWorld, World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("C")


def begun(world: World, scene: Scene) -> str:
    """A case whose files service is ready for it."""
    _, here = scene.open()
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    return here


def held(who: Person, here: str, name: str, kind: str = "image/png") -> dict[str, Any]:
    """Send a file for a comment that is still to come."""
    sent = expect(who.upload(f"{here}/files", name, b"\x89PNG", kind, for_comment="true"), 201)["data"][0]
    assert sent["state"] == "held"
    return dict(sent)


def say(who: Person, here: str, *file_ids: str, **more: Any) -> HttpAnswer:
    return who.post(f"{here}/comments", {"body": "Look at this.", "file_ids": list(file_ids), **more})


def names(who: Person, here: str) -> list[str]:
    return [file["name"] for file in expect(who.get(f"{here}/tree"), 200)["files"]]


def test_until_the_comment_comes_only_the_uploader_knows_of_its_file(memory: MemoryWorld, scene: Scene) -> None:
    here = begun(memory, scene)
    file = held(scene.customer, here, "soon.png")
    place = f"{scene.path}/files/{file['id']}"
    for other in (scene.colleague, scene.agent, scene.stranger):
        expect(other.get(place), 404)
    assert names(scene.agent, here) == []
    assert names(scene.customer, here) == ["soon.png"]
    with memory.at(datetime.now(UTC) + timedelta(minutes=61)):
        memory.settle(None)
    expect(scene.customer.get(place), 404)
    assert expect(say(scene.customer, here, file["id"]), 422)["errors"][0]["rule"] == "exists"
    assert expect(scene.customer.get(here), 200)["comments"] == []


def test_a_file_that_is_dropped_at_this_moment_comes_with_no_comment(memory: MemoryWorld, scene: Scene) -> None:
    here, work = begun(memory, scene), memory.client.works["files"]
    file = held(scene.customer, here, "late.png")
    with memory.at(datetime.now(UTC) + timedelta(minutes=61)), ThreadPoolExecutor(1) as pool:
        with work.writing() as uow:
            while file["id"] not in {item[0] for item in commands.take_leftovers(uow)}:
                pass  # what other journeys left is older
            late = pool.submit(say, scene.customer, here, file["id"])
            with work.noting() as beside:
                eventually(lambda: beside.all(WAITING)[0][0])
        refused = expect(late.result(), 422)["errors"]
    assert [(one["pointer"], one["rule"]) for one in refused] == [("/file_ids/0", "exists")]
    assert names(scene.agent, here) == []


def test_what_an_internal_comment_brings_never_reaches_the_customer(memory: MemoryWorld, scene: Scene) -> None:
    here = begun(memory, scene)
    cursor = expect(scene.customer.get(f"{scene.path}/events"), 200)["cursor"]
    ours = held(scene.agent, here, "password.png")
    expect(say(scene.agent, here, ours["id"], visibility="internal"), 201)
    place = f"{scene.path}/files/{ours['id']}"
    folder = expect(scene.technician.get(place), 200)["folder_id"]
    below = expect(scene.agent.post(f"{here}/folders", {"name": "More", "parent_id": folder}), 201)
    expect(scene.agent.upload(f"{here}/files", "too.png", b"1", folder_id=below["id"]), 201)
    memory.settle(None)
    assert sorted(names(scene.technician, here)) == ["password.png", "too.png"]
    tree = expect(scene.customer.get(f"{here}/tree"), 200)
    assert (tree["files"], tree["folders"]) == ([], [])
    expect(scene.customer.get(place), 404)
    expect(scene.customer.get(f"{place}/content"), 404)
    expect(scene.customer.upload(f"{here}/files", "x.png", b"1", folder_id=folder), 404)
    assert expect(scene.customer.post(f"{here}/folders", {"name": "Internal"}), 201)["name"] == "Internal"
    heard = expect(scene.customer.get(f"{scene.path}/events?after={cursor}"), 200)["data"]
    assert ours["id"] not in repr(heard)
    assert folder not in repr(heard)
    asked = {"user_id": scene.customer.id, "action": "file.read", "resource_id": ours["id"]}
    assert expect(scene.agent.post("/v1/authorize", asked), 200)["rule"] == "staff_only"
    # Neither does it become public afterwards, nor has an internal comment anything public to bring.
    assert expect(say(scene.agent, here, ours["id"]), 422)["errors"][0]["rule"] == "exists"
    shown = expect(scene.agent.upload(f"{here}/files", "shown.png", b"1"), 201)["data"][0]
    refused = expect(say(scene.agent, here, shown["id"], visibility="internal"), 422)
    assert [(one["pointer"], one["rule"]) for one in refused["errors"]] == [("/file_ids/0", "internal")]
    expect(say(scene.customer, here, shown["id"], visibility="internal"), 403)


def test_a_comment_brings_only_what_its_author_sent_to_this_case(memory: MemoryWorld, scene: Scene) -> None:
    here, elsewhere = begun(memory, scene), begun(memory, scene)
    mine = held(scene.customer, here, "mine.png")["id"]
    others = [
        held(scene.colleague, here, "of a colleague.png")["id"],
        held(scene.customer, elsewhere, "of another case.png")["id"],
        "file_01m7x2c4e6g8j0k2m4n6p8q0r2",
    ]
    answers = [expect(say(scene.customer, here, mine, other), 422) for other in others]
    told = [[(one["pointer"], one["rule"], one["detail"]) for one in answer["errors"]] for answer in answers]
    assert told[0] == told[1] == told[2]
    assert [pointer for pointer, _, _ in told[0]] == ["/file_ids/1"]
    assert expect(scene.agent.get(here), 200)["comments"] == []
    assert names(scene.agent, here) == []
    key = {"Idempotency-Key": unique("key")}
    asked = {"body": "Here.", "file_ids": [mine]}
    said = [expect(scene.customer.post(f"{here}/comments", asked, headers=key), 201) for _ in range(2)]
    assert said[0] == said[1]
    assert names(scene.agent, here) == ["mine.png"]


def test_a_team_may_refuse_files_in_comments(cast: Cast, memory: MemoryWorld) -> None:
    scene = Scene(cast.team("C", comments={"files": "reject"}))
    here = begun(memory, scene)
    refused = expect(scene.customer.upload(f"{here}/files", "a.png", b"1", for_comment="true"), 422)
    assert [(one["pointer"], one["rule"]) for one in refused["errors"]] == [("/for_comment", "offered")]
    plain = expect(scene.customer.upload(f"{here}/files", "a.png", b"1"), 201)["data"][0]
    assert expect(say(scene.customer, here, plain["id"]), 422)["errors"][0]["pointer"] == "/file_ids"
    assert names(scene.agent, here) == ["a.png"]


def test_a_merged_case_takes_no_files_until_it_is_taken_apart(memory: MemoryWorld, scene: Scene) -> None:
    first, second = begun(memory, scene), begun(memory, scene)
    file = expect(scene.customer.upload(f"{first}/files", "before.png", b"1"), 201)["data"][0]
    expect(scene.agent.post(f"{first}/merge", {"into_id": second.rpartition("/")[2], "reason": "The same."}), 200)
    memory.settle(None)
    for answer in (
        scene.customer.upload(f"{first}/files", "after.png", b"1"),
        scene.customer.post(f"{first}/folders", {"name": "New"}),
        scene.agent.http("DELETE", f"{scene.path}/files/{file['id']}"),
        scene.agent.post(f"{scene.path}/uploads", {"case_id": first.rpartition("/")[2], "name": "x", "size": 1}),
    ):
        assert expect(answer, 409)["code"] == "merged"
    assert expect(scene.agent.get(f"{scene.path}/files/{file['id']}"), 200)["permissions"] == ["file.read"]
    expect(scene.customer.upload(f"{second}/files", "after.png", b"1"), 201)
    expect(scene.agent.post(f"{first}/unmerge"), 200)
    memory.settle(None)
    expect(scene.customer.upload(f"{first}/files", "after.png", b"1"), 201)
