"""Cancelled cases by how long they have been kept; and what a case takes along, found by index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Three indexes."""
    where = sa.text("status = 'cancelled'")
    op.create_index("cases_cancelled", "cases", ["team_id", "closed_at"], postgresql_where=where)
    op.create_index("calls_by_comment", "calls", ["comment_id"])
    op.create_index("merges_by_target", "merges", ["into_id"])
