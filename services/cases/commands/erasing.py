"""Cancelled cases go for good when their team has kept them long enough."""

from __future__ import annotations

from sqlalchemy import ARRAY, Text, any_, bindparam, delete

from services.cases.queries import erasing
from services.cases.tables import cases
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_ERASE = delete(cases).where(cases.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
_BATCH = 50


def erase_cancelled(uow: UnitOfWork) -> None:
    """A timer: the case with all that hangs on it. What is left is a line of the record. It takes its time, so that a
    backlog of years does not stand in the way of those who work."""
    gone = erasing.run_out(uow, _BATCH)
    if gone:
        uow.run(_ERASE, {"ids": [row.id for row in gone]})
    for row in gone:
        about = {"team_id": row.team_id, "case_id": row.id, "organization_id": row.organization_id}
        uow.record(c.CaseErased(**about, number=row.number, fact_version=row.version + 1))
