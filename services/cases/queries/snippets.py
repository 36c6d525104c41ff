"""Reading prepared answers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Text, bindparam, select

from services.cases.queries.paging import cursor_of, position_of
from services.cases.queries.people import standings
from services.cases.queries.sight import team
from services.cases.tables import prepared
from services.chassis.problems import Forbidden, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_PAGE = (
    select(prepared)
    .where(prepared.c.team_id == team, prepared.c.id > bindparam("after", type_=Text()))
    .order_by(prepared.c.id)
    .limit(bindparam("most", type_=Integer()))
)
_ONE = select(prepared).where(prepared.c.team_id == team, prepared.c.id == bindparam("snippet_id"))
_TO_CHANGE = _ONE.with_for_update()


def list_snippets(uow: UnitOfWork, ask: c.ListSnippets) -> c.SnippetPage:
    """Raises NotFound for a foreign team, Forbidden for customers."""
    must_be_staff(uow, ask.team_id, "case.read_all")
    after = "" if ask.cursor is None else position_of(ask.cursor)[1]
    rows = uow.all(_PAGE, {"team_id": ask.team_id, "after": after, "most": ask.limit + 1})
    cursor = cursor_of(uow.now, rows[ask.limit - 1].id) if len(rows) > ask.limit else None
    return c.SnippetPage(data=[snippet_view(row._asdict()) for row in rows[: ask.limit]], next_cursor=cursor)


def snippet(uow: UnitOfWork, team_id: str, snippet_id: str, *, to_change: bool = False) -> dict[str, Any]:
    """One of the team's, locked when it is ``to_change``. Raises NotFound."""
    row = uow.first(_TO_CHANGE if to_change else _ONE, {"team_id": team_id, "snippet_id": snippet_id})
    if row is None:
        raise NotFound()
    return dict(row._asdict())


def must_be_staff(uow: UnitOfWork, team_id: str, permission: str, *, whole_profile: bool = False) -> dict[str, Any]:
    """The team's policy. Raises NotFound for a foreign team, Forbidden for who does not hold the permission among its
    staff."""
    places, policy = standings(uow, team_id, whole_profile=whole_profile)
    if not any(place.staff and permission in place.permissions for place in places):
        raise Forbidden("not_permitted", "This is for the team's staff.", extra={"permission": permission})
    return policy


def snippet_view(row: dict[str, Any]) -> c.SnippetView:
    """From a row of ``snippets``."""
    return c.SnippetView(id=row["id"], name=row["name"], body=row["body"], version=row["version"])
