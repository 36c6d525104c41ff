"""What was agreed with an organization: contracts, their versions, and the partners they let in."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.accounts.tables.registry import metadata, moment

# One for each organization. ``version``: the newest; ``in_force``: the one last told to the neighbours (0: none yet).
contracts = Table(
    "contracts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("in_force", Integer, nullable=False),
    moment("created_at"),
    ForeignKeyConstraint(
        ["team_id", "organization_id"], ["organizations.team_id", "organizations.id"], name="contracts_organization"
    ),
)


# Written once. ``ahead`` until its moment has come, so that a timer finds it; nothing else ever changes.
contract_versions = Table(
    "contract_versions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("contract_id", Text, ForeignKey("contracts.id"), nullable=False),
    Column("version", Integer, nullable=False),
    moment("effective_from"),
    Column("terms", JSONB, nullable=False),
    Column("ahead", Boolean, nullable=False),
    Column("made_by", Text, nullable=False),
    moment("made_at"),
    UniqueConstraint("contract_id", "version", name="contract_versions_number"),
    Index("contract_versions_in_order", "contract_id", "id"),
    Index("contract_versions_ahead", "effective_from", postgresql_where=text("ahead")),
)


# Which partner acts for which customer, by the version in force. ``memberships.derived`` follows from it.
partnerships = Table(
    "partnerships",
    metadata,
    Column("organization_id", Text, ForeignKey("organizations.id"), primary_key=True),
    Column("partner_id", Text, ForeignKey("organizations.id"), primary_key=True),
    Index("partnerships_of_partner", "partner_id"),
)
