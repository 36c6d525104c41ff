"""Business time: how many seconds a calendar is open between two moments, and when so many have passed.

A calendar is the profile's: a time zone, opening hours per weekday in local time, and days off. Hours follow the wall
clock: on the day the clock goes forward an hour that does not exist is not worked, on the day it goes back the repeated
hour counts twice if it lies in the hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
_FARTHEST = timedelta(days=3660)  # a calendar that never opens must not be searched for ever
Span = tuple[datetime, datetime]


class NeverOpen(Exception):
    """The calendar does not open for so long within ten years."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Opening hours. ``week``: for Monday to Sunday, spans of minutes since midnight, ascending, not overlapping.
    ``country``: whose public holidays are days off, besides ``days_off`` (``SE``, or ``DE-BY`` with the region)."""

    zone: str
    week: tuple[tuple[tuple[int, int], ...], ...]
    days_off: frozenset[date]
    country: str = ""

    @property
    def always(self) -> bool:
        """Open day and night, every day."""
        return not self.days_off and not self.country and all(day == ((0, 1440),) for day in self.week)


ALWAYS = Calendar("UTC", (((0, 1440),),) * 7, frozenset())


def calendar_of(told: Mapping[str, Any]) -> Calendar:
    """From a profile's ``calendars`` entry: ``time_zone``, ``week`` of ``"08:00-17:00"``, ``holidays``, ``country``."""
    week = tuple(tuple(_minutes(span) for span in told["week"].get(day, ())) for day in WEEKDAYS)
    off = frozenset(date.fromisoformat(day) for day in told.get("holidays", ()))
    return Calendar(told["time_zone"], week, off, told.get("country") or "")


def told_of(calendar: Calendar) -> dict[str, Any]:
    """The entry that ``calendar_of`` reads."""
    return {
        "time_zone": calendar.zone,
        "week": {
            day: [f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}" for start, end in spans]
            for day, spans in zip(WEEKDAYS, calendar.week, strict=True)
            if spans
        },
        "holidays": sorted(day.isoformat() for day in calendar.days_off),
        "country": calendar.country,
    }


def _minutes(span: str) -> tuple[int, int]:
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in span.split("-"))
    return start, end


def open_spans(calendar: Calendar, start: datetime) -> Iterator[Span]:
    """The spans in which the calendar is open, from ``start`` on, in order; each day's are separate spans."""
    day = start.astimezone(ZoneInfo(calendar.zone)).date() - _DAY
    last = day + _FARTHEST
    while day <= last:
        for opened, closed in _spans_of(calendar, day):
            if closed > start:
                yield max(opened, start), closed
        day += _DAY


def elapsed(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How long the calendar was open between two moments."""
    if calendar.always:
        return max(end - start, timedelta())
    total = timedelta()
    for opened, closed in open_spans(calendar, start):
        if opened >= end:
            break
        total += min(closed, end) - opened
    return total


def after(calendar: Calendar, start: datetime, seconds: float) -> datetime:
    """The moment at which the calendar has been open for so many seconds since ``start``; the first such moment.
    Raises NeverOpen."""
    left = timedelta(seconds=seconds)
    if calendar.always or left <= timedelta():
        return start + max(left, timedelta())
    for opened, closed in open_spans(calendar, start):
        if closed - opened >= left:
            return opened + left
        left -= closed - opened
    raise NeverOpen(calendar.zone)


@lru_cache(maxsize=20_000)
def _spans_of(calendar: Calendar, day: date) -> tuple[Span, ...]:
    """One local day's opening hours as moments."""
    if day in calendar.days_off or (calendar.country and day in _holidays(calendar.country, day.year)):
        return ()
    found = []
    for first, last in calendar.week[day.weekday()]:
        for begins, ends, offset in _pieces(calendar.zone, day):
            midnight = datetime.combine(day, time(), UTC) - offset
            opened = max(midnight + timedelta(minutes=first), begins)
            closed = min(midnight + timedelta(minutes=last), ends)
            if opened < closed:
                found.append((opened, closed))
    return tuple(sorted(found))


@lru_cache(maxsize=20_000)
def _pieces(zone: str, day: date) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The stretches of time around a local day in which one offset from UTC holds: one, or two when the clock is
    changed that day."""
    local = ZoneInfo(zone)
    begins = datetime.combine(day, time(), UTC) - timedelta(hours=15)
    ends = begins + timedelta(hours=54)
    first, last = (moment.astimezone(local).utcoffset() or timedelta() for moment in (begins, ends))
    if first == last:
        return ((begins, ends, first),)
    early, late = begins, ends
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        same = middle.astimezone(local).utcoffset() == first
        early, late = (middle, late) if same else (early, middle)
    changed = late.replace(microsecond=0)
    return (begins, changed, first), (changed, ends, last)


@lru_cache(maxsize=500)
def _holidays(country: str, year: int) -> frozenset[date]:
    code, _, region = country.partition("-")
    return frozenset(holidays.country_holidays(code, subdiv=region or None, years=year))
