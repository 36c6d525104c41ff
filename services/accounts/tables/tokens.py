"""API tokens, personal and of integrations; providers to sign in at, and who is known there under which name."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from services.accounts.tables.registry import metadata, moment

# ``team_id`` null: a person's own token; otherwise the token of an integration, whose ``user_id`` is a service user.
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("prefix", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("team_id", Text, ForeignKey("teams.id")),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    moment("created_at"),
    moment("last_used_at", optional=True),
    moment("expires_at"),
    moment("revoked_at", optional=True),
    Index("api_tokens_of_user", "user_id", "id"),
    Index("api_tokens_of_team", "team_id", "id", postgresql_where=text("team_id IS NOT NULL")),
    Index("api_tokens_by_expiry", "expires_at"),
    Index("api_tokens_revoked", "revoked_at", postgresql_where=text("revoked_at IS NOT NULL")),
)


# Where a team's people may sign in. The client secret is locked as the signing keys are.
identity_providers = Table(
    "identity_providers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, ForeignKey("teams.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("locked_secret", LargeBinary, nullable=False),
    Column("redirect_uris", ARRAY(Text), nullable=False),
    Column("joins", Text),
    Column("domains", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    moment("created_at"),
    ForeignKeyConstraint(
        ["team_id", "joins"], ["organizations.team_id", "organizations.id"], name="identity_providers_joins"
    ),
    Index("identity_providers_of_team", "team_id", "id"),
)


# Sign-ins that were begun and not finished. The state as SHA-256; nonce and verifier are derived from it. ``user_id``:
# the provider has said who it is, and the code of his app is missing; then the hash is of the state and the
# provider's code.
begun_sign_ins = Table(
    "begun_sign_ins",
    metadata,
    Column("state_hash", LargeBinary, primary_key=True),
    Column("provider_id", Text, ForeignKey("identity_providers.id", ondelete="CASCADE"), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id")),
    Column("tries", Integer, nullable=False, server_default="0"),
    moment("expires_at"),
    Index("begun_sign_ins_by_expiry", "expires_at"),
    Index("begun_sign_ins_of_provider", "provider_id"),
)


# Under which name (``sub``) a person is known at an issuer.
identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    moment("created_at"),
    Column("id", Text, nullable=False, unique=True),
    Index("identities_of_user", "user_id"),
)
