"""What changed, links, tags, merging, jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """New tables, two moments of a comment, and the way from a case to those merged into it."""
    _history()
    _together()
    _jobs()
    op.add_column("comments", sa.Column("edited_at", MOMENT))
    op.add_column("comments", sa.Column("retracted_at", MOMENT))
    op.create_index("cases_merged", "cases", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL"))


def _case(name: str, *, key: bool = False) -> sa.Column[str]:
    there = sa.ForeignKey("cases.id", ondelete="CASCADE")
    return sa.Column(name, sa.Text, there, primary_key=key, nullable=False)


def _history() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Text, primary_key=True),
        _case("case_id"),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("actor_name", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("before", JSONB),
        sa.Column("after", JSONB),
        sa.Column("reason", sa.Text),
    )
    op.create_index("changes_by_case", "changes", ["case_id", "at", "id"])


def _together() -> None:
    op.create_table(
        "links",
        sa.Column("id", sa.Text, primary_key=True),
        _case("case_id"),
        _case("other_id"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('related', 'parent', 'duplicate', 'follow_up')", name="links_kind"),
        sa.UniqueConstraint("case_id", "other_id", "kind", name="links_once"),
    )
    op.create_index("links_by_other", "links", ["other_id"])
    op.create_table(
        "tags",
        _case("case_id", key=True),
        sa.Column("tag", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
    )
    op.create_index("tags_by_tag", "tags", ["team_id", "tag", "case_id"])
    op.create_table(
        "merges",
        _case("case_id", key=True),
        _case("into_id"),
        sa.Column("follower_ids", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("parameters", JSONB, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("cancelled_at", MOMENT),
    )
    op.create_table(
        "job_items",
        sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("detail", sa.Text),
        sa.CheckConstraint("outcome IN ('waiting', 'done', 'refused', 'cancelled')", name="job_items_outcome"),
    )
