"""By which provider somebody came in, so that his session ends with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Sessions of a provider that nobody wrote down are gone: their people sign in again."""
    op.add_column("sessions", sa.Column("provider_id", sa.Text))
    op.execute("DELETE FROM sessions WHERE team_id IS NOT NULL")
    living = sa.text("provider_id IS NOT NULL")
    op.create_index("sessions_of_provider", "sessions", ["provider_id"], postgresql_where=living)
