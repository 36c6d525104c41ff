"""Explaining rights: may somebody do something with a case, and by which rule?"""

from __future__ import annotations

from sqlalchemy import bindparam, select

from services.cases import rules
from services.cases.queries.people import PLACES, places_in
from services.cases.queries.sight import team
from services.cases.queries.single import reader_of
from services.cases.rules import Standing
from services.cases.tables import cases
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.access import BECAUSE, AccessView, Decision

# Whose case it is, before anybody's sight of it, and what the asker is in that team: only its staff are answered.
_ASKED = select(cases.c.team_id, places_in(cases.c.team_id)).where(cases.c.id == bindparam("case_id"))
_UNSEEN = select(cases.c.organization_id, PLACES).where(cases.c.id == bindparam("case_id"), cases.c.team_id == team)


def read_access(uow: UnitOfWork, ask: c.ReadAccess) -> AccessView:
    """For staff of the case's team with ``user.read``, and operators. Raises NotFound for everybody else."""
    return _answer(uow, ask.resource_id, ask.user_id, ask.action)


def read_case_access(uow: UnitOfWork, ask: c.ReadCaseAccess) -> AccessView:
    """The same, asked at the case itself."""
    return _answer(uow, ask.case_id, ask.user, ask.action, of_team=ask.team_id)


def _answer(uow: UnitOfWork, case_id: str, user_id: str, action: str, of_team: str | None = None) -> AccessView:
    asked = uow.first(_ASKED, {"me": uow.actor.user_id, "case_id": case_id})
    if asked is None or of_team not in (None, asked.team_id):
        raise NotFound()
    if uow.actor.kind != "operator" and not rules.may_ask([Standing(*place) for place in asked.places or []]):
        raise NotFound()
    decision = _decide(uow, asked.team_id, case_id, user_id, action)
    return AccessView(allowed=decision.allowed, rule=decision.rule, because=BECAUSE[decision.rule])


def _decide(uow: UnitOfWork, team_id: str, case_id: str, user_id: str, action: str) -> Decision:
    reader = reader_of(uow, team_id, case_id, user_id)
    if reader is not None:
        return rules.decide(reader, action, uow.now)
    unseen = uow.first(_UNSEEN, {"me": user_id, "team_id": team_id, "case_id": case_id})
    if unseen is None:
        raise NotFound()
    return rules.decide_unseen([Standing(*place) for place in unseen.places or []], unseen.organization_id, action)
