"""Which version of a contract holds, what may stand in one, and where partners' people belong because of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.accounts.rules.roles import MAY_ACT
from services.chassis.problems import Conflict, Invalid
from services.contracts.accounts import TermsView

Fields = Mapping[str, Any]
Error = dict[str, str]
Profile = Mapping[str, Any]
_NO_PRODUCT = "The team has no such product."
_NO_FEATURE = "The team does not offer this function."


def in_force(versions: Sequence[Fields], now: datetime) -> Fields | None:
    """The version that holds at this moment: the newest of those whose ``effective_from`` has come; None before the
    first. A version that a newer one overtook before its day never holds."""
    due = [version for version in versions if version["effective_from"] <= now]
    return max(due, key=lambda version: int(version["version"]), default=None)


# --- what may stand in a contract ---


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a contract may speak of: the team's profile, the active people of the organization, and which of the
    organizations it names are partners of the team (other than itself)."""

    profile: Profile
    people: Collection[str]
    partners: Collection[str]


def must_fit(terms: TermsView, around: Surroundings) -> None:
    """Raises Invalid with one entry per fault, such as ``/terms/charges/bug/amount``."""
    profile = around.profile
    keys = {name: {thing["key"] for thing in profile[name]} for name in ("products", "priorities", "types")}
    errors = [
        *_listed("/terms/products", terms.products, keys["products"], _NO_PRODUCT),
        *_listed("/terms/features", terms.features or [], profile["features"], _NO_FEATURE),
        *_listed("/terms/quote_approvers", terms.quote_approvers, around.people, "Nobody of this organization."),
        *_listed("/terms/partners", terms.partners, around.partners, "This is not one of the team's partners."),
        *_priorities(terms, keys["priorities"], profile["calendars"]),
        *_charges(terms, keys["types"]),
    ]
    if errors:
        raise Invalid("invalid", "The contract does not fit the team.", errors=errors[:50])


def must_be_products(given: Sequence[str], profile: Profile) -> None:
    """Raises Invalid ``/products/<n>`` for each that the team does not support, or that is named twice."""
    errors = list(_listed("/products", given, {thing["key"] for thing in profile["products"]}, _NO_PRODUCT))
    if errors:
        raise Invalid("invalid", "These are not all products of the team.", errors=errors[:50])


def must_not_decide(holding: Fields | None) -> None:
    """Raises Conflict ``contract_decides``: products under a contract in force are changed there."""
    if holding is not None:
        detail = "A contract says which products this organization holds. Add a version to the contract."
        raise Conflict("contract_decides", detail, extra={"contract_id": holding["contract_id"]})


def _listed(name: str, given: Sequence[str], known: Collection[str], told: str) -> Iterator[Error]:
    seen: set[str] = set()
    for place, key in enumerate(given):
        if key not in known:
            yield _error(f"{name}/{place}", "choice", told)
        elif key in seen:
            yield _error(f"{name}/{place}", "unique", "It is named twice.")
        seen.add(key)


def _priorities(terms: TermsView, known: Collection[str], calendars: Collection[str]) -> Iterator[Error]:
    for key, priority in terms.priorities.items():
        if key not in known:
            yield _error(f"/terms/priorities/{_escaped(key)}", "choice", "The team has no such priority.")
        elif priority.calendar is not None and priority.calendar not in calendars:
            yield _error(f"/terms/priorities/{key}/calendar", "choice", "The team has no such calendar.")


def _charges(terms: TermsView, known: Collection[str]) -> Iterator[Error]:
    for key, charge in terms.charges.items():
        if key not in known:
            yield _error(f"/terms/charges/{_escaped(key)}", "choice", "The team has no such type of case.")
        elif charge.amount is not None and charge.charge != "contract_rate":
            yield _error(f"/terms/charges/{key}/amount", "unknown", "Only a contract_rate has an amount.")


def _error(place: str, rule: str, told: str) -> Error:
    return {"pointer": place, "rule": rule, "detail": told}


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


# --- what an organization holds ---


def held(profile: Profile, products: Collection[str]) -> list[Any]:
    """The team's products among these, in the catalogue's order."""
    return [product for product in profile["products"] if product["key"] in products]


def features(profile: Profile, terms: Mapping[str, Any] | None) -> list[str]:
    """The functions an organization has: the team's, or fewer when its contract names them."""
    named = (terms or {}).get("features")
    return [name for name in profile["features"] if named is None or name in named]


# --- partners ---


def places_of_partners(wanted: Sequence[Fields], present: Sequence[Fields]) -> Iterator[dict[str, Any]]:
    """What has to change so that partners' people have the places their contracts give them: rows of memberships, with
    the person as ``queries.people.persons`` shows him. ``wanted``: active people of partners, each with the
    ``customer_id`` he may act for; ``present``: derived places there, and other places of the same people. Who belongs
    there by himself keeps what he has."""
    there = {(row["organization_id"], row["user_id"]): row for row in present}
    granted: dict[tuple[str, str], dict[str, Any]] = {}
    for row in wanted:
        key = (row["customer_id"], row["user_id"])
        known = granted.setdefault(key, {**row, "organization_id": row["customer_id"], "permissions": []})
        known["permissions"] = sorted({*known["permissions"], *row["permissions"]} & MAY_ACT)
    for key, row in granted.items():
        if key not in there:
            yield {**row, "role": "partner", "own_permissions": True, "active": True}
        elif there[key]["derived"] and not _same(there[key], row["permissions"]):
            yield {**there[key], "permissions": row["permissions"], "active": True}
    for key, row in there.items():
        if row["derived"] and row["active"] and key not in granted:
            yield {**row, "active": False}


def _same(place: Fields, permissions: list[str]) -> bool:
    return bool(place["active"]) and sorted(place["permissions"]) == permissions


def must_be_his_own(membership: Fields) -> None:
    """Raises Conflict ``derived_membership``: what follows from a contract is changed there."""
    if membership["derived"]:
        detail = "This place follows from a contract with a partner. Change the contract, or the place at the partner."
        raise Conflict("derived_membership", detail)
