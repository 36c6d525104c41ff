"""Where cases go: to whom was wished for, to who takes such cases, and away from desks that were left."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, Scene, expect, unique
from tests.journeys.crowd import at_once, patiently
from tests.journeys.test_pile import line, pile
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey
BY_HAND = {"honour_preference": True}


@pytest.fixture
def scene(cast: Cast) -> Scene:
    """A team with two levels, whose cases are taken from the pile."""
    return Scene(cast.team("B", routing=BY_HAND))


def works(scene: Scene, who: Person, queue: str, **what: Any) -> None:
    expect(scene.team.cast.operator.put(f"{scene.path}/queues/{queue}/agents/{who.id}", what), 200)


def leave(scene: Scene, who: Person, *, active: bool = False) -> None:
    operator = scene.team.cast.operator
    agents = expect(operator.get(f"{scene.path}/agents"), 200)["data"]
    place = next(one["membership"]["id"] for one in agents if one["id"] == who.id)
    expect(operator.patch(f"{scene.path}/memberships/{place}", {"active": active}), 200)


def test_the_favourite_gets_it_where_everything_else_waits_on_the_pile(scene: Scene) -> None:
    wished, _ = scene.open(fields={"preferred_assignee": scene.technician.id})
    assert wished["assignee"]["id"] == scene.technician.id
    away = {"team_id": scene.team.id, "state": "away"}
    expect(scene.technician.put("/v1/me/availability", away), 200)

    def waits() -> bool:
        return scene.open(fields={"preferred_assignee": scene.technician.id})[0]["assignee"] is None

    scene.team.cast.world.settle(waits)


def test_what_becomes_something_else_goes_where_that_goes(world: World, scene: Scene) -> None:
    first = line(world, scene.team, scene.agent)
    second = line(world, scene.team, scene.technician, level=2)
    case, path = scene.open(type_key="level_1", fields={"preferred_assignee": scene.agent.id})
    case = expect(scene.agent.get(path), 200)
    assert (case["level"], case["queue_id"]) == (1, first)
    expect(scene.agent.put(f"{path}/assignee", {"assignee_id": None}), 200)
    over = expect(scene.agent.post(f"{path}/reclassify", {"type": "level_2", "reason": "It is the index."}), 200)
    assert (over["level"], over["queue_id"]) == (2, second)
    assert over["assignee"]["id"] == scene.agent.id  # still wished for, and here
    back = expect(scene.agent.post(f"{path}/reclassify", {"type": "level_1", "reason": "No."}), 200)
    assert (back["level"], back["queue_id"]) == (2, second)  # what was handed up stays there
    other, there = scene.open(type_key="level_1")
    expect(scene.agent.put(f"{there}/assignee", {"assignee_id": None}), 200)
    handed = expect(scene.agent.post(f"{there}/escalate"), 200)
    assert (handed["queue_id"], handed["assignee"]) == (second, None)
    assert pile(scene.agent, scene.team, second) == [other["id"]]
    seen = expect(scene.agent.get(f"{there}/history?limit=100"), 200)["data"]
    assert ("queue", first, second) in [(one["field"], one["before"], one["after"]) for one in seen]


def test_who_takes_the_next_gets_what_he_takes(world: World, scene: Scene) -> None:
    queue = line(world, scene.team, scene.agent)
    works(scene, scene.technician, queue, level=2, types=["level_2"])
    one, two = (
        scene.open(type_key=key, fields={"preferred_assignee": scene.agent.id})[0] for key in ("level_1", "level_2")
    )
    for case in (one, two):
        expect(scene.agent.put(f"{scene.path}/cases/{case['id']}/assignee", {"assignee_id": None}), 200)

    def next_of(who: Person, name: str) -> str | None:
        case = expect(who.get(f"{scene.path}/queues/{name}/next"), 200)["case"]
        return case and str(case["id"])

    world.settle(lambda: next_of(scene.technician, "all") == two["id"])
    for name in ("all", queue):
        assert (next_of(scene.agent, name), next_of(scene.technician, name)) == (one["id"], two["id"])
    take = f"{scene.path}/queues/all/take-next"
    assert expect(scene.technician.post(take), 200)["case"]["id"] == two["id"]
    assert expect(scene.technician.post(take), 200)["case"] is None
    expect(scene.agent.put(f"{scene.path}/cases/{one['id']}/queue", {"queue_id": None}), 200)
    assert next_of(scene.technician, "all") == one["id"]  # what lies in no queue is everybody's
    assert expect(scene.technician.post(take, {"level": 1}), 200)["case"]["id"] == one["id"]


def test_the_desk_of_somebody_who_left_is_cleared(memory: MemoryWorld, scene: Scene) -> None:
    gone = scene.team.add_agent()
    (_, path), (ended, there) = scene.open(), scene.open()
    for here in (path, there):
        expect(scene.agent.put(f"{here}/assignee", {"assignee_id": gone.id}), 200)
    expect(scene.agent.post(f"{there}/close"), 200)
    leave(scene, gone)
    memory.settle()
    memory.run("cases", "clear_left_desks")
    memory.settle(lambda: expect(scene.agent.get(path), 200)["assignee"] is None)
    told = expect(scene.agent.get(f"{path}/history"), 200)["data"]
    last = [one for one in told if one["field"] == "assignee"][-1]
    assert (last["before"]["id"], last["after"]) == (gone.id, None)
    assert expect(scene.agent.get(there), 200)["assignee"]["id"] == gone.id  # it is told who ended it
    expect(scene.agent.post(f"{there}/reopen"), 200)
    memory.run("cases", "clear_left_desks")
    memory.settle(lambda: ended["id"] in pile(scene.agent, scene.team, asked="?limit=100"))


def test_who_takes_a_case_takes_it_from_nobody_unless_he_says_so(scene: Scene) -> None:
    _, path = scene.open(fields={"preferred_assignee": scene.agent.id})
    expect(scene.agent.put(f"{path}/assignee", {"assignee_id": None}), 200)
    hands = (scene.agent, scene.technician)

    def take(place: int) -> tuple[int, str]:
        who = hands[place % 2]
        return patiently(who, "PUT", f"{path}/assignee", {"assignee_id": "me"}).status, who.id

    answers = at_once(take, 10)
    winner = expect(scene.agent.get(path), 200)["assignee"]["id"]
    assert Counter(answers) == {(200, winner): 5, (409, *{hand.id for hand in hands} - {winner}): 5}
    loser = next(hand for hand in hands if hand.id != winner)
    over = expect(loser.put(f"{path}/assignee", {"assignee_id": "me", "only_if_free": False}), 200)
    assert over["assignee"]["id"] == loser.id


def test_a_macro_hands_up_to_whoever_applies_it(scene: Scene) -> None:
    _, path = scene.open(type_key="level_1")
    asked = {"name": unique("Mine "), "actions": [{"action": "escalate", "level": 2, "assignee_id": "me"}]}
    kept = expect(scene.agent.post(f"{scene.path}/macros", asked), 201)["id"]
    over = expect(scene.technician.post(f"{path}/macros/{kept}"), 200)
    assert (over["level"], over["assignee"]["id"]) == (2, scene.technician.id)


def test_what_can_be_done_has_a_word_of_its_own(scene: Scene) -> None:
    case, path = scene.open(type_key="level_1")
    offered = {*expect(scene.agent.get(path), 200)["permissions"]}
    assert {"case.queue", "case.escalate", "case.callback", "case.split"} <= offered
    assert not {"case.follow_up", "quote.withdraw", "quote.decline"} & offered
    expect(scene.agent.post(f"{path}/escalate"), 200)
    assert "case.escalate" not in expect(scene.agent.get(path), 200)["permissions"]
    mine = {*expect(scene.customer.get(path), 200)["permissions"]}
    assert "case.callback" in mine
    assert not {"case.queue", "case.escalate", "case.split"} & mine
    asked = {"user_id": scene.customer.id, "action": "case.escalate", "resource_id": case["id"]}
    told = expect(scene.team.add_agent("lead").post("/v1/authorize", asked), 200)
    assert told["rule"] == "staff_only"


def test_limits_hold_for_who_begins_everything_at_once(scene: Scene) -> None:
    asked = {"name": "V", "filters": {"view": "open"}}
    views = f"{scene.path}/views"
    for _ in range(45):
        expect(scene.agent.post(views, asked), 201)
    done = Counter(at_once(lambda _: patiently(scene.agent, "POST", views, asked).status, 12))
    assert done == {201: 5, 409: 7}
