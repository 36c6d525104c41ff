"""Organizations are found by a part of their name, and by their kind."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Two indexes; nothing else changes."""
    op.create_index("organizations_of_kind", "organizations", ["team_id", "kind", "sort_name", "id"])
    part = {"sort_name": "gin_trgm_ops"}
    op.create_index(
        "organizations_by_part", "organizations", ["sort_name"], postgresql_using="gin", postgresql_ops=part
    )
