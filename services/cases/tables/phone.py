"""Calls and callbacks."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, text

from services.cases.tables.registry import metadata

# What was said in a call is the comment; here stands only what a comment does not have.
calls = Table(
    "calls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("comment_id", Text, ForeignKey("comments.id", ondelete="CASCADE"), nullable=False),
    Column("direction", Text, nullable=False),
    Column("with_name", Text, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("direction IN ('in', 'out')", name="calls_direction"),
    Index("calls_by_case", "case_id", "created_at", "id"),
    Index("calls_by_comment", "comment_id"),
)


CALLBACK_OPEN = text("callbacks.state IN ('requested', 'scheduled')")
_waits = "state IN ('requested', 'scheduled')"

# ``from_at`` to ``until_at``: the window that was asked for. ``due_at``: when we phone. ``ends_at``: when it is missed.
callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("phone", Text, nullable=False),
    Column("from_at", DateTime(timezone=True), nullable=False),
    Column("until_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("agent_id", Text),  # null: whoever has the case
    Column("agent_name", Text),
    Column("reminded_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
    CheckConstraint("state IN ('requested', 'scheduled', 'done', 'missed', 'cancelled')", name="callbacks_state"),
    Index("callbacks_by_case", "case_id", "due_at", "id"),
    Index("callbacks_due", "team_id", "due_at", "id", postgresql_where=text(_waits)),
    Index("callbacks_to_end", "ends_at", postgresql_where=text(_waits)),
    Index("callbacks_to_remind", "due_at", postgresql_where=text(f"{_waits} AND reminded_at IS NULL")),
)
