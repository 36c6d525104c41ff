"""The pile: in which order cases are worked, who gets which, and handing them on."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from tests.journeys.cast import Cast, Person, Scene, Team, expect
from tests.journeys.crowd import at_once, patiently
from tests.journeys.post import Post
from tests.parts import eventually
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey
HOLD = text("SELECT 1 FROM cases WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")


def line(world: World, team: Team, *agents: Person, level: int = 1, **more: Any) -> str:
    """A queue that these agents work in, known to cases."""
    made = expect(team.cast.operator.post(f"{team.path}/queues", {"name": "Hotline"} | more), 201)
    for agent in agents:
        here = f"{team.path}/queues/{made['id']}/agents/{agent.id}"
        expect(team.cast.operator.put(here, {"level": level}), 200)
    pile = f"{team.path}/queues/{made['id']}/cases"
    world.settle(lambda: team.agent.get(pile).status == 200)
    return str(made["id"])


def pile(who: Person, team: Team, queue: str = "all", asked: str = "") -> list[str]:
    return [one["id"] for one in expect(who.get(f"{team.path}/queues/{queue}/cases{asked}"), 200)["data"]]


def waits(memory: MemoryWorld, asked: Future[Any]) -> None:
    """Somebody's request stands before a lock, and has no answer."""
    waiting = text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    with memory.client.works["cases"].noting() as watcher:
        eventually(lambda: asked.done() or watcher.first(waiting))
    assert not asked.done(), asked.result().body


@pytest.mark.seed("C17")
def test_the_hotline_works_by_priority_and_then_by_age(cast: Cast) -> None:
    scene = Scene(cast.team("C"))
    opened = [scene.open(priority=key)[0]["id"] for key in ("low", "high", "medium", "high", "low")]
    wanted = [opened[1], opened[3], opened[2], opened[0], opened[4]]
    assert pile(scene.agent, scene.team) == wanted
    page = expect(scene.agent.get(f"{scene.path}/queues/all/cases?limit=2"), 200)
    seen = [one["id"] for one in page["data"]]
    while page["next_cursor"]:
        page = expect(scene.agent.get(f"{scene.path}/queues/all/cases?limit=2&cursor={page['next_cursor']}"), 200)
        seen += [one["id"] for one in page["data"]]
    assert seen == wanted
    assert expect(scene.agent.get(f"{scene.path}/queues/all/next"), 200)["case"]["id"] == wanted[0]
    for place, case_id in enumerate(wanted):
        hand = (scene.agent, scene.technician)[place % 2]
        taken = expect(hand.post(f"{scene.path}/queues/all/take-next"), 200)["case"]
        assert (taken["id"], taken["assignee"]["id"], taken["status"]) == (case_id, hand.id, "open")
    assert expect(scene.agent.post(f"{scene.path}/queues/all/take-next"), 200) == {"case": None}
    assert expect(scene.agent.get(f"{scene.path}/queues/all/next"), 200) == {"case": None}


def test_fifty_who_take_the_next_case_get_fifty_different_ones(cast: Cast) -> None:
    scene = Scene(cast.team("C"))
    opened = {scene.open()[0]["id"] for _ in range(50)}
    hands = (scene.agent, scene.technician)

    def take(place: int) -> Any:
        answer = patiently(hands[place % 2], "POST", f"{scene.path}/queues/all/take-next")
        return expect(answer, 200)["case"]

    taken = at_once(take)
    assert None not in taken
    assert {case["id"] for case in taken} == opened


def test_a_case_that_somebody_holds_for_a_moment_is_not_passed_over_for_an_empty_pile(
    memory: MemoryWorld, cast: Cast
) -> None:
    """As a timer does that looks at its clocks, or an agent whose request fails."""
    scene = Scene(cast.team("C"))
    agent, cases = scene.agent, memory.client.works["cases"]
    opened = [scene.open(priority=priority)[0]["id"] for priority in ("high", "low")]
    take = partial(agent.post, f"{scene.path}/queues/all/take-next")
    with ThreadPoolExecutor(1) as other:
        with cases.writing() as holder:
            holder.all(HOLD, {"ids": opened})
            asked = other.submit(take)
            waits(memory, asked)
        assert expect(asked.result(), 200)["case"]["id"] == opened[0]
        with cases.writing() as holder:
            holder.all(HOLD, {"ids": opened})
            holder.run(text("UPDATE cases SET status = 'closed' WHERE id = :id"), {"id": opened[1]})
            asked = other.submit(take)
            waits(memory, asked)
        assert expect(asked.result(), 200) == {"case": None}


def test_of_fifty_who_take_a_free_case_one_gets_it(cast: Cast) -> None:
    scene = Scene(cast.team("C"))
    case, here = scene.open()
    hands = (scene.agent, scene.technician)

    def take(place: int) -> tuple[int, str]:
        who = hands[place % 2]
        return patiently(who, "PUT", f"{here}/assignee", {"assignee_id": "me", "only_if_free": True}).status, who.id

    answers = at_once(take)
    winner = expect(scene.agent.get(here), 200)["assignee"]["id"]
    assert {who for status, who in answers if status == 200} == {winner}
    assert {status for status, who in answers if who != winner} == {409}
    free = expect(scene.agent.put(f"{here}/assignee", {"assignee_id": None}), 200)
    assert free["assignee"] is None
    assert case["id"] in pile(scene.agent, scene.team, asked="?limit=100")


def test_a_case_lies_in_one_queue_and_moves_to_another(world: World, cast: Cast) -> None:
    scene = Scene(cast.team("C"))
    first, second = line(world, scene.team, scene.agent), line(world, scene.team, scene.technician)
    case, here = scene.open()
    for queue, other in ((first, second), (second, first)):
        moved = expect(scene.agent.put(f"{here}/queue", {"queue_id": queue}), 200)
        assert (moved["queue_id"], moved["status"]) == (queue, "new")
        assert pile(scene.agent, scene.team, queue) == [case["id"]]
        assert pile(scene.agent, scene.team, other) == []
    refused = expect(scene.agent.put(f"{here}/queue", {"queue_id": "queue_01m7x2c4e6g8j0k2m4n6p8q0r2"}), 422)
    assert [error["pointer"] for error in refused["errors"]] == ["/queue_id"]
    expect(scene.customer.put(f"{here}/queue", {"queue_id": first}), 403)
    assert expect(scene.agent.put(f"{here}/queue", {"queue_id": None}), 200)["queue_id"] is None
    assert pile(scene.agent, scene.team) == [case["id"]]


def test_the_pile_is_for_the_teams_own_staff(world: World, cast: Cast) -> None:
    scene = cast.scene("C")
    queue = line(world, scene.team)
    for name in ("all", queue):
        for act in ("cases", "next"):
            expect(scene.customer.get(f"{scene.path}/queues/{name}/{act}"), 403)
            expect(cast.scene("E").agent.get(f"{scene.path}/queues/{name}/{act}"), 404)
        expect(scene.customer.post(f"{scene.path}/queues/{name}/take-next"), 403)
        expect(cast.scene("E").agent.post(f"{scene.path}/queues/{name}/take-next"), 404)
    elsewhere = line(world, cast.scene("E").team)
    expect(scene.agent.get(f"{scene.path}/queues/{elsewhere}/cases"), 404)
    expect(scene.agent.get(f"{scene.path}/queues/all/cases?cursor=nonsense"), 400)


@pytest.mark.seed("B12")
def test_a_representative_hands_over_to_level_two(world: World, cast: Cast) -> None:
    scene = Scene(cast.team("B"))
    line(world, scene.team, scene.agent)
    line(world, scene.team, scene.technician, level=2)
    ticket, here = scene.open(type_key="level_1")
    expect(scene.agent.put(f"{here}/assignee", {"assignee_id": "me"}), 200)
    expect(scene.customer.post(f"{here}/escalate", {"note": "Faster!"}), 403)
    away(world, scene, scene.technician)
    over = expect(scene.agent.post(f"{here}/escalate", {"note": "The index is broken."}), 200)
    assert (over["level"], over["assignee"], over["status"]) == (2, None, "open")
    assert (over["comments"][-1]["body"], over["comments"][-1]["visibility"]) == ("The index is broken.", "internal")
    assert expect(scene.customer.get(here), 200)["comments"] == []
    assert ticket["id"] not in pile(scene.agent, scene.team, asked="?level=1")
    taken = expect(scene.technician.post(f"{scene.path}/queues/all/take-next", {"level": 2}), 200)["case"]
    assert (taken["id"], taken["assignee"]["id"]) == (ticket["id"], scene.technician.id)
    again = expect(scene.technician.post(f"{here}/escalate"), 409)
    assert again["code"] == "already_there"
    away(world, scene, scene.technician, state="present")
    _, there = scene.open(type_key="level_1")
    refused = expect(scene.agent.post(f"{there}/escalate", {"assignee_id": scene.agent.id}), 422)
    assert [error["rule"] for error in refused["errors"]] == ["level"]
    over = expect(scene.agent.post(f"{there}/escalate", {"assignee_id": scene.technician.id}), 200)
    assert over["assignee"]["id"] == scene.technician.id
    _, third = scene.open(type_key="level_1")
    assert expect(scene.agent.post(f"{third}/escalate"), 200)["assignee"]["id"] == scene.technician.id


def away(world: World, scene: Scene, who: Person, state: str = "away") -> None:
    """He is gone for a while (or back), and routing knows it: who has a wish gets him or not."""
    expect(who.put("/v1/me/availability", {"team_id": scene.team.id, "state": state}), 200)

    def known() -> bool:
        made, here = scene.open(type_key="level_1", fields={"preferred_assignee": who.id})
        expect(scene.agent.post(f"{here}/cancel"), 200)
        return bool(((made["assignee"] or {}).get("id") == who.id) == (state == "present"))

    world.settle(known)


@pytest.mark.seed("B25", "B43")
def test_a_ticket_is_assigned_at_once_to_the_favourite_or_the_least_loaded(
    world: World, cast: Cast, post: Post
) -> None:
    scene = Scene(cast.team("B"))
    first, second, expert = scene.agent, scene.technician, scene.team.add_agent()
    queue = line(world, scene.team, first, second)
    expect(cast.operator.put(f"{scene.path}/queues/{queue}/agents/{expert.id}", {"level": 2}), 200)
    _, here = scene.open(fields={"preferred_assignee": second.id})
    ticket = expect(second.get(here), 200)
    assert (ticket["assignee"]["id"], ticket["status"], ticket["queue_id"]) == (second.id, "new", queue)
    post.wait(second, ticket, "assigned")
    away = expect(second.put("/v1/me/availability", {"team_id": scene.team.id, "state": "away"}), 200)
    assert away["away"] is True

    def routed(type_key: str = "level_1") -> str:
        made, _ = scene.open(type_key=type_key, fields={"preferred_assignee": second.id})
        return str(made["assignee"]["id"])

    world.settle(lambda: routed() == first.id)
    assert routed("level_2") == expert.id
    there = {"team_id": scene.team.id, "state": "present"}
    expect(second.put("/v1/me/availability", there), 200)
    world.settle(lambda: routed() == second.id)


def test_a_new_case_lies_in_the_queue_of_its_topic_and_nobody_gets_it_unasked(world: World, cast: Cast) -> None:
    scene = Scene(cast.team("C"))

    def opened() -> dict[str, Any]:
        return dict(expect(scene.agent.get(scene.open()[1]), 200))

    assert opened()["queue_id"] is None
    everything = line(world, scene.team, scene.agent)
    other = opened()
    mine = line(world, scene.team, scene.agent, topics=[other["topic"]])
    third = opened()
    assert [one["queue_id"] for one in (other, third)] == [everything, mine]
    assert third["assignee"] is None
    assert pile(scene.agent, scene.team, mine) == [third["id"]]
