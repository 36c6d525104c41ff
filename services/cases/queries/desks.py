"""Who of the staff can get a case, and how much each has."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Text, any_, func, literal, select, true

from services.cases.queries.sight import READS_ALL, team, visible
from services.cases.tables import OPEN, cases, memberships

_MOST_COUNTED = 100


def _desks() -> Select[Any]:
    """The active staff who answer cases, each with what lies on his desk. Only so many are counted: beyond, everybody
    has too much, and the statement stays short."""
    desk = (
        visible(cases.c.created_at, side="support")
        .where(OPEN, cases.c.assignee_id == memberships.c.user_id)
        .order_by(cases.c.created_at.desc())
        .limit(_MOST_COUNTED)
        .correlate(memberships)
        .subquery()
    )
    load = select(func.count().label("load"), func.max(desk.c.created_at).label("newest")).select_from(desk).lateral()
    person = memberships.c["user_id", "name", "available", "replacement_id"]
    return (
        select(*person, load.c.load, load.c.newest)
        .join_from(memberships, load, true())
        .where(
            memberships.c.team_id == team,
            memberships.c.organization_id.is_(None),
            memberships.c.active,
            any_(memberships.c.permissions) == READS_ALL,
            any_(memberships.c.permissions) == literal("case.answer", Text()),
        )
    )


_desk = _desks().subquery("desk")
_hand = func.json_build_array(*_desk.c)
# As JSON, to be read along with something else.
HANDS = select(func.json_agg(_hand)).select_from(_desk).scalar_subquery().label("hands")
