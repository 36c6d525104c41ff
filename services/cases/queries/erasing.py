"""Cancelled cases that have been kept for as long as their team keeps them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DateTime, Integer, Row, bindparam, func, select

from services.cases.tables import cases, teams
from services.chassis.unit_of_work import UnitOfWork

_joined = cases.alias("joined")
_DAYS = teams.c.profile["retention"]["cancelled_days"].astext.cast(Integer)
_NOW = bindparam("now", type_=DateTime(timezone=True))
# What was merged stands in the case that goes on, so neither goes.
_RUN_OUT = (
    select(*cases.c["id", "team_id", "organization_id", "number", "version"])
    .join(teams, teams.c.team_id == cases.c.team_id)
    .where(cases.c.status == "cancelled", cases.c.merged_into.is_(None))
    .where(cases.c.closed_at <= _NOW - func.make_interval(0, 0, 0, _DAYS))
    .where(~select(_joined.c.id).where(_joined.c.merged_into == cases.c.id).exists())
    .order_by(cases.c.closed_at)
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(of=cases, skip_locked=True)
)


def run_out(uow: UnitOfWork, most: int) -> list[Row[Any]]:
    """For the timer, which reads on nobody's behalf; they are locked, and what somebody holds is left for later."""
    return uow.all(_RUN_OUT, {"now": uow.now, "most": most})
