"""Files that come with comments, and folders that only staff sees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Columns with constant defaults: no row is rewritten. Teams tell theirs with their next profile."""
    op.add_column("teams", sa.Column("with_comments", sa.Boolean, nullable=False, server_default="true"))
    op.add_column("folders", sa.Column("internal", sa.Boolean, nullable=False, server_default="false"))
    op.add_column("files", sa.Column("for_comment", sa.Boolean, nullable=False, server_default="false"))
    op.add_column("files", sa.Column("internal", sa.Boolean, nullable=False, server_default="false"))
    parent = sa.text("coalesce(parent_id, '')")
    op.drop_index("folders_one_name", "folders")
    op.create_index("folders_one_name", "folders", ["case_id", "internal", parent, "name_key"], unique=True)
