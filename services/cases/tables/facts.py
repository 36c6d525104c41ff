"""Facts of accounts: small copies, fed by events, replaced only by a newer ``fact_version``."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.cases.tables.registry import metadata

teams = Table(
    "teams",
    metadata,
    Column("team_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("profile", JSONB, nullable=False),
    Column("fact_version", BigInteger, nullable=False),
    Column("last_number", BigInteger, nullable=False, server_default="0"),
    Column("clocks_key", Text),  # of the profile's clocks and calendars
)


organizations = Table(
    "organizations",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("products", ARRAY(Text), nullable=False),
    Column("fact_version", BigInteger, nullable=False),
    Index("organizations_anonymous", "team_id", postgresql_where=text("kind = 'anonymous'")),
)


# Of the staff once, and not any more.
GONE = "organization_id IS NULL AND NOT (active AND 'case.read_all' = ANY (permissions))"
memberships = Table(
    "memberships",
    metadata,
    Column("membership_id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text),  # null: the team's own staff
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("fact_version", BigInteger, nullable=False),
    Column("available", Boolean, nullable=False),
    Column("replacement_id", Text),
    Column("locale", Text),  # null: not told yet
    Index("memberships_by_user", "user_id", "team_id"),
    Index("memberships_by_place", "team_id", "organization_id", "user_id"),
    Index("memberships_gone", "team_id", "user_id", postgresql_where=text(GONE)),
)


OPEN = text("cases.status NOT IN ('closed', 'cancelled')")


# People of an organization without a login.
contacts = Table(
    "contacts",
    metadata,
    Column("contact_id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("user_id", Text),  # whom the contact turned out to be
    Column("removed", Boolean, nullable=False),
    Column("fact_version", BigInteger, nullable=False),
)


# Every version of every contract, ahead of its time; which one holds is a question of the moment.
contracts = Table(
    "contracts",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("contract_version", Integer, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("effective_from", DateTime(timezone=True), nullable=False),
    Column("terms", JSONB, nullable=False),
)


queues = Table(
    "queues",
    metadata,
    Column("queue_id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("topics", ARRAY(Text), nullable=False),
    Column("agents", JSONB, nullable=False),  # user_id, level, products, types
    Column("removed", Boolean, nullable=False),
    Column("fact_version", BigInteger, nullable=False),
    Index("queues_by_team", "team_id"),
)


# People who have a new name: cases bear the old one until a timer has been there, and one that is opened or assigned at
# that very moment may bear it again.
renames = Table(
    "renames",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)


# Organizations whose products, and teams whose rule for followers, changed a moment ago: a case that got its first
# follower at that very moment may have told the neighbours the audience of before. ``products``: those that changed;
# null: any.
second_looks = Table(
    "second_looks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("products", ARRAY(Text)),
    Column("at", DateTime(timezone=True), nullable=False),
)
