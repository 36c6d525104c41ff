"""A team's own statuses within those that decide."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Which of them a case has."""
    op.add_column("cases", sa.Column("substatus", sa.Text))
