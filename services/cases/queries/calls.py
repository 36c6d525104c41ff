"""Calls on a case, and who is to be phoned when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, DateTime, Integer, Row, Select, Text, any_, bindparam, func, select, tuple_

from services.cases.queries.paging import cursor_of, position_of
from services.cases.queries.people import standings
from services.cases.queries.sight import me, visible
from services.cases.queries.single import looked_at, one, person
from services.cases.tables import CALLBACK_OPEN, OPEN, callbacks, calls, cases, comments
from services.chassis.problems import Forbidden, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

MOST_AT_ONCE = 100
_START = (datetime(1, 1, 1, tzinfo=UTC), "")
_moment = DateTime(timezone=True)
_most = bindparam("most", type_=Integer())
_after = tuple_(bindparam("at", type_=_moment), bindparam("after", type_=Text()))

_CALLS = (
    select(*calls.c, *comments.c["author_id", "author_name", "body", "visibility", "channel"])
    .join(comments, comments.c.id == calls.c.comment_id)
    .where(
        calls.c.case_id == bindparam("case_id"),
        comments.c.visibility == any_(bindparam("kinds", type_=ARRAY(Text))),
        tuple_(calls.c.created_at, calls.c.id) > _after,
    )
    .order_by(calls.c.created_at, calls.c.id)
    .limit(_most)
)
_OF_CASE = (
    select(callbacks)
    .where(callbacks.c.case_id == bindparam("case_id"), tuple_(callbacks.c.due_at, callbacks.c.id) > _after)
    .order_by(callbacks.c.due_at, callbacks.c.id)
    .limit(_most)
)
_TO_CHANGE = (
    select(callbacks)
    .where(callbacks.c.id == bindparam("callback_id"), callbacks.c.case_id == bindparam("case_id"))
    .with_for_update()
)
# The next callback of a case that is still to be made.
AWAITED = (
    select(callbacks.c.id)
    .where(callbacks.c.case_id == bindparam("of_case"), CALLBACK_OPEN)
    .order_by(callbacks.c.due_at, callbacks.c.id)
    .limit(1)
    .scalar_subquery()
)
_about = cases.c["number", "title", "contact_id", "contact_name", "assignee_id", "assignee_name"]


def list_calls(uow: UnitOfWork, ask: c.ListCalls) -> c.CallPage:
    """Raises NotFound."""
    reader = looked_at(uow, one(uow, ask))
    kinds = ["public", "internal"] if reader.standing.staff else ["public"]
    rows = uow.all(_CALLS, {"case_id": ask.case_id, "kinds": kinds, **_from(ask)})
    cursor = cursor_of(rows[ask.limit - 1].created_at, rows[ask.limit - 1].id) if len(rows) > ask.limit else None
    return c.CallPage(data=[call_view(row, row._asdict()) for row in rows[: ask.limit]], next_cursor=cursor)


def list_case_callbacks(uow: UnitOfWork, ask: c.ListCaseCallbacks) -> c.CallbackPage:
    """Raises NotFound."""
    case = one(uow, ask).case
    rows = uow.all(_OF_CASE, {"case_id": ask.case_id, **_from(ask)})
    return _page_of(ask.limit, rows, [callback_view(row._asdict(), case) for row in rows[: ask.limit]])


def list_callbacks(uow: UnitOfWork, ask: c.ListCallbacks) -> c.CallbackPage:
    """Raises NotFound for a foreign team, Forbidden for customers."""
    places, _ = standings(uow, ask.team_id)
    if not any(place.staff and "case.read_all" in place.permissions for place in places):
        raise Forbidden("not_permitted", "This is the call list of the team's staff.")
    values = {"team_id": ask.team_id, "me": uow.actor.user_id, **_from(ask)}
    values |= {name: at for name in ("from_at", "until_at") if (at := getattr(ask, name)) is not None}
    rows = uow.all(_due(ask.mine, "from_at" in values, "until_at" in values), values)
    return _page_of(ask.limit, rows, [callback_view(row._asdict(), row) for row in rows[: ask.limit]])


@cache
def _due(mine: bool, begins: bool, ends: bool) -> Select[Any]:
    """Callbacks of open cases that wait, in order of time."""
    due = visible(*callbacks.c, *_about, side="support").join(callbacks, callbacks.c.case_id == cases.c.id)
    due = due.where(callbacks.c.team_id == bindparam("team_id"), CALLBACK_OPEN, OPEN)
    if mine:
        due = due.where(func.coalesce(callbacks.c.agent_id, cases.c.assignee_id) == me)
    if begins:
        due = due.where(callbacks.c.due_at >= bindparam("from_at", type_=_moment))
    if ends:
        due = due.where(callbacks.c.due_at < bindparam("until_at", type_=_moment))
    due = due.where(tuple_(callbacks.c.due_at, callbacks.c.id) > _after)
    return due.order_by(callbacks.c.due_at, callbacks.c.id).limit(_most)


def callback_to_change(uow: UnitOfWork, case_id: str, callback_id: str) -> dict[str, Any]:
    """One callback of the case, locked, as a row of ``callbacks``. Raises NotFound."""
    row = uow.first(_TO_CHANGE, {"case_id": case_id, "callback_id": callback_id})
    if row is None:
        raise NotFound()
    return dict(row._mapping)


def _watched(*where: Any) -> Select[Any]:
    """Waiting callbacks for the timer; those that another instance has are left to it."""
    told = callbacks.c["id", "case_id", "agent_id", "from_at", "until_at", "due_at"]
    waiting = select(*told).where(CALLBACK_OPEN, *where).limit(MOST_AT_ONCE)
    return waiting.with_for_update(skip_locked=True)


_at = bindparam("at", type_=_moment)
_DUE_SOON = _watched(callbacks.c.reminded_at.is_(None), callbacks.c.due_at <= _at).order_by(callbacks.c.due_at)
_OVER = _watched(callbacks.c.ends_at <= _at).order_by(callbacks.c.ends_at)


def callbacks_due(uow: UnitOfWork, at: datetime) -> list[Row[Any]]:
    """Those that are due until then and of which nobody was reminded."""
    return uow.all(_DUE_SOON, {"at": at})


def callbacks_over(uow: UnitOfWork) -> list[Row[Any]]:
    """Those whose time has gone by."""
    return uow.all(_OVER, {"at": uow.now})


_ENDED = select(cases.c.id).where(
    cases.c.id == any_(bindparam("case_ids", type_=ARRAY(Text))), cases.c.status.in_(("closed", "cancelled"))
)


def ended(uow: UnitOfWork, case_ids: list[str]) -> set[str]:
    """Those of these cases that are closed or cancelled."""
    return {row.id for row in uow.all(_ENDED, {"case_ids": case_ids})}


def _from(ask: c.ListCalls | c.ListCaseCallbacks | c.ListCallbacks) -> dict[str, Any]:
    at, after = _START if ask.cursor is None else position_of(ask.cursor)
    return {"at": at, "after": after, "most": ask.limit + 1}


def _page_of(limit: int, rows: list[Row[Any]], views: list[c.CallbackView]) -> c.CallbackPage:
    cursor = cursor_of(rows[limit - 1].due_at, rows[limit - 1].id) if len(rows) > limit else None
    return c.CallbackPage(data=views, next_cursor=cursor)


def call_view(said: Any, call: Mapping[str, Any]) -> c.CallView:
    """``said`` is its comment, ``call`` has the columns of ``calls``."""
    return c.CallView(
        id=call["id"],
        case_id=call["case_id"],
        channel=said.channel,
        direction=call["direction"],
        with_name=call["with_name"],
        minutes=call["minutes"],
        agent=c.PersonView(id=said.author_id, name=said.author_name),
        summary=said.body,
        visibility=said.visibility,
        comment_id=call["comment_id"],
        created_at=call["created_at"],
    )


def callback_view(row: Mapping[str, Any], case: Any) -> c.CallbackView:
    """``row`` has the columns of ``callbacks``; whoever has the case phones, when nobody else was named."""
    agent = person(row["agent_id"], row["agent_name"]) or person(case.assignee_id, case.assignee_name)
    return c.CallbackView(
        id=row["id"],
        case_id=row["case_id"],
        number=case.number,
        title=case.title,
        contact=c.PersonView(id=case.contact_id, name=case.contact_name),
        phone=row["phone"],
        from_at=row["from_at"],
        until_at=row["until_at"],
        due_at=row["due_at"],
        state=row["state"],
        agent=agent,
        version=row["version"],
    )
