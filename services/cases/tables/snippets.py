"""Prepared answers, and answers prepared together with what else is to be done."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

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


# ``actions``: in their order, each with what it says, as ``MacroLine`` is written.
macros = Table(
    "macros",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("actions", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    Index("macros_by_team", "team_id", "id"),
)
