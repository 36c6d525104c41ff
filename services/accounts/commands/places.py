"""The organizations a team serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, update

from services.accounts import queries, rules
from services.accounts.commands.agreements import place_partners
from services.accounts.commands.facts import membership_changed, organization_changed
from services.accounts.notes import note, write_all
from services.accounts.tables import invitations, memberships, organizations
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

Fields = Mapping[str, Any]


def add_organization(uow: UnitOfWork, ask: c.AddOrganization) -> c.OrganizationView:
    """Raises NotFound for a foreign team, Forbidden without ``organization.manage``, Invalid ``/products/<n>`` for what
    the team does not support."""
    standing = queries.sight.standing(uow, ask.team_id)
    rules.standing.must_be_able(standing, "organization.manage")
    _must_be_supported(uow, ask.team_id, ask.products)
    organization: dict[str, Any] = {
        "id": new_id("org"),
        "team_id": ask.team_id,
        "name": ask.name,
        "sort_name": rules.names.sort_name(ask.name),
        "kind": ask.kind,
        "products": ask.products,
        "active": True,
        "version": 1,
        "created_at": uow.now,
    }
    uow.run(insert(organizations).values(organization))
    uow.record(organization_changed(organization))
    note(uow, "organization.added", team_id=ask.team_id, object_id=organization["id"], kind=ask.kind)
    return queries.places.organization_view(organization, standing)


def change_organization(uow: UnitOfWork, ask: c.ChangeOrganization) -> c.OrganizationView:
    """Raises NotFound, Forbidden, 412, Invalid ``/products/<n>``, and Conflict ``contract_decides`` for products where
    a contract is in force."""
    standing = queries.sight.standing(uow, ask.team_id)
    organization = queries.places.organization(uow, ask.team_id, ask.organization_id, to_change=True)
    rules.standing.must_be_able(standing, "organization.manage")
    uow.must_match(organization["version"])
    wanted = {"name": ask.name, "kind": ask.kind, "products": ask.products, "active": ask.active}
    changes = {name: value for name, value in wanted.items() if value is not None and value != organization[name]}
    if not changes:
        return queries.places.organization_view(organization, standing)
    if "products" in changes:
        rules.agreements.must_not_decide(queries.agreements.version_in_force(uow, ask.organization_id))
        _must_be_supported(uow, ask.team_id, ask.products or [])
    changed = _save(uow, organization, changes)
    if not changed["active"]:
        _let_everybody_go(uow, ask.organization_id)
    elif "active" in changes:  # its own people come back one by one; its partners' as the contract says
        place_partners(uow, [ask.organization_id])
    note(uow, "organization.changed", team_id=ask.team_id, object_id=ask.organization_id, fields=sorted(changes))
    return queries.places.organization_view(changed, standing)


def remove_organization(uow: UnitOfWork, ask: c.RemoveOrganization) -> c.OrganizationView:
    """It and all of its memberships become inactive, its invitations end. Twice is done, too. Raises NotFound,
    Forbidden, 412."""
    standing = queries.sight.standing(uow, ask.team_id)
    organization = queries.places.organization(uow, ask.team_id, ask.organization_id, to_change=True)
    rules.standing.must_be_able(standing, "organization.manage")
    uow.must_match(organization["version"])
    if not organization["active"]:
        return queries.places.organization_view(organization, standing)
    changed = _save(uow, organization, {"active": False})
    _let_everybody_go(uow, ask.organization_id)
    note(uow, "organization.removed", team_id=ask.team_id, object_id=ask.organization_id)
    return queries.places.organization_view(changed, standing)


def _must_be_supported(uow: UnitOfWork, team_id: str, products: list[str]) -> None:
    if products:
        rules.agreements.must_be_products(products, queries.agreements.team_profile(uow, team_id))


def _let_everybody_go(uow: UnitOfWork, organization_id: str) -> None:
    deed = {"action": "membership.changed", "actor_id": uow.actor.user_id or None, "at": uow.now}
    deeds = []
    for membership in queries.people.active_members(uow, organization_id):
        change = {"active": False, "version": membership["version"] + 1}
        uow.record(membership_changed({**membership, **change}))
        deeds.append(deed | {"team_id": membership["team_id"], "object_id": membership["id"], "detail": change})
    write_all(uow, deeds)
    theirs = (memberships.c.organization_id == organization_id) & memberships.c.active
    uow.run(update(memberships).where(theirs).values(active=False, version=memberships.c.version + 1))
    open_ones = (invitations.c.organization_id == organization_id) & invitations.c.accepted_at.is_(None)
    uow.run(update(invitations).where(open_ones).values(withdrawn_at=uow.now))


def _save(uow: UnitOfWork, organization: Fields, changes: Fields) -> Fields:
    """Write the changes of a locked organization and tell them."""
    changes = {**changes, "version": organization["version"] + 1}
    if "name" in changes:
        changes["sort_name"] = rules.names.sort_name(changes["name"])
    uow.run(update(organizations).where(organizations.c.id == organization["id"]).values(changes))
    changed = {**organization, **changes}
    uow.record(organization_changed(changed))
    return changed
