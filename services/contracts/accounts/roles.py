"""Roles: lists of permissions with a name; and who has which in an organization."""

from __future__ import annotations

from services.chassis.messages import ABSENT, Absent, Request, View
from services.contracts.access import Side
from services.contracts.accounts.people import MembershipView
from services.contracts.accounts.sessions import DoneView
from services.contracts.shapes import Id, Key, PageSize, Permissions, Position, ShortLine, Slug, Version


class RoleView(View):
    """A role of a team. ``may``: what the caller may do with it now."""

    team_id: Slug
    key: Key
    name: ShortLine
    side: Side
    permissions: Permissions
    built_in: bool
    may: Permissions = []
    version: Version


class RolePage(View):
    """One page of roles, by key."""

    data: list[RoleView]
    next_cursor: str | None


class ListRoles(Request[RolePage]):
    """The team's roles; customers see those of their own side."""

    team_id: Slug
    limit: PageSize = 50
    cursor: Position | None = None


class AddRole(Request[RoleView]):
    """A new role. Nobody can put more into it than he holds himself."""

    team_id: Slug
    key: Key
    name: ShortLine
    side: Side
    permissions: Permissions


class ChangeRole(Request[RoleView]):
    """Change a role's name or permissions; with everybody who has it, at once."""

    team_id: Slug
    key: Key
    name: ShortLine | None = None
    permissions: Permissions | None = None


class RemoveRole(Request[DoneView]):
    """Remove a role that nobody has. Built-in ones stay."""

    team_id: Slug
    key: Key


class ChangeOrganizationUser(Request[MembershipView]):
    """Change a person's place in an organization: role, permissions (null: the role's again), activity."""

    team_id: Slug
    organization_id: Id
    user_id: Id
    role: Key | None = None
    permissions: Permissions | Absent | None = ABSENT
    active: bool | None = None


class RemoveOrganizationUser(Request[DoneView]):
    """The person belongs to the organization no longer; what he wrote stays."""

    team_id: Slug
    organization_id: Id
    user_id: Id
