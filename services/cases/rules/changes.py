"""Saving changes to a case: which fields, by whom, and what its type's form says of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.cases.rules.agreed import Agreed
from services.cases.rules.case import Policy, Reader
from services.cases.rules.form import (
    Error,
    Filling,
    check_own_fields,
    check_priority,
    check_product,
    check_topic,
    product_held,
    rank_of,
)
from services.cases.rules.keys import NO_CONTACT, Outsider, contact_among
from services.cases.tables import Case
from services.chassis.problems import Forbidden, Invalid

# What can be saved, by the name the profile's field policy has for it.
CHANGEABLE = {
    **{name: name for name in ("title", "description", "priority", "topic")},
    **{name: name for name in ("product", "product_item", "product_range", "callback_at", "fields")},
    "contact_id": "contact",
}
FARTHEST = timedelta(days=366)  # nobody knows today whom to phone in more than a year
_SET_UP = {"topic", "product", "product_item", "product_range", "contact_id", "callback_at", "fields"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides about more than texts: the team's whole profile, what the organization holds, and those of its
    people who are named, with a login (``members``) and without."""

    profile: Policy
    agreed: Agreed
    members: Mapping[str, str]
    outsiders: Mapping[str, Outsider]


def editable(reader: Reader) -> set[str]:
    """The fields this reader may change now: support all, a customer what the team says until the first review."""
    if reader.standing.staff:
        return set(CHANGEABLE.values())
    if reader.case.reviewed_at is not None:
        return set()
    allowed = set(CHANGEABLE.values()) & set(reader.policy["fields"]["customer_editable"])
    return allowed if reader.policy["priority"]["customer_sets"] else allowed - {"priority"}


def must_be_editable(reader: Reader, sent: Mapping[str, Any]) -> None:
    """Raises Forbidden ``field_not_editable`` naming every field that is not this reader's to change now."""
    allowed = editable(reader)
    refused = sorted(name for name in sent if CHANGEABLE[name] not in allowed)
    if refused:
        detail = "These fields are not yours to change now."
        errors = [{"pointer": f"/{name}", "rule": "editable", "detail": detail} for name in refused]
        raise Forbidden("field_not_editable", detail, errors=errors, extra={"fields": refused})


def looks_around(sent: Mapping[str, Any]) -> bool:
    """Whether more decides about these changes than the case itself."""
    return bool(sent.keys() & _SET_UP)


def changed_case(reader: Reader, sent: Mapping[str, Any], around: Surroundings | None, now: datetime) -> Case:
    """The case with these changes. Raises Invalid naming every wrong field, or ``product_not_held``."""
    plain = {name: value for name, value in sent.items() if name in Case.__slots__ and name != "fields"}
    case = replace(reader.case, **plain)
    errors = check_priority(reader.policy, sent.get("priority"), staff=reader.standing.staff)
    if around is not None:
        errors += _against_form(case, sent, around)
        errors += _contact(case, sent, around)
        errors += _own_fields(case, sent, around, reader.desk)
        errors += _callback(case, sent, around, now)
    if errors:
        raise Invalid("invalid", "Some values are not right.", errors=errors)
    if around is not None and case.product != reader.case.product:
        product_held(around.profile, around.agreed, case.product)
    case.priority_rank = rank_of(reader.policy, case.priority)
    return case


def _against_form(case: Case, sent: Mapping[str, Any], around: Surroundings) -> list[Error]:
    """The topic, product, item and range as the form of the case's type wants them. What was not sent is not told,
    but a range that the new product does not have."""
    profile, form = around.profile, _form(case, around)
    errors = list[Error]()
    if "topic" in sent:
        case.topic, errors = check_topic(profile, form, case.topic)
    told = {f"/{name}" for name in sent} | ({"/product_range"} if "product" in sent else set())
    filling = Filling(case.type, None, None, case.product, {}, case.product_item, case.product_range)
    return errors + [error for error in check_product(profile, form, filling) if error["pointer"] in told]


def _contact(case: Case, sent: Mapping[str, Any], around: Surroundings) -> list[Error]:
    if "contact_id" not in sent:
        return []
    found = contact_among(case.contact_id, around.members, around.outsiders)
    if found is None:
        return [{"pointer": "/contact_id", "rule": "member", "detail": NO_CONTACT}]
    case.contact_id, case.contact_name = found
    return []


def _own_fields(case: Case, sent: Mapping[str, Any], around: Surroundings, desk: Collection[str]) -> list[Error]:
    """The form's own fields that were sent become so; null or nothing empties one that can be empty."""
    said: dict[str, Any] = sent.get("fields", {})
    whole = {key: value for key, value in (case.fields | said).items() if value not in (None, "")}
    errors = [error for error in check_own_fields(_form(case, around), whole) if _key_of(error) in said]
    if "callback_at" in said:
        errors.append({"pointer": "/fields/callback_at", "rule": "place", "detail": "Send it as callback_at."})
    if said.get("preferred_assignee") and said["preferred_assignee"] not in desk:
        detail = "This is not one of the team's staff."
        errors.append({"pointer": "/fields/preferred_assignee", "rule": "choice", "detail": detail})
    case.fields = whole if said else case.fields
    return errors


def _key_of(error: Error) -> str:
    return error["pointer"].removeprefix("/fields/").replace("~1", "/").replace("~0", "~")


def _callback(case: Case, sent: Mapping[str, Any], around: Surroundings, now: datetime) -> list[Error]:
    """The moment to be phoned at stands in the form's own field."""
    at: datetime | None = sent.get("callback_at")
    if at is None:
        return []
    if "callback_at" not in _form(case, around) or "callbacks" not in around.profile["features"]:
        return [{"pointer": "/callback_at", "rule": "unknown", "detail": "The form has no such field."}]
    if not now < at <= now + FARTHEST:
        return [{"pointer": "/callback_at", "rule": "range", "detail": "Must lie ahead, within a year."}]
    case.fields = case.fields | {"callback_at": at.isoformat().replace("+00:00", "Z")}
    return []


def _form(case: Case, around: Surroundings) -> dict[str, Any]:
    """The fields of the form of its type, by key; none when the team has no such type any more."""
    forms = (kind["form"] for kind in around.profile["types"] if kind["key"] == case.type)
    return {field["key"]: field for field in next(forms, [])}
