"""What happens to a case, and what that does to its clocks and to the day of its follow-up.

Nobody who changes a case has to think of its clocks: what happened is read from the case before and after, and from
who spoke. ``_EFFECTS`` says for every happening what it does to which clock; a clock that is not there, or for which
the effect means nothing in its state, stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from services.cases.rules import clocks
from services.cases.rules.case import Policy, Reader
from services.cases.rules.clocks import Clock, Kind, Promise
from services.cases.rules.kept_clocks import Kept, clocks_of, keep
from services.cases.tables import Case

Happening = Literal[
    "opened", "reviewed", "support_spoke", "customer_spoke", "answered", "closed", "cancelled", "reopened"
]
Effect = Literal["start", "go_on", "finish", "stop"]

_EFFECTS: dict[Happening, dict[Kind, Effect]] = {
    "opened": {"review": "start", "first_response": "start", "resolution": "start"},
    "reviewed": {"review": "finish"},
    "support_spoke": {"first_response": "finish", "next_response": "finish"},
    "customer_spoke": {"next_response": "start"},
    "reopened": {"resolution": "go_on"},
    "answered": {"review": "finish", "first_response": "finish", "next_response": "finish", "resolution": "finish"},
    "closed": {"review": "stop", "first_response": "stop", "next_response": "stop", "resolution": "finish"},
    "cancelled": {"review": "stop", "first_response": "stop", "next_response": "stop", "resolution": "stop"},
}
_ENDED = ("answered", "closed", "cancelled")
# While a case waits for somebody else this stands still. A look and an answer are owed at any time: their clocks run
# because the customer spoke last.
_PAUSED: tuple[Kind, ...] = ("resolution",)
FOLLOW_UP_HOURS = 24


def begin(case: Case, promised: Mapping[Kind, Promise], policy: Policy, now: datetime) -> None:
    """The clocks of a new case. What is promised but does not run yet stands ready with its promise."""
    ready = [Clock(kind, promise, "idle") for kind, promise in promised.items()]
    _set(case, [_act(clock, _EFFECTS["opened"].get(clock.kind), now) for clock in ready])
    case.follow_up_at = _later(case, policy, now)
    _next(case)


def keep_time(reader: Reader, spoke: str, now: datetime) -> None:
    """Bring clocks and follow-up in line with what has happened since the case was read. ``spoke``: the side that said
    something in public (an offer is a word, too), or nothing. Support's first public word is a look at the case, and so
    is taking it."""
    case, before = reader.case, reader.before or reader.case
    if spoke == "support" or (reader.standing.staff and before.assignee_id != case.assignee_id == reader.me):
        case.reviewed_at = case.reviewed_at or now
    happened = happenings(before, case, spoke)
    if "reopened" in happened and reader.standing.side == "customer" and "customer_spoke" not in happened:
        happened.append("customer_spoke")  # though without a word
    if happened or case.clocks:
        found = clocks_of(case.clocks)
        for happening in happened:
            found = [_after(clock, happening, found, now) for clock in found]
        _set(case, [_waits(clock, case, now) for clock in found])
    if case.status in _ENDED:
        case.follow_up_at = None
    elif "support_spoke" in happened or "reopened" in happened:
        case.follow_up_at = _later(case, reader.policy, now)
    _next(case)


def owed(reader: Reader, promised: Mapping[Kind, Promise], now: datetime) -> list[Clock]:
    """What will run to another moment than before when the case is saved as it is now."""
    ahead, before = replace(reader, case=replace(reader.case)), reader.before or reader.case
    if ahead.case.priority != before.priority:
        repromise(ahead.case, promised, now, begins=True)
    keep_time(ahead, "", now)
    known = {clock.kind: clock.due_at for clock in clocks_of(before.clocks)}
    return [clock for clock in clocks_of(ahead.case.clocks) if clock.due_at and clock.due_at != known.get(clock.kind)]


def happenings(before: Case, case: Case, spoke: str) -> list[Happening]:
    """What happened, in the order in which it counts."""
    found: list[Happening] = []
    if case.reviewed_at is not None and before.reviewed_at is None:
        found.append("reviewed")
    if spoke == "support":
        found.append("support_spoke")
    if spoke == "customer" and case.status not in _ENDED:
        found.append("customer_spoke")
    if case.answered_at != before.answered_at or (case.status == "answered" != before.status):
        found.append("answered")  # perhaps closed in the same act
    if case.status != before.status:
        if case.status in ("closed", "cancelled"):
            found.append(case.status)
        elif before.status in _ENDED and case.status != "answered":
            found.append("reopened")
    return found


def repromise(case: Case, promised: Mapping[Kind, Promise], now: datetime, *, begins: bool) -> None:
    """Other promises hold from now on. The past of every clock stays. What is promised for the first time ``begins``
    now, or stands ready; so does what is promised again. What is promised no more stops."""
    before = {clock.kind: clock for clock in clocks_of(case.clocks)}
    found = []
    for kind in dict.fromkeys([*before, *promised]):
        promise, known = promised.get(kind), before.get(kind)
        if promise is None:
            found.append(clocks.drop(before[kind], now))
            continue
        clock = clocks.retarget(known or Clock(kind, promise, "idle"), promise, now)
        open_still = kind == "resolution" or (kind == "review" and case.reviewed_at is None)
        anew = (known is None or not known.promised) and open_still and case.status not in _ENDED
        found.append(_act(clock, "go_on" if begins and anew else None, now))
    _set(case, [_waits(clock, case, now) for clock in found])
    _next(case)


def sound(case: Case, now: datetime) -> tuple[list[Clock], list[Clock], bool]:
    """What is to be told now, and is told thereby: clocks to warn of, clocks that are over, and whether somebody
    should follow the case up. Of a clock that is over, no warning comes any more."""
    before = clocks_of(case.clocks)
    after = [clocks.told(clock, now) if clock.state == "running" else clock for clock in before]
    pairs = list(zip(before, after, strict=True))
    over = [new for old, new in pairs if new.breached_at and not old.breached_at]
    warned = [new for old, new in pairs if new.warned_at and not old.warned_at and not new.breached_at]
    reminds = _reminds(case) is not None and case.follow_up_at is not None and case.follow_up_at <= now
    if reminds:
        case.reminded_at = case.follow_up_at
    _set(case, after)
    _next(case)
    return warned, over, reminds


def _after(clock: Clock, happening: Happening, all_: list[Clock], now: datetime) -> Clock:
    effect = _EFFECTS[happening].get(clock.kind)
    first = any(other.kind == "first_response" and other.lasts for other in all_)
    if effect == "start" and clock.kind == "next_response" and first:
        return clock  # he still waits for the first one
    return _act(clock, effect, now)


def _act(clock: Clock, effect: Effect | None, now: datetime) -> Clock:
    if effect == "start":
        return clocks.again(clock, now)
    if effect == "go_on":
        return clocks.go_on(clock, now)
    if effect in ("finish", "stop"):
        return clocks.finish(clock, now, kept=effect == "finish")
    return clock


def _waits(clock: Clock, case: Case, now: datetime) -> Clock:
    """Stand still while the case is somebody else's or goes on as another one, and go on after that. While a price is
    wanted it is support's turn, whatever the status says."""
    why = "quote_offered" if case.gate == "offered" else ""
    if case.status in ("waiting_customer", "on_hold") and case.gate != "wanted":
        why = case.status
    if clock.kind not in _PAUSED:
        why = ""
    if case.merged_into is not None:
        why = "merged"
    if not clock.lasts:
        return clock
    return clocks.pause(clock, now, why) if why else clocks.resume(clock, now, "resumed")


def _later(case: Case, policy: Mapping[str, Any], now: datetime) -> datetime | None:
    """When somebody should look after it if nothing happens; a later day that somebody chose himself stays."""
    hours = int((policy.get("follow_up") or {}).get("after_hours", FOLLOW_UP_HOURS))
    usual = now + timedelta(hours=hours) if hours else None
    chosen = case.follow_up_at if case.follow_up_at and case.follow_up_at > now else None
    return max(chosen, usual) if chosen and usual else chosen or usual


def _set(case: Case, found: list[Clock]) -> None:
    kept: Kept = keep(found)
    if kept != case.clocks:
        case.clocks = kept
    case.next_due_at = min((clock.due_at for clock in found if clock.due_at), default=None)


def _next(case: Case) -> None:
    """When the case has to be looked at for something to tell."""
    alarms = [clock.alarm_at for clock in clocks_of(case.clocks) if clock.state == "running"]
    case.alarm_at = min((moment for moment in [*alarms, _reminds(case)] if moment), default=None)


def follow_up(case: Case, moment: datetime | None) -> None:
    """Somebody says himself when the case should be looked after."""
    case.follow_up_at = moment
    _next(case)


def _reminds(case: Case) -> datetime | None:
    merged = case.merged_into is not None
    return case.follow_up_at if case.follow_up_at != case.reminded_at and not merged else None
