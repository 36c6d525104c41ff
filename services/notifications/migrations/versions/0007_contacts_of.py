"""Contacts of a case that is erased, found by index."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make it."""
    op.create_index("contacts_of", "contacts", ["case_id"])
