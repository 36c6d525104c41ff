"""Calls and remote sessions on record; who is to be phoned, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.journeys.post import Post
from tests.world import MemoryWorld

pytestmark = pytest.mark.journey


def later(**more: int) -> str:
    return (datetime.now(UTC) + timedelta(**more)).replace(microsecond=0).isoformat().replace("+00:00", "Z")


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("B")


@pytest.mark.seed("B07", "B10")
def test_a_call_is_on_record_with_its_ticket_and_read_as_a_comment(scene: Scene) -> None:
    _, here = scene.open(type_key="level_2")
    expect(scene.agent.post(f"{here}/triage", {"complexity": "complex", "level": 2}), 200)
    phoned = {"minutes": 12, "summary": "The index is broken."}
    call = expect(scene.technician.post(f"{here}/calls", phoned), 201)
    assert (call["channel"], call["direction"], call["agent"]["id"]) == ("phone", "out", scene.technician.id)
    session = {"channel": "remote_session", "minutes": 30, "summary": "Rebuilt it.", "with_name": "Ada Lind"}
    expect(scene.technician.post(f"{here}/calls", session), 201)
    hidden = {"minutes": 1, "summary": "He was angry.", "visibility": "internal", "direction": "in"}
    expect(scene.technician.post(f"{here}/calls", hidden), 201)

    def calls(who: Person) -> list[tuple[str, int, str]]:
        lines = expect(who.get(f"{here}/calls"), 200)["data"]
        return [(one["channel"], one["minutes"], one["summary"]) for one in lines]

    public = [("phone", 12, "The index is broken."), ("remote_session", 30, "Rebuilt it.")]
    assert calls(scene.customer) == public
    assert calls(scene.agent) == [*public, ("phone", 1, "He was angry.")]
    said = [(one["channel"], one["body"]) for one in expect(scene.customer.get(here), 200)["comments"]]
    assert said == [("phone", "The index is broken."), ("remote_session", "Rebuilt it.")]
    expect(scene.customer.post(f"{here}/calls", phoned), 403)
    expect(scene.stranger.get(f"{here}/calls"), 404)
    first = expect(scene.agent.get(f"{here}/calls?limit=2"), 200)
    rest = expect(scene.agent.get(f"{here}/calls?limit=2&cursor={first['next_cursor']}"), 200)
    assert ([one["summary"] for one in rest["data"]], rest["next_cursor"]) == (["He was angry."], None)


@pytest.mark.seed("B45", "B56")
def test_the_technician_phones_at_the_time_the_form_states(scene: Scene) -> None:
    at = later(hours=3)
    ticket, here = scene.open(fields={"callback_at": at, "phone": "+46 70 111 22 33"})
    [asked] = expect(scene.customer.get(f"{here}/callbacks"), 200)["data"]
    assert (asked["due_at"], asked["phone"], asked["state"]) == (at, "+46 70 111 22 33", "requested")
    expect(scene.agent.put(f"{here}/assignee", {"assignee_id": scene.technician.id}), 200)

    def mine(who: Person, asked: str = "") -> list[str]:
        return [one["case_id"] for one in expect(who.get(f"{scene.path}/callbacks?mine=true{asked}"), 200)["data"]]

    window = f"&from_at={later(hours=2)}&until_at={later(hours=4)}"
    assert ticket["id"] in mine(scene.technician, window)
    assert ticket["id"] not in mine(scene.agent)
    assert ticket["id"] not in mine(scene.technician, f"&until_at={later(hours=2)}")
    expect(scene.customer.get(f"{scene.path}/callbacks"), 403)
    there = f"{here}/callbacks/{asked['id']}"
    expect(scene.customer.patch(there, {"state": "done"}), 403)
    old = scene.technician.patch(there, {"state": "done"}, headers={"If-Match": '"v7"'})
    assert old.status == 412
    done = expect(scene.technician.patch(there, {"state": "done"}, headers={"If-Match": '"v1"'}), 200)
    assert (done["state"], done["version"]) == ("done", 2)
    assert ticket["id"] not in mine(scene.technician)
    assert expect(scene.technician.patch(there, {"state": "scheduled"}), 409)["code"] == "callback_over"


def test_a_callback_is_asked_for_scheduled_and_cancelled(scene: Scene, post: Post) -> None:
    ticket, here = scene.open(fields={"callback_at": later(days=1)})
    window: dict[str, Any] = {"from_at": later(hours=1), "until_at": later(hours=3), "phone": "+46 70 111 22 33"}
    asked = expect(scene.customer.post(f"{here}/callbacks", window), 201)
    there = f"{here}/callbacks/{asked['id']}"
    at = later(hours=2)
    timed = {"state": "scheduled", "due_at": at, "agent_id": scene.technician.id}
    told = expect(scene.agent.patch(there, timed), 200)
    assert (told["state"], told["due_at"], told["agent"]["id"]) == ("scheduled", at, scene.technician.id)
    post.wait(scene.customer, ticket, f"{at[:10]} {at[11:16]} UTC")
    expect(scene.agent.patch(there, {"state": "scheduled", "agent_id": scene.customer.id}), 422)
    expect(scene.customer.http("DELETE", there), 204)
    expect(scene.customer.http("DELETE", there), 204)
    states = [one["state"] for one in expect(scene.agent.get(f"{here}/callbacks"), 200)["data"]]
    assert sorted(states) == ["cancelled", "requested"]
    for wrong in (
        {"until_at": later(hours=1, minutes=1)},
        {"from_at": later(hours=-3), "until_at": later(hours=-1)},
        {"until_at": later(days=9)},
    ):
        expect(scene.customer.post(f"{here}/callbacks", window | wrong), 422)


def test_a_team_that_does_not_phone_says_so(cast: Cast) -> None:
    scene = cast.scene("A")
    _, here = scene.open()
    window = {"from_at": later(hours=1), "until_at": later(hours=3), "phone": "+46 70 111 22 33"}
    assert expect(scene.customer.post(f"{here}/callbacks", window), 403)["code"] == "not_included"


@pytest.mark.seed("B56")
def test_who_phones_is_reminded_once_and_what_nobody_did_is_missed(
    memory: MemoryWorld, scene: Scene, post: Post
) -> None:
    start = datetime.now(UTC).replace(microsecond=0)
    asked = (start + timedelta(hours=1)).isoformat()
    ticket, here = scene.open(fields={"callback_at": asked, "preferred_assignee": scene.agent.id})
    memory.settle(None)
    cursor = expect(scene.agent.get(f"{scene.path}/events"), 200)["cursor"]

    def watched(minutes: int) -> list[str]:
        with memory.at(start + timedelta(minutes=minutes)):
            with memory.client.works["cases"].writing() as unit:
                memory.client.services["cases"].watch_callbacks.do(unit)
            memory.settle(None)
        lines = expect(scene.agent.get(f"{scene.path}/events?after={cursor}"), 200)["data"]
        return [line["type"] for line in lines if line["subject"] == ticket["id"]]

    assert watched(40) == []
    assert watched(51) == watched(55) == ["callback.reminded"]
    assert watched(125) == watched(140) == ["callback.reminded", "callback.missed"]
    [missed] = expect(scene.agent.get(f"{here}/callbacks"), 200)["data"]
    assert missed["state"] == "missed"
    heard = expect(scene.customer.get(f"{scene.path}/events?after={cursor}"), 200)["data"]
    told = [(line["type"], line["data"]["callback_id"]) for line in heard if line["subject"] == ticket["id"]]
    assert told == [("callback.missed", missed["id"])]
    post.wait(scene.agent, ticket, "In a few minutes somebody is to be phoned.")
    post.wait(scene.agent, ticket, "Nobody phoned in the promised time.")
    assert not [mail for mail in post.to(scene.customer, ticket) if "phoned" in mail["text"]]
    with memory.at(start + timedelta(minutes=141)):
        expect(scene.agent.patch(f"{here}/callbacks/{missed['id']}", {"state": "scheduled"}), 422)


def test_who_was_promised_a_call_is_phoned_though_his_case_was_merged(memory: MemoryWorld, scene: Scene) -> None:
    start = datetime.now(UTC).replace(microsecond=0)
    (one, first), (two, second), (into, target) = [scene.open(fields={"callback_at": later(hours=1)}) for _ in range(3)]
    for path in (first, second):
        expect(scene.agent.post(f"{path}/merge", {"into_id": into["id"]}), 200)
    waiting = {path: expect(scene.agent.get(f"{path}/callbacks"), 200)["data"][0]["id"] for path in (first, second)}
    expect(scene.agent.patch(f"{first}/callbacks/{waiting[first]}", {"state": "done"}), 200)
    window = {"from_at": later(hours=1), "until_at": later(hours=3), "phone": "+46 70 111 22 33"}
    assert expect(scene.customer.post(f"{first}/callbacks", window), 409)["code"] == "merged"
    expect(scene.agent.post(f"{target}/answer", {"body": "Done.", "close": True}), 200)
    memory.settle(None)
    cursor = expect(scene.agent.get(f"{scene.path}/events"), 200)["cursor"]
    with memory.at(start + timedelta(hours=3)):
        memory.run("cases", "watch_callbacks")
        memory.settle(None)
    lines = expect(scene.agent.get(f"{scene.path}/events?after={cursor}"), 200)["data"]
    assert not [
        line for line in lines if line["type"] == "callback.missed" and line["subject"] in (one["id"], two["id"])
    ]
    states = [expect(scene.agent.get(f"{path}/callbacks"), 200)["data"][0]["state"] for path in (first, second)]
    assert states == ["done", "cancelled"]
