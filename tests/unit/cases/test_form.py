"""The form of a type, as the five teams' profiles write it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.cases.rules import Filled, Filling, check_form
from services.chassis.problems import Invalid

PROFILES = Path(__file__).resolve().parents[3] / "deploy/profiles"
TEAMS = {name: yaml.safe_load((PROFILES / f"{name}.yaml").read_text("utf-8")) for name in
         ("mamut", "casemanager", "selfservice", "enterprise", "extend")}  # fmt: skip
BUG = {"steps": "1", "examples": "x", "environment": "Test"}
BILLING = {
    "invoice_number": "17",
    "preferred_assignee": "usr_01m7x2c4e6g8j0k2m4n6p8q0r2",
    "phone": "+46 70 123 45 67",
    "callback_at": "2026-11-21T09:00:00Z",
}


def fill(team: str, kind: str, *, staff: bool = False, **more: Any) -> Filled:
    filling: dict[str, Any] = {"topic": None, "priority": None, "product": None, "fields": {}}
    return check_form(TEAMS[team], Filling(type=kind, **(filling | more)), staff=staff)


def refused(team: str, kind: str, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as problem:
        fill(team, kind, **more)
    return [(error["pointer"], error["rule"]) for error in problem.value.errors]


def test_the_type_decides_charge_level_and_priority() -> None:
    bug = fill("extend", "bug", fields=BUG)
    assert (bug.charge, bug.level, bug.priority) == ("free", 1, "C")
    rfc = fill("extend", "rfc", priority="A", fields={"business_value": "much"})
    assert (rfc.charge, rfc.level, rfc.priority) == ("quote_required", 2, "A")


def test_an_unknown_type_is_refused() -> None:
    assert refused("extend", "wish") == [("/type", "choice")]


def test_every_missing_field_is_named_at_once() -> None:
    assert {pointer for pointer, rule in refused("casemanager", "billing") if rule == "required"} == {
        "/fields/" + name for name in BILLING
    }
    assert fill("casemanager", "billing", fields=BILLING).fields == BILLING
    assert ("/product", "required") in refused("enterprise", "case")


def test_blank_and_null_are_missing() -> None:
    for nothing in (None, "", "   "):
        assert refused("extend", "bug", fields=BUG | {"steps": nothing}) == [("/fields/steps", "required")]


def test_a_field_the_form_does_not_have_is_refused() -> None:
    assert refused("extend", "bug", fields=BUG | {"a/b": 1}) == [("/fields/a~1b", "unknown")]
    assert refused("extend", "bug", fields=BUG | {"title": "again"}) == [("/fields/title", "unknown")]


@pytest.mark.parametrize(
    ("team", "kind", "field", "value", "rule"),
    [
        ("extend", "bug", "environment", "Moon", "choice"),
        ("extend", "bug", "steps", 7, "type"),
        ("extend", "bug", "steps", "x" * 65_537, "length"),
        ("casemanager", "billing", "phone", "call me", "pattern"),
        ("casemanager", "billing", "callback_at", "tomorrow", "type"),
        ("casemanager", "billing", "callback_at", "2026-11-21T09:00:00", "type"),
        ("casemanager", "billing", "preferred_assignee", "Per", "pattern"),
        ("casemanager", "billing", "invoice_number", "1\n2", "pattern"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(team: str, kind: str, field: str, value: Any, rule: str) -> None:
    right = BUG if team == "extend" else BILLING
    assert refused(team, kind, fields=right | {field: value}) == [(f"/fields/{field}", rule)]


@given(st.dictionaries(st.text(max_size=20), st.none() | st.booleans() | st.integers() | st.text(max_size=40)))
def test_no_filling_breaks_the_check_or_slips_through(fields: dict[str, Any]) -> None:
    try:
        filled = fill("extend", "bug", fields=fields)
    except Invalid:
        return
    assert set(filled.fields) == {"steps", "examples", "environment"}


def test_a_subject_unlocks_its_own_subtypes_only() -> None:
    right: dict[str, Any] = {"priority": "low", "product_item": "Arm"}
    assert fill("selfservice", "case", topic="cell", **right).topic == "cell"
    assert fill("selfservice", "case", topic="robotics.cell", **right).topic == "cell"
    assert refused("selfservice", "case", topic="robotics", **right) == [("/topic", "leaf")]
    assert refused("selfservice", "case", topic="citrix.cell", **right) == [("/topic", "choice")]
    assert refused("selfservice", "case", **right) == [("/topic", "required")]


def test_a_topic_of_an_ambiguous_name_needs_its_path() -> None:
    child = [{"key": "other", "name": "Other", "description": "x"}]
    topics = [{"key": key, "name": key, "description": "x", "children": child} for key in ("one", "two")]
    profile = TEAMS["extend"] | {"topics": topics}
    filling: dict[str, Any] = {"type": "bug", "priority": None, "product": None, "fields": BUG}
    assert check_form(profile, Filling(topic="two.other", **filling), staff=False).topic == "two.other"
    with pytest.raises(Invalid):
        check_form(profile, Filling(topic="other", **filling), staff=False)


def test_a_priority_kept_by_support_is_not_the_customers_to_set() -> None:
    right: dict[str, Any] = {"topic": "vouchers", "product": "business"}
    assert refused("mamut", "fault", priority="urgent", **right) == [("/priority", "unknown")]
    assert fill("mamut", "fault", priority="urgent", staff=True, **right).priority == "urgent"
    assert refused("mamut", "fault", priority="sky", staff=True, **right) == [("/priority", "choice")]
    assert fill("mamut", "fault", **right).priority == "normal"


def test_private_is_a_tick_of_the_form_and_no_field_of_the_case() -> None:
    filled = fill("enterprise", "case", product="payroll", fields={"private": True})
    assert filled.private
    assert filled.fields == {}
    assert refused("extend", "bug", fields=BUG | {"private": True}) == [("/fields/private", "unknown")]
