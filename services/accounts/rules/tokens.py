"""API tokens: how long they live, and what they must not do."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.chassis.actor import Actor
from services.chassis.problems import Conflict, Forbidden, Invalid

ID = "tok"  # an API token's id stands where a session's would, so this tells them apart
USUAL_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=365)
USE_NOTED_EVERY = timedelta(minutes=1)
KEPT_AFTER = timedelta(days=30)
MOST = 100  # living tokens of one person, or of one team


def must_be_signed_in(actor: Actor) -> None:
    """Raises Forbidden ``session_needed`` for an API token. The gateway refuses it too; this is the second door."""
    if actor.session_id.startswith(ID + "_"):
        raise Forbidden("session_needed", "No API token may do this. Sign in.")


def expiry(now: datetime, wanted: datetime | None) -> datetime:
    """When a token made now ends. Raises Invalid for the past and for more than a year."""
    if wanted is None:
        return now + USUAL_LIFE
    if wanted <= now:
        raise Invalid.field("/expires_at", "range", "Must be in the future.")
    if wanted > now + LONGEST_LIFE:
        raise Invalid.field("/expires_at", "range", "Must be within a year.")
    return wanted


def must_have_room(living: int) -> None:
    """Raises Conflict ``too_many_tokens``."""
    if living >= MOST:
        raise Conflict("too_many_tokens", f"There are {MOST} tokens already. Revoke one first.")
