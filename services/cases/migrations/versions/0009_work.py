"""The order of the pile, the desks, calls, callbacks, prepared answers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_PILE = "assignee_id IS NULL AND status IN ('new', 'open') AND gate <> 'offered'"
_DUE = "coalesce(next_due_at, 'infinity'::timestamptz)"


def upgrade() -> None:
    """Partial indexes: few cases wait, however many there are."""
    order: list[Any] = ["priority_rank", sa.text(_DUE), "created_at", "id"]
    op.create_index("cases_pile", "cases", ["team_id", *order], postgresql_where=sa.text(_PILE))
    op.create_index("cases_pile_of_queue", "cases", ["team_id", "queue_id", *order], postgresql_where=sa.text(_PILE))
    op.create_index(
        "cases_on_desks",
        "cases",
        ["team_id", "assignee_id", "created_at"],
        postgresql_where=sa.text("assignee_id IS NOT NULL AND status NOT IN ('closed', 'cancelled')"),
    )
    _calls()
    _callbacks()
    op.create_table(
        "snippets",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("snippets_by_team", "snippets", ["team_id", "id"])


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
        sa.Column("comment_id", sa.Text, sa.ForeignKey("comments.id", ondelete="CASCADE"), nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("with_name", sa.Text, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name="calls_direction"),
    )
    op.create_index("calls_by_case", "calls", ["case_id", "created_at", "id"])


def _callbacks() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("from_at", moment, nullable=False),
        sa.Column("until_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("agent_id", sa.Text),
        sa.Column("agent_name", sa.Text),
        sa.Column("reminded_at", moment),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint(
            "state IN ('requested', 'scheduled', 'done', 'missed', 'cancelled')", name="callbacks_state"
        ),
    )
    waits = "state IN ('requested', 'scheduled')"
    waiting = sa.text(waits)
    op.create_index("callbacks_by_case", "callbacks", ["case_id", "due_at", "id"])
    op.create_index("callbacks_due", "callbacks", ["team_id", "due_at", "id"], postgresql_where=waiting)
    op.create_index("callbacks_to_end", "callbacks", ["ends_at"], postgresql_where=waiting)
    unsaid = sa.text(f"{waits} AND reminded_at IS NULL")
    op.create_index("callbacks_to_remind", "callbacks", ["due_at"], postgresql_where=unsaid)
