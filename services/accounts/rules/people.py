"""Who is who, and what may change in a membership."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.accounts.rules.standing import Standing, office
from services.chassis.problems import Conflict, Forbidden, Invalid

Person = Mapping[str, Any]
Place = tuple[str, str | None]  # team and organization; None: its own staff


class ToBeInvited(Conflict):
    """A refusal whose trace lasts: it was counted."""

    commits = True


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


def to_be_placed(
    found: Sequence[Person], keys: tuple[str, str], seen: Mapping[str, Collection[Place]], here: Place
) -> Person:
    """The one person with both keys among these, who are somebody. He is given a place without being asked only by who
    sees him already (``seen``: places in sight), and only when he proved his address: otherwise whoever registered
    it first would come along, with the password he chose. Raises Conflict ``invite_instead``, which does not tell
    whose name it is, and of people in sight ``user_name_taken`` or ``email_taken``."""
    person = same_person(found, *keys) if all(one["id"] in seen for one in found) else None
    if person is None or (person["proven_at"] is None and here not in seen[person["id"]]):
        detail = "Somebody has this user name or this address. Choose another user name, or invite the person by mail."
        raise ToBeInvited("invite_instead", detail)
    return person


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
    acts = bool(membership["active"] and membership["person_active"])
    return acts and permission in membership["permissions"]


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


def must_leave_an_administrator(others: int) -> None:
    """Raises Conflict ``last_administrator`` when nobody else could manage the organization's people any more."""
    if not others:
        detail = "This is the last administrator of the organization. Make somebody else one first."
        raise Conflict("last_administrator", detail)
