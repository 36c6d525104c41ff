"""The first tables of the notification service."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.chassis.migrations import create_machinery

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_machinery(op)
    _create_facts()
    _create_feed()
    _create_mails()
    _create_replies()


def _create_facts() -> None:
    op.create_table(
        "memberships",
        sa.Column("membership_id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("permissions", ARRAY(sa.Text), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("fact_version", sa.Integer, nullable=False),
    )
    op.create_index("memberships_user", "memberships", ["user_id", "team_id"])
    op.create_table(
        "teams",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("mails_comments", sa.Boolean, nullable=False),
        sa.Column("fact_version", sa.Integer, nullable=False),
    )
    op.create_table(
        "cases",
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("audience", ARRAY(sa.Text), nullable=False),
        sa.Column("fact_version", sa.Integer, nullable=False),
    )


def _create_feed() -> None:
    op.create_table(
        "feed",
        sa.Column("cursor", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("audience", ARRAY(sa.Text), nullable=False),
        sa.Column("data", JSONB, nullable=False),
    )
    op.create_index("feed_team", "feed", ["team_id", "cursor"])


def _create_mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("audience", ARRAY(sa.Text), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("to_email", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("next_try_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("event_id", "user_id", name="mails_once"),
    )
    waiting = sa.text("next_try_at IS NOT NULL")
    op.create_index("mails_due", "mails", ["next_try_at"], postgresql_where=waiting)
    op.create_index("mails_waiting", "mails", ["case_id", "user_id", "id"], postgresql_where=waiting)
    op.create_index("mails_case", "mails", ["case_id", "id"])


def _create_replies() -> None:
    op.create_table(
        "reply_tokens",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("reply_tokens_of", "reply_tokens", ["case_id", "user_id"])
    op.create_table(
        "inbound",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text),
        sa.Column("user_id", sa.Text),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary),
    )
    op.create_index("inbound_outcome", "inbound", ["outcome", "received_at"])
    accepted = sa.text("outcome = 'accepted'")
    op.create_index(
        "inbound_once", "inbound", ["case_id", "user_id", "message_id"], unique=True, postgresql_where=accepted
    )
