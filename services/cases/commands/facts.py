"""Facts of accounts: small copies, replaced only by a newer one, so that repeats and late deliveries do no harm."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, Text, and_, bindparam, case, or_, update
from sqlalchemy.dialects.postgresql import Insert, insert

from services.cases.tables import cases, followers, memberships, organizations, teams
from services.chassis.unit_of_work import UnitOfWork
from services.contracts.accounts import MembershipChanged, OrganizationChanged, TeamChanged


def _learn(table: Table, names: list[str]) -> Insert:
    key = next(iter(table.primary_key.columns))
    told = insert(table).values({name: bindparam(name) for name in names})
    return told.on_conflict_do_update(
        index_elements=[key],
        set_={name: told.excluded[name] for name in names if name != key.name},
        where=table.c.fact_version < told.excluded.fact_version,
    )


_TEAM = ["team_id", "name", "profile", "fact_version"]
_ORGANIZATION = ["organization_id", "team_id", "name", "kind", "products", "fact_version"]
_MEMBERSHIP = [column.name for column in memberships.c]
_LEARN_TEAM = _learn(teams, _TEAM)
_LEARN_ORGANIZATION = _learn(organizations, _ORGANIZATION)
_LEARN_MEMBERSHIP = _learn(memberships, _MEMBERSHIP)

_PERSONS = (
    (cases.c.created_by, cases.c.created_by_name),
    (cases.c.contact_id, cases.c.contact_name),
    (cases.c.owner_id, cases.c.owner_name),
    (cases.c.assignee_id, cases.c.assignee_name),
)
_user: ColumnElement[str] = bindparam("renamed_id", type_=Text())
_name: ColumnElement[str] = bindparam("new_name", type_=Text())
_RENAME = (
    update(cases)
    .where(or_(*[and_(who == _user, name != _name) for who, name in _PERSONS]))
    .values({name: case((who == _user, _name), else_=name) for who, name in _PERSONS})
)
_RENAME_FOLLOWER = update(followers).where(followers.c.user_id == _user, followers.c.name != _name).values(name=_name)


def learn_team(uow: UnitOfWork, event: TeamChanged) -> None:
    """A team and its profile; its numbering goes on."""
    uow.run(_LEARN_TEAM, _values(event, _TEAM))


def learn_organization(uow: UnitOfWork, event: OrganizationChanged) -> None:
    """An organization and the products it holds."""
    uow.run(_LEARN_ORGANIZATION, _values(event, _ORGANIZATION))


def learn_membership(uow: UnitOfWork, event: MembershipChanged) -> None:
    """A person's place; a new name is carried to his cases. Comments keep the name they were signed with."""
    if uow.run(_LEARN_MEMBERSHIP, _values(event, _MEMBERSHIP)):
        renamed = {"renamed_id": event.user_id, "new_name": event.name}
        uow.run(_RENAME, renamed)
        uow.run(_RENAME_FOLLOWER, renamed)


def _values(event: Any, names: list[str]) -> dict[str, Any]:
    return {name: getattr(event, name) for name in names}
