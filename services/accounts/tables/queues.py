"""Queues, and who of the staff works in them."""

from __future__ import annotations

from sqlalchemy import ARRAY, Column, ForeignKey, Index, Integer, Table, Text

from services.accounts.tables.registry import metadata, moment

queues = Table(
    "queues",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, ForeignKey("teams.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("topics", ARRAY(Text), nullable=False),
    Column("version", Integer, nullable=False),
    moment("created_at"),
    Index("queues_of_team", "team_id", "id"),
)


queue_agents = Table(
    "queue_agents",
    metadata,
    Column("queue_id", Text, ForeignKey("queues.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("level", Integer, nullable=False),
    Column("products", ARRAY(Text), nullable=False),
    Column("types", ARRAY(Text), nullable=False),
)
