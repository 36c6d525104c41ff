"""Explaining rights: may somebody do something with a case, and by which rule?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from services.cases import rules
from services.cases.queries.people import places_of
from services.cases.queries.single import reader_of
from services.cases.tables import cases
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.access import BECAUSE, AccessView, Decision

# Whose case it is, before anybody's sight of it: only staff of that team are answered.
_WHERE = select(cases.c.id, cases.c.team_id, cases.c.organization_id).where(cases.c.id == bindparam("case_id"))


def read_access(uow: UnitOfWork, ask: c.ReadAccess) -> AccessView:
    """For staff of the case's team with ``user.read``, and operators. Raises NotFound for everybody else."""
    case = uow.first(_WHERE, {"case_id": ask.resource_id})
    if case is None:
        raise NotFound()
    if uow.actor.kind != "operator" and not rules.may_ask(places_of(uow, case.team_id, uow.actor.user_id)):
        raise NotFound()
    decision = _decide(uow, ask, case)
    return AccessView(allowed=decision.allowed, rule=decision.rule, because=BECAUSE[decision.rule])


def _decide(uow: UnitOfWork, ask: c.ReadAccess, case: Any) -> Decision:
    reader = reader_of(uow, case.team_id, case.id, ask.user_id)
    if reader is not None:
        return rules.decide(reader, ask.action, uow.now)
    return rules.decide_unseen(places_of(uow, case.team_id, ask.user_id), case.organization_id, ask.action)
