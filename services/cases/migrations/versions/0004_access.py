"""Access keys and anonymous cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Who asks without a login, the keys to his case, and what is counted at that door."""
    op.create_table(
        "case_contacts",
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("contact_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("phone", sa.Text),
        sa.Column("locale", sa.Text, nullable=False),
    )
    op.create_table(
        "access_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("created_by", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
    op.create_index("access_keys_by_hash", "access_keys", ["key_hash"], unique=True)
    op.create_index("access_keys_by_case", "access_keys", ["case_id", "id"])
    op.create_table(
        "attempts",
        sa.Column("counter", sa.LargeBinary, primary_key=True),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("attempts_by_end", "attempts", ["until"])
    op.create_index(
        "organizations_anonymous", "organizations", ["team_id"], postgresql_where=sa.text("kind = 'anonymous'")
    )
