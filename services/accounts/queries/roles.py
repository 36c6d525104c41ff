"""Reading roles, and who has them."""

from __future__ import annotations

from services.accounts import rules
from services.accounts.queries import sight
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import Standing
from services.accounts.tables import memberships, roles
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c
from services.contracts.access import Side


def role_to_give(uow: UnitOfWork, team_id: str, key: str, side: Side) -> Fields | None:
    """A role of this side, held as it is until the end: a change of the role waits for the membership, or the other
    way round. The caller's right to give it is decided elsewhere."""
    rows = sight.role_rows().where(roles.c.team_id == team_id, roles.c.key == key, roles.c.side == side)
    return sight.one(uow, rows.with_for_update(read=True))


def role_to_change(uow: UnitOfWork, team_id: str, key: str) -> Fields | None:
    """One role, locked; None when there is none."""
    rows = sight.visible(uow, roles).where(roles.c.team_id == team_id, roles.c.key == key)
    return sight.one(uow, rows.with_for_update())


def people_with(uow: UnitOfWork, team_id: str, key: str) -> int:
    """How many have this role (one is enough to know), inactive ones too: they may come back."""
    found = sight.visible(uow, memberships).where(memberships.c.team_id == team_id, memberships.c.role == key)
    return len(uow.all(found.limit(1)))


def list_roles(uow: UnitOfWork, ask: c.ListRoles) -> c.RolePage:
    """By key. Raises NotFound when the team is not his."""
    standing = sight.standing(uow, ask.team_id)
    rows = sight.visible(uow, roles).where(roles.c.team_id == ask.team_id)
    found, cursor = sight.page(uow, rows, [roles.c.key], ask)
    return c.RolePage(data=[role_view(row, standing) for row in found], next_cursor=cursor)


def role_view(row: Fields, standing: Standing) -> c.RoleView:
    """From ``roles``."""
    return c.RoleView(
        team_id=row["team_id"],
        key=row["key"],
        name=row["name"],
        side=row["side"],
        permissions=rules.roles.in_order(row["permissions"]),
        built_in=row["built_in"],
        may=standing.able(["role.manage"]),
        version=row["version"],
    )
