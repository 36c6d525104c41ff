"""Contacts of organizations stand in many cases."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """An address for each case."""
    op.drop_constraint("contacts_pkey", "contacts")
    op.create_primary_key("contacts_pkey", "contacts", ["contact_id", "case_id"])
