"""Whose address is proven, and a right of its own for contacts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

# Who came in by a letter, an application or a provider did so when he was made; who operates the installation is
# known to whoever runs it. All others prove their address when a place elsewhere is offered to them.
_PROVEN = """UPDATE users SET proven_at = created_at WHERE operator
OR EXISTS (SELECT FROM invitations WHERE invitations.email_key = users.email_key AND accepted_at = users.created_at)
OR EXISTS (SELECT FROM registrations WHERE registrations.user_id = users.id)
OR EXISTS (SELECT FROM identities WHERE identities.user_id = users.id AND identities.created_at = users.created_at)"""
# Everybody who could see an organization could change its contacts. Who registers cases keeps that.
_ROLES = """UPDATE roles SET version = version + 1, permissions = permissions || '{contact.manage}'
WHERE 'case.create' = ANY (permissions) AND NOT 'contact.manage' = ANY (permissions)"""
_PEOPLE = _ROLES.replace("UPDATE roles", "UPDATE memberships")


def upgrade() -> None:
    """Only accounts asks for the right, so nobody else has to be told."""
    op.add_column("users", sa.Column("proven_at", sa.DateTime(timezone=True)))
    for statement in (_PROVEN, _ROLES, _PEOPLE):
        op.execute(sa.text(statement))
