"""The tables: the feed, mails out and in, reply addresses, and copies of the neighbours' facts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    case,
    func,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Insert, array, insert

from services.chassis.unit_of_work import machinery_tables

metadata = MetaData()
machinery_tables(metadata)

# --- facts of the neighbours, fed by their events --------------------------------------------------------------------

memberships = Table(
    "memberships",
    metadata,
    Column("membership_id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text),
    Column("user_id", Text, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("fact_version", Integer, nullable=False),
    Index("memberships_user", "user_id", "team_id"),
)

teams = Table(
    "teams",
    metadata,
    Column("team_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("mails_comments", Boolean, nullable=False),
    Column("visitors_answer", Boolean, nullable=False, server_default=true()),  # what a key lets do by mail, too
    Column("fact_version", Integer, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("audience", ARRAY(Text), nullable=False),
    Column("fact_version", Integer, nullable=False),
)

# How somebody without a login is reached about a case. His links are made from ``nonce`` and the secret key;
# null: he has no key.
contacts = Table(
    "contacts",
    metadata,
    Column("contact_id", Text, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("nonce", LargeBinary),
    Column("fact_version", Integer, nullable=False),
    Index("contacts_of", "case_id"),
)

# --- our own ---------------------------------------------------------------------------------------------------------

feed = Table(
    "feed",
    metadata,
    Column("cursor", BigInteger, Identity(), primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("team_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("actor", Text),
    Column("audience", ARRAY(Text), nullable=False),
    Column("data", JSONB, nullable=False),
    Index("feed_team", "team_id", "cursor"),
)

mails = Table(
    "mails",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("team_id", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("audience", ARRAY(Text), nullable=False),
    Column("subject", Text, nullable=False),
    Column("to_email", Text),  # known when it is sent the first time
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("last_error", Text),
    Column("next_try_at", DateTime(timezone=True)),  # null: nothing more to do
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    UniqueConstraint("event_id", "user_id", name="mails_once"),
    Index("mails_due", "next_try_at", postgresql_where=text("next_try_at IS NOT NULL")),
    Index("mails_waiting", "case_id", "user_id", "id", postgresql_where=text("next_try_at IS NOT NULL")),
    Index("mails_case", "case_id", "id"),
    Index("mails_receipts", text("lower(to_email)"), "created_at", postgresql_where=text("kind = 'receipt'")),
)

# Letters about accounts. ``link`` is as good as a password: null as soon as the letter is sent or given up.
letters = Table(
    "letters",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("team_id", Text),
    Column("to_email", Text, nullable=False),
    Column("to_name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("link", Text),
    Column("words", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("last_error", Text),
    Column("next_try_at", DateTime(timezone=True)),  # null: nothing more to do
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("sent_at", DateTime(timezone=True)),
    Index("letters_due", "next_try_at", postgresql_where=text("next_try_at IS NOT NULL")),
)

# The address itself is made from nonce and secret key; a copy of this table lets nobody write to a case.
reply_tokens = Table(
    "reply_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("reply_tokens_of", "case_id", "user_id"),
)

inbound = Table(
    "inbound",
    metadata,
    Column("id", Text, primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("sender", Text, nullable=False),
    Column("case_id", Text),
    Column("user_id", Text),
    Column("message_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary),
    Index("inbound_outcome", "outcome", "received_at"),
    Index(
        "inbound_once",
        "case_id",
        "user_id",
        "message_id",
        unique=True,
        postgresql_where=text("outcome = 'accepted'"),
    ),
)


def newer_only(table: Table) -> Insert:
    """Write a fact down, given as values named like the columns, unless a newer one is there already."""
    key = {column.name for column in table.primary_key}
    made = insert(table).values({column.name: bindparam(column.name) for column in table.c})
    fresh = {column.name: made.excluded[column.name] for column in table.c if column.name not in key}
    newer = made.excluded.fact_version > table.c.fact_version
    return made.on_conflict_do_update(index_elements=sorted(key), set_=fresh, where=newer)


def principals_of(user_id: ColumnElement[str], team_id: ColumnElement[str]) -> ColumnElement[list[str]]:
    """The names under which an audience may mean this person in this team: ``user:…``, ``team:…`` (staff with
    ``case.read_all``), ``org:…`` (customers with ``case.read``). Who reads cases nowhere, is meant nowhere."""
    my = memberships.alias("mine").c
    place = func.coalesce("org:" + my.organization_id, "team:" + my.team_id)
    both: list[Any] = [place, "user:" + user_id]
    needed = case((my.organization_id.is_(None), "case.read_all"), else_="case.read")
    names = select(func.unnest(array(both, type_=Text()))).distinct()
    names = names.where(my.user_id == user_id, my.team_id == team_id, my.active, needed == my.permissions.any_())
    return func.array(names.correlate_except(my.user_id.table).scalar_subquery(), type_=ARRAY(Text))
