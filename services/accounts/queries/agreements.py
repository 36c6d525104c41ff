"""Reading contracts, products, and what an organization holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, true

from services.accounts import rules
from services.accounts.queries import people, places, profiles, sight
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import Standing
from services.accounts.tables import (
    contract_versions,
    contracts,
    memberships,
    organizations,
    partnerships,
    team_profiles,
    teams,
)
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c
from services.contracts.terms import MoneyView, PriorityMeaningView, TargetsView

_MOST = 1000  # memberships of one person
_NEWEST = and_(team_profiles.c.team_id == teams.c.id, team_profiles.c.version == teams.c.profile_version)
_DUE = 200  # versions that come into force in one round


# --- contracts ---


def contract(uow: UnitOfWork, team_id: str, organization_id: str, contract_id: str) -> Fields:
    """One contract of an organization. Raises NotFound when it is not there or not his."""
    mine = (contracts.c.team_id == team_id, contracts.c.organization_id == organization_id)
    found = sight.one(uow, sight.visible(uow, contracts).where(*mine, contracts.c.id == contract_id))
    if found is None:
        raise NotFound()
    return found


def list_contracts(uow: UnitOfWork, ask: c.ListContracts) -> c.ContractPage:
    """Raises NotFound when the organization is not his, Forbidden without ``contract.read``."""
    standing = _must_read(uow, ask)
    rows = sight.visible(uow, contracts).where(contracts.c.organization_id == ask.organization_id)
    found, cursor = sight.page(uow, rows, [contracts.c.id], ask)
    return c.ContractPage(data=contract_views(uow, found, standing), next_cursor=cursor)


def read_contract(uow: UnitOfWork, ask: c.ReadContract) -> c.ContractView:
    """Raises NotFound, and Forbidden without ``contract.read``."""
    standing = _must_read(uow, ask)
    return contract_views(uow, [contract(uow, ask.team_id, ask.organization_id, ask.contract_id)], standing)[0]


def list_contract_versions(uow: UnitOfWork, ask: c.ListContractVersions) -> c.ContractVersionPage:
    """Oldest first. Raises NotFound, and Forbidden without ``contract.read``."""
    _must_read(uow, ask)
    found = contract(uow, ask.team_id, ask.organization_id, ask.contract_id)
    rows = _versions(uow).where(contract_versions.c.contract_id == found["id"])
    versions, cursor = sight.page(uow, rows, [contract_versions.c.id], ask)
    return c.ContractVersionPage(data=[version_view(row) for row in versions], next_cursor=cursor)


def _must_read(uow: UnitOfWork, ask: c.ListContracts | c.ReadContract | c.ListContractVersions) -> Standing:
    standing = sight.standing(uow, ask.team_id)
    places.organization(uow, ask.team_id, ask.organization_id)
    rules.standing.must_be_able(standing, "contract.read", ask.organization_id)
    return standing


def contract_views(uow: UnitOfWork, found: Sequence[Fields], standing: Standing) -> list[c.ContractView]:
    """These contracts of one team, each with its newest version and the one in force; ``standing`` is the reader's."""
    if not found:
        return []
    newest = contract_versions.c.version == contracts.c.version
    rows = _versions(uow).where(
        contracts.c.id.in_([row["id"] for row in found]), or_(newest, contract_versions.c.version == _holding(uow))
    )
    versions = sight.fields(uow, rows)
    able = {row["id"]: standing.able(["contract.manage"], row["organization_id"]) for row in found}
    return [_contract_view(uow, row, versions, able[row["id"]]) for row in found]


def _versions(uow: UnitOfWork) -> Select[Any]:
    return (
        sight.visible(uow, contracts)
        .join_from(contracts, contract_versions, contract_versions.c.contract_id == contracts.c.id)
        .with_only_columns(*contract_versions.c)
    )


def _holding(uow: UnitOfWork) -> Any:
    """The number of the version in force of the contract at hand."""
    due = contract_versions.alias("due")
    newest = select(func.max(due.c.version)).where(due.c.contract_id == contracts.c.id, due.c.effective_from <= uow.now)
    return newest.correlate(contracts).scalar_subquery()


def _contract_view(uow: UnitOfWork, row: Fields, versions: Sequence[Fields], able: list[str]) -> c.ContractView:
    versions = [one for one in versions if one["contract_id"] == row["id"]]
    holding = rules.agreements.in_force(versions, uow.now)
    return c.ContractView(
        id=row["id"],
        team_id=row["team_id"],
        organization_id=row["organization_id"],
        created_at=row["created_at"],
        in_force=None if holding is None else version_view(holding),
        newest=version_view(max(versions, key=lambda one: int(one["version"]))),
        version=row["version"],
        permissions=able,
    )


def version_view(row: Fields) -> c.ContractVersionView:
    """From ``contract_versions``."""
    return c.ContractVersionView(
        contract_id=row["contract_id"],
        version=row["version"],
        effective_from=row["effective_from"],
        terms=c.TermsView.load(row["terms"]),
        made_at=row["made_at"],
        made_by=row["made_by"],
    )


def due_versions(uow: UnitOfWork) -> list[Fields]:
    """Versions whose moment has come and that nobody told of yet, locked together with their organizations; what
    somebody else holds is left for the next round."""
    rows = (
        sight.visible(uow, contract_versions)
        .join_from(contract_versions, contracts, contracts.c.id == contract_versions.c.contract_id)
        .join(organizations, organizations.c.id == contracts.c.organization_id)
        .where(contract_versions.c.ahead, contract_versions.c.effective_from <= uow.now)
        .order_by(contract_versions.c.effective_from)
        .limit(_DUE)
        .with_for_update(of=[contract_versions, organizations], skip_locked=True)
    )
    return sight.fields(uow, rows)


def surroundings(uow: UnitOfWork, organization: Fields, terms: c.TermsView) -> rules.agreements.Surroundings:
    """What the contract of this organization may speak of."""
    profile = team_profile(uow, organization["team_id"])
    approvers, partners = set[str](), set[str]()
    if terms.quote_approvers:
        named = sight.visible(uow, memberships).where(
            memberships.c.organization_id == organization["id"],
            memberships.c.active,
            memberships.c.user_id.in_(terms.quote_approvers),
        )
        approvers = {row["user_id"] for row in sight.fields(uow, named)}
    if terms.partners:
        named = sight.visible(uow, organizations).where(
            organizations.c.team_id == organization["team_id"],
            organizations.c.kind == "partner",
            organizations.c.id != organization["id"],
            organizations.c.id.in_(terms.partners),
        )
        partners = {row["id"] for row in sight.fields(uow, named)}
    return rules.agreements.Surroundings(profile, approvers, partners)


# --- partners ---


def customers_of(uow: UnitOfWork, partner_id: str) -> list[str]:
    """The active organizations this one may act for, locked in order, so that two who work out their places take
    turns."""
    acting = sight.visible(uow, partnerships).where(partnerships.c.partner_id == partner_id)
    of_it = acting.with_only_columns(partnerships.c.organization_id)
    rows = sight.visible(uow, organizations).where(organizations.c.id.in_(of_it), organizations.c.active)
    return [row["id"] for row in sight.fields(uow, rows.order_by(organizations.c.id).with_for_update())]


def people_of_partners(uow: UnitOfWork, customers: Sequence[str], user_id: str | None) -> list[Fields]:
    """The active people of the partners of these organizations (or one person of them), each with his
    ``customer_id``; a place at the partner that itself follows from a contract does not count, and nobody acts for
    a customer that is no longer served."""
    customer = organizations.alias("customer")
    rows = (
        people.persons(uow)
        .join(partnerships, partnerships.c.partner_id == memberships.c.organization_id)
        .join(customer, customer.c.id == partnerships.c.organization_id)
        .add_columns(customer.c.id.label("customer_id"))
        .where(customer.c.id.in_(customers), customer.c.active, memberships.c.active, ~memberships.c.derived)
        .where(true() if user_id is None else memberships.c.user_id == user_id)
    )
    return sight.fields(uow, rows)


def places_at_customers(
    uow: UnitOfWork, customers: Sequence[str], user_id: str | None, known: Sequence[str]
) -> list[Fields]:
    """Derived places in these organizations (or one person's), and the places there of the people ``known``."""
    concerned = memberships.c.derived if user_id is None else memberships.c.user_id == user_id
    rows = people.persons(uow).where(memberships.c.organization_id.in_(customers))
    return sight.fields(uow, rows.where(or_(concerned, memberships.c.user_id.in_(known))))


# --- products and entitlements ---


def list_products(uow: UnitOfWork, ask: c.ListProducts) -> c.ProductList:
    """In the profile's order. Raises NotFound when the team is not his."""
    standing = sight.standing(uow, ask.team_id)
    found = profiles.profile_of(uow, ask.team_id)
    if found is None:  # pragma: no cover - no team is without a profile
        raise NotFound()
    return product_list(found["profile"], found["version"], standing)


def product_list(profile: Mapping[str, Any], version: int, standing: Standing) -> c.ProductList:
    """From a profile as it was written; ``standing`` is the reader's in the team."""
    views = [product_view(product) for product in profile.get("products", [])]
    return c.ProductList(data=views, version=version, permissions=standing.able(["product.manage"]))


def list_my_products(uow: UnitOfWork, ask: c.ListMyProducts) -> c.HoldingList:
    """By team and name. Raises NotFound for an organization that is not his."""
    rules.standing.must_be_known(uow.actor)
    rows = (
        sight.visible(uow, memberships)
        .join_from(memberships, organizations, organizations.c.id == memberships.c.organization_id)
        .join(teams, teams.c.id == organizations.c.team_id)
        .join(team_profiles, _NEWEST)
        .with_only_columns(*organizations.c, team_profiles.c.profile["products"].label("catalogue"))
        .where(memberships.c.user_id == uow.actor.user_id, memberships.c.active)
        .where(true() if ask.organization_id is None else organizations.c.id == ask.organization_id)
    )
    found = sight.fields(
        uow, rows.order_by(organizations.c.team_id, organizations.c.sort_name, organizations.c.id).limit(_MOST)
    )
    if ask.organization_id is not None and not found:
        raise NotFound()
    return c.HoldingList(data=[_holding_view(row) for row in found])


def _holding_view(row: Fields) -> c.HoldingView:
    catalogue = {"products": row["catalogue"] or []}
    return c.HoldingView(
        team_id=row["team_id"],
        organization_id=row["id"],
        organization_name=row["name"],
        products=[product_view(product) for product in rules.agreements.held(catalogue, row["products"])],
    )


def read_entitlements(uow: UnitOfWork, ask: c.ReadEntitlements) -> c.EntitlementsView:
    """Amounts are the contract's own: for who may read it. Raises NotFound."""
    rules.standing.must_be_known(uow.actor)
    rows = sight.visible(uow, organizations).where(
        organizations.c.team_id == ask.team_id, organizations.c.id == ask.organization_id
    )
    rows = rows.join_from(organizations, teams, teams.c.id == organizations.c.team_id).join(team_profiles, _NEWEST)
    organization = sight.one(uow, rows.add_columns(team_profiles.c.profile))
    if organization is None:
        raise NotFound()
    holding = version_in_force(uow, ask.organization_id)
    standing = sight.standings(uow, [ask.team_id])[ask.team_id]
    profile = rules.profile_defaults.complete(organization["profile"])
    return _entitlements_view(organization, profile, holding, money=standing.may("contract.read", ask.organization_id))


def team_profile(uow: UnitOfWork, team_id: str) -> Mapping[str, Any]:
    """The team's profile with every default filled in. Raises NotFound."""
    found = profiles.profile_of(uow, team_id)
    if found is None:
        raise NotFound()
    return rules.profile_defaults.complete(found["profile"])


def version_in_force(uow: UnitOfWork, organization_id: str) -> Fields | None:
    """What an organization's contract says now; None when nothing is agreed yet."""
    holding = contract_versions.c.version == _holding(uow)
    return sight.one(uow, _versions(uow).where(contracts.c.organization_id == organization_id, holding))


def _entitlements_view(
    organization: Fields, profile: Mapping[str, Any], holding: Fields | None, *, money: bool
) -> c.EntitlementsView:
    terms: Mapping[str, Any] = holding["terms"] if holding else {}
    products = terms.get("products", organization["products"])
    return c.EntitlementsView(
        team_id=organization["team_id"],
        organization_id=organization["id"],
        contract_id=holding["contract_id"] if holding else None,
        contract_version=holding["version"] if holding else None,
        products=[product_view(product) for product in rules.agreements.held(profile, products)],
        features=rules.agreements.features(profile, terms),
        priorities=[_meaning_view(profile, terms, priority) for priority in profile["priorities"]],
        charges=[_charge_view(terms, kind, money=money) for kind in profile["types"]],
        contact=profile["name"],
    )


def product_view(product: Mapping[str, Any]) -> c.ProductView:
    """From the profile's catalogue."""
    return c.ProductView(key=product["key"], name=product["name"], ranges=list(product.get("ranges", [])))


def _meaning_view(
    profile: Mapping[str, Any], terms: Mapping[str, Any], priority: Mapping[str, Any]
) -> PriorityMeaningView:
    said = terms.get("priorities", {}).get(priority["key"], {})
    return PriorityMeaningView(
        key=priority["key"],
        name=priority["name"],
        rank=priority["rank"],
        meaning=said.get("meaning", priority["meaning"]),
        default=priority["key"] == profile["priority"]["default"],
        targets=TargetsView.load(said.get("targets") or {}),
    )


def _charge_view(terms: Mapping[str, Any], kind: Mapping[str, Any], *, money: bool) -> c.TypeChargeView:
    said = terms.get("charges", {}).get(kind["key"], {})
    amount = said.get("amount") if money else None
    return c.TypeChargeView(
        type=kind["key"],
        name=kind["name"],
        charge=said.get("charge", kind["charge"]),
        amount=MoneyView.load(amount) if amount else None,
    )
