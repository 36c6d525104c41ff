"""The tables of accounts, and nothing else. ``migrations/versions`` makes them."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from services.chassis.unit_of_work import machinery_tables

metadata = MetaData()
machinery_tables(metadata)


def _moment(name: str, *, optional: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=optional)


# One row per person with a login. ``…_key`` is the folded form that sign-in and uniqueness go by.
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
    _moment("created_at"),
)

teams = Table(
    "teams",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("profile_version", Integer, nullable=False),
    _moment("created_at"),
)

# Every profile a team ever had. JSON, not JSONB: the document is kept as it was written, order of keys included.
team_profiles = Table(
    "team_profiles",
    metadata,
    Column("team_id", Text, ForeignKey("teams.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("profile", JSON, nullable=False),
    Column("applied_by", Text, nullable=False),
    _moment("applied_at"),
)

organizations = Table(
    "organizations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, ForeignKey("teams.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("sort_name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("products", ARRAY(Text), nullable=False),
    Column("version", Integer, nullable=False),
    _moment("created_at"),
    UniqueConstraint("team_id", "id", name="organizations_of_team"),
    Index("organizations_by_name", "team_id", "sort_name", "id"),
)

# A person's place in an organization, or (organization_id null) among the team's own staff. ``sort_name`` repeats the
# person's name so that an index serves the lists by name.
memberships = Table(
    "memberships",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, ForeignKey("teams.id"), nullable=False),
    Column("organization_id", Text),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("sort_name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    _moment("created_at"),
    # Both columns together: a membership can never name an organization of another team.
    ForeignKeyConstraint(
        ["team_id", "organization_id"], ["organizations.team_id", "organizations.id"], name="memberships_organization"
    ),
    Index(
        "memberships_of_user", "user_id", "team_id", "organization_id", unique=True, postgresql_nulls_not_distinct=True
    ),
    Index("memberships_by_name", "organization_id", "sort_name", "id"),
    Index(
        "memberships_of_staff",
        "team_id",
        "sort_name",
        "id",
        postgresql_where=text("organization_id IS NULL"),
    ),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("device", Text, nullable=False),
    _moment("created_at"),
    _moment("last_used_at"),
    _moment("expires_at"),
    _moment("ended_at", optional=True),
    Index("sessions_of_user", "user_id", "last_used_at"),
    Index("sessions_by_expiry", "expires_at"),
)

# Every refresh token a session ever had, as SHA-256: a spent one that comes back gives a thief away.
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    _moment("spent_at", optional=True),
    Index("refresh_tokens_of_session", "session_id"),
)

# Failed sign-ins per login name. Its hash, because people type passwords into the wrong field.
attempts = Table(
    "attempts",
    metadata,
    Column("login_hash", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    _moment("since"),
    Index("attempts_by_age", "since"),
)

# Keys that sign access tokens. The private half is locked with the installation's secret key.
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("public", JSON, nullable=False),
    Column("locked_private", LargeBinary, nullable=False),
    _moment("created_at"),
)
