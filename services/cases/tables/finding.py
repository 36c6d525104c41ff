"""Searching, own views, what was read."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from services.cases.tables.registry import metadata

# What search knows of a case: the words that the customer side may read, and all of them. Without places of words:
# nothing here asks for neighbours or ranks, and it halves the size.
documents = Table(
    "documents",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False),  # of the case, when it was read
    Column("language", Text, nullable=False),
    Column("shown", TSVECTOR, nullable=False),
    Column("whole", TSVECTOR, nullable=False),
    Index("documents_by_team", "team_id", "updated_at", "case_id"),
    Index("documents_by_organization", "organization_id", "updated_at", "case_id"),
    Index("documents_shown", "organization_id", "shown", postgresql_using="gin"),
    Index("documents_whole", "team_id", "whole", postgresql_using="gin"),
)


# Cases that search has still to hear of, once for each change. In the row of the case it would be an update more, and
# that one touches every index of ``cases``.
unindexed = Table(
    "unindexed",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("case_id", Text, nullable=False),
)


# Every word a team's cases ever used, for searches with a slip of the pen.
words = Table(
    "words",
    metadata,
    Column("team_id", Text, primary_key=True),
    Column("word", Text, primary_key=True),
    Index("words_alike", "team_id", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}),
)


views = Table(
    "views",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("filters", JSONB, nullable=False),
    Column("sort", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index("views_by_person", "user_id", "team_id", "name", "id"),
)


read_markers = Table(
    "read_markers",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Index("read_markers_by_case", "case_id"),
)
