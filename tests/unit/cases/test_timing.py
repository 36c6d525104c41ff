"""What happens to a case, and what that does to its clocks."""

from __future__ import annotations

import copy
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from services.cases import rules
from services.cases.rules import Reader, Standing
from services.cases.rules.calendars import ALWAYS
from services.cases.rules.clocks import KINDS, Clock, Kind, Promise
from services.cases.tables import Case
from services.contracts.cases import Gate, Status

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
PROMISED = {kind: Promise(4 * 3600, "always", ALWAYS) for kind in KINDS}
AGENT = Standing("mem_1", None, "agent", [], "Bo")
POLICY = {"follow_up": {"after_hours": 24}}


def case_of(**values: Any) -> Case:
    """A case of which only what clocks ask for matters."""
    told: dict[str, Any] = dict.fromkeys(Case.__slots__) | {"status": "new", "gate": "open", "clocks": [], "version": 1}
    made = Case(**told | values)
    rules.begin(made, PROMISED, POLICY, NOW)
    return made


def after(case: Case, now: datetime, spoke: str = "", **values: Any) -> Case:
    """The case after one act."""
    reader = Reader(case, AGENT, POLICY, before=copy.copy(case))
    for name, value in values.items():
        setattr(case, name, value)
    rules.keep_time(reader, spoke, now)
    return case


def clocks(case: Case) -> dict[str, Clock]:
    return {clock.kind: clock for clock in rules.clocks_of(case.clocks)}


def states(case: Case) -> dict[str, str]:
    return {kind: clock.state for kind, clock in clocks(case).items()}


STATUSES: tuple[Status, ...] = get_args(Status)
acts = st.lists(
    st.tuples(
        st.integers(0, 600),
        st.sampled_from(STATUSES),
        st.sampled_from(get_args(Gate)),
        st.sampled_from(("", "support", "customer")),
        st.booleans(),
    ),
    max_size=10,
)


@settings(max_examples=300, deadline=None)
@given(acts)
def test_whatever_happens_clocks_run_only_where_the_case_is_supports(done: list[tuple[Any, ...]]) -> None:
    case, now = case_of(), NOW
    for minutes, status, gate, spoke, reviewed in done:
        now += timedelta(minutes=minutes)
        after(case, now, spoke, status=status, gate=gate, reviewed_at=now if reviewed else case.reviewed_at)
        running = {kind for kind, clock in clocks(case).items() if clock.state == "running"}
        waits = case.gate == "offered" or (case.gate == "open" and case.status in ("waiting_customer", "on_hold"))
        ended = case.status in ("answered", "closed", "cancelled")
        assert not waits or "resolution" not in running, "somebody else's turn"
        assert [kind for kind, state in states(case).items() if state == "paused"] in ([], ["resolution"])
        assert not ended or not running, "it has ended"
        assert waits or "paused" not in states(case).values(), "nothing stands still without a reason"
        due = [clock.due_at for clock in clocks(case).values() if clock.due_at]
        assert case.next_due_at == min(due, default=None)
        assert not ended or case.follow_up_at is None
        for clock in clocks(case).values():
            present = clock.segments[clock.rounds[-1] :]
            assert sum(segment.counted_seconds or 0 for segment in present) == clock.used_seconds
            assert all(one.end == two.start for one, two in itertools.pairwise(present)), "no gap, no overlap"


def test_waiting_for_the_customer_costs_support_nothing_but_an_answer_is_owed() -> None:
    case = after(case_of(), NOW + HOUR, status="waiting_customer")
    assert states(case) == {
        "review": "running",
        "first_response": "running",
        "next_response": "idle",
        "resolution": "paused",
    }
    after(case, NOW + 49 * HOUR, "customer", status="open")
    assert clocks(case)["resolution"].due_at == NOW + 52 * HOUR, "one of four hours was used"
    why = [(segment.kind, segment.why) for segment in clocks(case)["resolution"].segments]
    assert why == [("run", "started"), ("pause", "waiting_customer"), ("run", "resumed")]


def test_a_case_that_is_opened_again_goes_on_with_what_it_has_used() -> None:
    case = after(case_of(), NOW + HOUR, "support", status="open")
    after(case, NOW + 2 * HOUR, "customer")
    after(case, NOW + 3 * HOUR, "support", status="closed", answered_at=NOW + 3 * HOUR)
    assert states(case) == {"review": "met", "first_response": "met", "next_response": "met", "resolution": "met"}
    after(case, NOW + 50 * HOUR, "customer", status="open")
    resolution, next_one = clocks(case)["resolution"], clocks(case)["next_response"]
    assert resolution.due_at == NOW + 51 * HOUR, "three of four hours were used"
    assert [(one.why, one.counted_seconds) for one in resolution.segments] == [
        ("started", 3 * 3600),
        ("ended", 0),
        ("reopened", None),
    ]
    assert (next_one.due_at, next_one.used_seconds, next_one.rounds) == (NOW + 54 * HOUR, 0, (0, 1))
    assert [one.counted_seconds for one in next_one.segments] == [3600, None]


def test_a_customer_who_opens_it_again_without_a_word_waits_for_an_answer() -> None:
    case = after(case_of(), NOW + HOUR, "support", status="closed")
    silent = Reader(case, Standing("mem_2", "org_1", "member", [], "Ada"), POLICY, before=copy.copy(case))
    case.status = "open"
    rules.keep_time(silent, "", NOW + 2 * HOUR)
    assert states(case)["next_response"] == "running"


def test_a_priority_that_changes_between_two_answers_is_promised_from_the_next_one_on() -> None:
    case = after(case_of(), NOW + HOUR, "support", status="open")
    after(case, NOW + 2 * HOUR, "customer")
    after(case, NOW + 3 * HOUR, "support")
    sooner: dict[Kind, Promise] = {kind: Promise(3600, "always", ALWAYS) for kind in KINDS}
    rules.repromise(case, sooner, NOW + 4 * HOUR, begins=True)
    answered = clocks(case)["next_response"]
    assert (answered.state, answered.target_seconds) == ("met", 4 * 3600), "the past goes by what held then"
    after(case, NOW + 5 * HOUR, "customer")
    assert clocks(case)["next_response"].due_at == NOW + 6 * HOUR


def test_what_is_promised_no_more_does_not_begin_again() -> None:
    case = after(case_of(), NOW + HOUR, "support", status="open")
    after(case, NOW + 2 * HOUR, "customer")
    after(case, NOW + 3 * HOUR, "support")
    rules.repromise(case, {}, NOW + 3 * HOUR, begins=True)
    after(case, NOW + 4 * HOUR, "customer")
    assert states(case) == {"review": "met", "first_response": "met", "next_response": "met", "resolution": "stopped"}
    rules.repromise(case, PROMISED, NOW + 5 * HOUR, begins=True)
    assert clocks(case)["resolution"].due_at == NOW + 6 * HOUR, "three hours were used"
    after(case, NOW + 6 * HOUR, "customer")
    assert states(case)["next_response"] == "running"


def test_an_answer_that_closes_kept_or_missed_its_promises_like_any_other() -> None:
    case = after(case_of(), NOW + 5 * HOUR, "support", status="closed", answered_at=NOW + 5 * HOUR)
    assert states(case)["review"] == "missed"
    unanswered = after(case_of(), NOW + 5 * HOUR, status="closed")
    assert states(unanswered)["review"] == "stopped"


def test_a_question_about_an_offer_wants_an_answer() -> None:
    case = after(case_of(gate="wanted"), NOW + HOUR, "support", status="waiting_customer", gate="offered")
    assert (states(case)["first_response"], states(case)["review"]) == ("met", "met")
    after(case, NOW + 2 * HOUR, "customer")
    assert (states(case)["next_response"], states(case)["resolution"]) == ("running", "paused")
    after(case, NOW + 3 * HOUR, status="on_hold", gate="wanted")
    assert states(case)["resolution"] == "running", "without an offer it is support's turn"


def test_each_alarm_is_sounded_once_and_of_what_is_over_no_warning_comes() -> None:
    case = case_of()
    heard: list[tuple[str, str]] = []
    for minutes in itertools.chain(range(0, 300, 7), range(300, 2000, 500)):
        warned, over, _ = rules.sound(case, NOW + timedelta(minutes=minutes))
        heard += [("warned", clock.kind) for clock in warned] + [("over", clock.kind) for clock in over]
    begun = ("review", "first_response", "resolution")
    assert sorted(heard) == sorted([(what, kind) for what in ("warned", "over") for kind in begun])
    late = case_of()
    warned, over, reminds = rules.sound(late, NOW + 30 * HOUR)
    assert (warned, [clock.kind for clock in over], reminds) == ([], list(begun), True)
    assert late.alarm_at is None
    assert rules.sound(late, NOW + 60 * HOUR) == ([], [], False)


def test_another_promise_is_told_anew_and_what_is_promised_no_more_stops() -> None:
    case = case_of()
    rules.sound(case, NOW + 3 * HOUR)
    longer: dict[Kind, Promise] = {"resolution": Promise(8 * 3600, "always", ALWAYS)}
    rules.repromise(case, longer, NOW + 3 * HOUR, begins=True)
    assert states(case) == {
        "review": "stopped",
        "first_response": "stopped",
        "next_response": "idle",
        "resolution": "running",
    }
    resolution = clocks(case)["resolution"]
    assert (resolution.used_seconds, resolution.due_at, resolution.warned_at) == (3 * 3600, NOW + 8 * HOUR, None)
    assert case.alarm_at == NOW + 6 * HOUR


def test_a_day_that_somebody_chose_stays_until_it_has_come() -> None:
    case = case_of()
    assert case.follow_up_at == NOW + 24 * HOUR
    rules.follow_up(case, NOW + 100 * HOUR)
    assert after(case, NOW + HOUR, "support").follow_up_at == NOW + 100 * HOUR
    assert after(case, NOW + 90 * HOUR, "support").follow_up_at == NOW + 114 * HOUR
    assert after(case, NOW + 91 * HOUR, "customer").follow_up_at == NOW + 114 * HOUR, "only support's word counts"
    assert after(case, NOW + 92 * HOUR, status="closed").follow_up_at is None
    assert after(case, NOW + 93 * HOUR, status="open").follow_up_at == NOW + 117 * HOUR
