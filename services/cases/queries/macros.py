"""Reading macros."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, Integer, Text, any_, bindparam, func, select

from services.cases.queries.paging import cursor_of, position_of
from services.cases.queries.people import is_staff
from services.cases.queries.sight import team
from services.cases.queries.snippets import must_be_staff
from services.cases.tables import macros, memberships, queues
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_PAGE = (
    select(macros)
    .where(macros.c.team_id == team, macros.c.id > bindparam("after", type_=Text()))
    .order_by(macros.c.id)
    .limit(bindparam("most", type_=Integer()))
)
_ONE = select(macros).where(macros.c.team_id == team, macros.c.id == bindparam("macro_id"))
_TO_CHANGE = _ONE.with_for_update()
_people = select(func.array_agg(memberships.c.user_id)).where(
    *is_staff, memberships.c.user_id == any_(bindparam("people", type_=ARRAY(Text)))
)
_queues = select(func.array_agg(queues.c.queue_id)).where(
    queues.c.team_id == team, ~queues.c.removed, queues.c.queue_id == any_(bindparam("queues", type_=ARRAY(Text)))
)
_KNOWN = select(_people.scalar_subquery().label("people"), _queues.scalar_subquery().label("queues"))


def list_macros(uow: UnitOfWork, ask: c.ListMacros) -> c.MacroPage:
    """Raises NotFound for a foreign team, Forbidden for customers."""
    must_be_staff(uow, ask.team_id, "case.read_all")
    after = "" if ask.cursor is None else position_of(ask.cursor)[1]
    rows = uow.all(_PAGE, {"team_id": ask.team_id, "after": after, "most": ask.limit + 1})
    cursor = cursor_of(uow.now, rows[ask.limit - 1].id) if len(rows) > ask.limit else None
    return c.MacroPage(data=[_view(row) for row in rows[: ask.limit]], next_cursor=cursor)


def macro(uow: UnitOfWork, team_id: str, macro_id: str, *, to_change: bool = False) -> c.MacroView:
    """One of the team's, locked when it is ``to_change``. Raises NotFound."""
    row = uow.first(_TO_CHANGE if to_change else _ONE, {"team_id": team_id, "macro_id": macro_id})
    if row is None:
        raise NotFound()
    return _view(row)


def known_to(uow: UnitOfWork, team_id: str, people: list[str], piles: list[str]) -> tuple[set[str], set[str]]:
    """Which of these are active staff of the team, and which are queues of it."""
    row = uow.first(_KNOWN, {"team_id": team_id, "people": people, "queues": piles})
    return ({*(row.people or [])}, {*(row.queues or [])}) if row else (set(), set())


def _view(row: Any) -> c.MacroView:
    actions = [c.MacroLine.load(action) for action in row.actions]
    return c.MacroView(id=row.id, name=row.name, actions=actions, version=row.version)
