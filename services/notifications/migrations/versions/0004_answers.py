"""Whether people without a login may answer mails about their case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """A fact of the team's profile; until it is told anew, they may."""
    op.add_column("teams", sa.Column("visitors_answer", sa.Boolean, nullable=False, server_default=sa.true()))
