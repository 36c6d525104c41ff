"""The record of who did what. Rows are written once and sealed once (``seq`` and ``hash``); triggers of the migration
refuse everything else. A chain is a team's id, or empty for the installation as a whole."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Identity, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from services.accounts.tables.registry import metadata, moment

# ``team_id`` null: what concerns the installation or a person, not one team. ``object_id``: what it was done to.
audit_entries = Table(
    "audit_entries",
    metadata,
    Column("entry_id", BigInteger, Identity(), primary_key=True),
    Column("team_id", Text),
    moment("at"),
    Column("actor_id", Text),
    Column("action", Text, nullable=False),
    Column("object_id", Text),
    Column("detail", JSONB, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("seq", BigInteger),
    Column("hash", LargeBinary),
    Index("audit_unsealed", "entry_id", postgresql_where=text("seq IS NULL")),
    # Several notes of one team wait with no seq, so nulls stay distinct; the installation's chain has an index alike.
    Index("audit_of_team", "team_id", "seq", unique=True),
    Index("audit_of_installation", "seq", unique=True, postgresql_where=text("team_id IS NULL")),
    Index("audit_of_actor", "team_id", "actor_id", "seq"),
    Index("audit_of_object", "team_id", "object_id", "seq"),
    Index("audit_of_action", "team_id", "action", "seq"),
)


# Where each chain ends, and how far its newest checkpoint reaches.
audit_heads = Table(
    "audit_heads",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("marked_seq", BigInteger, nullable=False),
    moment("marked_at"),
)


# Signed statements "up to ``seq`` the chain hashes to ``hash``": a JWS each, with a key that is never dropped.
audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    moment("at"),
    Column("signature", Text, nullable=False),
)


# Keys that sign checkpoints. Unlike those of access tokens none is ever dropped: old statements must stay provable.
audit_keys = Table(
    "audit_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("public", JSON, nullable=False),
    Column("locked_private", LargeBinary, nullable=False),
    moment("created_at"),
)
