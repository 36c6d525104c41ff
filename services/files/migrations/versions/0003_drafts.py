"""Files of drafts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Two columns with constant defaults: no row is rewritten. Teams tell theirs with their next profile."""
    op.add_column("teams", sa.Column("before_submit", sa.Boolean, nullable=False, server_default="true"))
    op.add_column("cases", sa.Column("wants_files", sa.Boolean, nullable=False, server_default="true"))
