"""Files that came with a comment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """A column with a constant default: no row is rewritten."""
    op.add_column("comments", sa.Column("file_ids", ARRAY(sa.Text), nullable=False, server_default="{}"))
