"""What a case needs for queues, clocks, prices, merging and search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Columns with constant defaults: no row is rewritten."""
    for column in (
        sa.Column("priority_rank", sa.Integer, nullable=False, server_default="1000"),
        sa.Column("queue_id", sa.Text),
        sa.Column("next_due_at", sa.DateTime(timezone=True)),
        sa.Column("gate", sa.Text, nullable=False, server_default="open"),
        sa.Column("merged_into", sa.Text),
        sa.Column("product_item", sa.Text),
        sa.Column("product_range", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("rating", sa.Integer),
        sa.Column("indexed_version", sa.Integer, nullable=False, server_default="0"),
    ):
        op.add_column("cases", column)
    op.create_check_constraint("cases_gate", "cases", "gate IN ('open', 'wanted', 'offered')")
