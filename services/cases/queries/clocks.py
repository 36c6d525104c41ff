"""The clocks of a case, the cases whose clocks have something to tell, and the calendars they go by."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import DateTime, Integer, and_, any_, bindparam, func, select, true, union_all

from services.cases import rules
from services.cases.queries.desks import Known
from services.cases.queries.people import standings
from services.cases.queries.sight import READS_ALL
from services.cases.queries.single import one
from services.cases.rules import Clock, Promise, Reader, Standing
from services.cases.rules.calendars import WEEKDAYS, calendar_of, open_spans, told_of
from services.cases.tables import OPEN, Case, cases, contracts, memberships, teams
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

PREVIEW = timedelta(days=14)
MOST = 200
_NOBODY = Standing("", None, "", [], "")
_TIMED = func.json_build_object("clocks", teams.c.profile["clocks"], "calendars", teams.c.profile["calendars"])
_pinned = and_(
    contracts.c.organization_id == cases.c.organization_id, contracts.c.contract_version == cases.c.contract_version
)
# Asked by commands for a case that they have locked through the reader's sight.
_PROMISED = (
    select(_TIMED, contracts.c.terms)
    .select_from(cases.join(teams, teams.c.team_id == cases.c.team_id).outerjoin(contracts, _pinned))
    .where(cases.c.id == bindparam("case_id"))
)
_desk = (
    select(func.array_agg(memberships.c.user_id))
    .where(
        memberships.c.team_id == cases.c.team_id,
        memberships.c.organization_id.is_(None),
        memberships.c.active,
        any_(memberships.c.permissions) == READS_ALL,
    )
    .correlate(cases)
    .scalar_subquery()
)
# For no reader: the system's own round. Rows that somebody is changing now come with the next one.
_ALARMS = (
    select(*cases.c, _desk)
    .where(cases.c.alarm_at <= bindparam("now", type_=DateTime(timezone=True)))
    .order_by(cases.c.alarm_at)
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(of=cases, skip_locked=True)
)
# Two ranges of the index ``cases_promised``: one condition with "or" would read every open case of every team.
_behind, _ahead = (
    select(cases.c.id).where(cases.c.team_id == teams.c.team_id, other, OPEN).correlate(teams)
    for other in (cases.c.clocks_key < teams.c.clocks_key, cases.c.clocks_key > teams.c.clocks_key)
)
_stale = union_all(_behind, _ahead).lateral("stale")
_OUTDATED = (
    select(*cases.c, teams.c.clocks_key, _TIMED, contracts.c.terms)
    .select_from(teams.join(_stale, true()).join(cases, cases.c.id == _stale.c.id).outerjoin(contracts, _pinned))
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(of=cases, skip_locked=True)
)
_WIDTH = len(cases.c)


def promised(uow: UnitOfWork, case: Case, known: Known | None = None) -> dict[rules.Kind, Promise]:
    """What is promised for the case as it is now: the team's clocks, and the contract the case goes by."""
    if known is not None and known.pricing is not None:
        profile, agreed = known.pricing
        return rules.promises(profile, agreed.terms, case.priority)
    [(profile, terms)] = [tuple(row) for row in uow.all(_PROMISED, {"case_id": case.id})]
    return rules.promises(profile, terms, case.priority)


def alarmed(uow: UnitOfWork) -> list[Reader]:
    """Cases with something to tell by now, locked, with the desk that hears of it."""
    rows = uow.all(_ALARMS, {"now": uow.now, "most": MOST})
    return [Reader(Case(*row[:_WIDTH]), _NOBODY, {}, desk=row[_WIDTH] or []) for row in rows]


def outdated(uow: UnitOfWork, most: int) -> list[tuple[Case, str, dict[rules.Kind, Promise]]]:
    """Open cases whose clocks go by a profile that holds no more, locked, with what it promises now."""
    found = []
    for row in uow.all(_OUTDATED, {"most": most}):
        case, (key, profile, terms) = Case(*row[:_WIDTH]), row[_WIDTH:]
        found.append((case, str(key), rules.promises(profile, terms, case.priority)))
    return found


def read_clocks(uow: UnitOfWork, ask: c.ReadClocks) -> c.ClockList:
    """For everybody who sees the case. Raises NotFound."""
    case = one(uow, ask).case
    return c.ClockList(data=[_line(clock, uow) for clock in rules.clocks_of(case.clocks)])


def read_clock(uow: UnitOfWork, ask: c.ReadClock) -> c.ClockExplanationView:
    """Its segments add up. Raises NotFound, for a promise the case does not have as well."""
    case = one(uow, ask).case
    for clock in rules.clocks_of(case.clocks):
        if clock.kind == ask.kind:
            return explanation(clock, case, uow)
    raise NotFound()


def _line(clock: Clock, uow: UnitOfWork) -> c.ClockView:
    used = rules.used(clock, uow.now)
    return c.ClockView(
        kind=clock.kind,
        state=clock.state,
        target_seconds=clock.target_seconds,
        used_seconds=used,
        left_seconds=clock.target_seconds - used,
        calendar=clock.promise.calendar,
        due_at=clock.due_at,
        warned_at=clock.warned_at,
        breached_at=clock.breached_at,
    )


def explanation(clock: Clock, case: Case, uow: UnitOfWork) -> c.ClockExplanationView:
    """Why a clock stands where it stands."""
    used = rules.used(clock, uow.now)
    counted = rules.explain(clock, uow.now)
    return c.ClockExplanationView(
        kind=clock.kind,
        state=clock.state,
        target_seconds=clock.target_seconds,
        used_seconds=used,
        left_seconds=clock.target_seconds - used,
        calendar=clock.promise.calendar,
        contract_version=case.contract_version,
        due_at=clock.due_at,
        segments=[
            c.SegmentView(
                kind=segment.kind,
                start=segment.start,
                end=kept.end,
                counted_seconds=segment.counted_seconds or 0,
                calendar=segment.calendar,
                why=segment.why,
                round=bisect_right(clock.rounds, place),
            )
            for place, (kept, segment) in enumerate(zip(clock.segments, counted, strict=True))
        ],
    )


def list_calendars(uow: UnitOfWork, ask: c.ListCalendars) -> c.CalendarList:
    """For everybody of the team. Raises NotFound."""
    _, profile = standings(uow, ask.team_id, whole_profile=True)
    return c.CalendarList(data=[_calendar(key, told, uow) for key, told in sorted(profile["calendars"].items())])


def _calendar(key: str, told: dict[str, Any], uow: UnitOfWork) -> c.CalendarView:
    calendar = calendar_of(told)
    until = uow.now + PREVIEW
    spans = takewhile(lambda span: span[0] < until, open_spans(calendar, uow.now))
    week = told_of(calendar)["week"]
    return c.CalendarView(
        key=key,
        time_zone=calendar.zone,
        week=[c.WeekdayView(day=day, hours=week.get(day, [])) for day in WEEKDAYS],  # type: ignore[arg-type]
        holidays=[date.fromisoformat(day) for day in told.get("holidays", ())],
        country=calendar.country or None,
        next_days=[c.SpanView(opens_at=opened, closes_at=closed) for opened, closed in spans],
    )
