"""Who somebody is: people, their sessions, failed attempts, signing keys."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
    true,
)

from services.accounts.tables.registry import metadata, moment

# One row per person with a login. ``…_key`` is the folded form that sign-in and uniqueness go by. ``proven_at``: since
# when it is known that the address is his and that nobody chose his password for him (operators may: they can do
# anything). Null for whom an administrator registered, until he chooses a password by a link that was mailed to him.
users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_name", Text, nullable=False),
    Column("user_name_key", Text, nullable=False, unique=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("operator", Boolean, nullable=False),
    Column("kind", Text, nullable=False, server_default="person"),  # or service: an integration, which cannot sign in
    moment("created_at"),
    Column("sort_name", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("phone", Text),
    Column("version", Integer, nullable=False, server_default="1"),
    moment("proven_at", optional=True),
    Index("users_by_name", "sort_name", "id"),
)


# ``team_id``: the one team in which it counts, because its provider (``provider_id``) let the person in; null:
# everywhere.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("device", Text, nullable=False),
    Column("team_id", Text, ForeignKey("teams.id")),
    Column("provider_id", Text),
    moment("created_at"),
    moment("last_used_at"),
    moment("expires_at"),
    moment("ended_at", optional=True),
    Index("sessions_of_user", "user_id", "last_used_at"),
    Index("sessions_by_expiry", "expires_at"),
    Index("sessions_by_end", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    Index("sessions_of_provider", "provider_id", postgresql_where=text("provider_id IS NOT NULL")),
)


# Every refresh token a session ever had, as SHA-256: a spent one that comes back gives a thief away.
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    moment("spent_at", optional=True),
    Index("refresh_tokens_of_session", "session_id"),
)


# How often something was tried (``rules.attempts.Limit``) in the window that ends at ``until``. The hash of its name,
# because people type passwords into the wrong field.
attempts = Table(
    "attempts",
    metadata,
    Column("counter", LargeBinary, primary_key=True),
    Column("times", Integer, nullable=False),
    moment("until"),
    Index("attempts_by_end", "until"),
)


# Addresses (hashed) from which somebody has signed in: there no stranger can lock him out.
known_places = Table(
    "known_places",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("place", LargeBinary, primary_key=True),
    moment("seen_at"),
    Index("known_places_by_age", "seen_at"),
)


# The place in a team that somebody chose to work in; ``organization_id`` null: the team's own staff.
contexts = Table(
    "contexts",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("team_id", Text, ForeignKey("teams.id"), primary_key=True),
    Column("organization_id", Text),
)


# Keys that sign access tokens, published at once and signing from ``signs_from`` on. The private half is locked with
# the installation's secret key.
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("public", JSON, nullable=False),
    Column("locked_private", LargeBinary, nullable=False),
    moment("created_at"),
    moment("signs_from"),
)
