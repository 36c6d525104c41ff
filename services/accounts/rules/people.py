"""Who is who, and what may change in a membership."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.accounts.rules.standing import Standing, office
from services.chassis.problems import Conflict, Forbidden, Invalid

Person = Mapping[str, Any]


def same_person(found: Sequence[Person], user_name_key: str, email_key: str) -> Person | None:
    """The one person both keys belong to, or None when neither is taken. Raises Conflict ``user_name_taken`` or
    ``email_taken`` when they belong to different people, or only one of them to somebody."""
    for person in found:
        if person["user_name_key"] == user_name_key and person["email_key"] == email_key:
            return person
    if any(person["user_name_key"] == user_name_key for person in found):
        raise Conflict("user_name_taken", "Somebody else has this user name.")
    if found:
        raise Conflict("email_taken", "Somebody else has this e-mail address.")
    return None


def may_sign_in(person: Person, password_hash: str) -> bool:
    """Whether he is still let in and his password is still the one that was proved."""
    return bool(person["active"] and person["password_hash"] == password_hash)


def membership_changes(membership: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What really changes. ``wanted`` holds role, permissions, own_permissions, active; None means: leave it."""
    return {name: value for name, value in wanted.items() if value is not None and value != membership[name]}


def gained(membership: Mapping[str, Any], changes: Mapping[str, Any]) -> set[str]:
    """What he can do after the change and could not before."""
    after = {**membership, **changes}
    before = membership["permissions"] if membership["active"] else ()
    return set(after["permissions"]) - set(before) if after["active"] else set()


def leaves_the_office(membership: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
    """Whether somebody who manages the people of his organization, or as staff the team's roles, no longer would."""
    needed = office(membership["organization_id"])
    after = {**membership, **changes}
    return _holds(membership, needed) and not _holds(after, needed)


def _holds(membership: Mapping[str, Any], permission: str) -> bool:
    return bool(membership["active"]) and permission in membership["permissions"]


def must_be_a_time_zone(name: str | None) -> None:
    """``Europe/Stockholm`` and the like; None is nothing said. Raises Invalid."""
    try:
        if name is not None:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        detail = "Must be a name of the IANA time zone database, such as Europe/Stockholm."
        raise Invalid.field("/time_zone", "choice", detail) from None


def must_not_shut_himself_out(actor_id: str, user_id: str) -> None:
    """Raises Conflict ``yourself``: an installation must not lose its last operator by a slip."""
    if actor_id == user_id:
        raise Conflict("yourself", "You cannot shut yourself out. Another operator can.")


def must_be_offered_owners(standing: Standing, organization_id: str, colleagues: bool) -> None:
    """Owners are chosen by staff, and by an administrator with colleagues. Raises Forbidden ``owner_not_offered``."""
    if (
        standing.staff is None
        and not standing.operator
        and not (standing.may("user.manage", organization_id) and colleagues)
    ):
        raise Forbidden("owner_not_offered", "Only an administrator with colleagues may name an owner.")


def must_leave_an_administrator(himself: bool, others: int) -> None:
    """Raises Conflict ``last_administrator`` when he is the last one and does it himself; the team's staff may."""
    if himself and not others:
        detail = "You are the last administrator of this organization. Make somebody else one first."
        raise Conflict("last_administrator", detail)
