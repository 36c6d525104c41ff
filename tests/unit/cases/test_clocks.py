"""Clocks against a record of what happened, counted minute by minute."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.cases.rules import clocks
from services.cases.rules.calendars import WEEKDAYS, Calendar, calendar_of, elapsed, told_of
from services.cases.rules.clocks import Clock, Promise
from services.cases.rules.kept_clocks import clocks_of, keep

OFFICE = calendar_of({"time_zone": "Europe/Stockholm", "week": {day: ["08:00-17:00"] for day in WEEKDAYS[:5]}})
ALWAYS = calendar_of({"time_zone": "UTC", "week": {day: ["00:00-24:00"] for day in WEEKDAYS}})
CALENDARS = {"office": OFFICE, "always": ALWAYS}
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)  # nine o'clock in Stockholm
MINUTE = timedelta(minutes=1)

acts = st.lists(
    st.tuples(
        st.integers(0, 4000),
        st.one_of(
            st.just(("pause",)),
            st.just(("resume",)),
            st.just(("end",)),
            st.just(("go on",)),
            st.tuples(st.just("retarget"), st.integers(1, 3000), st.sampled_from(("office", "always"))),
        ),
    ),
    max_size=8,
)


def promise(seconds: int, calendar: str) -> Promise:
    return Promise(seconds, calendar, CALENDARS[calendar])


def play(done: list[tuple[int, tuple[object, ...]]]) -> tuple[Clock, datetime, timedelta, list[Clock]]:
    """The clock after these acts, the moment, what a patient observer counted, and the clock after each act."""
    clock, now = clocks.start("resolution", promise(600, "office"), MONDAY), MONDAY
    counted, seen = timedelta(), [clock]
    for minutes, (act, *values) in done:
        later = now + minutes * MINUTE
        if clock.state == "running":
            counted += _observed(clock.promise.hours, now, later)
        now = later
        if act == "pause":
            clock = clocks.pause(clock, now, "waiting_customer")
        elif act == "resume":
            clock = clocks.resume(clock, now, "customer_commented")
        elif act == "end":
            clock = clocks.finish(clock, now)
        elif act == "go on":
            clock = clocks.go_on(clock, now)
        else:
            target, calendar = values
            assert isinstance(target, int)
            clock = clocks.retarget(clock, promise(target * 60, str(calendar)), now)
        seen.append(clock)
    return clock, now, counted, seen


def _observed(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    return elapsed(calendar, start, end)  # held against single minutes in test_calendars


@settings(max_examples=200, deadline=None)
@given(acts)
def test_what_the_segments_count_is_what_an_observer_counted(done: list[tuple[int, tuple[object, ...]]]) -> None:
    clock, now, counted, _ = play(done)
    told = clocks.explain(clock, now)
    assert sum(segment.counted_seconds or 0 for segment in told) == counted.total_seconds()
    assert all(one.end == two.start for one, two in itertools.pairwise(told)), "no gap, no overlap"
    assert told[0].start == MONDAY
    assert not clock.lasts or told[-1].end == max(now, told[-1].start)


@settings(max_examples=200, deadline=None)
@given(acts)
def test_at_its_deadline_a_running_clock_has_used_its_target(done: list[tuple[int, tuple[object, ...]]]) -> None:
    clock, _now, _, _ = play(done)
    if clock.due_at is None:
        assert clock.state != "running"
        return
    at_due = sum(segment.counted_seconds or 0 for segment in clocks.explain(clock, clock.due_at))
    assert at_due == max(clock.target_seconds, clock.used_seconds)
    assert clock.warn_at is not None
    assert clock.warn_at <= clock.due_at


@settings(max_examples=100, deadline=None)
@given(acts)
def test_a_kept_clock_is_the_same_clock(done: list[tuple[int, tuple[object, ...]]]) -> None:
    clock, *_ = play(done)
    assert clocks_of(keep([clock])) == [clock]


@settings(max_examples=200, deadline=None)
@given(acts)
def test_no_act_rewrites_a_segment_that_has_ended(done: list[tuple[int, tuple[object, ...]]]) -> None:
    *_, seen = play(done)
    for before, later in itertools.pairwise(seen):
        ended = [segment for segment in before.segments if segment.end is not None]
        assert list(later.segments[: len(ended)]) == ended


def test_a_promise_kept_late_is_missed_and_a_forgotten_one_only_stopped() -> None:
    clock = clocks.start("first_response", promise(3600, "office"), MONDAY)
    assert clocks.finish(clock, MONDAY + timedelta(hours=1)).state == "met"
    assert clocks.finish(clock, MONDAY + timedelta(hours=1, seconds=1)).state == "missed"
    assert clocks.finish(clock, MONDAY + timedelta(hours=9), kept=False).state == "stopped"


def test_an_ended_clock_stays_as_it_is() -> None:
    ended = clocks.finish(clocks.start("review", promise(300, "always"), MONDAY), MONDAY + MINUTE)
    later = MONDAY + timedelta(days=1)
    assert clocks.pause(ended, later, "x") == ended
    assert clocks.resume(ended, later, "x") == ended
    assert replace(clocks.retarget(ended, promise(1, "office"), later), coming=None) == ended
    assert clocks.finish(ended, later) == ended


def test_another_round_has_the_whole_target_and_leaves_the_last_one_alone() -> None:
    first = clocks.finish(clocks.start("next_response", promise(3600, "always"), MONDAY), MONDAY + 90 * MINUTE)
    again = clocks.again(clocks.told(first, MONDAY + 90 * MINUTE), MONDAY + 120 * MINUTE)
    assert (again.used_seconds, again.due_at, again.breached_at) == (0, MONDAY + 180 * MINUTE, None)
    assert again.segments[:1] == first.segments
    assert clocks.used(again, MONDAY + 130 * MINUTE) == 600
    assert clocks_of(keep([again])) == [again]


def test_a_clock_that_stands_still_alarms_anew_when_it_goes_on_under_a_longer_promise() -> None:
    began = clocks.start("resolution", promise(3600, "always"), MONDAY)
    still = clocks.pause(clocks.told(began, MONDAY + 60 * MINUTE), MONDAY + 60 * MINUTE, "on_hold")
    assert (still.warned_at, still.breached_at) == (MONDAY + 60 * MINUTE,) * 2
    longer = clocks.retarget(still, promise(7200, "always"), MONDAY + 90 * MINUTE)
    assert clocks.resume(longer, MONDAY + 120 * MINUTE, "resumed").alarm_at == MONDAY + 150 * MINUTE
    shorter = clocks.retarget(still, promise(1800, "always"), MONDAY + 90 * MINUTE)
    assert clocks.resume(shorter, MONDAY + 120 * MINUTE, "resumed").alarm_at is None, "that was told"


def test_a_contracts_target_stands_before_the_profiles() -> None:
    profile = {
        "clocks": [{"kind": "first_response", "target_seconds": 28800, "calendar": "office"}],
        "calendars": {"office": told_of(OFFICE)},
    }
    contract = {"priorities": {"A": {"meaning": "Stopped", "targets": {"first_response_seconds": 900}}}}
    assert clocks.promises(profile, None, "A") == {"first_response": promise(28800, "office")}
    assert clocks.promises(profile, contract, "A") == {"first_response": promise(900, "office")}
    assert clocks.promises(profile, contract, "B") == {"first_response": promise(28800, "office")}
