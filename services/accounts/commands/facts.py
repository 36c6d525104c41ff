"""What the neighbours keep a copy of: the facts as events, and how to tell them all again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Table

from services.accounts import queries
from services.accounts.settings import Settings
from services.accounts.tables import memberships, organizations, teams
from services.chassis.messages import Event
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c

Fields = Mapping[str, Any]


def team_changed(row: Fields) -> c.TeamChanged:
    return c.TeamChanged(
        team_id=row["id"], name=row["name"], profile=row["profile"], fact_version=row["profile_version"]
    )


def organization_changed(row: Fields) -> c.OrganizationChanged:
    return c.OrganizationChanged(
        team_id=row["team_id"],
        organization_id=row["id"],
        name=row["name"],
        kind=row["kind"],
        products=list(row["products"]),
        fact_version=row["version"],
    )


def membership_changed(row: Fields) -> c.MembershipChanged:
    return c.MembershipChanged(
        membership_id=row["id"],
        team_id=row["team_id"],
        organization_id=row["organization_id"],
        role=row["role"],
        permissions=list(row["permissions"]),
        active=row["active"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        name=row["person_name"],
        email=row["email"],
        locale=row["locale"],
        fact_version=row["version"],
    )


_FACTS: tuple[tuple[Table, Callable[[Fields], Event]], ...] = (
    (teams, team_changed),
    (organizations, organization_changed),
    (memberships, membership_changed),
)


def republish(uow: UnitOfWork, table: Table, after: str = "") -> str | None:
    """Tell the next batch of facts again, as they are and under the version they have; who knows them ignores them.
    Returns the id to go on after, None at the end."""
    tell = dict(_FACTS)[table]
    rows = queries.facts_after(uow, table, after)
    for row in rows:
        uow.record(tell(row))
    return rows[-1]["id"] if rows else None


def republish_all(work: Work, settings: Settings) -> None:
    """``python -m services.accounts republish``: for a neighbour that lost its copy. One transaction per batch."""
    for table, _ in _FACTS:
        after: str | None = ""
        while after is not None:
            with work.writing() as uow:
                after = republish(uow, table, after)
