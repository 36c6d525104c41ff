"""Contacts of organizations, who have no login."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """A small copy of what accounts knows of them. Tell it: ``python -m services.accounts republish``."""
    op.create_table(
        "contacts",
        sa.Column("contact_id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("user_id", sa.Text),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.Column("fact_version", sa.BigInteger, nullable=False),
    )
