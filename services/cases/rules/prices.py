"""What a case costs, and what another type, priority or topic makes of it."""

from __future__ import annotations

from typing import Any

from services.cases.rules.agreed import Agreed
from services.cases.rules.case import Policy
from services.cases.rules.form import Error, check_priority, find_topic, rank_of
from services.cases.rules.moves import gate_after, move
from services.cases.tables import Case, Quote
from services.chassis.problems import Invalid

_SENTENCES = {
    "free": "Cases of this type are free of charge.",
    "none": "Nothing is charged for cases of this type.",
    "wanted": "Cases of this type need a price that the customer approves before the work begins.",
    "offered": "A price was offered; the work begins when it is approved.",
}


def is_charged(case: Case, quote: Quote) -> bool:
    """Whether the case costs what was offered: approved, and its type (still) needs a price."""
    return quote.state == "approved" and case.gate == "open" and case.charge == "quote_required"


def explained(case: Case, approved: Quote | None) -> str:
    """Why a case costs what it costs, in one sentence."""
    if case.gate != "open":
        return _SENTENCES[case.gate]
    if case.charge in _SENTENCES:
        return _SENTENCES[case.charge]
    if approved is not None:
        return f"{approved.amount} {approved.currency} were offered, and approved by {approved.decided_by_name}."
    by = f"version {case.contract_version} of the contract" if case.contract_version else "the agreement"
    rate = f"{case.fee['value']} {case.fee['currency']}, the rate of {by}" if case.fee else f"the rate of {by}"
    return f"It is charged at {rate}."


def reclassify(profile: Policy, agreed: Agreed, case: Case, wanted: dict[str, str | None]) -> None:
    """Give the case its other ``type``, ``priority`` and ``topic`` (those that are not None) and all that follows: its
    place in the pile, its charge, its gate and status. Raises Invalid naming every wrong field, and when nothing would
    be different; Conflict ``not_in_this_status``."""
    kind, errors = _kind(profile, wanted["type"] or case.type)
    errors += check_priority(profile, wanted["priority"], staff=True)
    topic = case.topic
    if wanted["topic"] is not None:
        topic, wrong = find_topic(profile, wanted["topic"])
        errors += wrong
    if errors:
        raise Invalid("invalid", "Some values are not right.", errors=errors)
    priority = wanted["priority"] or case.priority
    other_type = kind["key"] != case.type
    if not other_type and priority == case.priority and topic == case.topic:
        raise Invalid.field("/type", "changed", "Name another type, priority or topic than the case has.")
    charge = agreed.charge(kind) if other_type else case.charge
    act = _act(case, charge, other_type=other_type)
    case.status, case.gate = move(act, case), gate_after(act, case.gate)
    if other_type:
        case.type, case.charge, case.fee = kind["key"], charge, agreed.fee(kind)
        case.level = max(case.level, kind["level"])  # what was handed up stays there
    case.priority, case.priority_rank, case.topic = priority, rank_of(profile, priority), topic


def _act(case: Case, charge: str, *, other_type: bool) -> str:
    """Another type that needs a price needs its own, even where one was approved for the old type."""
    if not other_type:
        return "reclassify"
    if charge == "quote_required":
        return "demand_price"
    return "reclassify" if case.gate == "open" else "drop_price"


def _kind(profile: Policy, key: str) -> tuple[dict[str, Any], list[Error]]:
    found = next((kind for kind in profile["types"] if kind["key"] == key), None)
    if found is None:
        return {"key": key}, [
            {"pointer": "/type", "rule": "choice", "detail": "The team has no such type of case."},
        ]
    return found, []
