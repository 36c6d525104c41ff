"""The door for people without a login: whom it lets in, what a key opens, and how often it may be tried."""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.cases.rules.case import Policy, Standing
from services.cases.tables import Case
from services.chassis.problems import NotFound, TooManyRequests

# What a key may do, by the scope the team's profile gives all of its keys.
SCOPES: Mapping[str, list[str]] = {
    "read": ["case.read"],
    "read_update": ["case.read", "case.comment", "case.confirm"],
}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class Limit(NamedTuple):
    """At most so many times in a window that begins with the first. ``name`` tells what is counted."""

    name: str
    most: int
    window: timedelta

    @property
    def counter(self) -> bytes:
        """What stands in the table instead of the name, which holds an address."""
        return hashlib.sha256(self.name.encode()).digest()


class WrongKey(NotFound):
    """A key that opens nothing. That it was tried stays counted."""

    commits = True


class TooManyTries(TooManyRequests):
    """The same, once too often."""

    commits = True


WITHOUT_LOGIN = ("contact_", "con_")  # how the ids of those begin whom nobody signs in as
NO_CONTACT = "This is neither an active member of the organization nor one of its contacts."


class Outsider(NamedTuple):
    """A contact of an organization, who has no login; ``user_id``: the member he turned out to be."""

    name: str
    email: str | None
    phone: str | None
    user_id: str | None


def contact_among(
    contact_id: str, members: Mapping[str, str], outsiders: Mapping[str, Outsider]
) -> tuple[str, str] | None:
    """Id and name of who is named as the contact of a case: a member, or somebody without a login."""
    outsider = outsiders.get(contact_id)
    if outsider is not None and outsider.user_id:
        contact_id = outsider.user_id if outsider.user_id in members else contact_id
    if contact_id in members:
        return contact_id, members[contact_id]
    return (contact_id, outsider.name) if outsider is not None else None


def at_the_door(contact: str, organization_id: str, policy: Policy) -> Standing:
    """What somebody without a login is to the case he opens or holds the key of."""
    held = ["case.create", *SCOPES.get(policy["access_key"], [])]
    return Standing("", organization_id, "key", held, contact)


def visitor(user_id: str) -> bool:
    """Whether this is somebody who filed his case at the open door, and comes back to it with a key."""
    return user_id.startswith("contact_")


def without_login(user_id: str) -> bool:
    """Whether this is the contact of one case, or of an organization: nobody signs in as him."""
    return user_id.startswith(WITHOUT_LOGIN)


def opens(case: Case, policy: Policy, now: datetime) -> bool:
    """Whether keys to this case still open it: for years, but no longer than a cancelled case is kept."""
    if policy["access_key"] not in SCOPES:
        return False
    kept = timedelta(days=int(policy["retention"]["cancelled_days"]))
    return case.status != "cancelled" or case.closed_at is None or now <= case.closed_at + kept


def intake_limits(address: str, team_id: str) -> list[Limit]:
    """How many cases may be opened without a login."""
    place = place_of(address)
    return [
        Limit(f"intake {place} hour", 20, _HOUR),
        Limit(f"intake {place} day", 240, _DAY),
        Limit(f"intake {team_id} day", 5_000, _DAY),
    ]


def wrong_keys(address: str) -> Limit:
    """Keys that open nothing, from one address. The right one opens all the same: it is looked up first."""
    return Limit(f"key {place_of(address)}", 10, _HOUR)


def place_of(address: str) -> str:
    """The address by which a caller is told from others; of IPv6 the network, because he has all the rest of it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)


def too_many(until: datetime, now: datetime) -> dict[str, Any]:
    """The words of a refusal until the window is over."""
    wait = max(1, math.ceil((until - now).total_seconds()))
    return {"code": "too_many_attempts", "detail": "Too many attempts. Wait a while.", "retry_after": wait}
