"""Sessions that count in one team only; sign-ins that wait for a code; identities with an id of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.chassis.ids import new_id

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make it. Who signed in at a provider before signs in again: nobody knows of which team it was."""
    op.add_column("sessions", sa.Column("team_id", sa.Text, sa.ForeignKey("teams.id")))
    op.add_column("begun_sign_ins", sa.Column("user_id", sa.Text, sa.ForeignKey("users.id")))
    op.add_column("begun_sign_ins", sa.Column("tries", sa.Integer, nullable=False, server_default="0"))
    op.add_column("identities", sa.Column("id", sa.Text))
    db = op.get_bind()
    known = db.execute(sa.text("SELECT issuer, subject FROM identities")).all()
    if known:
        naming = sa.text("UPDATE identities SET id = :id WHERE issuer = :issuer AND subject = :subject")
        db.execute(naming, [{"id": new_id("idn"), "issuer": one.issuer, "subject": one.subject} for one in known])
    op.alter_column("identities", "id", nullable=False)
    op.create_unique_constraint("identities_id_key", "identities", ["id"])
    op.execute(
        "UPDATE sessions SET ended_at = last_used_at "
        "WHERE ended_at IS NULL AND user_id IN (SELECT user_id FROM identities)"
    )
