"""Lost passwords, second factors, lock-out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _moment(name: str, *, optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=optional)


def upgrade() -> None:
    """Make everything."""
    _people()
    _attempts()
    _links()
    _second_factors()
    op.create_table(
        "contexts",
        sa.Column("user_id", sa.Text, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("team_id", sa.Text, sa.ForeignKey("teams.id"), primary_key=True),
        sa.Column("organization_id", sa.Text),
    )
    op.create_index("memberships_of_person", "memberships", ["user_id", "id"])


def _people() -> None:
    op.add_column("users", sa.Column("sort_name", sa.Text))
    op.execute("UPDATE users SET sort_name = left(lower(name), 100)")
    op.alter_column("users", "sort_name", nullable=False)
    op.add_column("users", sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("users", sa.Column("time_zone", sa.Text, nullable=False, server_default="UTC"))
    op.add_column("users", sa.Column("phone", sa.Text))
    op.add_column("users", sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    op.create_index("users_by_name", "users", ["sort_name", "id"])


def _attempts() -> None:
    op.drop_table("attempts")  # a quarter of an hour's counts under another name
    op.create_table(
        "attempts",
        sa.Column("counter", sa.LargeBinary, primary_key=True),
        sa.Column("times", sa.Integer, nullable=False),
        _moment("until"),
    )
    op.create_index("attempts_by_end", "attempts", ["until"])
    op.create_table(
        "known_places",
        sa.Column("user_id", sa.Text, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("place", sa.LargeBinary, primary_key=True),
        _moment("seen_at"),
    )
    op.create_index("known_places_by_age", "known_places", ["seen_at"])


def _links() -> None:
    op.create_table(
        "password_wishes",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("login", sa.Text, nullable=False),
        _moment("at"),
    )
    op.create_table(
        "mailed_links",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("email", sa.Text),
        _moment("made_at"),
        _moment("ended_at", optional=True),
    )
    op.create_index("mailed_links_of_user", "mailed_links", ["user_id", "made_at"])
    op.create_index("mailed_links_by_age", "mailed_links", ["made_at"])


def _second_factors() -> None:
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Text, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("locked_secret", sa.LargeBinary, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        _moment("confirmed_at", optional=True),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.Text, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("hash", sa.LargeBinary, primary_key=True),
    )
