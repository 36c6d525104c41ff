"""The event feed in pages, and the stream over the real broker."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.journeys.cast import Cast, Person, Scene, Team, expect
from tests.journeys.streams import EventStream
from tests.world import BrokerWorld, MemoryWorld, World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("C")


def feed(who: Person, scene: Scene | Team, after: int, limit: int = 100) -> list[dict[str, Any]]:
    """Every event after this cursor, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        page = expect(who.get(f"{scene.path}/events?after={after}&limit={limit}"), 200)
        found += page["data"]
        if not page["data"]:
            return found
        assert page["cursor"] >= page["data"][-1]["cursor"] > after
        after = page["cursor"]


def newest(who: Person, scene: Scene) -> int:
    page = expect(who.get(f"{scene.path}/events"), 200)
    assert page["data"] == []
    return int(page["cursor"])


def test_the_feed_tells_everything_once_and_the_same_on_pages_of_any_size(world: World, scene: Scene) -> None:
    case, here = scene.open()
    world.settle(lambda: case["id"] in [line["subject"] for line in feed(scene.customer, scene, 0)])
    start = newest(scene.customer, scene)
    expect(scene.agent.post(f"{here}/triage", {"complexity": "simple"}), 200)
    for number in range(3):
        expect(scene.customer.post(f"{here}/comments", {"body": f"{number}"}), 201)
    expect(scene.agent.post(f"{here}/answer", {"body": "Done.", "close": True}), 200)
    expect(scene.customer.post(f"{here}/reopen"), 200)
    wanted = ["case.reviewed", *["comment.added"] * 4, "case.answered", "case.closed", "case.reopened"]
    world.settle(lambda: len(feed(scene.customer, scene, start)) >= len(wanted))
    whole = feed(scene.customer, scene, start)
    told = [line["type"] for line in whole]
    assert told == ["case.reviewed", *["comment.added"] * 4, "case.answered", "case.closed", "case.reopened"]
    for size in (1, 2, 3, len(wanted)):
        assert feed(scene.customer, scene, start, size) == whole
    cursors = [line["cursor"] for line in whole]
    assert cursors == sorted(set(cursors))
    assert {line["subject"] for line in whole} == {case["id"]}
    spoken = [line for line in whole if line["type"] == "comment.added"]
    assert {line["actor"] for line in spoken} == {scene.customer.id, scene.agent.id}
    assert not any("body" in line["data"] for line in spoken)


def test_foreign_and_internal_events_never_appear(world: World, scene: Scene) -> None:
    mine, here = scene.open(scene.customer)
    theirs, there = scene.open(scene.stranger)
    starts = {who.id: newest(who, scene) for who in (scene.customer, scene.stranger, scene.agent)}
    inner = expect(scene.agent.post(f"{here}/comments", {"body": "Among us.", "visibility": "internal"}), 201)
    for who, place in ((scene.customer, here), (scene.stranger, there)):
        expect(who.post(f"{place}/comments", {"body": "In public."}), 201)

    def comments(who: Person) -> list[dict[str, Any]]:
        return [line for line in feed(who, scene, starts[who.id]) if line["type"] == "comment.added"]

    world.settle(lambda: len(comments(scene.agent)) == 3)
    for who, case in ((scene.customer, mine), (scene.stranger, theirs)):
        assert [line["subject"] for line in comments(who)] == [case["id"]]
        assert {line["data"]["organization_id"] for line in feed(who, scene, 0)} == {case["organization_id"]}
    assert inner["id"] not in str(feed(scene.customer, scene, 0))
    assert inner["id"] in [line["data"]["comment_id"] for line in comments(scene.agent)]


def test_somebody_without_a_place_in_the_team_has_no_feed(cast: Cast, scene: Scene) -> None:
    outsider = cast.scene("E").customer
    expect(outsider.get(f"{scene.path}/events?after=0"), 404)
    for wrong in ("after=-1", "after=x", "limit=0", "limit=101"):
        expect(scene.customer.get(f"{scene.path}/events?{wrong}"), 400)


def test_a_comment_arrives_in_an_open_stream(broker: BrokerWorld, scene: Scene) -> None:
    case, here = scene.open()
    with (
        EventStream(broker, scene.customer, scene.path) as customer,
        EventStream(broker, scene.agent, scene.path) as agent,
        EventStream(broker, scene.stranger, scene.path) as stranger,
    ):
        expect(scene.agent.post(f"{here}/comments", {"body": "Among us.", "visibility": "internal"}), 201)
        said = expect(scene.agent.post(f"{here}/comments", {"body": "For you."}), 201)
        assert customer.wait("comment.added", case)["data"]["comment_id"] == said["id"]
        assert agent.wait("comment.added", case)["data"]["visibility"] == "internal"
        assert agent.wait("comment.added", case)["data"]["comment_id"] == said["id"]
        theirs, _ = scene.open(scene.stranger)
        stranger.wait("case.opened", theirs)
        assert {line["subject"] for line in stranger.lines} == {theirs["id"]}
        expect(scene.customer.post(f"{here}/comments", {"body": "Thank you."}), 201)
        customer.wait("comment.added", case)
        assert theirs["id"] not in [line["subject"] for line in customer.lines]


def test_last_event_id_resumes_without_loss_or_repeat(broker: BrokerWorld, scene: Scene) -> None:
    case, here = scene.open()

    def say(body: str) -> str:
        return str(expect(scene.agent.post(f"{here}/comments", {"body": body}), 201)["id"])

    with EventStream(broker, scene.customer, scene.path) as stream:
        first = say("While you listen.")
        seen = stream.wait("comment.added", case)
        assert seen["data"]["comment_id"] == first
    missed = [say(f"While you are away {number}.") for number in range(5)]
    broker.settle(lambda: missed[-1] in str(feed(scene.customer, scene, seen["cursor"])))
    with EventStream(broker, scene.customer, scene.path, last_event_id=seen["cursor"]) as stream:
        late = say("And now you are back.")
        heard = [stream.wait("comment.added", case)["data"]["comment_id"] for _ in range(6)]
        assert heard == [*missed, late]
        last = say("A last one.")
        assert stream.wait("comment.added", case)["data"]["comment_id"] == last


def test_a_stream_ends_when_the_persons_rights_change(broker: BrokerWorld, scene: Scene) -> None:
    leaver = scene.home.person()
    place = expect(scene.administrator.get(f"{scene.home.users}?q={leaver.user_name}"), 200)["data"][0]
    case, _ = scene.open()
    with EventStream(broker, leaver, scene.path) as stream:
        expect(scene.administrator.patch(f"{scene.path}/memberships/{place['id']}", {"active": False}), 200)
        with pytest.raises(AssertionError, match="the stream ended"):
            stream.wait("never", case)


def test_streams_hear_when_the_feed_knows_of_changed_rights(
    memory: MemoryWorld, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = scene.home.person()
    memory.settle()
    heard: list[dict[str, Any]] = []
    monkeypatch.setattr(memory.client, "heard", lambda body: heard.append(orjson.loads(body)))
    expect(scene.administrator.http("DELETE", f"{scene.home.users}/{gone.id}"), 204)
    memory.settle()
    told = [one["type"] for one in heard if one["data"].get("user_id") == gone.id]
    assert told == ["membership.changed", "principals.changed"]
    expect(gone.get(f"{scene.path}/events"), 404)
