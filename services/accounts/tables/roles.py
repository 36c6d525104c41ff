"""Roles, and what they allow."""

from __future__ import annotations

from sqlalchemy import ARRAY, Boolean, Column, ForeignKey, Integer, Table, Text

from services.accounts.tables.registry import metadata

# A membership names its role; what the role allows is repeated there, so that reading rights needs no join.
roles = Table(
    "roles",
    metadata,
    Column("team_id", Text, ForeignKey("teams.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("built_in", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)
