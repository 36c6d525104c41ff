"""Explaining rights: may somebody do something with a case, and by which rule?"""

from __future__ import annotations

from sqlalchemy import bindparam, select

from services.cases import rules
from services.cases.queries.people import PLACES, places_of
from services.cases.queries.sight import team
from services.cases.queries.single import reader_of
from services.cases.rules import Standing
from services.cases.tables import cases
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.access import BECAUSE, AccessView, Decision

# Whose case it is, before anybody's sight of it: only staff of that team are answered.
_TEAM_OF = select(cases.c.team_id).where(cases.c.id == bindparam("case_id"))
_UNSEEN = select(cases.c.organization_id, PLACES).where(cases.c.id == bindparam("case_id"), cases.c.team_id == team)


def read_access(uow: UnitOfWork, ask: c.ReadAccess) -> AccessView:
    """For staff of the case's team with ``user.read``, and operators. Raises NotFound for everybody else."""
    row = uow.first(_TEAM_OF, {"case_id": ask.resource_id})
    if row is None:
        raise NotFound()
    about = {"team_id": row.team_id, "case_id": ask.resource_id}
    return read_case_access(uow, c.ReadCaseAccess(**about, user=ask.user_id, action=ask.action))


def read_case_access(uow: UnitOfWork, ask: c.ReadCaseAccess) -> AccessView:
    """The same, asked at the case itself."""
    if uow.actor.kind != "operator" and not rules.may_ask(places_of(uow, ask.team_id, uow.actor.user_id)):
        raise NotFound()
    decision = _decide(uow, ask)
    return AccessView(allowed=decision.allowed, rule=decision.rule, because=BECAUSE[decision.rule])


def _decide(uow: UnitOfWork, ask: c.ReadCaseAccess) -> Decision:
    reader = reader_of(uow, ask.team_id, ask.case_id, ask.user)
    if reader is not None:
        return rules.decide(reader, ask.action, uow.now)
    unseen = uow.first(_UNSEEN, {"me": ask.user, "team_id": ask.team_id, "case_id": ask.case_id})
    if unseen is None:
        raise NotFound()
    return rules.decide_unseen([Standing(*place) for place in unseen.places or []], unseen.organization_id, ask.action)
