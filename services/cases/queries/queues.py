"""The pile in the order of work: priority, next breach, age, id."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    bindparam,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import JSONB

from services.cases.queries.desks import Known
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
_ORDER = (cases.c.priority_rank, _DUE, cases.c.created_at, cases.c.id)
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
# The queues in which somebody works, each with what he takes there, and the one that is named.
_HIS = text(
    "SELECT queue_id, agent FROM queues"
    " LEFT JOIN LATERAL jsonb_array_elements(agents) AS agent ON agent ->> 'user_id' = :me"
    " WHERE team_id = :team_id AND NOT removed AND (agent IS NOT NULL OR queue_id = :queue_id)"
)
MOST_TAKERS = 100  # who take from one queue at the same moment and find something each
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
    _must_have(uow, ask)
    after = {} if ask.cursor is None else _place_of(ask.cursor)._asdict()
    page = _page(ask.queue_id != "all", ask.level is not None, bool(after))
    rows = uow.all(page, _values(ask, ask.limit + 1) | after)
    cursor = _cursor_of(rows[ask.limit - 1]) if len(rows) > ask.limit else None
    return c.PilePage(data=[_line(row) for row in rows[: ask.limit]], next_cursor=cursor)


def read_next(uow: UnitOfWork, ask: c.ReadNext) -> c.NextView:
    """Raises as ``list_pile`` does."""
    first, values = _first(uow, ask)
    row = uow.first(first, values | {"deep": 1})
    return c.NextView(case=None if row is None else _line(row))


def take_first(uow: UnitOfWork, ask: c.TakeNext) -> str | None:
    """The id of the first case of the pile that nobody else holds at this moment, locked. When all that are left are
    held, wait: who holds one may let it go again, as a timer does. So None says that the pile is empty.

    Raises NotFound, Forbidden; Conflict ``busy`` when the wait takes too long.
    """
    first, values = _first(uow, ask, "case.assign")
    row = uow.first(first.with_for_update(of=cases, skip_locked=True), values)
    row = row or uow.first(first.with_for_update(of=cases), values)  # each is looked at again when its lock is had
    return None if row is None else str(row.id)


def has_queue(uow: UnitOfWork, team_id: str, queue_id: str, known: Known | None = None) -> bool:
    """Whether the team has this queue."""
    if known is not None:
        return known.has_queue(queue_id)
    return uow.first(_QUEUE, {"team_id": team_id, "queue_id": queue_id}) is not None


def level_of(uow: UnitOfWork, team_id: str, user_id: str, known: Known | None = None) -> int | None:
    """The highest support level this agent has in any queue; None when he is in none."""
    if known is not None:
        return known.level_of(user_id)
    row = uow.first(_LEVEL, {"team_id": team_id, "user_id": user_id})
    return None if row is None else row.level


def _must_read_all(uow: UnitOfWork, ask: c.ListPile | c.ReadNext | c.TakeNext, *more: str) -> None:
    places, _ = standings(uow, ask.team_id)
    if not any(place.staff and {"case.read_all", *more} <= {*place.permissions} for place in places):
        raise Forbidden("not_permitted", "The pile is worked by the team's staff.")


def _first(uow: UnitOfWork, ask: c.ReadNext | c.TakeNext, *more: str) -> tuple[Select[Any], dict[str, Any]]:
    """The statement of the first case for the caller. Who works in the queue, or in any, gets what he takes there
    (``rules.routing.fitting``), unless he names a level. Raises as ``list_pile`` does."""
    _must_read_all(uow, ask, *more)
    his = uow.all(_HIS, {"me": uow.actor.user_id, "team_id": ask.team_id, "queue_id": ask.queue_id})
    everywhere = ask.queue_id == "all"
    if not everywhere and all(row.queue_id != ask.queue_id for row in his):
        raise NotFound()
    here = [row for row in his if row.agent and (everywhere or row.queue_id == ask.queue_id)]
    places = [{"queue_id": row.queue_id, **row.agent} for row in here]
    if ask.level is not None or not places:
        return _page(not everywhere, ask.level is not None, False), _values(ask, 1)
    highest = max(place["level"] for place in places)
    values = {"team_id": ask.team_id, "places": places, "highest": highest, "deep": MOST_TAKERS}
    return _fitting(everywhere), values


def _must_have(uow: UnitOfWork, ask: c.ListPile) -> None:
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
    if goes_on:
        page = page.where(tuple_(*_ORDER) > _AFTER)
    return page.order_by(*_ORDER).limit(bindparam("most", type_=Integer()))


@cache
def _fitting(everywhere: bool) -> Select[Any]:
    """The first case that somebody with these ``places`` takes. Each of his queues is walked by itself, and what
    lies in none up to his ``highest`` level; the first of them all is found among their first."""
    deep = bindparam("deep", type_=Integer())
    place = func.jsonb_to_recordset(bindparam("places", type_=JSONB())).table_valued(
        column("queue_id", Text), column("level", Integer), column("products", JSONB), column("types", JSONB)
    )
    place = place.render_derived(name="place", with_types=True)
    takes = (
        cases.c.queue_id == place.c.queue_id,
        cases.c.level <= place.c.level,
        _among(cases.c.product, place.c.products),
        _among(cases.c.type, place.c.types),
    )
    near = visible(cases.c.id, side="support").where(_WAITING, *takes).order_by(*_ORDER).limit(deep)
    walked = near.correlate(place).lateral("near")
    ids: Any = select(walked.c.id).select_from(place.join(walked, true()))
    if everywhere:
        alone = visible(cases.c.id, side="support").where(_WAITING, cases.c.queue_id.is_(None))
        alone = alone.where(cases.c.level <= bindparam("highest", type_=Integer())).order_by(*_ORDER).limit(deep)
        ids = union_all(ids, select(alone.subquery("alone").c.id))
    found = ids.subquery("ids")
    first = visible(*_LINE, side="support").join(found, found.c.id == cases.c.id).where(_WAITING)
    return first.order_by(*_ORDER).limit(1)


def _among(what: ColumnElement[Any], some: ColumnElement[Any]) -> ColumnElement[bool]:
    """An empty list takes everything."""
    return or_(some == literal([], JSONB), some.op("?", return_type=Boolean())(what))


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
