"""Clocks that run, and the day of a follow-up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

OPEN = sa.text("status NOT IN ('closed', 'cancelled')")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Columns with constant defaults: no row is rewritten. Cases of before have no clocks, and none begin by
    themselves: nobody promised them anything."""
    op.add_column("teams", sa.Column("clocks_key", sa.Text))
    op.add_column("cases", sa.Column("clocks", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")))
    op.add_column("cases", sa.Column("clocks_key", sa.Text))
    for name in ("alarm_at", "follow_up_at", "reminded_at"):
        op.add_column("cases", sa.Column(name, MOMENT))
    op.create_index("cases_promised", "cases", ["team_id", "clocks_key"], postgresql_where=OPEN)
    op.create_index("cases_by_alarm", "cases", ["alarm_at"], postgresql_where=sa.text("alarm_at IS NOT NULL"))
    due = sa.text("follow_up_at IS NOT NULL")
    op.create_index("cases_by_follow_up", "cases", ["team_id", "follow_up_at", "id"], postgresql_where=due)
    op.create_index("cases_by_own_follow_up", "cases", ["assignee_id", "follow_up_at", "id"], postgresql_where=due)
