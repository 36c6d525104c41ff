"""What audiences may have missed while it changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "second_looks",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("products", ARRAY(sa.Text)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
