"""What happened to a case: field by field, in one order, and as one document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, Scene, expect, unique
from tests.journeys.statements import heard
from tests.world import MemoryWorld

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("B")


def everything(who: Person, path: str, limit: int = 100) -> list[dict[str, Any]]:
    """Every page of a list."""
    told: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = expect(who.get(f"{path}?limit={limit}{cursor}"), 200)
        told += page["data"]
        if page["next_cursor"] is None:
            return told
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.seed("B08")
def test_every_change_is_kept_with_what_was_before_and_who_did_it(scene: Scene) -> None:
    _, path = scene.open()
    for somebody in (None, scene.agent.id):  # whoever had got it when it was opened
        expect(scene.agent.put(f"{path}/assignee", {"assignee_id": somebody}), 200)
    expect(scene.agent.patch(path, {"title": "It stopped twice"}), 200)
    expect(scene.agent.post(f"{path}/triage", {"complexity": "complex", "level": 2}), 200)
    seen = everything(scene.agent, f"{path}/history", limit=2)
    told = [(line["field"], line["before"], line["after"]) for line in seen if line["actor"]["id"] == scene.agent.id]
    assert ("title", "It stopped", "It stopped twice") in told
    assert ("complexity", None, "complex") in told
    assert ("status", "new", "open") in told
    [*_, given] = [after for field, _, after in told if field == "assignee"]
    assert given["id"] == scene.agent.id
    assert [line["id"] for line in seen] == [line["id"] for line in everything(scene.agent, f"{path}/history")]


def test_customers_read_the_history_of_what_they_see(scene: Scene) -> None:
    _, path = scene.open()
    expect(scene.agent.post(f"{path}/triage", {"complexity": "complex", "level": 2}), 200)
    shown = {line["field"] for line in everything(scene.customer, f"{path}/history")}
    assert "status" in shown
    assert not shown & {"level", "complexity", "queue"}
    assert expect(scene.agent.get(path), 200)["complexity"] == "complex"
    theirs = expect(scene.customer.get(path), 200)
    assert (theirs["complexity"], theirs["queue_id"]) == (None, None)


def test_what_stands_around_a_case_has_a_history_too(cast: Cast) -> None:
    scene = cast.scene("C")
    case, path = scene.open()
    other, _ = scene.open()
    who = expect(scene.customer.post(f"{path}/followers", {"user_id": scene.colleague.id}), 201)["followers"][-1]
    expect(scene.customer.http("DELETE", f"{path}/followers/{who['id']}"), 204)
    _, there = scene.open(scene.colleague)
    expect(scene.agent.post(f"{there}/merge", {"into_id": case["id"]}), 200)
    expect(scene.agent.post(f"{there}/unmerge"), 200)
    info = {"consent": True, "information": {"os": "Secret OS 7"}}
    expect(scene.customer.put(f"{path}/technical-info", info), 200)
    expect(scene.agent.put(f"{path}/tags/odd"), 200)
    expect(scene.agent.http("DELETE", f"{path}/tags/odd"), 204)
    link = {"id": other["id"], "kind": "duplicate"}
    made = expect(scene.agent.post(f"{path}/links", {"other_id": other["id"], "kind": "duplicate"}), 201)["data"][0]
    expect(scene.agent.http("DELETE", f"{path}/links/{made['id']}"), 204)
    day = "2030-01-01T09:00:00Z"
    expect(scene.agent.put(f"{path}/follow-up-at", {"follow_up_at": day}), 200)

    def read(reader: Person) -> list[tuple[str, Any, Any]]:
        lines = everything(reader, f"{path}/history")
        return [(line["field"], line["before"], line["after"]) for line in lines]

    seen = [("followers", None, who), ("followers", who, None)] * 2 + [("technical_information", None, "os")]
    internal = [("tags", None, "odd"), ("tags", "odd", None), ("links", None, link), ("links", link, None)]
    ours = [line for line in read(scene.agent) if line[0] in ("followers", "technical_information", "tags", "links")]
    assert ours == [*seen, *internal]
    assert day[:16] in [after[:16] for field, _, after in read(scene.agent) if field == "follow_up_at"]
    theirs = read(scene.customer)
    assert [line for line in theirs if line in seen] == seen
    assert not {"tags", "links", "follow_up_at"} & {field for field, _, _ in theirs}


@pytest.mark.seed("B08", "B53")
def test_the_timeline_tells_everything_in_one_order_and_the_internal_to_staff_only(scene: Scene) -> None:
    _, path = scene.open()
    secret = unique("secret")
    expect(scene.agent.post(f"{path}/comments", {"body": "We look into it."}), 201)
    expect(scene.agent.post(f"{path}/comments", {"body": secret, "visibility": "internal"}), 201)
    expect(scene.agent.post(f"{path}/answer", {"body": "Press the green button."}), 200)
    ours = everything(scene.agent, f"{path}/timeline", limit=2)
    assert ours[0]["kind"] == "opened"
    assert ours == sorted(ours, key=lambda one: (one["at"], one["id"]))
    said = [one["details"]["body"] for one in ours if one["kind"] == "comment"]
    assert said == ["We look into it.", secret, "Press the green button."]
    theirs = everything(scene.customer, f"{path}/timeline")
    assert [one["id"] for one in theirs] == [one["id"] for one in ours if not one["internal"]]
    assert secret not in repr(theirs)
    assert any(one["kind"] == "change" and one["details"]["after"] == "answered" for one in theirs)


def test_the_export_is_the_whole_case_without_what_is_not_for_its_reader(scene: Scene) -> None:
    case, path = scene.open()
    secret = unique("secret")
    expect(scene.agent.post(f"{path}/comments", {"body": secret, "visibility": "internal"}), 201)
    expect(scene.agent.put(f"{path}/tags/{secret}"), 200)
    whole = expect(scene.agent.get(f"{path}/export"), 200)
    assert whole["case"]["number"] == case["number"]
    assert whole["case"]["description"] == case["description"]
    assert [one["details"]["body"] for one in whole["happenings"] if one["kind"] == "comment"] == [secret]
    assert whole["case"]["tags"] == [secret]
    theirs = expect(scene.customer.get(f"{path}/export"), 200)
    assert secret not in repr(theirs)
    assert scene.stranger.get(f"{path}/export").status == 404


def test_the_export_has_prices_callbacks_clocks_and_what_the_computer_is(cast: Cast) -> None:
    base = cast.scene("B").team.profile["types"][0]
    promised = [{"kind": "resolution", "target_seconds": 7200, "calendar": "always"}]
    scene = Scene(cast.team("B", types=[base | {"charge": "quote_required"}], clocks=promised))
    told = {"consent": True, "information": {"system": "Linux"}}
    _, path = scene.open(technical_information=told)
    expect(scene.agent.post(f"{path}/quotes", {"amount": "900", "currency": "SEK", "text": "Two days."}), 201)
    for who in (scene.agent, scene.customer):
        whole = expect(who.get(f"{path}/export"), 200)
        assert [(one["amount"], one["text"]) for one in whole["quotes"]] == [("900", "Two days.")]
        assert whole["quotes"] == expect(who.get(f"{path}/quotes"), 200)["data"]
        assert [one["phone"] for one in whole["callbacks"]] == [whole["case"]["fields"]["phone"]]
        assert [one["kind"] for one in whole["clocks"]] == ["resolution"]
        assert whole["clocks"][0]["segments"]
        assert whole["technical_information"]["information"] == {"system": "Linux"}


@pytest.mark.seed("B08")
def test_files_quotes_callbacks_and_clocks_stand_in_the_timeline_too(cast: Cast, memory: MemoryWorld) -> None:
    base = cast.scene("B").team.profile["types"][0]
    promised = [{"kind": kind, "target_seconds": 7200, "calendar": "always"} for kind in ("review", "resolution")]
    scene = Scene(cast.team("B", types=[base | {"charge": "quote_required"}], clocks=promised))
    start = datetime.now(UTC).replace(microsecond=0)
    _, path = scene.open(fields={"callback_at": (start + timedelta(hours=1)).isoformat()})
    memory.settle(lambda: scene.agent.get(f"{path}/tree").status == 200)
    offered = expect(scene.agent.post(f"{path}/quotes", {"amount": "95.00", "currency": "EUR"}), 201)
    expect(scene.administrator.post(f"{path}/quotes/{offered['id']}/approve"), 200)
    file = expect(scene.customer.upload(f"{path}/files", "log.txt", b"1"), 201)["data"][0]
    memory.settle(None)
    expect(scene.agent.http("DELETE", f"{scene.path}/files/{file['id']}"), 204)
    ours = expect(scene.agent.upload(f"{path}/files", "ours.txt", b"1", for_comment="true"), 201)["data"][0]
    expect(scene.agent.post(f"{path}/comments", {"body": "x", "visibility": "internal", "file_ids": [ours["id"]]}), 201)
    memory.settle(None)
    with memory.at(start + timedelta(minutes=130)):
        memory.run("cases", "sound_alarms", rounds=20)
        memory.run("cases", "watch_callbacks", rounds=20)
    kinds = ("quote", "callback", "clock", "file")
    with heard(memory) as statements:
        lines = everything(scene.agent, f"{path}/timeline")
    assert len(statements) <= 3
    told = [(one["kind"], one["details"]["state"]) for one in lines if one["kind"] in kinds]
    assert sorted(told[:2]) == [("callback", "requested"), ("clock", "started")]
    assert told[2:-2] == [
        ("quote", "offered"),
        ("quote", "approved"),
        ("file", "added"),
        ("file", "removed"),
        ("file", "folder_added"),
        ("file", "added"),
    ]
    assert sorted(told[-2:]) == [("callback", "missed"), ("clock", "breached")]
    [sent, *_] = [one for one in lines if one["kind"] == "file"]
    assert (sent["actor"]["id"], sent["side"], sent["details"]["name"]) == (scene.customer.id, "customer", "log.txt")
    [begun, _] = [one["details"] for one in lines if one["kind"] == "clock"]
    assert [one["clock"] for one in begun["clocks"]] == ["review", "resolution"]
    seen = everything(scene.customer, f"{path}/timeline")
    assert [one["id"] for one in seen] == [one["id"] for one in lines if not one["internal"]]
    hidden = [(one["kind"], one["details"].get("state")) for one in lines if one["internal"] and one["kind"] in kinds]
    assert hidden == [("file", "folder_added"), ("file", "added"), ("clock", "breached")]
    assert "ours.txt" not in repr(seen)
    assert {line["field"] for line in everything(scene.agent, f"{path}/history")}.isdisjoint(kinds)


def test_files_of_a_draft_stand_in_the_timeline_of_the_case_it_becomes(cast: Cast, memory: MemoryWorld) -> None:
    scene = cast.scene("A")
    scene.open()
    made = expect(scene.customer.post(f"{scene.path}/drafts", scene.team.form(wants_files=True)), 201)
    draft = f"{scene.path}/drafts/{made['id']}"
    memory.settle(lambda: scene.customer.get(f"{draft}/tree").status == 200)
    expect(scene.customer.upload(f"{draft}/files", "before.txt", b"1"), 201)
    expect(scene.customer.post(f"{draft}/submit"), 201)
    memory.settle(None)
    lines = everything(scene.agent, f"{scene.path}/cases/{made['id']}/timeline")
    [sent] = [one for one in lines if one["kind"] == "file"]
    assert (sent["details"]["name"], sent["actor"]["id"]) == ("before.txt", scene.customer.id)
