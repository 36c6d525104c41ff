"""Cases that are not sent yet, and what customers let us know of their computers."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.cases.tables.registry import metadata

drafts = Table(
    "drafts",
    metadata,
    Column("case_id", Text, primary_key=True),  # the id the case will have
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("creator_id", Text, nullable=False),
    Column("form", JSONB, nullable=False),
    Column("wants_files", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False),
    Index("drafts_by_creator", "creator_id", "team_id", "updated_at", "case_id"),
    Index("drafts_by_age", "updated_at"),
)


# A row exists only while the customer consents.
technical_information = Table(
    "technical_information",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("information", JSONB, nullable=False),
    Column("given_by", Text, nullable=False),
    Column("given_by_name", Text, nullable=False),
    Column("given_at", DateTime(timezone=True), nullable=False),
)
