"""The chained record of who did what, which refuses to be changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

# A row may be sealed once; nothing else may happen to it. The rest of these tables only grows.
_SEALED_ONCE = """
CREATE FUNCTION audit_sealed_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.seq IS NOT NULL OR NEW.hash IS NOT NULL THEN
            RAISE EXCEPTION 'an audit entry is sealed after it was written';
        END IF;
    ELSIF OLD.seq IS NOT NULL OR NEW.seq IS NULL OR NEW.hash IS NULL
        OR ROW(NEW.entry_id, NEW.team_id, NEW.at, NEW.actor_id, NEW.action, NEW.object_id, NEW.detail, NEW.request_id)
        IS DISTINCT FROM
        ROW(OLD.entry_id, OLD.team_id, OLD.at, OLD.actor_id, OLD.action, OLD.object_id, OLD.detail, OLD.request_id)
    THEN
        RAISE EXCEPTION 'an audit entry is never changed';
    END IF;
    RETURN NEW;
END $$
"""
_ONLY_GROWS = """
CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit record only grows';
END $$
"""


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "audit_entries",
        sa.Column("entry_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("team_id", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text),
        sa.Column("detail", JSONB, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger),
        sa.Column("hash", sa.LargeBinary),
    )
    op.create_index("audit_unsealed", "audit_entries", ["entry_id"], postgresql_where=sa.text("seq IS NULL"))
    op.create_index("audit_of_team", "audit_entries", ["team_id", "seq"], unique=True)
    alone = sa.text("team_id IS NULL")
    op.create_index("audit_of_installation", "audit_entries", ["seq"], unique=True, postgresql_where=alone)
    op.create_index("audit_of_actor", "audit_entries", ["team_id", "actor_id", "seq"])
    op.create_index("audit_of_object", "audit_entries", ["team_id", "object_id", "seq"])
    op.create_index("audit_of_action", "audit_entries", ["team_id", "action", "seq"])
    op.create_table(
        "audit_heads",
        sa.Column("chain", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("marked_seq", sa.BigInteger, nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("chain", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
    )
    op.create_table(
        "audit_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("public", sa.JSON, nullable=False),
        sa.Column("locked_private", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    _close()
    op.create_table(
        "operator_tokens",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("another", sa.Boolean, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )


def _close() -> None:
    op.execute(_SEALED_ONCE)
    op.execute(_ONLY_GROWS)
    op.execute(
        "CREATE TRIGGER sealed_once BEFORE INSERT OR UPDATE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION audit_sealed_once()"
    )
    for table in ("audit_entries", "audit_checkpoints", "audit_keys"):
        acts = "DELETE OR TRUNCATE" if table == "audit_entries" else "UPDATE OR DELETE OR TRUNCATE"
        op.execute(f"CREATE TRIGGER only_grows BEFORE {acts} ON {table} EXECUTE FUNCTION audit_only_grows()")
    op.execute("CREATE TRIGGER only_grows BEFORE DELETE OR TRUNCATE ON audit_heads EXECUTE FUNCTION audit_only_grows()")
