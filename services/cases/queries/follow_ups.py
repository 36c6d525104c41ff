"""Open cases with nothing happening."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import DateTime, Integer, Select, bindparam, tuple_

from services.cases.queries.paging import cursor_of, position_of
from services.cases.queries.people import standings
from services.cases.queries.sight import me, visible
from services.cases.queries.single import person
from services.cases.tables import cases
from services.chassis.problems import Forbidden
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_NAMES = ("id", "number", "title", "status", "priority", "organization_id", "follow_up_at", "updated_at", "version")
_LINE = (*(cases.c[name] for name in _NAMES), cases.c.assignee_id, cases.c.assignee_name)


def list_follow_ups(uow: UnitOfWork, ask: c.ListFollowUps) -> c.FollowUpPage:
    """The longest overdue first. Raises NotFound, Forbidden for everybody but the staff."""
    places, _ = standings(uow, ask.team_id)
    if not any(place.staff and "case.read_all" in place.permissions for place in places):
        raise Forbidden("not_permitted", "This is a view of the support team.")
    values: dict[str, Any] = {"team_id": ask.team_id, "most": ask.limit + 1}
    if ask.due:
        values["now"] = uow.now
    if ask.mine:
        values["me"] = uow.actor.user_id
    if ask.cursor is not None:
        values["at"], values["after"] = position_of(ask.cursor)
    rows = uow.all(_page(frozenset(values)), values)
    last = rows[ask.limit - 1] if len(rows) > ask.limit else None
    cursor = cursor_of(last.follow_up_at, last.id) if last else None
    return c.FollowUpPage(data=[follow_up_line(row) for row in rows[: ask.limit]], next_cursor=cursor)


@cache
def _page(given: frozenset[str]) -> Select[Any]:
    """The statement of one kind of page; what has ended has no follow-up, and one that goes on as another case keeps
    its own for the day when it is taken apart."""
    page = visible(*_LINE, side="support").where(cases.c.follow_up_at.is_not(None), cases.c.merged_into.is_(None))
    if "now" in given:
        page = page.where(cases.c.follow_up_at <= bindparam("now", type_=DateTime(timezone=True)))
    if "me" in given:
        page = page.where(cases.c.assignee_id == me)
    order = tuple_(cases.c.follow_up_at, cases.c.id)
    if "after" in given:
        page = page.where(order > tuple_(bindparam("at", type_=DateTime(timezone=True)), bindparam("after")))
    return page.order_by(cases.c.follow_up_at, cases.c.id).limit(bindparam("most", type_=Integer()))


def follow_up_line(row: Any) -> c.FollowUpLine:
    """A case in the list; ``row`` has the columns of ``cases``."""
    told = {name: getattr(row, name) for name in _NAMES}
    return c.FollowUpLine(**told, assignee=person(row.assignee_id, row.assignee_name))
