"""Quotes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """The prices offered for a case; cases that wait for one from now on have to have it approved."""
    op.create_table(
        "quotes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("amount", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("offered_by", sa.Text, nullable=False),
        sa.Column("offered_by_name", sa.Text, nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_by_name", sa.Text),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state IN ('offered', 'approved', 'declined', 'withdrawn', 'expired')", name="quotes_state"),
        sa.UniqueConstraint("case_id", "version", name="quotes_version"),
    )
    offered = sa.text("state = 'offered'")
    op.create_index("quotes_offered", "quotes", ["case_id"], unique=True, postgresql_where=offered)
    op.create_index("quotes_due", "quotes", ["valid_until"], postgresql_where=offered)
    op.execute("UPDATE cases SET gate = 'wanted' WHERE charge = 'quote_required' AND status = 'new'")
