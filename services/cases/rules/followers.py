"""Why somebody cannot follow a case."""

from __future__ import annotations

from services.chassis.problems import Conflict, Invalid

MOST_FOLLOWERS = 50


def follower_refused(pointer: str) -> Invalid:
    """Why somebody cannot follow: he does not belong to the organization, or it does not hold the product."""
    detail = "A follower needs an active profile in the organization, with access to the case's product."
    errors = [{"pointer": pointer, "rule": "entitled", "detail": detail}]
    return Invalid("follower_needs_product", detail, errors=errors)


def private_refused() -> Conflict:
    """Nobody is let in to a private case before its creator widens it."""
    return Conflict("private_case", "Only the creator and the contact see a private case; widen its visibility first.")


def too_many_followers() -> Conflict:
    """A case informs a group, not a crowd (and an event names at most a hundred people)."""
    return Conflict("too_many_followers", f"A case has at most {MOST_FOLLOWERS} followers.")
