"""The pile in the order of work: priority, next breach, age, id."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    DateTime,
    Integer,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy import cast as cast_to

from services.cases.queries.people import standings
from services.cases.queries.sight import team, visible
from services.cases.tables import PILE, cases, queues
from services.chassis.problems import Forbidden, Invalid, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

# Both stand exactly so in the indexes ``cases_pile`` and ``cases_pile_of_queue``. What is never due comes last.
_WAITING = text(PILE + " AND merged_into IS NULL")  # what was merged goes on elsewhere
_DUE = func.coalesce(cases.c.next_due_at, literal_column("'infinity'::timestamptz"))
_LINE = cases.c[
    *("id", "number", "title", "type", "topic", "priority", "level", "complexity", "status", "gate"),
    *("organization_id", "contact_id", "contact_name", "queue_id", "next_due_at", "created_at", "version"),
    "priority_rank",
]
_moment = DateTime(timezone=True)
_AFTER = tuple_(
    bindparam("rank", type_=Integer()),
    cast_to(bindparam("due", type_=Text()), _moment),
    bindparam("at", type_=_moment),
    bindparam("after", type_=Text()),
)
_QUEUE = select(queues.c.queue_id).where(
    queues.c.queue_id == bindparam("queue_id"), queues.c.team_id == team, ~queues.c.removed
)
_LEVEL = text(
    "SELECT max((agent ->> 'level')::int) AS level FROM queues, jsonb_array_elements(queues.agents) AS agent"
    " WHERE queues.team_id = :team_id AND NOT queues.removed AND agent ->> 'user_id' = :user_id"
)


class Place(NamedTuple):
    """Where a page of the pile ends; ``due`` is ``infinity`` for what is never due."""

    rank: int
    due: str
    at: datetime
    after: str


def list_pile(uow: UnitOfWork, ask: c.ListPile) -> c.PilePage:
    """Raises NotFound for a foreign team or queue, Forbidden for who may not read all of the team's cases."""
    _must_read_all(uow, ask)
    after = {} if ask.cursor is None else _place_of(ask.cursor)._asdict()
    page = _page(ask.queue_id != "all", ask.level is not None, bool(after))
    rows = uow.all(page, _values(ask, ask.limit + 1) | after)
    cursor = _cursor_of(rows[ask.limit - 1]) if len(rows) > ask.limit else None
    return c.PilePage(data=[_line(row) for row in rows[: ask.limit]], next_cursor=cursor)


def read_next(uow: UnitOfWork, ask: c.ReadNext) -> c.NextView:
    """Raises as ``list_pile`` does."""
    _must_read_all(uow, ask)
    row = uow.first(_page(ask.queue_id != "all", ask.level is not None, False), _values(ask, 1))
    return c.NextView(case=None if row is None else _line(row))


def take_first(uow: UnitOfWork, ask: c.TakeNext) -> str | None:
    """The id of the first case of the pile that nobody else holds at this moment, locked. When all that are left are
    held, wait: who holds one may let it go again, as a timer does. So None says that the pile is empty.

    Raises NotFound, Forbidden; Conflict ``busy`` when the wait takes too long.
    """
    _must_read_all(uow, ask, "case.assign")
    first, values = _page(ask.queue_id != "all", ask.level is not None, False), _values(ask, 1)
    row = uow.first(first.with_for_update(of=cases, skip_locked=True), values)
    row = row or uow.first(first.with_for_update(of=cases), values)  # each is looked at again when its lock is had
    return None if row is None else str(row.id)


def has_queue(uow: UnitOfWork, team_id: str, queue_id: str) -> bool:
    """Whether the team has this queue."""
    return uow.first(_QUEUE, {"team_id": team_id, "queue_id": queue_id}) is not None


def level_of(uow: UnitOfWork, team_id: str, user_id: str) -> int | None:
    """The highest support level this agent has in any queue; None when he is in none."""
    row = uow.first(_LEVEL, {"team_id": team_id, "user_id": user_id})
    return None if row is None else row.level


def _must_read_all(uow: UnitOfWork, ask: c.ListPile | c.ReadNext | c.TakeNext, *more: str) -> None:
    places, _ = standings(uow, ask.team_id)
    if not any(place.staff and {"case.read_all", *more} <= {*place.permissions} for place in places):
        raise Forbidden("not_permitted", "The pile is worked by the team's staff.")
    if ask.queue_id != "all" and not has_queue(uow, ask.team_id, ask.queue_id):
        raise NotFound()


def _values(ask: c.ListPile | c.ReadNext | c.TakeNext, most: int) -> dict[str, Any]:
    values: dict[str, Any] = {"team_id": ask.team_id, "most": most}
    if ask.queue_id != "all":
        values["queue_id"] = ask.queue_id
    if ask.level is not None:
        values["level"] = ask.level
    return values


@cache
def _page(one_queue: bool, one_level: bool, goes_on: bool) -> Select[Any]:
    page = visible(*_LINE, side="support").where(_WAITING)
    if one_queue:
        page = page.where(cases.c.queue_id == bindparam("queue_id"))
    if one_level:
        page = page.where(cases.c.level == bindparam("level", type_=Integer()))
    order = (cases.c.priority_rank, _DUE, cases.c.created_at, cases.c.id)
    if goes_on:
        page = page.where(tuple_(*order) > _AFTER)
    return page.order_by(*order).limit(bindparam("most", type_=Integer()))


def _line(row: Any) -> c.PileLine:
    return c.PileLine(
        id=row.id,
        number=row.number,
        title=row.title,
        type=row.type,
        topic=row.topic,
        priority=row.priority,
        level=row.level,
        complexity=row.complexity,
        status=row.status,
        gate=row.gate,
        organization_id=row.organization_id,
        contact=c.PersonView(id=row.contact_id, name=row.contact_name),
        queue_id=row.queue_id,
        next_due_at=row.next_due_at,
        created_at=row.created_at,
        version=row.version,
    )


def _cursor_of(row: Any) -> str:
    due = "infinity" if row.next_due_at is None else row.next_due_at.isoformat()
    return base64.urlsafe_b64encode(orjson.dumps([row.priority_rank, due, row.created_at, row.id])).decode()


def _place_of(cursor: str) -> Place:
    try:
        rank, due, at, after = orjson.loads(base64.urlsafe_b64decode(cursor))
        if due != "infinity":
            datetime.fromisoformat(due)
        place = Place(int(rank), due, datetime.fromisoformat(at), str(after))
        if place.at.tzinfo is None or "\x00" in place.after:
            raise ValueError("not one of ours")
    except (binascii.Error, ValueError, TypeError) as error:
        raise Invalid.field("/cursor", "pattern", "This cursor is not one of ours.") from error
    return place
