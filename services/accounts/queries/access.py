"""Explaining rights: may somebody do something with an organization or a membership, and by which rule?"""

from __future__ import annotations

from services.accounts import rules
from services.accounts.queries import sight
from services.accounts.rules.standing import Standing
from services.accounts.tables import memberships, organizations
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c
from services.contracts.access import BECAUSE, AccessView


def read_access(uow: UnitOfWork, ask: c.ReadAccess) -> AccessView:
    """For staff of the team with ``user.read``, and operators. Raises NotFound for everybody else."""
    table = organizations if ask.resource_id.startswith("org_") else memberships
    thing = sight.one(uow, sight.visible(uow, table).where(table.c.id == ask.resource_id))
    if thing is None or not sight.standing(uow, thing["team_id"]).may("user.read"):
        raise NotFound()
    organization_id = thing["id"] if table is organizations else thing["organization_id"]
    decision = rules.standing.decide(_standing_of(uow, thing["team_id"], ask.user_id), ask.action, organization_id)
    return AccessView(allowed=decision.allowed, rule=decision.rule, because=BECAUSE[decision.rule])


def _standing_of(uow: UnitOfWork, team_id: str, user_id: str) -> Standing:
    """What somebody else is in the team. Who is shut out is nobody."""
    rows = sight.fields(uow, sight.person_in_team(team_id, user_id))
    if not rows or not rows[0]["person_active"]:
        return rules.standing.NOBODY
    places = [row for row in rows if row["id"] is not None]
    return rules.standing.standing_of(places, operator=rows[0]["operator"])
