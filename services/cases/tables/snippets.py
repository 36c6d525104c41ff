"""Prepared answers."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from services.cases.tables.registry import metadata

prepared = Table(
    "snippets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index("snippets_by_team", "team_id", "id"),
)
