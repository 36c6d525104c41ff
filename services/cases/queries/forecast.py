"""Which open cases a new team profile would befall: three statements, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.cases import rules
from services.cases.queries.people import standings
from services.cases.queries.sight import team, visible
from services.cases.tables import OPEN, cases, teams
from services.chassis.problems import Forbidden, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

MOST = 1000
_EXAMPLES, _LINES = 10, 200
_MANAGES = {"profile.manage", "product.manage"}
_SEVERE = ("type", "topic", "priority", "product")
_PROFILE = select(teams.c.profile.label("policy")).where(teams.c.team_id == team)

# The team's own people see all of its cases. The condition is the one of the index ``cases_open``.
_open = (
    visible(
        *cases.c["number", "type", "topic", "priority", "product", "status", "substatus", "reviewed_at", "answered_at"],
        side="support",
    )
    .where(OPEN)
    .cte("open")
    .prefix_with("MATERIALIZED")
)


def _names(name: str) -> Any:
    return bindparam(name, type_=ARRAY(Text))


def _befallen(kind: str, key: Any, where: FromClause, condition: ColumnElement[bool]) -> Select[Any]:
    line: list[Any] = [literal_column(f"'{kind}'").label("kind"), key.label("key"), _open.c.number]
    return select(*line).select_from(where).where(condition)


def _lost(kind: str, remaining: str) -> Select[Any]:
    """Open cases whose value is not among those that remain."""
    return _befallen(kind, _open.c[kind], _open, not_(_open.c[kind] == any_(_names(remaining))))


def _changed(kind: str, names: str, condition: Callable[[Any], ColumnElement[bool]]) -> Select[Any]:
    """Every open case with each of these keys that touches it."""
    keys = func.unnest(_names(names)).table_valued("name").render_derived(name=names)
    return _befallen(kind, keys.c.name, _open.join(keys, condition(keys.c.name)), true())


def _waits(clock: Any) -> ColumnElement[bool]:
    """Whether the case still waits for what this clock measures."""
    return or_(
        and_(clock == "review", _open.c.reviewed_at.is_(None)),
        and_(clock == "first_response", _open.c.answered_at.is_(None)),
        and_(clock == "next_response", _open.c.answered_at.is_not(None)),
        clock == "resolution",
    )


_all = union_all(
    _lost("type", "types"),
    _lost("topic", "topics"),
    _lost("priority", "priorities"),
    _lost("product", "products"),
    _befallen("status", _open.c.status, _open, _open.c.status == any_(_names("statuses"))),
    _befallen("status", _open.c.substatus, _open, _open.c.substatus == any_(_names("statuses"))),
    _changed("clock", "clocks", _waits),
    _changed("field", "fields", lambda _: _open.c.reviewed_at.is_(None)),
    _changed("number", "prefixes", lambda prefix: func.starts_with(_open.c.number, prefix)),
).subquery()
_numbers: Any = func.array_agg(aggregate_order_by(_all.c.number, _all.c.number.collate("C")), type_=ARRAY(Text))
_FORECAST = (
    select(_all.c.kind, _all.c.key, func.count(), _numbers[1:_EXAMPLES])
    .group_by(_all.c.kind, _all.c.key)
    .order_by(_all.c.kind, _all.c.key)
    .limit(_LINES)
)


def read_forecast(uow: UnitOfWork, ask: c.ReadForecast) -> c.ForecastView:
    """Raises NotFound when the team is not his (or not known here yet), Forbidden without ``profile.manage`` and
    ``product.manage``."""
    if uow.actor.kind != "operator":
        places, _ = standings(uow, ask.team_id)
        if not any(place.staff and not _MANAGES.isdisjoint(place.permissions) for place in places):
            raise Forbidden("not_permitted", "This is for those who manage the team's profile.")
    present = uow.first(_PROFILE, {"team_id": ask.team_id})
    if present is None:
        raise NotFound()
    values = {"team_id": ask.team_id, **asdict(rules.upheaval(present.policy, ask.profile))}
    return c.ForecastView(team_id=ask.team_id, data=[_line(row) for row in uow.all(_FORECAST, values)])


def _line(row: Any) -> c.AffectedLine:
    kind, key, count, numbers = row
    return c.AffectedLine(
        kind=kind, key=key, severe=kind in _SEVERE, count=min(count, MOST), more=count > MOST, numbers=list(numbers)
    )
