"""What ended lately is found without reading every session: every gateway asks when it starts or lost the broker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """An index; nothing else changes."""
    ended = sa.text("ended_at IS NOT NULL")
    op.create_index("sessions_by_end", "sessions", ["ended_at"], postgresql_where=ended)
