"""Lists by what is due, and by tag for the whole team."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
_OPEN = sa.text("status NOT IN ('closed', 'cancelled')")


def upgrade() -> None:
    """An index for the open cases by the next breach. Tags know when their case arrived, so that one index has the
    cases of a tag in order."""
    due = sa.text("coalesce(next_due_at, '9999-12-31 00:00:00+00'::timestamptz)")
    op.create_index("cases_due", "cases", ["team_id", due, "id"], postgresql_where=_OPEN)
    op.add_column(
        "tags", sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False, server_default="-infinity")
    )
    op.execute("UPDATE tags SET arrived_at = cases.created_at FROM cases WHERE cases.id = tags.case_id")
    op.drop_index("tags_by_tag", "tags")
    op.create_index("tags_by_tag", "tags", ["team_id", "tag", "arrived_at", "case_id"])
