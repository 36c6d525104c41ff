"""The price gate, by searching the whole graph: no path leads to work but the customer's approval."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases import rules
from services.cases.rules import GATES, MOVES, SHUT, Reader, Standing
from services.chassis.problems import Conflict
from services.contracts.cases import Gate, Status
from tests.unit.cases.test_states import case

STATUSES: tuple[Status, ...] = get_args(Status)
ALL_GATES: tuple[Gate, ...] = get_args(Gate)
ACTS = sorted({*MOVES, *SHUT})
WORK = {"open", "answered"}
OPENING = {"approve_quote", "drop_price"}  # the customer's word; support's correction of the type, with a reason
State = tuple[Status, Gate]


def after(act: str, state: State) -> State | None:
    """Where this act leads; None when it is refused."""
    try:
        status = rules.move(act, case(status=state[0], gate=state[1]))
    except Conflict:
        return None
    return status, rules.gate_after(act, state[1])


def reached(start: State, acts: list[str]) -> set[State]:
    """Every state some sequence of these acts leads to."""
    found, fresh = {start}, [start]
    while fresh:
        state = fresh.pop()
        for act in acts:
            following = after(act, state)
            if following is not None and following not in found:
                found.add(following)
                fresh.append(following)
    return found


def test_no_path_leads_to_work_without_an_approved_price() -> None:
    without = [act for act in ACTS if act not in OPENING]
    everything = reached(("new", "wanted"), without)
    assert {status for status, _ in everything} == {"new", "waiting_customer", "on_hold", "closed", "cancelled"}
    assert {gate for _, gate in everything} == {"wanted", "offered"}


def test_the_same_holds_of_every_state_a_shut_gate_may_have() -> None:
    without = [act for act in ACTS if act not in OPENING]
    for status in STATUSES:
        for gate in ("wanted", "offered"):
            led = reached((status, gate), without) - {(status, gate)}
            assert not {found for found, _ in led} & WORK, (status, gate)


def test_the_customers_approval_is_the_way_to_work_and_needs_an_offer() -> None:
    assert after("approve_quote", ("new", "wanted")) is None
    assert after("offer_quote", ("new", "wanted")) == ("waiting_customer", "offered")
    assert after("approve_quote", ("waiting_customer", "offered")) == ("open", "open")
    assert ("answered", "open") in reached(("new", "wanted"), ACTS)


def test_nothing_leaves_cancelled_and_every_shut_case_can_be_ended() -> None:
    for gate in ALL_GATES:
        assert reached(("cancelled", gate), ACTS) == {("cancelled", gate)}
        for status, _ in reached(("new", gate), ACTS) - {("closed", gate), ("cancelled", gate)}:
            if status not in ("closed", "cancelled"):
                assert after("cancel", (status, gate)) or (status in WORK and gate != "open")


def test_support_says_whose_turn_it_is_only_of_a_case_at_work() -> None:
    for status, act in rules.TURNS.items():
        for came_from in ("open", "waiting_customer", "on_hold"):
            assert after(act, (came_from, "open")) == (status, "open")
            assert after(act, (came_from, "wanted")) is after(act, (came_from, "offered")) is None
        assert after(act, ("answered", "open")) is None
    assert after("customer_comments", ("waiting_customer", "open")) == ("open", "open")
    assert after("customer_comments", ("on_hold", "open")) == ("open", "open")


def test_a_demanded_price_takes_a_case_from_work() -> None:
    for status in STATUSES:
        led = after("demand_price", (status, "open"))
        assert led is None or (led[0] not in WORK and led[1] == "wanted")


def test_every_row_stays_among_the_known_statuses_and_names_its_reason() -> None:
    for moves in SHUT.values():
        assert {*moves, *moves.values()} <= set(STATUSES)
    with pytest.raises(Conflict) as refused:
        rules.move("answer", case(status="new", gate="wanted"))
    assert refused.value.code == "quote_required"


def test_only_quotes_and_reclassification_touch_the_gate() -> None:
    prices = {"demand_price", "drop_price"}
    assert set(GATES) == prices | {act for act in ACTS if act.endswith("_quote")}
    for act in ACTS:
        for status in STATUSES:
            for gate in ALL_GATES:
                led = after(act, (status, gate))
                assert led is None or led[1] == gate or act in GATES


@given(st.lists(st.sampled_from(ACTS), max_size=40))
def test_a_case_is_never_at_work_behind_a_shut_gate(acts: list[str]) -> None:
    state: State = ("new", "wanted")
    for act in acts:
        state = after(act, state) or state
        assert state[1] == "open" or state[0] not in WORK


def test_no_path_of_two_cases_leads_to_work_by_a_merge() -> None:
    without = [act for act in ACTS if act not in OPENING]
    states = [(status, gate) for status in STATUSES for gate in ALL_GATES]
    for waits in (state for state in states if state[1] != "open"):
        for into in states:
            if into[1] == "open":
                with pytest.raises(Conflict, match="price"):
                    rules.must_be_mergeable(_read("first", waits), _read("second", into))
            else:
                rules.must_be_mergeable(_read("first", waits), _read("second", into))
                assert not {status for status, _ in reached(into, without) - {into}} & WORK, (waits, into)


def _read(case_id: str, state: State) -> Reader:
    found = case(status=state[0], gate=state[1])
    found.id = case_id
    return Reader(found, Standing("", None, "agent", [], "Bo"), {})
