"""Contracts: a case pins the version it was made under."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "contracts",
        sa.Column("organization_id", sa.Text, primary_key=True),
        sa.Column("contract_version", sa.Integer, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("terms", JSONB, nullable=False),
    )
    op.add_column("cases", sa.Column("contract_version", sa.Integer))
    op.add_column("cases", sa.Column("fee", JSONB))
