"""Where a new case goes, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.cases.rules import Hand, Queue, Wanted, hand_for, names_of_topic, queue_for
from services.cases.rules.routing import fitting

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PEOPLE = ["ada", "bo", "cy", "di"]
PROFILE: dict[str, Any] = {
    "topics": [{"key": "robot", "children": [{"key": "grip"}, {"key": "arm", "children": [{"key": "elbow"}]}]}]
}


def agent(user_id: str, level: int = 1, **more: list[str]) -> dict[str, Any]:
    return {"user_id": user_id, "level": level, "products": [], "types": []} | more


def hand(user_id: str, load: int = 0, **more: Any) -> Hand:
    values: dict[str, Any] = {"name": user_id.title(), "available": True, "replacement_id": None, "newest": None} | more
    return Hand(user_id=user_id, load=load, **values)


def wanted(**more: Any) -> Wanted:
    values: dict[str, Any] = {"type": "help", "product": "saw", "level": 1, "topics": set()}
    return Wanted(**(values | more))


agents = st.lists(
    st.builds(
        agent,
        st.sampled_from(PEOPLE),
        st.integers(1, 2),
        products=st.sampled_from([[], ["saw"], ["drill"]]),
        types=st.sampled_from([[], ["help"], ["other"]]),
    ),
    unique_by=lambda one: str(one["user_id"]),
)
staff = st.lists(
    st.builds(
        hand,
        st.sampled_from(PEOPLE),
        st.integers(0, 3),
        available=st.booleans(),
        replacement_id=st.sampled_from([None, *PEOPLE]),
        newest=st.sampled_from([None, NOW, NOW - timedelta(hours=1)]),
    ),
    unique_by=lambda one: one.user_id,
)
cases = st.builds(wanted, level=st.integers(1, 2), favourite=st.sampled_from([None, *PEOPLE]))


@given(cases, agents, staff)
def test_only_who_is_there_gets_a_case(case: Wanted, working: list[dict[str, Any]], people: list[Hand]) -> None:
    chosen = hand_for(case, Queue("q", [], working), people, honours=True)
    assert chosen is None or chosen.available


@given(cases, agents, staff)
def test_without_a_wish_the_least_loaded_of_the_right_level_gets_it(
    case: Wanted, working: list[dict[str, Any]], people: list[Hand]
) -> None:
    queue = Queue("q", [], working)
    chosen = hand_for(case, queue, people, honours=False)
    levels = fitting(case, queue)
    possible = [one for one in people if one.available and one.user_id in levels]
    assert (chosen is None) == (not possible)
    if chosen is not None:
        lowest = min(levels[one.user_id] for one in possible)
        assert levels[chosen.user_id] == lowest
        assert chosen.load == min(one.load for one in possible if levels[one.user_id] == lowest)


@given(cases, agents, staff, st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_anything(
    case: Wanted, working: list[dict[str, Any]], people: list[Hand], chance: Any
) -> None:
    first = hand_for(case, Queue("q", [], working), people, honours=True)
    chance.shuffle(working)
    chance.shuffle(people)
    assert hand_for(case, Queue("q", [], working), people, honours=True) == first


def test_the_favourite_gets_it_or_who_stands_in_for_him() -> None:
    queue = Queue("q", [], [agent("cy")])
    ada, bo, cy = hand("ada", 9), hand("bo", 5), hand("cy")
    away = hand("ada", available=False, replacement_id="bo")
    case = wanted(favourite="ada")
    assert hand_for(case, queue, [ada, bo, cy], honours=True) == ada
    assert hand_for(case, queue, [ada, bo, cy], honours=False) == cy
    assert hand_for(case, queue, [away, bo, cy], honours=True) == bo
    assert hand_for(case, queue, [away, hand("bo", available=False), cy], honours=True) == cy
    assert hand_for(case, None, [away, cy], honours=True) is None


def test_of_two_equally_loaded_the_one_who_waited_longest_gets_it() -> None:
    queue = Queue("q", [], [agent("ada"), agent("bo"), agent("cy", 2)])
    busy, waiting = hand("ada", 1, newest=NOW), hand("bo", 1, newest=NOW - timedelta(minutes=1))
    assert hand_for(wanted(), queue, [busy, waiting, hand("cy")], honours=True) == waiting
    assert hand_for(wanted(level=2), queue, [busy, waiting, hand("cy")], honours=True) == hand("cy")


def test_a_queue_that_names_the_topic_goes_before_one_for_everything() -> None:
    arms, all_else, empty = Queue("b", ["robot.arm"], []), Queue("a", [], [agent("ada")]), Queue("0", [], [])
    elbow = wanted(topics=names_of_topic(PROFILE, "elbow"))
    assert queue_for(elbow, [all_else, arms, empty]) == arms
    assert queue_for(wanted(topics=names_of_topic(PROFILE, "grip")), [all_else, arms, empty]) == all_else
    assert queue_for(wanted(), [arms]) is None


def test_a_topic_is_known_by_its_key_its_path_and_those_above_it() -> None:
    assert names_of_topic(PROFILE, "elbow") == {"robot", "arm", "elbow", "robot.arm", "robot.arm.elbow"}
    assert names_of_topic(PROFILE, "robot.grip") == {"robot", "grip", "robot.grip"}
    assert names_of_topic(PROFILE, None) == set()
