"""The states of a case: what can follow what, and who may do it."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.rules.roles import BUILT_IN
from services.cases import rules
from services.cases.rules import MOVES, Reader, Standing
from services.cases.tables import Case
from services.chassis.problems import Conflict, Forbidden
from services.contracts.access import BECAUSE, CUSTOMER_SIDE, PERMISSIONS
from services.contracts.cases import Status

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STATUSES: tuple[Status, ...] = get_args(Status)
POLICY: dict[str, Any] = {
    "access_key": "read_update",
    "close": {"by_customer": True, "confirm": True},
    "closed": {"comment_effect": "append"},
    "fields": {"customer_editable": ["title", "priority"]},
    "owner": {"field": True},
    "name": "Acme Support",
    "features": ["cases", "files", "followers"],
    "followers": {"enabled": True, "need_product": True},
    "priority": {"default": "C", "customer_sets": True},
    "reopen": {"window_days": 14},
}


def case(**more: Any) -> Case:
    values: dict[str, Any] = dict.fromkeys(Case.__slots__)
    values |= {
        "id": "case",
        "team_id": "extend",
        "organization_id": "org",
        "status": "new",
        "gate": "open",
        "visibility": "organization",
        "level": 1,
    }
    values |= {"created_by": "ada", "contact_id": "ada", "owner_id": "ada", "confirmation": "none", "version": 1}
    return Case(**(values | more))


HELD = {role.key: list(role.permissions) for role in BUILT_IN}


def customer(held: list[str] = HELD["member"], **more: Any) -> Reader:
    policy = POLICY | more.pop("policy", {})
    return Reader(case(**more), Standing("mem", "org", "member", held, "Ada"), policy)


def staff(role: str = "agent", **more: Any) -> Reader:
    return Reader(case(**more), Standing("mem", None, role, HELD.get(role, []), "Per"), POLICY)


@given(st.lists(st.sampled_from(sorted(MOVES))))
def test_no_path_leaves_cancelled(acts: list[str]) -> None:
    walking = case()
    ended = False
    for act in acts:
        try:
            walking.status = rules.move(act, walking)
        except Conflict:
            continue
        assert not ended
        ended = walking.status == "cancelled"


def test_every_move_stays_among_the_known_statuses() -> None:
    for moves in MOVES.values():
        assert {*moves, *moves.values()} <= set(STATUSES)


def test_every_living_status_can_be_ended_and_only_ended_ones_cannot() -> None:
    for act in ("close", "cancel"):
        assert set(STATUSES) - set(MOVES[act]) == {"closed", "cancelled"}


@given(st.sampled_from(STATUSES), st.sampled_from(sorted(MOVES)))
def test_a_refused_act_tells_where_it_would_be_possible(status: Status, act: str) -> None:
    if status in MOVES[act]:
        return
    with pytest.raises(Conflict) as refused:
        rules.move(act, case(status=status))
    assert refused.value.code == "not_in_this_status"
    assert refused.value.extra == {"status": status, "allowed": list(MOVES[act])}


def test_close_cancel_and_save_end_in_three_different_states() -> None:
    assert [rules.move(act, case(status="open")) for act in ("close", "cancel", "change")] == [
        "closed",
        "cancelled",
        "open",
    ]


def test_a_cancelled_case_offers_nothing_to_anybody() -> None:
    assert rules.able(customer(status="cancelled"), NOW) == []
    assert rules.able(staff(status="cancelled"), NOW) == []


@given(st.sampled_from(STATUSES), st.sampled_from(["none", "pending", "yes", "no"]))
def test_what_is_offered_is_never_refused(status: Status, confirmation: str) -> None:
    for reader in (customer(status=status, confirmation=confirmation), staff(status=status), staff("developer")):
        for permission in rules.able(reader, NOW):
            rules.must_be_able(reader, permission)


def test_what_is_over_goes_on_elsewhere_and_an_offer_is_taken_back_or_declined() -> None:
    over = NOW - timedelta(days=15)
    assert "case.follow_up" in rules.able(customer(status="closed", closed_at=over), NOW)
    assert "case.follow_up" not in rules.able(customer(status="closed", closed_at=NOW), NOW)
    offer: dict[str, Any] = {"status": "waiting_customer", "gate": "offered"}
    assert "quote.withdraw" in rules.able(staff(**offer), NOW)
    assert "quote.decline" not in rules.able(staff(**offer), NOW)
    decides = customer([*HELD["member"], "quote.approve"], **offer)
    assert {"quote.approve", "quote.decline"} <= {*rules.able(decides, NOW)}
    decides.approves = False  # the contract names others
    assert not {"quote.approve", "quote.decline"} & {*rules.able(decides, NOW)}


def test_a_customer_never_speaks_internally_and_never_works_the_case() -> None:
    offered = rules.able(customer(), NOW)
    for permission in ("case.comment_internal", "case.answer", "case.assign", "case.review"):
        assert permission not in offered
        with pytest.raises(Forbidden):
            rules.must_be_able(customer(), permission)


def test_a_developer_only_advises_colleagues_and_a_reader_or_an_unknown_role_does_nothing() -> None:
    assert rules.able(staff("developer"), NOW) == ["case.comment_internal"]
    assert rules.able(staff("reader"), NOW) == []
    assert rules.able(staff("somebody"), NOW) == []


held = st.lists(st.sampled_from([name for of_service in PERMISSIONS.values() for name in of_service]), unique=True)
cases_now = st.fixed_dictionaries(
    {
        "status": st.sampled_from(STATUSES),
        "visibility": st.sampled_from(["organization", "participants", "private"]),
        "confirmation": st.sampled_from(["none", "pending"]),
        "closed_at": st.sampled_from([None, NOW, NOW - timedelta(days=30)]),
        "reviewed_at": st.sampled_from([None, NOW]),
    }
)


@given(held, held, cases_now, st.sampled_from(["org", None]))
def test_more_permissions_never_allow_less(some: list[str], more: list[str], now: dict[str, Any], at: Any) -> None:
    few = Reader(case(**now), Standing("mem", at, "own", some, "Ada"), POLICY)
    many = Reader(case(**now), Standing("mem", at, "own", some + more, "Ada"), POLICY)
    for permission in PERMISSIONS["cases"]:
        assert rules.decide(few, permission, NOW).allowed <= rules.decide(many, permission, NOW).allowed


@given(held, cases_now)
def test_no_list_lets_a_customer_act_as_staff(some: list[str], now: dict[str, Any]) -> None:
    reader = customer(some, **now)
    for permission in PERMISSIONS["cases"].keys() - CUSTOMER_SIDE:
        assert rules.decide(reader, permission, NOW) == (False, "staff_only")


@given(held, cases_now)
def test_a_list_offers_exactly_what_is_decided(some: list[str], now: dict[str, Any]) -> None:
    offered = set(rules.able(customer(some, **now), NOW))
    for permission in PERMISSIONS["cases"]:
        decision = rules.decide(customer(some, **now), permission, NOW)
        assert decision.rule in BECAUSE
        assert decision.allowed == (decision.rule == "granted")
        assert permission not in offered or decision.allowed
        assert decision.allowed <= (permission in some)


@pytest.mark.parametrize(
    ("reader", "permission", "rule"),
    [
        (customer(), "case.comment", "granted"),
        (customer(), "case.answer", "staff_only"),
        (customer([]), "case.comment", "role_lacks_permission"),
        (customer(policy={"close": {"by_customer": False}}), "case.close", "team_policy_forbids"),
        (customer(visibility="private"), "follower.add", "visibility_forbids"),
        (customer(status="cancelled"), "case.comment", "status_forbids"),
        (customer(), "case.fly", "unknown_permission"),
        (staff("reader"), "case.answer", "role_lacks_permission"),
        (staff("admin"), "case.confirm", "customer_only"),
    ],
)
def test_every_decision_names_its_rule(reader: Reader, permission: str, rule: str) -> None:
    assert rules.decide(reader, permission, NOW).rule == rule


def test_a_team_may_keep_closing_to_itself() -> None:
    mute = customer(policy={"close": {"by_customer": False, "confirm": True}})
    assert "case.close" not in rules.able(mute, NOW)
    with pytest.raises(Forbidden):
        rules.must_be_able(mute, "case.close")


def test_only_a_pending_question_can_be_confirmed_and_only_by_the_customer() -> None:
    closed: dict[str, Any] = {"status": "closed", "closed_at": NOW}
    assert "case.confirm" in rules.able(customer(confirmation="pending", **closed), NOW)
    assert "case.confirm" not in rules.able(customer(**closed), NOW)
    assert "case.confirm" not in rules.able(staff(confirmation="pending", **closed), NOW)


@given(st.integers(0, 40))
def test_reopening_ends_with_the_window(days: int) -> None:
    closed = customer(status="closed", closed_at=NOW - timedelta(days=days))
    assert ("case.reopen" in rules.able(closed, NOW)) == (days <= 14)


def test_a_customer_changes_what_the_team_lets_him_until_the_first_review() -> None:
    assert rules.editable(customer()) == {"title", "priority"}
    assert rules.editable(customer(reviewed_at=NOW)) == set()
    assert rules.editable(customer(policy={"priority": {"customer_sets": False}})) == {"title"}
    assert rules.editable(staff(reviewed_at=NOW)) == set(rules.CHANGEABLE.values())


def test_nobody_is_added_to_a_private_case() -> None:
    assert "follower.add" in rules.able(customer(), NOW)
    assert "follower.add" not in rules.able(customer(visibility="private"), NOW)


@pytest.mark.parametrize(
    ("effect", "days", "leads_to"), [("append", 1, "closed"), ("reopen", 1, "open"), ("reopen", 20, "closed")]
)
def test_a_comment_on_a_closed_case_does_what_the_team_says(effect: str, days: int, leads_to: str) -> None:
    closed = customer(
        status="closed", closed_at=NOW - timedelta(days=days), policy={"closed": {"comment_effect": effect}}
    )
    assert rules.move(rules.reaction_to_comment(closed, "public", NOW), closed.case) == leads_to


def test_a_customers_comment_opens_an_answered_case_and_supports_does_not() -> None:
    assert rules.move(rules.reaction_to_comment(customer(), "public", NOW), case(status="answered")) == "open"
    assert rules.move(rules.reaction_to_comment(staff(), "public", NOW), case(status="answered")) == "answered"
    assert rules.move(rules.reaction_to_comment(staff(), "internal", NOW), case(status="new")) == "new"


def test_only_who_has_the_permission_registers_cases() -> None:
    assert not rules.may_open(Standing("mem", "org", "member", ["case.read"], "Ada"))
    assert rules.may_open(Standing("mem", "org", "member", ["case.create"], "Ada"))
    assert rules.may_open(staff("agent").standing)
    assert not rules.may_open(staff("developer").standing)
