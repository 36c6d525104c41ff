"""Cases, who follows them, and what was said. Names of people stand beside their ids, so that a page of cases needs no
join; a rename is carried over when accounts tells of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.cases.tables.registry import metadata
from services.contracts.cases import Confirmation, Gate, Status, Visibility

# What nobody has and support can go on with: also what waits for support's price, wherever it stands.
PILE = (
    "assignee_id IS NULL"
    " AND (status IN ('new', 'open') AND gate <> 'offered' OR status = 'on_hold' AND gate = 'wanted')"
)
NEVER_DUE = "'9999-12-31 00:00:00+00'::timestamptz"  # when a list puts what is never due
_WORK_ORDER = ("priority_rank", text("coalesce(next_due_at, 'infinity'::timestamptz)"), "created_at", "id")
_OPEN = text("status NOT IN ('closed', 'cancelled')")

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
    Column("contract_version", Integer),
    Column("fee", JSONB),
    # ``priority_rank``: the priority's place among the team's, so that an index can order the pile. ``gate``:
    # ``wanted`` or ``offered`` while a price must be approved before the work.
    Column("priority_rank", Integer, nullable=False, server_default="1000"),
    Column("queue_id", Text),
    Column("next_due_at", DateTime(timezone=True)),
    Column("gate", Text, nullable=False, server_default="open"),
    Column("merged_into", Text),
    Column("product_item", Text),
    Column("product_range", Text),
    Column("language", Text),
    Column("rating", Integer),
    # ``clocks``: documents of rules.kept_clocks; in the row, because what is read under its lock must be as fresh as
    # the status. ``clocks_key``: which clocks and calendars of the profile they follow. ``alarm_at``: when something
    # about them or the follow-up has to be told. ``reminded_at``: the follow-up that was told.
    Column("clocks", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("clocks_key", Text),
    Column("alarm_at", DateTime(timezone=True)),
    Column("follow_up_at", DateTime(timezone=True)),
    Column("reminded_at", DateTime(timezone=True)),
    Column("substatus", Text),
    CheckConstraint(
        "status IN ('new', 'open', 'waiting_customer', 'on_hold', 'answered', 'closed', 'cancelled')",
        name="cases_status",
    ),
    CheckConstraint("visibility IN ('organization', 'participants', 'private')", name="cases_visibility"),
    CheckConstraint("gate IN ('open', 'wanted', 'offered')", name="cases_gate"),
    # One per scope a list can be asked in; read backwards they are the order of every page.
    # A person belongs to few organizations: without both in one index the planner joins two and sorts (33 ms for 1).
    Index("cases_by_team", "team_id", "updated_at", "id"),
    Index("cases_by_organization", "organization_id", "updated_at", "id"),
    Index("cases_by_owner", "owner_id", "organization_id", "updated_at", "id"),
    Index("cases_by_contact", "contact_id", "organization_id", "updated_at", "id"),
    Index("cases_by_creator", "created_by", "organization_id", "updated_at", "id"),
    Index("cases_by_assignee", "assignee_id", "updated_at", "id"),
    Index("cases_promised", "team_id", "clocks_key", postgresql_where=text("status NOT IN ('closed', 'cancelled')")),
    Index("cases_by_alarm", "alarm_at", postgresql_where=text("alarm_at IS NOT NULL")),
    Index("cases_by_follow_up", "team_id", "follow_up_at", "id", postgresql_where=text("follow_up_at IS NOT NULL")),
    Index(
        "cases_by_own_follow_up",
        "assignee_id",
        "follow_up_at",
        "id",
        postgresql_where=text("follow_up_at IS NOT NULL"),
    ),
    Index("cases_cancelled", "team_id", "closed_at", postgresql_where=text("status = 'cancelled'")),
    Index("cases_merged", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    # The pile in the order of work, whole and by queue; and what lies on each desk.
    Index("cases_pile", "team_id", *_WORK_ORDER, postgresql_where=text(PILE)),
    Index("cases_pile_of_queue", "team_id", "queue_id", *_WORK_ORDER, postgresql_where=text(PILE)),
    Index(
        "cases_on_desks",
        "team_id",
        "assignee_id",
        "created_at",
        postgresql_where=text("assignee_id IS NOT NULL AND status NOT IN ('closed', 'cancelled')"),
    ),
    # The open pile, however old the team is; most urgent first; by a status; in the order of arrival; one queue.
    Index("cases_open", "team_id", "updated_at", "id", postgresql_where=_OPEN),
    Index("cases_open_here", "organization_id", "updated_at", "id", postgresql_where=_OPEN),
    Index("cases_urgent", "team_id", "priority_rank", "created_at", "id", postgresql_where=_OPEN),
    Index("cases_due", "team_id", text(f"coalesce(next_due_at, {NEVER_DUE})"), "id", postgresql_where=_OPEN),
    Index("cases_urgent_here", "organization_id", "priority_rank", "created_at", "id", postgresql_where=_OPEN),
    Index("cases_by_status", "team_id", "status", "updated_at", "id"),
    Index("cases_arrived", "team_id", "created_at", "id"),
    Index("cases_arrived_here", "organization_id", "created_at", "id"),
    Index("cases_by_number", "team_id", text("length(number)"), "number", unique=True),
    Index("cases_numbered_here", "organization_id", text("length(number)"), "number"),
    Index("cases_by_queue", "queue_id", "updated_at", "id", postgresql_where=text("queue_id IS NOT NULL")),
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
    contract_version: int | None = None
    fee: dict[str, str] | None = None
    priority_rank: int = 1000
    queue_id: str | None = None
    next_due_at: datetime | None = None
    gate: Gate = "open"
    merged_into: str | None = None
    product_item: str | None = None
    product_range: str | None = None
    language: str | None = None
    rating: int | None = None
    clocks: list[dict[str, Any]] = field(default_factory=list)
    clocks_key: str | None = None
    alarm_at: datetime | None = None
    follow_up_at: datetime | None = None
    reminded_at: datetime | None = None
    substatus: str | None = None


followers = Table(
    "followers",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Index("followers_by_user", "user_id"),
)


# Cases whose followers came to see them, or do no longer, because of a product: the neighbours have to hear of it.
untold = Table(
    "untold_audiences",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
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
    Column("edited_at", DateTime(timezone=True)),
    Column("retracted_at", DateTime(timezone=True)),
    Column("file_ids", ARRAY(Text), nullable=False, server_default="{}"),
    CheckConstraint("visibility IN ('public', 'internal')", name="comments_visibility"),
    Index("comments_by_case", "case_id", "created_at", "id"),
)
