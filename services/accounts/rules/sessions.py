"""How long sessions live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.chassis.problems import Unauthenticated

ACCESS_SECONDS = 600


KEY_PUBLISHED_BEFORE = timedelta(seconds=60)  # it signs: twice as long as a gateway waits before it fetches keys again


KEY_LOOKED_FOR_EVERY = timedelta(seconds=30)


IDLE = timedelta(days=14)  # a session nobody refreshes ends


ABSOLUTE = timedelta(days=90)  # and every session ends some day


class Refused(Unauthenticated):
    """A refusal whose trace lasts: the session ended because its token came back, the attempt that was no failure."""

    commits = True


def expiry(created_at: datetime, now: datetime) -> datetime:
    """Until when a session used now lives on."""
    return min(now + IDLE, created_at + ABSOLUTE)


def key_is_spent(newest_since: datetime, now: datetime) -> bool:
    """Whether all that older keys signed is too old, if the newest one signs since then; every process has taken it up
    by now."""
    return newest_since + KEY_LOOKED_FOR_EVERY + timedelta(seconds=ACCESS_SECONDS + 60) < now


def alive(session: Mapping[str, Any], now: datetime) -> bool:
    """Whether the session (``ended_at``, ``expires_at``) can still be used."""
    return session["ended_at"] is None and session["expires_at"] > now
