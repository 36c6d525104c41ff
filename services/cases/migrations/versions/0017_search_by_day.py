"""Search asks for a period."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_DAY = sa.text("CAST(timezone('UTC', updated_at) AS date)")


def upgrade() -> None:
    """Both inverted indexes anew, with the day between their columns."""
    for name, scope, words in (
        ("documents_shown", "organization_id", "shown"),
        ("documents_whole", "team_id", "whole"),
    ):
        op.drop_index(name, "documents")
        op.create_index(name, "documents", [scope, _DAY, words], postgresql_using="gin")
