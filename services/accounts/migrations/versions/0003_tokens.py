"""API tokens, providers to sign in at; users that are no people; keys that are published before they sign."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _moment(name: str, *, optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=optional)


def upgrade() -> None:
    """Make everything."""
    op.add_column("users", sa.Column("kind", sa.Text, nullable=False, server_default="person"))
    op.add_column("signing_keys", _moment("signs_from", optional=True))
    op.execute("UPDATE signing_keys SET signs_from = created_at")
    op.alter_column("signing_keys", "signs_from", nullable=False)
    _tokens()
    _providers()


def _tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("team_id", sa.Text, sa.ForeignKey("teams.id")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text), nullable=False),
        _moment("created_at"),
        _moment("last_used_at", optional=True),
        _moment("expires_at"),
        _moment("revoked_at", optional=True),
    )
    op.create_index("api_tokens_of_user", "api_tokens", ["user_id", "id"])
    op.create_index(
        "api_tokens_of_team", "api_tokens", ["team_id", "id"], postgresql_where=sa.text("team_id IS NOT NULL")
    )
    op.create_index("api_tokens_by_expiry", "api_tokens", ["expires_at"])
    op.create_index(
        "api_tokens_revoked", "api_tokens", ["revoked_at"], postgresql_where=sa.text("revoked_at IS NOT NULL")
    )


def _providers() -> None:
    op.create_table(
        "identity_providers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, sa.ForeignKey("teams.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("locked_secret", sa.LargeBinary, nullable=False),
        sa.Column("redirect_uris", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("joins", sa.Text),
        sa.Column("domains", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _moment("created_at"),
        sa.ForeignKeyConstraint(
            ["team_id", "joins"], ["organizations.team_id", "organizations.id"], name="identity_providers_joins"
        ),
    )
    op.create_index("identity_providers_of_team", "identity_providers", ["team_id", "id"])
    op.create_table(
        "begun_sign_ins",
        sa.Column("state_hash", sa.LargeBinary, primary_key=True),
        sa.Column("provider_id", sa.Text, sa.ForeignKey("identity_providers.id", ondelete="CASCADE"), nullable=False),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        _moment("expires_at"),
    )
    op.create_index("begun_sign_ins_by_expiry", "begun_sign_ins", ["expires_at"])
    op.create_index("begun_sign_ins_of_provider", "begun_sign_ins", ["provider_id"])
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, sa.ForeignKey("users.id"), nullable=False),
        _moment("created_at"),
    )
    op.create_index("identities_of_user", "identities", ["user_id"])
