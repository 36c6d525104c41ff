"""The door for people without a login: how they are reached, the keys to their cases, and what is counted there."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text

from services.cases.tables.registry import metadata

# Who asked without a login. ``contact_id`` stands in the case wherever a person does; nobody is ever a member with it.
case_contacts = Table(
    "case_contacts",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("contact_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("phone", Text),
    Column("locale", Text, nullable=False),
)


# The key is made from the nonce and the installation's secret; a copy of this table opens nothing.
access_keys = Table(
    "access_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("key_hash", LargeBinary, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("created_by", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Index("access_keys_by_hash", "key_hash", unique=True),
    Index("access_keys_by_case", "case_id", "id"),
)


# How often something was tried in the window that ends at ``until``; the counter is the hash of what is counted.
attempts = Table(
    "attempts",
    metadata,
    Column("counter", LargeBinary, primary_key=True),
    Column("times", Integer, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Index("attempts_by_end", "until"),
)
