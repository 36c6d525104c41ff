"""The tables of the cases service.

Three hold facts of accounts (small copies, fed by events, replaced only by a newer ``fact_version``): teams,
organizations, memberships. Three are our own: cases, followers, comments. Names of people stand beside their ids,
so that a page of cases needs no join; a rename is carried over when accounts tells of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.unit_of_work import machinery_tables
from services.contracts.cases import Confirmation, Status, Visibility

metadata = MetaData()
machinery_tables(metadata)

teams = Table(
    "teams",
    metadata,
    Column("team_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("profile", JSONB, nullable=False),
    Column("fact_version", BigInteger, nullable=False),
    Column("last_number", BigInteger, nullable=False, server_default="0"),
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
)

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
    Index("memberships_by_user", "user_id", "team_id"),
    Index("memberships_by_place", "team_id", "organization_id", "user_id"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("topic", Text),
    Column("priority", Text),
    Column("product", Text),
    Column("fields", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("charge", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("complexity", Text),
    Column("created_by", Text, nullable=False),
    Column("created_by_name", Text, nullable=False),
    Column("contact_id", Text, nullable=False),
    Column("contact_name", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("owner_name", Text, nullable=False),
    Column("assignee_id", Text),
    Column("assignee_name", Text),
    Column("confirmation", Text, nullable=False),
    Column("reviewed_at", DateTime(timezone=True)),
    Column("answered_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("team_id", "number", name="cases_number"),
    CheckConstraint(
        "status IN ('new', 'open', 'waiting_customer', 'on_hold', 'answered', 'closed', 'cancelled')",
        name="cases_status",
    ),
    CheckConstraint("visibility IN ('organization', 'participants', 'private')", name="cases_visibility"),
    # One per scope a list can be asked in; read backwards they are the order of every page.
    # A person belongs to few organizations: without both in one index the planner joins two and sorts (33 ms for 1).
    Index("cases_by_team", "team_id", "updated_at", "id"),
    Index("cases_by_organization", "organization_id", "updated_at", "id"),
    Index("cases_by_owner", "owner_id", "organization_id", "updated_at", "id"),
    Index("cases_by_contact", "contact_id", "organization_id", "updated_at", "id"),
    Index("cases_by_creator", "created_by", "organization_id", "updated_at", "id"),
    Index("cases_by_assignee", "assignee_id", "updated_at", "id"),
)


@dataclass(slots=True)
class Case:
    """One row of ``cases``; the fields stand in the order of the columns. A new one comes last and has a default."""

    id: str
    team_id: str
    number: str
    organization_id: str
    title: str
    description: str
    type: str
    topic: str | None
    priority: str | None
    product: str | None
    fields: dict[str, Any]
    status: Status
    visibility: Visibility
    charge: str
    level: int
    complexity: Any
    created_by: str
    created_by_name: str
    contact_id: str
    contact_name: str
    owner_id: str
    owner_name: str
    assignee_id: str | None
    assignee_name: str | None
    confirmation: Confirmation
    reviewed_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


followers = Table(
    "followers",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Index("followers_by_user", "user_id"),
)

comments = Table(
    "comments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("author_id", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("visibility IN ('public', 'internal')", name="comments_visibility"),
    Index("comments_by_case", "case_id", "created_at", "id"),
)
