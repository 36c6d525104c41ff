"""Roles as data, queues, availability."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# What the roles allowed while they were code. Frozen here; ``rules.roles`` says what a new team gets.
_MEMBER = """case.create case.read case.comment case.change case.close case.cancel case.reopen case.confirm follower.add
    follower.remove file.read file.add file.remove folder.add user.read organization.read contract.read"""
_READER = "case.read case.read_all report.read file.read mail.read user.read organization.read contract.read"
_AGENT = """case.create case.read case.read_all case.comment case.comment_internal case.change case.review case.assign
    case.answer case.close case.cancel case.reopen follower.add follower.remove quote.offer report.read file.read
    file.add file.remove folder.add mail.read user.read organization.read contract.read"""
_LEAD = f"""{_AGENT} user.manage organization.manage registration.decide contract.manage product.manage queue.manage"""
_ROLES = {
    "member": ("Member", "customer", _MEMBER),
    "administrator": ("Administrator", "customer", f"{_MEMBER} user.manage quote.approve report.read"),
    "reader": ("Read-only agent", "staff", _READER),
    "developer": ("Developer", "staff", f"{_READER} case.comment_internal"),
    "agent": ("Agent", "staff", _AGENT),
    "lead": ("Lead", "staff", _LEAD),
    "admin": ("Admin", "staff", f"{_LEAD} role.manage token.manage provider.manage profile.manage audit.read"),
}


def upgrade() -> None:
    """Make the tables; every team gets its roles, every membership what it allowed before."""
    op.create_table(
        "roles",
        sa.Column("team_id", sa.Text, sa.ForeignKey("teams.id"), primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("permissions", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("built_in", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    _found_roles()
    _flatten()
    op.create_foreign_key("memberships_role", "memberships", "roles", ["team_id", "role"], ["team_id", "key"])
    op.create_index("memberships_of_role", "memberships", ["team_id", "role"])
    _queues()


def _queues() -> None:
    op.add_column("memberships", sa.Column("away", sa.Boolean, nullable=False, server_default="false"))
    op.alter_column("memberships", "away", server_default=None)
    op.add_column("memberships", sa.Column("replacement_id", sa.Text))
    op.add_column("memberships", sa.Column("away_until", sa.DateTime(timezone=True)))
    op.create_index(
        "memberships_back", "memberships", ["away_until"], postgresql_where=sa.text("away_until IS NOT NULL")
    )
    op.create_table(
        "queues",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, sa.ForeignKey("teams.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("topics", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("queues_of_team", "queues", ["team_id", "id"])
    op.create_table(
        "queue_agents",
        sa.Column("queue_id", sa.Text, sa.ForeignKey("queues.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("user_id", sa.Text, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("products", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("types", sa.ARRAY(sa.Text), nullable=False),
    )


def _found_roles() -> None:
    made = sa.text(
        "INSERT INTO roles (team_id, key, name, side, permissions, built_in, version)"
        " SELECT id, :key, :name, :side, :permissions, true, 1 FROM teams"
    ).bindparams(sa.bindparam("permissions", type_=sa.ARRAY(sa.Text)))
    for key, (name, side, permissions) in _ROLES.items():
        op.execute(made.bindparams(key=key, name=name, side=side, permissions=permissions.split()))


def _flatten() -> None:
    """Staff and customers with the usual two permissions get their role's. Others keep their own list; who reads cases
    by it could do everything else with them too, and still can."""
    op.add_column("memberships", sa.Column("own_permissions", sa.Boolean, nullable=False, server_default="false"))
    op.execute(
        "UPDATE memberships SET own_permissions = true WHERE organization_id IS NOT NULL"
        " AND NOT (permissions @> '{case.create,case.read}' AND permissions <@ '{case.create,case.read}')"
    )
    op.execute(
        "UPDATE memberships SET permissions = memberships.permissions || ARRAY(SELECT unnest(roles.permissions) EXCEPT"
        " SELECT unnest(memberships.permissions || '{case.create}')) FROM roles"
        " WHERE own_permissions AND 'case.read' = ANY (memberships.permissions)"
        " AND roles.team_id = memberships.team_id AND roles.key = memberships.role"
    )
    op.execute(
        "UPDATE memberships SET permissions = roles.permissions FROM roles"
        " WHERE NOT own_permissions AND roles.team_id = memberships.team_id AND roles.key = memberships.role"
    )
    op.execute("UPDATE memberships SET version = version + 1")
    op.alter_column("memberships", "own_permissions", server_default=None)
