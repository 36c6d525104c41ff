"""Fewer index entries for every write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """What search has to hear of gets a list of its own; one index of the number instead of two; none for a desk's open
    cases by priority: the planner takes ``cases_on_desks``, which is about as short."""
    op.create_table(
        "unindexed",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False),
    )
    op.execute(
        "INSERT INTO unindexed (case_id) SELECT id FROM cases WHERE indexed_version <> version ORDER BY updated_at"
    )
    op.drop_index("cases_unindexed", "cases")
    op.drop_column("cases", "indexed_version")
    op.drop_index("cases_urgent_desk", "cases")
    op.create_index("cases_by_number", "cases", ["team_id", sa.text("length(number)"), "number"], unique=True)
    op.drop_constraint("cases_number", "cases")
    op.drop_index("cases_numbered", "cases")
