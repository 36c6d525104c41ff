"""Where people belong: teams, organizations, memberships."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from services.accounts.tables.registry import metadata, moment

teams = Table(
    "teams",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("profile_version", Integer, nullable=False),
    moment("created_at"),
    Column("public", Boolean, nullable=False, server_default=true()),
)


# Every profile a team ever had. JSON, not JSONB: the document is kept as it was written, order of keys included.
team_profiles = Table(
    "team_profiles",
    metadata,
    Column("team_id", Text, ForeignKey("teams.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("profile", JSON, nullable=False),
    Column("applied_by", Text, nullable=False),
    moment("applied_at"),
    Column("comment", Text),
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
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("version", Integer, nullable=False),
    moment("created_at"),
    UniqueConstraint("team_id", "id", name="organizations_of_team"),
    Index("organizations_by_name", "team_id", "sort_name", "id"),
    Index("organizations_of_kind", "team_id", "kind", "sort_name", "id"),
    Index("organizations_by_part", "sort_name", postgresql_using="gin", postgresql_ops={"sort_name": "gin_trgm_ops"}),
)


# A person's place in an organization, or (organization_id null) among the team's own staff. ``sort_name`` repeats the
# person's name so that an index serves the lists by name; ``permissions`` repeats the role's, unless the person has
# ``own_permissions`` instead.
memberships = Table(
    "memberships",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, ForeignKey("teams.id"), nullable=False),
    Column("organization_id", Text),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("own_permissions", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("away", Boolean, nullable=False),
    Column("replacement_id", Text),
    moment("away_until", optional=True),
    Column("sort_name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    moment("created_at"),
    Column("derived", Boolean, nullable=False, server_default=false()),  # follows from a partner's contract
    # Both columns together: a membership can never name an organization of another team.
    ForeignKeyConstraint(
        ["team_id", "organization_id"], ["organizations.team_id", "organizations.id"], name="memberships_organization"
    ),
    ForeignKeyConstraint(["team_id", "role"], ["roles.team_id", "roles.key"], name="memberships_role"),
    Index(
        "memberships_of_user", "user_id", "team_id", "organization_id", unique=True, postgresql_nulls_not_distinct=True
    ),
    Index("memberships_of_person", "user_id", "id"),
    Index("memberships_by_name", "organization_id", "sort_name", "id"),
    Index("memberships_of_role", "team_id", "role"),
    Index("memberships_back", "away_until", postgresql_where=text("away_until IS NOT NULL")),
    Index(
        "memberships_of_staff",
        "team_id",
        "sort_name",
        "id",
        postgresql_where=text("organization_id IS NULL"),
    ),
)
