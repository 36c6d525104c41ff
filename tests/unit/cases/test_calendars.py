"""Business time against a clock that looks at every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cases.rules.calendars import WEEKDAYS, Calendar, NeverOpen, after, calendar_of, elapsed

MINUTE = timedelta(minutes=1)
ZONES = ("UTC", "Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago")
OFFICE = calendar_of(
    {
        "time_zone": "Europe/Stockholm",
        "week": {day: ["08:00-12:00", "13:00-17:00"] for day in WEEKDAYS[:5]},
        "holidays": ["2026-12-24"],
    }
)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Stockholm")).astimezone(UTC)


def minute_is_open(calendar: Calendar, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(calendar.zone))
    if local.date() in calendar.days_off:
        return False
    minute = local.hour * 60 + local.minute
    return any(first <= minute < last for first, last in calendar.week[local.weekday()])


def minutes_open(calendar: Calendar, start: datetime, end: datetime) -> int:
    count = 0
    while start < end:
        count += minute_is_open(calendar, start)
        start += MINUTE
    return count


@st.composite
def days(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    edges = sorted(draw(st.lists(st.integers(0, 48), max_size=4, unique=True)))
    return tuple((first * 30, last * 30) for first, last in zip(edges[::2], edges[1::2], strict=False))


# Starting points around the nights when clocks change in one zone or another, and anywhere else.
CHANGES = (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC))
starts = st.one_of(
    st.builds(lambda base, minutes: base + minutes * MINUTE, st.sampled_from(CHANGES), st.integers(-4000, 2000)),
    st.builds(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE, st.integers(0, 525_600)),
)
calendars = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES),
    week=st.tuples(*[days()] * 7),
    days_off=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5),
)


@settings(max_examples=60, deadline=None)
@given(calendars, starts, st.integers(0, 3 * 1440))
def test_business_time_is_what_a_minute_by_minute_clock_counts(cal: Calendar, start: datetime, minutes: int) -> None:
    end = start + minutes * MINUTE
    assert elapsed(cal, start, end) == minutes_open(cal, start, end) * MINUTE


@settings(max_examples=60, deadline=None)
@given(calendars, starts, st.integers(0, 2 * 1440))
def test_the_deadline_is_the_first_moment_with_enough_business_time(
    cal: Calendar, start: datetime, wanted: int
) -> None:
    if not any(cal.week):
        with pytest.raises(NeverOpen):
            after(cal, start, 60)
        return
    due = after(cal, start, wanted * 60)
    assert elapsed(cal, start, due) == wanted * MINUTE
    assert wanted == 0 or elapsed(cal, start, due - timedelta(seconds=1)) < wanted * MINUTE


@settings(max_examples=60, deadline=None)
@given(calendars, starts, st.integers(0, 1440), st.integers(0, 1440))
def test_business_time_of_two_stretches_adds_up(cal: Calendar, start: datetime, first: int, second: int) -> None:
    middle, end = start + first * MINUTE, start + (first + second) * MINUTE
    assert elapsed(cal, start, middle) + elapsed(cal, middle, end) == elapsed(cal, start, end)


def test_a_case_of_friday_evening_is_due_on_monday() -> None:
    assert after(OFFICE, moment("2026-11-20T16:00"), 2 * 3600) == moment("2026-11-23T09:00")


def test_lunch_and_a_day_off_do_not_count() -> None:
    assert after(OFFICE, moment("2026-12-23T11:00"), 6 * 3600) == moment("2026-12-25T09:00")


def test_public_holidays_of_a_country_do_not_count() -> None:
    swedish = Calendar("Europe/Stockholm", OFFICE.week, frozenset(), "SE")
    assert after(swedish, moment("2026-05-13T16:00"), 2 * 3600) == moment("2026-05-15T09:00")  # Ascension between


def test_day_and_night_is_plain_time() -> None:
    always = calendar_of({"time_zone": "UTC", "week": {day: ["00:00-24:00"] for day in WEEKDAYS}})
    start = moment("2026-03-29T01:59:30")
    assert always.always
    assert after(always, start, 300) == start + timedelta(minutes=5)
    assert elapsed(always, start, start + timedelta(hours=7)) == timedelta(hours=7)


def test_the_repeated_hour_counts_twice_and_the_missing_one_not() -> None:
    night = Calendar("Europe/Stockholm", (((0, 300),),) * 7, frozenset())
    day = timedelta(days=1)
    back, forward = moment("2026-10-25T00:00"), moment("2026-03-29T00:00")
    assert elapsed(night, back, back + day) == timedelta(hours=6)
    assert elapsed(night, forward, forward + day) == timedelta(hours=4) + timedelta(hours=1)  # one of the next night
