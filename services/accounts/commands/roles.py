"""Roles, and with them the rights of everybody who has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules
from services.accounts.commands.facts import change_memberships
from services.accounts.notes import note
from services.accounts.tables import memberships, roles
from services.chassis.problems import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

Fields = Mapping[str, Any]


def add_role(uow: UnitOfWork, ask: c.AddRole) -> c.RoleView:
    """Raises NotFound, Forbidden (``not_permitted``, ``more_than_you_hold``), Invalid naming each unknown permission,
    Conflict ``role_exists``."""
    standing = queries.sight.standing(uow, ask.team_id)
    rules.standing.must_be_able(standing, "role.manage")
    rules.roles.must_be_givable(standing, ask.permissions, ask.side)
    role = {
        "team_id": ask.team_id,
        "key": ask.key,
        "name": ask.name,
        "side": ask.side,
        "permissions": rules.roles.in_order(ask.permissions),
        "built_in": False,
        "version": 1,
    }
    if not uow.run(upsert(roles).values(role).on_conflict_do_nothing()):
        raise Conflict("role_exists", "The team has a role of this key already; change that one.")
    note(uow, "role.added", team_id=ask.team_id, object_id=ask.key, side=ask.side, permissions=role["permissions"])
    return queries.roles.role_view(role, standing)


def change_role(uow: UnitOfWork, ask: c.ChangeRole) -> c.RoleView:
    """What is left out stays. Whoever has the role has the new rights at once. Raises NotFound, Forbidden, Invalid,
    412, Conflict ``last_manager``."""
    queries.sight.standing(uow, ask.team_id)
    queries.places.team_to_change(uow, ask.team_id)  # one change of who manages the team at a time
    standing = queries.sight.standing(uow, ask.team_id)
    rules.standing.must_be_able(standing, "role.manage")
    role = queries.roles.role_to_change(uow, ask.team_id, ask.key)
    if role is None:
        raise NotFound()
    uow.must_match(role["version"])
    permissions = role["permissions"] if ask.permissions is None else ask.permissions
    rules.roles.must_be_permissions(permissions, role["side"])
    rules.roles.must_be_givable(standing, set(permissions) - set(role["permissions"]), role["side"])
    after = {"name": ask.name or role["name"], "permissions": rules.roles.in_order(permissions)}
    if all(role[name] == value for name, value in after.items()):
        return queries.roles.role_view(role, standing)
    changed = {**role, **after, "version": role["version"] + 1}
    uow.run(
        update(roles)
        .where(roles.c.team_id == ask.team_id, roles.c.key == ask.key)
        .values(**after, version=changed["version"])
    )
    if set(role["permissions"]) != set(permissions):
        _carry_over(uow, changed)
        if "role.manage" in role["permissions"] and "role.manage" not in permissions:
            rules.roles.must_leave_a_manager(queries.people.other_managers(uow, ask.team_id))
    note(uow, "role.changed", team_id=ask.team_id, object_id=ask.key, **after)
    return queries.roles.role_view(changed, standing)


def _carry_over(uow: UnitOfWork, role: Fields) -> None:
    """Everybody who has the role, and no list of his own, has its permissions now: one statement, one event each."""
    held = (memberships.c.team_id == role["team_id"], memberships.c.role == role["key"], ~memberships.c.own_permissions)
    change_memberships(uow, held, {"permissions": role["permissions"]})


def remove_role(uow: UnitOfWork, ask: c.RemoveRole) -> c.DoneView:
    """Removing what is gone is done. Raises NotFound for a foreign team, Forbidden, 412, Conflict ``built_in`` and
    ``role_in_use``."""
    standing = queries.sight.standing(uow, ask.team_id)
    rules.standing.must_be_able(standing, "role.manage")
    role = queries.roles.role_to_change(uow, ask.team_id, ask.key)
    if role is None:
        return c.DoneView()
    uow.must_match(role["version"])
    rules.roles.must_not_be_built_in(role)
    rules.roles.must_not_be_in_use(queries.roles.people_with(uow, ask.team_id, ask.key))
    uow.run(delete(roles).where(roles.c.team_id == ask.team_id, roles.c.key == ask.key))
    note(uow, "role.removed", team_id=ask.team_id, object_id=ask.key)
    return c.DoneView()
