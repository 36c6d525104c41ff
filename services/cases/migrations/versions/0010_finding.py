"""Search, own views, what was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

revision = "0010"
down_revision = "0009"

_OPEN = sa.text("status NOT IN ('closed', 'cancelled')")


def upgrade() -> None:
    """The cases there are get indexed by the service, the freshest first."""
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # trusted ones: the database's owner may
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    _lists()
    _search()
    op.create_table(
        "views",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("filters", JSONB, nullable=False),
        sa.Column("sort", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("views_by_person", "views", ["user_id", "team_id", "name", "id"])
    op.create_table(
        "read_markers",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("read_markers_by_case", "read_markers", ["case_id"])


def _lists() -> None:
    op.drop_index("cases_open", "cases")
    op.create_index("cases_open", "cases", ["team_id", "updated_at", "id"], postgresql_where=_OPEN)
    op.create_index("cases_open_here", "cases", ["organization_id", "updated_at", "id"], postgresql_where=_OPEN)
    for name, scope in (("cases_urgent", "team_id"), ("cases_urgent_here", "organization_id")):
        op.create_index(name, "cases", [scope, "priority_rank", "created_at", "id"], postgresql_where=_OPEN)
    urgent = ["assignee_id", "priority_rank", "created_at", "id"]
    op.create_index("cases_urgent_desk", "cases", urgent, postgresql_where=_OPEN)
    op.create_index("cases_by_status", "cases", ["team_id", "status", "updated_at", "id"])
    op.create_index("cases_arrived", "cases", ["team_id", "created_at", "id"])
    op.create_index("cases_arrived_here", "cases", ["organization_id", "created_at", "id"])
    op.create_index("cases_numbered", "cases", ["team_id", sa.text("length(number)"), "number"])
    op.create_index("cases_numbered_here", "cases", ["organization_id", sa.text("length(number)"), "number"])
    queued = sa.text("queue_id IS NOT NULL")
    op.create_index("cases_by_queue", "cases", ["queue_id", "updated_at", "id"], postgresql_where=queued)
    waiting = sa.text("indexed_version <> version")
    op.create_index("cases_unindexed", "cases", ["updated_at"], postgresql_where=waiting)


def _search() -> None:
    op.create_table(
        "documents",
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("shown", TSVECTOR, nullable=False),
        sa.Column("whole", TSVECTOR, nullable=False),
    )
    op.create_index("documents_by_team", "documents", ["team_id", "updated_at", "case_id"])
    op.create_index("documents_by_organization", "documents", ["organization_id", "updated_at", "case_id"])
    op.create_index("documents_shown", "documents", ["organization_id", "shown"], postgresql_using="gin")
    op.create_index("documents_whole", "documents", ["team_id", "whole"], postgresql_using="gin")
    op.create_table(
        "words",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("word", sa.Text, primary_key=True),
    )
    alike = {"word": "gin_trgm_ops"}
    op.create_index("words_alike", "words", ["team_id", "word"], postgresql_using="gin", postgresql_ops=alike)
