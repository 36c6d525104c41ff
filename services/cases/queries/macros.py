"""Reading macros."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, Integer, Text, any_, bindparam, func, or_, select
from sqlalchemy import case as sql_case
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import JSONB

from services.cases.queries.desks import HANDS, PILES, Around, Known
from services.cases.queries.paging import cursor_of, position_of
from services.cases.queries.people import is_staff
from services.cases.queries.quotes import PINNED, priced
from services.cases.queries.sight import team
from services.cases.queries.snippets import must_be_staff
from services.cases.tables import Case, contracts, macros, memberships, organizations, queues, teams
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
_acts = func.jsonb_array_elements(macros.c.actions).table_valued("value", name="act").render_derived()
_act = cast_to(_acts.c.value, JSONB)
_named = select(_act["assignee_id"].astext).select_from(_acts).correlate(macros)
_names = select(func.json_object_agg(memberships.c.user_id, memberships.c.name)).where(
    *is_staff, memberships.c.user_id.in_(_named)
)
_reclassifies = macros.c.actions.contains([{"action": "reclassify"}])  # only then: the profile is long
_routes = or_(_reclassifies, macros.c.actions.contains([{"action": "escalate"}]))
_AT_HAND = (
    select(
        *macros.c,
        _names.correlate(macros).scalar_subquery().label("names"),
        sql_case((_reclassifies, teams.c.profile)).label("profile"),
        sql_case((_routes, teams.c.profile["topics"])).label("topics"),
        *(organizations.c.products, contracts.c.contract_version, contracts.c.terms),
        PILES,
    )
    .join_from(macros, teams, teams.c.team_id == macros.c.team_id)
    .join(organizations, organizations.c.organization_id == bindparam("organization_id"))
    .outerjoin(contracts, PINNED)
    .where(macros.c.team_id == team, macros.c.id == bindparam("macro_id"))
)
_AT_HAND_AND_HANDS = _AT_HAND.add_columns(sql_case((_routes, HANDS)).label("hands"))
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


def macro_at_hand(uow: UnitOfWork, case: Case, macro_id: str, *, hands: bool) -> tuple[c.MacroView, Known]:
    """One of the team's, with all that its acts ask about for this case (the staff if ``hands``): one question instead
    of one for each act. Raises NotFound."""
    about = {"contract_version": case.contract_version, "organization_id": case.organization_id}
    statement = _AT_HAND_AND_HANDS if hands else _AT_HAND
    row = uow.first(statement, about | {"team_id": case.team_id, "macro_id": macro_id})
    if row is None:
        raise NotFound()
    pricing = None if row.profile is None else priced(row)
    return _view(row), Known(row.names or {}, Around.told(row.topics or [], row), pricing)


def known_to(uow: UnitOfWork, team_id: str, people: list[str], piles: list[str]) -> tuple[set[str], set[str]]:
    """Which of these are active staff of the team, and which are queues of it."""
    row = uow.first(_KNOWN, {"team_id": team_id, "people": people, "queues": piles})
    return ({*(row.people or [])}, {*(row.queues or [])}) if row else (set(), set())


def _view(row: Any) -> c.MacroView:
    actions = [c.MacroLine.load(action) for action in row.actions]
    return c.MacroView(id=row.id, name=row.name, actions=actions, version=row.version)
