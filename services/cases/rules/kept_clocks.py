"""The clocks of a case as its row keeps them: a list of small documents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from services.cases.rules.calendars import calendar_of, told_of
from services.cases.rules.clocks import Clock, Promise, Segment

Kept = list[dict[str, Any]]
_MOMENTS = ("due_at", "warn_at", "warned_at", "breached_at")


def keep(clocks: list[Clock]) -> Kept:
    """As JSON has them."""
    return [_kept(clock) for clock in clocks]


def clocks_of(kept: Kept) -> list[Clock]:
    """From JSON."""
    return [_clock(one) for one in kept]


def clocks_key(profile: Mapping[str, Any]) -> str:
    """Tells whether two profiles promise the same by the same calendars."""
    told = {name: profile.get(name) for name in ("clocks", "calendars")}
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def clock_line(kept: dict[str, Any]) -> dict[str, Any]:
    """What the timeline says of a clock."""
    due_at = kept["due_at"]
    return {"clock": kept["kind"], "due_at": due_at and told_at(datetime.fromisoformat(due_at))}


def told_at(moment: datetime) -> str:
    """A moment inside a document, as the API writes moments."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _kept(clock: Clock) -> dict[str, Any]:
    kept = {
        "kind": clock.kind,
        "state": clock.state,
        **_told(clock.promise),
        "used_seconds": clock.used_seconds,
        **{name: _text(getattr(clock, name)) for name in _MOMENTS},
        "segments": [
            [one.kind, _text(one.start), _text(one.end), one.counted_seconds, one.calendar, one.why]
            for one in clock.segments
        ],
    }
    if clock.rounds[1:]:
        kept["rounds"] = list(clock.rounds)
    if not clock.promised:
        kept["promised"] = False
    return kept if clock.coming is None else kept | {"coming": _told(clock.coming)}


def _told(promise: Promise) -> dict[str, Any]:
    return {
        "target_seconds": promise.target_seconds,
        "calendar": promise.calendar,
        "hours": told_of(promise.hours),
    }


def _promise(told: dict[str, Any]) -> Promise:
    return Promise(told["target_seconds"], told["calendar"], calendar_of(told["hours"]))


def _clock(kept: dict[str, Any]) -> Clock:
    segments = tuple(
        Segment(kind, datetime.fromisoformat(start), _moment(end), counted, calendar, why)
        for kind, start, end, counted, calendar, why in kept["segments"]
    )
    moments = {name: _moment(kept[name]) for name in _MOMENTS}
    rounds, coming = tuple(kept.get("rounds") or (0,)), kept.get("coming")
    return Clock(
        kept["kind"],
        _promise(kept),
        kept["state"],
        kept["used_seconds"],
        **moments,
        segments=segments,
        rounds=rounds,
        coming=_promise(coming) if coming else None,
        promised=kept.get("promised", True),
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
