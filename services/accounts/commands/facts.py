"""What the neighbours keep a copy of: the facts as events, and how to tell them all again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, update

from services.accounts import queries, rules
from services.accounts.settings import Settings
from services.accounts.tables import contacts, contract_versions, memberships, organizations, queues, teams
from services.chassis.messages import Event
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c

Fields = Mapping[str, Any]


def team_changed(row: Fields) -> c.TeamChanged:
    return c.TeamChanged(
        team_id=row["id"],
        name=row["name"],
        profile=rules.profile_defaults.complete(row["profile"]),
        fact_version=row["profile_version"],
    )


def organization_changed(row: Fields) -> c.OrganizationChanged:
    return c.OrganizationChanged(
        team_id=row["team_id"],
        organization_id=row["id"],
        name=row["name"],
        kind=row["kind"],
        products=list(row["products"]),
        active=row["active"],
        fact_version=row["version"],
    )


def membership_changed(row: Fields) -> c.MembershipChanged:
    return c.MembershipChanged(
        membership_id=row["id"],
        team_id=row["team_id"],
        organization_id=row["organization_id"],
        role=row["role"],
        permissions=list(row["permissions"]),
        active=row["active"] and row["person_active"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        name=row["person_name"],
        email=row["email"],
        locale=row["locale"],
        available=not row["away"],
        replacement_id=row["replacement_id"],
        fact_version=row["version"],
    )


def contract_versioned(row: Fields) -> c.ContractVersioned:
    return c.ContractVersioned(
        team_id=row["team_id"],
        organization_id=row["organization_id"],
        contract_id=row["contract_id"],
        contract_version=row["version"],
        effective_from=row["effective_from"],
        terms=c.TermsView.load(row["terms"]),
        fact_version=row["version"],
    )


def queue_changed(row: Fields, *, removed: bool = False) -> c.QueueChanged:
    return c.QueueChanged(
        queue_id=row["id"],
        team_id=row["team_id"],
        name=row["name"],
        topics=list(row["topics"]),
        agents=[c.QueueAgentLine(**agent) for agent in row["agents"]],
        removed=removed,
        fact_version=row["version"],
    )


def contact_changed(row: Fields, *, removed: bool = False) -> c.ContactChanged:
    told = {name: row[name] for name in ("team_id", "organization_id", "name", "email", "phone", "user_id")}
    return c.ContactChanged(contact_id=row["id"], **told, removed=removed, fact_version=row["version"])


def change_memberships(uow: UnitOfWork, which: Sequence[ColumnElement[bool]], values: Fields) -> list[Fields]:
    """Change these memberships: one event each. Returns them with the person, as they are now."""
    changing = update(memberships).where(*which).values(**values, version=memberships.c.version + 1)
    changed = [row._asdict() for row in uow.all(changing.returning(*memberships.c))]
    rows = queries.people.with_people_of_now(uow, changed) if changed else []
    for row in rows:
        uow.record(membership_changed(row))
    return rows


_FACTS: tuple[tuple[Table, Callable[[Fields], Event]], ...] = (
    (teams, team_changed),
    (organizations, organization_changed),
    (memberships, membership_changed),
    (contract_versions, contract_versioned),
    (queues, queue_changed),
    (contacts, contact_changed),
)


def republish(uow: UnitOfWork, table: Table, after: str = "") -> str | None:
    """Tell the next batch of facts again, as they are and under the version they have; who knows them ignores them.
    Returns the id to go on after, None at the end."""
    tell = dict(_FACTS)[table]
    rows = queries.installation.facts_after(uow, table, after)
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
