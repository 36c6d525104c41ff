"""Pages of cases."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, bindparam, or_, select, tuple_

from services.cases.queries.paging import cursor_of, position_of
from services.cases.queries.people import represented, standings
from services.cases.queries.sight import me, organization, visible
from services.cases.queries.single import person, tells_priority
from services.cases.tables import cases, followers
from services.chassis.problems import Forbidden
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_LINE = (
    cases.c.id,
    cases.c.number,
    cases.c.title,
    cases.c.type,
    cases.c.priority,
    cases.c.status,
    cases.c.visibility,
    cases.c.organization_id,
    cases.c.contact_id,
    cases.c.contact_name,
    cases.c.owner_id,
    cases.c.owner_name,
    cases.c.assignee_id,
    cases.c.assignee_name,
    cases.c.confirmation,
    cases.c.created_at,
    cases.c.updated_at,
    cases.c.version,
)
_SCOPES: dict[str, list[ColumnElement[bool]]] = {
    "all": [],
    "company": [],
    "mine": [or_(cases.c.contact_id == me, cases.c.created_by == me)],
    "owned": [cases.c.owner_id == me],
    "open": [cases.c.status.not_in(("closed", "cancelled"))],
    "closed": [cases.c.status == "closed"],
    "followed": [cases.c.id.in_(select(followers.c.case_id).where(followers.c.user_id == me))],
    "assigned": [cases.c.assignee_id == me],
}


def list_cases(uow: UnitOfWork, ask: c.ListCases) -> c.CasePage:
    """One page of a view. Raises NotFound (team or organization), Conflict ``organization_required`` and Forbidden."""
    places, policy = standings(uow, ask.team_id)
    standing, organization_id = represented(places, ask.organization_id)
    if ask.view == "assigned" and not standing.staff:
        raise Forbidden("not_permitted", "This is a view of the support team.")
    if not standing.staff and "case.read" not in standing.permissions:
        raise Forbidden("not_permitted", "You may not read this organization's cases.")
    values: dict[str, Any] = {"me": uow.actor.user_id, "team_id": ask.team_id, "most": ask.limit + 1}
    if organization_id is not None:
        values["organization_id"] = organization_id
    if ask.status is not None:
        values["status"] = ask.status
    if ask.cursor is not None:
        values["at"], values["before"] = position_of(ask.cursor)
    page = _page(standing.side, ask.view, frozenset(values))
    rows = uow.all(page, values)
    shows_priority = tells_priority(standing, policy)
    last = rows[ask.limit - 1] if len(rows) > ask.limit else None
    cursor = cursor_of(last.updated_at, last.id) if last else None
    return c.CasePage(data=[_line(row, shows_priority) for row in rows[: ask.limit]], next_cursor=cursor)


@cache
def _page(side: str, view: str, given: frozenset[str]) -> Select[Any]:
    """The statement of one kind of page; the planner gets exactly the conditions that were ``given``."""
    page = visible(*_LINE, side=side).where(*_SCOPES[view])
    if side == "support" and "organization_id" in given:
        page = page.where(cases.c.organization_id == organization)
    if "status" in given:
        page = page.where(cases.c.status == bindparam("status"))
    elif side == "customer":  # what was cancelled is gone from customers' lists until they ask for it
        page = page.where(cases.c.status != "cancelled")
    if "at" in given:
        page = page.where(tuple_(cases.c.updated_at, cases.c.id) < tuple_(bindparam("at"), bindparam("before")))
    return page.order_by(cases.c.updated_at.desc(), cases.c.id.desc()).limit(bindparam("most", type_=Integer()))


def _line(row: Row[Any], shows_priority: bool) -> c.CaseLine:
    return c.CaseLine(
        id=row.id,
        number=row.number,
        title=row.title,
        type=row.type,
        priority=row.priority if shows_priority else None,
        status=row.status,
        visibility=row.visibility,
        organization_id=row.organization_id,
        contact=c.PersonView(id=row.contact_id, name=row.contact_name),
        owner=c.PersonView(id=row.owner_id, name=row.owner_name),
        assignee=person(row.assignee_id, row.assignee_name),
        pending_confirmation=row.confirmation == "pending",
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )
