"""Whether the bytes of a finished upload are still those."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """What is finished already is not looked at again."""
    op.add_column("files", sa.Column("etag", sa.Text))
    op.add_column("files", sa.Column("look_at", sa.DateTime(timezone=True)))
    where = sa.text("look_at IS NOT NULL")
    op.create_index("files_to_look_at", "files", ["look_at"], postgresql_where=where)
