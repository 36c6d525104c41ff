"""Queues and who is there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Copies of facts of accounts; everybody is there until accounts says otherwise."""
    op.add_column("memberships", sa.Column("available", sa.Boolean, nullable=False, server_default="true"))
    op.alter_column("memberships", "available", server_default=None)
    op.add_column("memberships", sa.Column("replacement_id", sa.Text))
    op.create_table(
        "queues",
        sa.Column("queue_id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("topics", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("agents", JSONB, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.Column("fact_version", sa.BigInteger, nullable=False),
    )
    op.create_index("queues_by_team", "queues", ["team_id"])
