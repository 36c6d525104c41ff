"""The pile also takes cases whose price was declined, withdrawn or not answered: it is support's turn again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
_PILE = (
    "assignee_id IS NULL"
    " AND (status IN ('new', 'open') AND gate <> 'offered' OR status = 'on_hold' AND gate = 'wanted')"
)
_ORDER: list[Any] = ["priority_rank", sa.text("coalesce(next_due_at, 'infinity'::timestamptz)"), "created_at", "id"]


def upgrade() -> None:
    """The same indexes over some more rows."""
    op.drop_index("cases_pile", "cases")
    op.drop_index("cases_pile_of_queue", "cases")
    op.create_index("cases_pile", "cases", ["team_id", *_ORDER], postgresql_where=sa.text(_PILE))
    op.create_index("cases_pile_of_queue", "cases", ["team_id", "queue_id", *_ORDER], postgresql_where=sa.text(_PILE))
