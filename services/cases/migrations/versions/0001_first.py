"""The first tables of the cases service."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.migrations import create_machinery

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_machinery(op)
    _facts()
    _cases()
    _conversation()


def _facts() -> None:
    op.create_table(
        "teams",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("profile", JSONB, nullable=False),
        sa.Column("fact_version", sa.BigInteger, nullable=False),
        sa.Column("last_number", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "organizations",
        sa.Column("organization_id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("products", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("fact_version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "memberships",
        sa.Column("membership_id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("permissions", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("fact_version", sa.BigInteger, nullable=False),
    )
    op.create_index("memberships_by_user", "memberships", ["user_id", "team_id"])
    op.create_index("memberships_by_place", "memberships", ["team_id", "organization_id", "user_id"])


def _cases() -> None:
    text = [
        sa.Column(name, sa.Text, nullable=name in ("topic", "priority", "product"))
        for name in (
            "team_id",
            "number",
            "organization_id",
            "title",
            "description",
            "type",
            "topic",
            "priority",
            "product",
        )
    ]
    people = [
        sa.Column(name, sa.Text, nullable=name.startswith("assignee"))
        for person in ("created_by", "contact", "owner", "assignee")
        for name in (person if person == "created_by" else f"{person}_id", f"{person}_name")
    ]
    op.create_table(
        "cases",
        sa.Column("id", sa.Text, primary_key=True),
        *text,
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("charge", sa.Text, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("complexity", sa.Text),
        *people,
        sa.Column("confirmation", sa.Text, nullable=False),
        sa.Column("reviewed_at", MOMENT),
        sa.Column("answered_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("team_id", "number", name="cases_number"),
        sa.CheckConstraint(
            "status IN ('new', 'open', 'waiting_customer', 'on_hold', 'answered', 'closed', 'cancelled')",
            name="cases_status",
        ),
        sa.CheckConstraint("visibility IN ('organization', 'participants', 'private')", name="cases_visibility"),
    )
    op.create_index("cases_by_team", "cases", ["team_id", "updated_at", "id"])
    op.create_index("cases_by_organization", "cases", ["organization_id", "updated_at", "id"])
    op.create_index("cases_by_owner", "cases", ["owner_id", "organization_id", "updated_at", "id"])
    op.create_index("cases_by_contact", "cases", ["contact_id", "organization_id", "updated_at", "id"])
    op.create_index("cases_by_creator", "cases", ["created_by", "organization_id", "updated_at", "id"])
    op.create_index("cases_by_assignee", "cases", ["assignee_id", "updated_at", "id"])


def _conversation() -> None:
    op.create_table(
        "followers",
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_index("followers_by_user", "followers", ["user_id"])
    op.create_table(
        "comments",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("visibility IN ('public', 'internal')", name="comments_visibility"),
    )
    op.create_index("comments_by_case", "comments", ["case_id", "created_at", "id"])
