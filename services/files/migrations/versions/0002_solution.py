"""What a team offers and its contracts include: files, or not."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make it. Teams known already offer files until their profile changes: nothing else was told of them."""
    op.add_column("teams", sa.Column("name", sa.Text, nullable=False, server_default=""))
    op.add_column("teams", sa.Column("features", ARRAY(sa.Text)))
    op.create_table(
        "contracts",
        sa.Column("organization_id", sa.Text, primary_key=True),
        sa.Column("contract_version", sa.Integer, primary_key=True),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("features", ARRAY(sa.Text)),
    )
