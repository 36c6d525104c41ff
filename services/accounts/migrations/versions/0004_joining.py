"""Registrations, requests for colleagues, invitations, contacts; organizations that are no longer served."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _moment(name: str, *, optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=optional)


def _in_organization(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["team_id", "organization_id"], ["organizations.team_id", "organizations.id"], name=name
    )


def upgrade() -> None:
    """Make their tables."""
    op.add_column("organizations", sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()))
    _registrations()
    _user_requests()
    _invitations()
    _contacts()


def _registrations() -> None:
    op.create_table(
        "registrations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("user_name_key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("company", sa.Text, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("confirmation_hash", sa.LargeBinary, nullable=False, unique=True),
        _moment("confirmed_at", optional=True),
        sa.Column("reason", sa.Text),
        sa.Column("user_id", sa.Text),
        _moment("created_at"),
        _moment("decided_at", optional=True),
    )
    op.create_index("registrations_of_team", "registrations", ["team_id", "status", "id"])
    op.create_index("registrations_by_email", "registrations", ["email_key", "created_at"])
    op.create_index("registrations_by_age", "registrations", ["created_at"])
    op.create_table(
        "joining_counts",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        _moment("until"),
    )
    op.create_index("joining_counts_by_age", "joining_counts", ["until"])


def _user_requests() -> None:
    op.create_table(
        "user_requests",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("requested_by_name", sa.Text, nullable=False),
        sa.Column("invitation_id", sa.Text),
        _moment("created_at"),
        _moment("decided_at", optional=True),
        _in_organization("user_requests_organization"),
    )
    op.create_index("user_requests_of_organization", "user_requests", ["organization_id", "id"])


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("permissions", sa.ARRAY(sa.Text)),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("invited_by", sa.Text, nullable=False),
        _moment("created_at"),
        _moment("expires_at"),
        _moment("accepted_at", optional=True),
        _moment("withdrawn_at", optional=True),
        _in_organization("invitations_organization"),
    )
    pending = sa.text("accepted_at IS NULL AND withdrawn_at IS NULL")
    op.create_index("invitations_pending", "invitations", ["team_id", "id"], postgresql_where=pending)
    op.create_index("invitations_of_organization", "invitations", ["organization_id"])
    op.create_index("invitations_by_expiry", "invitations", ["expires_at"])


def _contacts() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # a trusted one: the database's owner may
    op.create_table(
        "contacts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sort_name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("email_key", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        _moment("created_at"),
        _in_organization("contacts_organization"),
    )
    op.create_index("contacts_by_name", "contacts", ["organization_id", "sort_name", "id"])
    op.create_index("contacts_by_email", "contacts", ["organization_id", "email_key"])
    op.create_index(
        "contacts_by_part", "contacts", ["search"], postgresql_using="gin", postgresql_ops={"search": "gin_trgm_ops"}
    )
