"""Facts of accounts: small copies, replaced only by a newer one, so that repeats and late deliveries do no harm."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, bindparam, delete, update
from sqlalchemy.dialects.postgresql import Insert, insert

from services.cases import rules
from services.cases.commands.audiences import LONGEST_WORK, note_policy, note_products
from services.cases.queries import names
from services.cases.tables import (
    cases,
    contacts,
    contracts,
    followers,
    memberships,
    organizations,
    queues,
    renames,
    teams,
)
from services.chassis.unit_of_work import UnitOfWork
from services.contracts.accounts import (
    ContactChanged,
    ContractVersioned,
    MembershipChanged,
    OrganizationChanged,
    QueueChanged,
    TeamChanged,
)


def _learn(table: Table, columns: list[str]) -> Insert:
    key = next(iter(table.primary_key.columns))
    told = insert(table).values({name: bindparam(name) for name in columns})
    return told.on_conflict_do_update(
        index_elements=[key],
        set_={name: told.excluded[name] for name in columns if name != key.name},
        where=table.c.fact_version < told.excluded.fact_version,
    )


_TEAM = ["team_id", "name", "profile", "clocks_key", "fact_version"]
_ORGANIZATION = ["organization_id", "team_id", "name", "kind", "products", "fact_version"]
_MEMBERSHIP = [column.name for column in memberships.c]
_CONTRACT = ["organization_id", "contract_version", "team_id", "effective_from"]
_LEARN_CONTRACT = insert(contracts).on_conflict_do_nothing()
_CONTACT = [column.name for column in contacts.c]
_LEARN_CONTACT = _learn(contacts, _CONTACT)
_QUEUE = [column.name for column in queues.c]
_LEARN_QUEUE = _learn(queues, _QUEUE)
_LEARN_TEAM = _learn(teams, _TEAM)
_LEARN_ORGANIZATION = _learn(organizations, _ORGANIZATION)
_learned = _learn(memberships, _MEMBERSHIP).returning(memberships.c.user_id, memberships.c.name).cte("learned")
_remember = insert(renames).from_select(["user_id", "name", "at"], names.newly_named(_learned, bindparam("now")))
_LEARN_MEMBERSHIP = _remember.on_conflict_do_update(
    index_elements=[renames.c.user_id], set_={"name": _remember.excluded.name, "at": _remember.excluded.at}
)
_RENAME = [update(cases).where(misnamed).values(names.NAMES) for misnamed in names.MISNAMED]
_RENAME_FOLLOWERS = update(followers).where(names.MISNAMED_FOLLOWERS).values(name=names.FOLLOWERS_NAME)
_SETTLED = delete(renames).where(renames.c.at < bindparam("before"), names.CARRIED_OVER)


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
    """A person's place. That he has a new name is only noted: however many cases it has to reach, what he may do from
    now on must not wait for it."""
    uow.run(_LEARN_MEMBERSHIP, _values(event, _MEMBERSHIP) | {"now": uow.now})


def settle_names(uow: UnitOfWork) -> None:
    """A timer: carry new names over, some hundred cases a round, and on for as long as somebody may still be writing
    who had read the old one. Comments keep the name they were signed with."""
    for in_one_place in _RENAME:
        uow.run(in_one_place)
    uow.run(_RENAME_FOLLOWERS)
    uow.run(_SETTLED, {"before": uow.now - LONGEST_WORK})


def learn_contract(uow: UnitOfWork, event: ContractVersioned) -> None:
    """A version of a contract. It never changes, so the first telling is the last."""
    values = {name: getattr(event, name) for name in _CONTRACT} | {"terms": event.terms.dump()}
    uow.run(_LEARN_CONTRACT, values)


def learn_contact(uow: UnitOfWork, event: ContactChanged) -> None:
    """Somebody without a login. Cases in which he is the contact keep what was known of him when he was named."""
    uow.run(_LEARN_CONTACT, _values(event, _CONTACT))


def learn_queue(uow: UnitOfWork, event: QueueChanged) -> None:
    """A queue and who works in it; of a removed one the mark stays, so that nothing late brings it back."""
    values = _values(event, _QUEUE)
    uow.run(_LEARN_QUEUE, values | {"agents": [agent.dump() for agent in event.agents]})


def _values(event: Any, columns: list[str]) -> dict[str, Any]:
    return {name: getattr(event, name) for name in columns}
