"""Clocks: what was promised, and when it is over. And the cases somebody should look after."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from services.chassis.messages import Request, Shape, View
from services.contracts.cases.core import PersonView, Status
from services.contracts.cases.events import CaseEvent
from services.contracts.shapes import Id, Key, Line, Number, PageSize, Position, ShortLine, Slug, Version

ClockKind = Literal["review", "first_response", "next_response", "resolution"]
ClockState = Literal["idle", "running", "paused", "met", "missed", "stopped"]


class ClockView(View):
    """One promise of a case. Seconds are opening hours of the calendar; ``used_seconds`` up to this moment. ``idle``:
    it has not begun; ``stopped``: it does not matter any more. ``due_at``: null unless it runs. ``warned_at``,
    ``breached_at``: when that was told."""

    kind: ClockKind
    state: ClockState
    target_seconds: int
    used_seconds: int
    left_seconds: int
    calendar: Key
    due_at: datetime | None
    warned_at: datetime | None
    breached_at: datetime | None


class ClockList(View):
    """The clocks of a case."""

    data: list[ClockView]


class SegmentView(View):
    """A stretch of a clock's life. ``end`` null: it lasts, and is counted up to this moment. A pause counts nothing.
    ``round``: a clock that waits for the next answer begins another round with the whole target each time."""

    kind: Literal["run", "pause"]
    start: datetime
    end: datetime | None
    counted_seconds: int
    calendar: Key
    why: Key
    round: int = 1


class ClockExplanationView(View):
    """Why a clock stands where it stands: what the segments of its last round count, together with ``left_seconds``, is
    the target (below zero: overrun). ``contract_version``: of the contract that the case goes by, if there is one."""

    kind: ClockKind
    state: ClockState
    target_seconds: int
    used_seconds: int
    left_seconds: int
    calendar: Key
    contract_version: Version | None
    due_at: datetime | None
    segments: list[SegmentView]


class ReadClocks(Request[ClockList]):
    """What was promised for a case, and how it stands."""

    team_id: Slug
    case_id: Id


class ReadClock(Request[ClockExplanationView]):
    """One clock of a case with its segments."""

    team_id: Slug
    case_id: Id
    kind: ClockKind


class SpanView(View):
    """Open from one moment to another."""

    opens_at: datetime
    closes_at: datetime


class WeekdayView(View):
    """Opening hours of a weekday in the calendar's time zone; none: closed."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    hours: list[Annotated[str, Shape(min=11, max=11, example="08:00-17:00")]]


class CalendarView(View):
    """Opening hours that clocks go by. ``holidays``: closed days; ``country``: its public holidays are closed days too
    (null: none). ``next_days``: when it is open in the next 14 days."""

    key: Key
    time_zone: Line
    week: list[WeekdayView]
    holidays: list[date]
    country: ShortLine | None
    next_days: list[SpanView]


class CalendarList(View):
    """The team's calendars."""

    data: list[CalendarView]


class ListCalendars(Request[CalendarList]):
    """The team's calendars, with their opening hours of the next 14 days."""

    team_id: Slug


class FollowUpLine(View):
    """An open case that somebody should look after, and since when."""

    id: Id
    number: Number
    title: Line
    status: Status
    priority: Key | None
    organization_id: Id
    assignee: PersonView | None
    follow_up_at: datetime | None
    updated_at: datetime
    version: Version


class FollowUpPage(View):
    """One page of cases to follow up, the longest overdue first."""

    data: list[FollowUpLine]
    next_cursor: str | None


class ListFollowUps(Request[FollowUpPage]):
    """Open cases with nothing happening (staff). ``due``: those that should be looked after by now, otherwise also the
    coming ones. ``mine``: on my desk."""

    team_id: Slug
    due: bool = True
    mine: bool = False
    limit: PageSize = 25
    cursor: Position | None = None


class ScheduleFollowUp(Request[FollowUpLine]):
    """Choose when the case should be looked after; null: not at all. A public word of support begins the team's usual
    time anew, unless the chosen day is later."""

    team_id: Slug
    case_id: Id
    follow_up_at: datetime | None


class CaseClockWarned(CaseEvent):
    """Three quarters of a promised time are used. ``clock``: which promise."""

    clock: Key
    due_at: datetime | None


class CaseClockBreached(CaseEvent):
    """A promised time is over. ``clock``: which promise."""

    clock: Key
    due_at: datetime | None


class CaseFollowUpReached(CaseEvent):
    """Nothing has happened for the team's usual time, or the day somebody chose has come."""

    follow_up_at: datetime
