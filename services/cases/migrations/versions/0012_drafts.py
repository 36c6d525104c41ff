"""Drafts and technical information."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Two tables of their own; no case is touched."""
    op.create_table(
        "drafts",
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("creator_id", sa.Text, nullable=False),
        sa.Column("form", JSONB, nullable=False),
        sa.Column("wants_files", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("drafts_by_creator", "drafts", ["creator_id", "team_id", "updated_at", "case_id"])
    op.create_index("drafts_by_age", "drafts", ["updated_at"])
    op.create_table(
        "technical_information",
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("information", JSONB, nullable=False),
        sa.Column("given_by", sa.Text, nullable=False),
        sa.Column("given_by_name", sa.Text, nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
    )
