"""Who left the staff, for the timer that clears his desk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """An index of those alone."""
    gone = sa.text("organization_id IS NULL AND NOT (active AND 'case.read_all' = ANY (permissions))")
    op.create_index("memberships_gone", "memberships", ["team_id", "user_id"], postgresql_where=gone)
