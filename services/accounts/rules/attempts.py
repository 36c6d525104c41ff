"""How often something may be tried, and by whom it is counted."""

from __future__ import annotations

import ipaddress
import math
from datetime import datetime, timedelta
from typing import NamedTuple

from services.chassis.problems import TooManyRequests

KNOWN_FOR = timedelta(days=30)  # a place nobody signs in from any more is a stranger's again


class Limit(NamedTuple):
    """At most so many times in a window that begins with the first. ``name`` tells what is counted."""

    name: str
    most: int
    window: timedelta


_QUARTER, _HOUR = timedelta(minutes=15), timedelta(hours=1)


def place(address: str) -> str:
    """The address by which a caller is told from others; of IPv6 the network, because he has all the rest of it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    mapped = ipaddress.IPv6Address(found).ipv4_mapped
    return str(mapped or ipaddress.ip_network((found, 64), strict=False).network_address)


def sign_in(login: str, place: str, usual: str | None) -> list[Limit]:
    """Where he usually signs in (``usual``: the person's id there, else None), his failures have a counter of their
    own: strangers who try his name elsewhere, or others at the same address, cannot lock him out."""
    if usual is not None:
        return [Limit(f"usual {usual} {place}", 10, _QUARTER)]
    by_name = Limit(f"login {login}", 10, _QUARTER)
    return [by_name, Limit(f"place {place}", 30, _QUARTER)] if place else [by_name]


def of_name(login: str) -> Limit:
    """Failures by this login name from places where it is not known."""
    return sign_in(login, "", None)[0]


def present_password(user_id: str) -> Limit:
    """Somebody signed in says his password again; whoever found his device must not find it out."""
    return Limit(f"present {user_id}", 10, _QUARTER)


def code(user_id: str) -> Limit:
    """Codes of his app after a provider let him in, or for new recovery codes: who governs the provider, or found his
    device, must not try them all."""
    return Limit(f"code {user_id}", 10, _QUARTER)


def lost_by_place(place: str) -> Limit:
    """Lost passwords said from one address."""
    return Limit(f"lost at {place}", 20, _HOUR)


def lost_by_name(login: str) -> Limit:
    """Lost passwords of one name; more are passed over in silence."""
    return Limit(f"lost {login}", 3, timedelta(minutes=1))


def new_address(user_id: str) -> Limit:
    """Letters to addresses that somebody says are his."""
    return Limit(f"new address {user_id}", 3, _HOUR)


def too_many(until: datetime, now: datetime) -> TooManyRequests:
    """The refusal, with the seconds until the window is over."""
    seconds = math.ceil((until - now).total_seconds())
    return TooManyRequests("too_many_attempts", "Too many attempts. Wait a while.", retry_after=max(1, seconds))


def must_not_be_too_many(times: int, limit: Limit, until: datetime, now: datetime) -> None:
    """``times`` counts this one too. Raises TooManyRequests."""
    if times > limit.most:
        raise too_many(until, now)
