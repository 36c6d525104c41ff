"""The open cases of a team, for what a new profile would do to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Most cases are closed: the index is small."""
    op.create_index(
        "cases_open", "cases", ["team_id"], postgresql_where=sa.text("status NOT IN ('closed', 'cancelled')")
    )
