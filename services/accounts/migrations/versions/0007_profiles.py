"""Drafts of profiles, comments on versions, teams that are shown to everybody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """One draft a team; a team is public unless its profile says no."""
    op.add_column("teams", sa.Column("public", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("team_profiles", sa.Column("comment", sa.Text))
    op.create_table(
        "profile_drafts",
        sa.Column("team_id", sa.Text, sa.ForeignKey("teams.id"), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("profile", sa.JSON),
        sa.Column("saved_by", sa.Text, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
    )
