"""Clocks: what was promised for a case, how much of it is used, and when it is over.

A clock is its segments. While one runs, its deadline is where the calendar has been open for what is left; a pause
closes the segment with the business time it used, so a later change of policy or calendar never rewrites the past: it
begins a new segment. The target less all that was counted is what is left.

A clock that has ended may go on (the case was opened again: what was used stays used), or begin another round with the
whole target (the customer waits for the next answer). Either way its past stays: rounds stand one after the other.

A clock carries the opening hours it runs by: what a team's profile says later about a calendar of that name is nothing
to it until somebody gives it another promise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from services.cases.rules.calendars import ALWAYS, Calendar, NeverOpen, after, calendar_of, elapsed

Kind = Literal["review", "first_response", "next_response", "resolution"]
State = Literal["idle", "running", "paused", "met", "missed", "stopped"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WARN_AT = 0.75  # of the target


@dataclass(frozen=True, slots=True)
class Promise:
    """So many seconds of the opening hours of a calendar."""

    target_seconds: int
    calendar: str
    hours: Calendar


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a clock's life. ``counted_seconds`` is None while it lasts; a pause counts nothing."""

    kind: Literal["run", "pause"]
    start: datetime
    end: datetime | None
    counted_seconds: int | None
    calendar: str
    why: str


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise of a case. ``used_seconds``: counted by closed segments. ``due_at`` and ``warn_at`` are None when it
    does not run, or its calendar does not open for so long. ``warned_at`` and ``breached_at``: when that was told. All
    of these speak of the present round. ``rounds``: the places of the segments that rounds began with. ``coming``: what
    is promised by now, when the promise changed after the clock had ended; ``promised``: whether anything is."""

    kind: Kind
    promise: Promise
    state: State
    used_seconds: int = 0
    due_at: datetime | None = None
    warn_at: datetime | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    segments: tuple[Segment, ...] = ()
    rounds: tuple[int, ...] = (0,)
    coming: Promise | None = None
    promised: bool = True

    @property
    def target_seconds(self) -> int:
        """What was promised."""
        return self.promise.target_seconds

    @property
    def left_seconds(self) -> int:
        """What the closed segments have left of the target; below zero when it was overrun."""
        return self.target_seconds - self.used_seconds

    @property
    def lasts(self) -> bool:
        """Whether it has begun and not ended."""
        return self.state in ("running", "paused")

    @property
    def alarm_at(self) -> datetime | None:
        """When somebody has to be told next: the warning, then the breach, each once."""
        if self.breached_at is not None:
            return None
        return self.warn_at if self.warned_at is None else self.due_at


def start(kind: Kind, promise: Promise, now: datetime, why: str = "started") -> Clock:
    """A clock begins to run."""
    return again(Clock(kind, promise, "idle"), now, why)


def again(clock: Clock, now: datetime, why: str = "started") -> Clock:
    """Another round, with the whole target. A clock that lasts, or is promised no more, stays as it is."""
    if clock.lasts or not clock.promised:
        return clock
    rounds = (*clock.rounds, len(clock.segments)) if clock.segments else clock.rounds
    promise = clock.coming or clock.promise
    return _run(Clock(clock.kind, promise, "running", segments=clock.segments, rounds=rounds), now, why)


def go_on(clock: Clock, now: datetime) -> Clock:
    """It had ended too early. What was used stays used, and the time since then counts nothing."""
    if clock.lasts or not clock.promised or not clock.segments:
        return again(clock, now)
    ended = clock.segments[-1].end or now
    gap = Segment("pause", ended, max(now, ended), 0, clock.promise.calendar, "ended")
    promise = clock.coming or clock.promise
    return _run(replace(clock, promise=promise, coming=None, segments=(*clock.segments, gap)), now, "reopened")


def pause(clock: Clock, now: datetime, why: str) -> Clock:
    """It is somebody else's turn. A clock that does not run stays as it is."""
    if clock.state != "running":
        return clock
    still = _close(clock, now)
    waiting = Segment("pause", now, None, None, clock.promise.calendar, why)
    return replace(still, state="paused", segments=(*still.segments, waiting))


def resume(clock: Clock, now: datetime, why: str) -> Clock:
    """It goes on where it was paused."""
    if clock.state != "paused":
        return clock
    return _run(_close(clock, now), now, why)


def retarget(clock: Clock, promise: Promise, now: datetime) -> Clock:
    """Another promise holds from now on (another priority, contract or calendar). What has been used stays used; what
    the new promise has not reached yet will be told anew."""
    clock = replace(clock, promised=True)
    if clock.state == "idle":
        return replace(clock, promise=promise)
    if not clock.lasts:
        return replace(clock, coming=promise if promise != clock.promise else None)
    if promise == clock.promise:
        return clock
    changed = replace(_close(clock, now), promise=promise)
    warned = changed.warned_at if changed.used_seconds >= _to_warning(changed) else None
    breached = changed.breached_at if changed.left_seconds <= 0 else None
    changed = replace(changed, warned_at=warned, breached_at=breached)
    if clock.state == "running":
        return _run(changed, now, "retargeted")
    waiting = Segment("pause", now, None, None, promise.calendar, "retargeted")
    return replace(changed, segments=(*changed.segments, waiting))


def drop(clock: Clock, now: datetime) -> Clock:
    """Nothing is promised any more."""
    return replace(finish(clock, now, kept=False), promised=False, coming=None)


def finish(clock: Clock, now: datetime, *, kept: bool = True) -> Clock:
    """The promise was fulfilled (``kept``), in time or too late; or it does not matter any more."""
    if not clock.lasts:
        return clock
    ended = _close(clock, now)
    state: State = "stopped" if not kept else "met" if ended.left_seconds >= 0 else "missed"
    return replace(ended, state=state)


def told(clock: Clock, now: datetime) -> Clock:
    """Everything that was due by now has been told."""
    warned = clock.warned_at or (now if _past(clock.warn_at, now) else None)
    breached = clock.breached_at or (now if _past(clock.due_at, now) else None)
    return replace(clock, warned_at=warned, breached_at=breached)


def explain(clock: Clock, now: datetime) -> list[Segment]:
    """The segments up to now, the last one counted as if it ended now; what they count adds up to the used time."""
    if not clock.segments or clock.segments[-1].end is not None:
        return list(clock.segments)
    return list(_close(clock, now).segments)


def used(clock: Clock, now: datetime) -> int:
    """What the present round has counted up to now."""
    return sum(segment.counted_seconds or 0 for segment in explain(clock, now)[clock.rounds[-1] :])


def _past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def _run(clock: Clock, now: datetime, why: str) -> Clock:
    hours, left = clock.promise.hours, clock.left_seconds
    to_warning = _to_warning(clock) - clock.used_seconds
    running = Segment("run", now, None, None, clock.promise.calendar, why)
    return replace(
        clock,
        state="running",
        due_at=_reached(hours, now, left),
        warn_at=_reached(hours, now, to_warning),
        segments=(*clock.segments, running),
    )


def _to_warning(clock: Clock) -> int:
    return int(clock.target_seconds * WARN_AT)


def _reached(hours: Calendar, now: datetime, seconds: int) -> datetime | None:
    try:
        return after(hours, now, max(seconds, 0))
    except NeverOpen:
        return None


def _close(clock: Clock, now: datetime) -> Clock:
    """End the last segment now. A moment before its start (clocks of two machines differ) counts as its start."""
    if not clock.segments or clock.segments[-1].end is not None:
        return clock
    last = clock.segments[-1]
    end = max(now, last.start)
    counted = timedelta()
    if last.kind == "run":
        counted = elapsed(clock.promise.hours, last.start, end)
    seconds = int(counted.total_seconds())
    closed = replace(last, end=end, counted_seconds=seconds)
    return replace(
        clock,
        used_seconds=clock.used_seconds + seconds,
        due_at=None,
        warn_at=None,
        segments=(*clock.segments[:-1], closed),
    )


def promises(
    profile: Mapping[str, Any], contract: Mapping[str, Any] | None, priority: str | None
) -> dict[Kind, Promise]:
    """What is promised for a case: by the profile's clocks, and by what the contract's priority says instead. Without
    a calendar of its own a contract's target runs on the profile's for that kind, else always."""
    calendars = profile.get("calendars") or {}
    found: dict[Kind, Promise] = {
        clock["kind"]: _promise(clock["target_seconds"], clock["calendar"], calendars)
        for clock in profile.get("clocks", ())
    }
    terms = ((contract or {}).get("priorities") or {}).get(priority or "", {})
    for kind in KINDS:
        target = (terms.get("targets") or {}).get(f"{kind}_seconds")
        if target is not None:
            usual = found[kind].calendar if kind in found else "always"
            found[kind] = _promise(target, terms.get("calendar") or usual, calendars)
    return found


def _promise(target: Any, name: str, calendars: Mapping[str, Any]) -> Promise:
    """A calendar that the profile does not have any more is open always: a promise is never lost."""
    return Promise(int(target), name, calendar_of(calendars[name]) if name in calendars else ALWAYS)
