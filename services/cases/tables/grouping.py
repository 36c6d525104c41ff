"""Cases together: links, tags, merging, and jobs over many."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.cases.tables.registry import metadata

# ``case_id`` is, to ``other_id``, what ``kind`` says: its child (``parent``), its copy (``duplicate``), what came after
# it (``follow_up``), or simply ``related``, which is written with the smaller id first.
links = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("other_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("kind IN ('related', 'parent', 'duplicate', 'follow_up')", name="links_kind"),
    UniqueConstraint("case_id", "other_id", "kind", name="links_once"),
    Index("links_by_other", "other_id"),
)


tags = Table(
    "tags",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("arrived_at", DateTime(timezone=True), nullable=False, server_default="-infinity"),  # when the case did
    Index("tags_by_tag", "team_id", "tag", "arrived_at", "case_id"),
)


# What a merge added, so that undoing it takes exactly that away.
merges = Table(
    "merges",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("into_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("follower_ids", ARRAY(Text), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("merges_by_target", "into_id"),
)


jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("cancelled_at", DateTime(timezone=True)),
)


job_items = Table(
    "job_items",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("detail", Text),
    CheckConstraint("outcome IN ('waiting', 'done', 'refused', 'cancelled')", name="job_items_outcome"),
)
