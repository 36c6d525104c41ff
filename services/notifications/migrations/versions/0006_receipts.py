"""Receipts by address: how many went to one lately."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """An index over receipts alone."""
    where = sa.text("kind = 'receipt'")
    op.create_index("mails_receipts", "mails", [sa.text("lower(to_email)"), "created_at"], postgresql_where=where)
