"""How people come in: registrations, requests for colleagues, invitations, contacts."""

from __future__ import annotations

from sqlalchemy import ARRAY, Column, ForeignKeyConstraint, Index, Integer, LargeBinary, Table, Text, text

from services.accounts.tables.registry import metadata, moment


def _in_organization(name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["team_id", "organization_id"], ["organizations.team_id", "organizations.id"], name=name
    )


# Applications for an account. The password's hash is kept until the decision, tokens as SHA-256.
registrations = Table(
    "registrations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("user_name_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("company", Text, nullable=False),
    Column("message", Text),
    Column("locale", Text, nullable=False),
    Column("password_hash", Text),
    Column("token_hash", LargeBinary, nullable=False),
    Column("confirmation_hash", LargeBinary, nullable=False, unique=True),
    moment("confirmed_at", optional=True),
    Column("reason", Text),
    Column("user_id", Text),
    moment("created_at"),
    moment("decided_at", optional=True),
    Index("registrations_of_team", "team_id", "status", "id"),
    Index("registrations_by_email", "email_key", "created_at"),
    Index("registrations_by_age", "created_at"),
)


# How often somebody did what may only be done so often. The key is a SHA-256 of what and who.
joining_counts = Table(
    "joining_counts",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("count", Integer, nullable=False),
    moment("until"),
    Index("joining_counts_by_age", "until"),
)


user_requests = Table(
    "user_requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("note", Text),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("requested_by", Text, nullable=False),
    Column("requested_by_name", Text, nullable=False),
    Column("invitation_id", Text),
    moment("created_at"),
    moment("decided_at", optional=True),
    _in_organization("user_requests_organization"),
    Index("user_requests_of_organization", "organization_id", "id"),
)


invitations = Table(
    "invitations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("permissions", ARRAY(Text)),
    Column("locale", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("invited_by", Text, nullable=False),
    moment("created_at"),
    moment("expires_at"),
    moment("accepted_at", optional=True),
    moment("withdrawn_at", optional=True),
    _in_organization("invitations_organization"),
    Index(
        "invitations_pending",
        "team_id",
        "id",
        postgresql_where=text("accepted_at IS NULL AND withdrawn_at IS NULL"),
    ),
    Index("invitations_of_organization", "organization_id"),
    Index("invitations_by_expiry", "expires_at"),
)


# ``search`` is the folded name and address, for finding parts of them.
contacts = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sort_name", Text, nullable=False),
    Column("email", Text),
    Column("email_key", Text),
    Column("phone", Text),
    Column("search", Text, nullable=False),
    Column("user_id", Text),
    Column("version", Integer, nullable=False),
    moment("created_at"),
    _in_organization("contacts_organization"),
    Index("contacts_by_name", "organization_id", "sort_name", "id"),
    Index("contacts_by_email", "organization_id", "email_key"),
    Index("contacts_by_part", "search", postgresql_using="gin", postgresql_ops={"search": "gin_trgm_ops"}),
)
