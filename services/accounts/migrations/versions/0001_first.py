"""First tables of accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import create_machinery

revision = "0001"
down_revision = None


def _moment(name: str, *, optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=optional)


def upgrade() -> None:
    """Make everything."""
    create_machinery(op)
    _people()
    _teams()
    _memberships()
    _sessions()
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("public", sa.JSON, nullable=False),
        sa.Column("locked_private", sa.LargeBinary, nullable=False),
        _moment("created_at"),
    )


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("user_name_key", sa.Text, nullable=False, unique=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("operator", sa.Boolean, nullable=False),
        _moment("created_at"),
    )
    op.create_table(
        "attempts",
        sa.Column("login_hash", sa.LargeBinary, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        _moment("since"),
    )
    op.create_index("attempts_by_age", "attempts", ["since"])


def _teams() -> None:
    op.create_table(
        "teams",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("profile_version", sa.Integer, nullable=False),
        _moment("created_at"),
    )
    op.create_table(
        "team_profiles",
        sa.Column("team_id", sa.Text, sa.ForeignKey("teams.id"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("profile", sa.JSON, nullable=False),
        sa.Column("applied_by", sa.Text, nullable=False),
        _moment("applied_at"),
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, sa.ForeignKey("teams.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sort_name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("products", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _moment("created_at"),
        sa.UniqueConstraint("team_id", "id", name="organizations_of_team"),
    )
    op.create_index("organizations_by_name", "organizations", ["team_id", "sort_name", "id"])


def _memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, sa.ForeignKey("teams.id"), nullable=False),
        sa.Column("organization_id", sa.Text),
        sa.Column("user_id", sa.Text, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("permissions", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("sort_name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _moment("created_at"),
        sa.ForeignKeyConstraint(
            ["team_id", "organization_id"],
            ["organizations.team_id", "organizations.id"],
            name="memberships_organization",
        ),
    )
    op.create_index(
        "memberships_of_user",
        "memberships",
        ["user_id", "team_id", "organization_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("memberships_by_name", "memberships", ["organization_id", "sort_name", "id"])
    op.create_index(
        "memberships_of_staff",
        "memberships",
        ["team_id", "sort_name", "id"],
        postgresql_where=sa.text("organization_id IS NULL"),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        _moment("created_at"),
        _moment("last_used_at"),
        _moment("expires_at"),
        _moment("ended_at", optional=True),
    )
    op.create_index("sessions_of_user", "sessions", ["user_id", "last_used_at"])
    op.create_index("sessions_by_expiry", "sessions", ["expires_at"])
    op.create_table(
        "refresh_tokens",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("session_id", sa.Text, sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
        _moment("spent_at", optional=True),
    )
    op.create_index("refresh_tokens_of_session", "refresh_tokens", ["session_id"])
