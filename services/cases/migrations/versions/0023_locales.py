"""In which language somebody reads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Null until accounts tells of the person again: the team's language."""
    op.add_column("memberships", sa.Column("locale", sa.Text))
