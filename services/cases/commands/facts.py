"""Facts of accounts: small copies, replaced only by a newer one, so that repeats and late deliveries do no harm."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, and_, bindparam, case, delete, or_, update
from sqlalchemy.dialects.postgresql import Insert, insert

from services.cases import rules
from services.cases.commands.audiences import note_policy, note_products
from services.cases.tables import cases, contracts, followers, memberships, organizations, queues, renames, teams
from services.chassis.unit_of_work import UnitOfWork
from services.contracts.accounts import (
    ContractVersioned,
    MembershipChanged,
    OrganizationChanged,
    QueueChanged,
    TeamChanged,
)


def _learn(table: Table, names: list[str]) -> Insert:
    key = next(iter(table.primary_key.columns))
    told = insert(table).values({name: bindparam(name) for name in names})
    return told.on_conflict_do_update(
        index_elements=[key],
        set_={name: told.excluded[name] for name in names if name != key.name},
        where=table.c.fact_version < told.excluded.fact_version,
    )


_TEAM = ["team_id", "name", "profile", "clocks_key", "fact_version"]
_ORGANIZATION = ["organization_id", "team_id", "name", "kind", "products", "fact_version"]
_MEMBERSHIP = [column.name for column in memberships.c]
_CONTRACT = ["organization_id", "contract_version", "team_id", "effective_from"]
_LEARN_CONTRACT = insert(contracts).on_conflict_do_nothing()
_QUEUE = [column.name for column in queues.c]
_LEARN_QUEUE = _learn(queues, _QUEUE)
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

_remember = insert(renames)
_REMEMBER = _remember.on_conflict_do_update(
    index_elements=[renames.c.user_id], set_={"name": _remember.excluded.name, "at": _remember.excluded.at}
)
LONGEST_WORK = timedelta(seconds=6)  # no command takes longer: its deadline is 5 s


def learn_team(uow: UnitOfWork, event: TeamChanged) -> None:
    """A team and its profile; its numbering goes on."""
    note_policy(uow, event.team_id, event.profile)
    told = {name: getattr(event, name) for name in _TEAM if name != "clocks_key"}
    uow.run(_LEARN_TEAM, told | {"clocks_key": rules.clocks_key(event.profile)})


def learn_organization(uow: UnitOfWork, event: OrganizationChanged) -> None:
    """An organization and the products it holds."""
    told = _values(event, _ORGANIZATION)
    note_products(uow, told)
    uow.run(_LEARN_ORGANIZATION, told)


def learn_membership(uow: UnitOfWork, event: MembershipChanged) -> None:
    """A person's place; a new name is carried to his cases. Comments keep the name they were signed with."""
    if uow.run(_LEARN_MEMBERSHIP, _values(event, _MEMBERSHIP)):
        renamed = {"renamed_id": event.user_id, "new_name": event.name}
        uow.run(_RENAME, renamed)
        uow.run(_RENAME_FOLLOWER, renamed)
        uow.run(_REMEMBER, {"user_id": event.user_id, "name": event.name, "at": uow.now})


def settle_names(uow: UnitOfWork) -> None:
    """A timer: carry names over once more, to cases that were being written while the new name arrived."""
    past = uow.all(delete(renames).where(renames.c.at < uow.now - LONGEST_WORK).returning(renames))
    renamed = [{"renamed_id": row.user_id, "new_name": row.name} for row in past]
    if renamed:
        uow.run(_RENAME, renamed)
        uow.run(_RENAME_FOLLOWER, renamed)


def learn_contract(uow: UnitOfWork, event: ContractVersioned) -> None:
    """A version of a contract. It never changes, so the first telling is the last."""
    values = {name: getattr(event, name) for name in _CONTRACT} | {"terms": event.terms.dump()}
    uow.run(_LEARN_CONTRACT, values)


def learn_queue(uow: UnitOfWork, event: QueueChanged) -> None:
    """A queue and who works in it; of a removed one the mark stays, so that nothing late brings it back."""
    values = _values(event, _QUEUE)
    uow.run(_LEARN_QUEUE, values | {"agents": [agent.dump() for agent in event.agents]})


def _values(event: Any, names: list[str]) -> dict[str, Any]:
    return {name: getattr(event, name) for name in names}
