"""Contracts, what they entitle to, and the places of partners' people that follow from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

_PARTNER = (
    "case.create case.read case.comment case.change case.close case.cancel case.reopen case.confirm follower.add "
    "follower.remove file.read file.add file.remove folder.add user.read organization.read"
)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "contracts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("in_force", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id", "organization_id"], ["organizations.team_id", "organizations.id"], name="contracts_organization"
        ),
    )
    op.create_table(
        "contract_versions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("contract_id", sa.Text, sa.ForeignKey("contracts.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("terms", JSONB, nullable=False),
        sa.Column("ahead", sa.Boolean, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("contract_id", "version", name="contract_versions_number"),
    )
    op.create_index("contract_versions_in_order", "contract_versions", ["contract_id", "id"])
    op.create_index(
        "contract_versions_ahead", "contract_versions", ["effective_from"], postgresql_where=sa.text("ahead")
    )
    op.create_table(
        "partnerships",
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organizations.id"), primary_key=True),
        sa.Column("partner_id", sa.Text, sa.ForeignKey("organizations.id"), primary_key=True),
    )
    op.create_index("partnerships_of_partner", "partnerships", ["partner_id"])
    op.add_column("memberships", sa.Column("derived", sa.Boolean, nullable=False, server_default=sa.false()))
    founded = sa.text(
        "INSERT INTO roles (team_id, key, name, side, permissions, built_in, version)"
        " SELECT id, 'partner', 'Partner, acting for a customer', 'customer', :permissions, true, 1 FROM teams"
        " ON CONFLICT DO NOTHING"
    )
    op.execute(founded.bindparams(sa.bindparam("permissions", _PARTNER.split(), type_=sa.ARRAY(sa.Text))))
