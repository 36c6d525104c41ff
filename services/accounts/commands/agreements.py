"""Contracts: what is agreed with an organization, from when on, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, insert, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules
from services.accounts.commands.facts import contract_versioned, membership_changed, organization_changed
from services.accounts.notes import note, write_all
from services.accounts.rules.standing import Standing
from services.accounts.tables import contract_versions, contracts, memberships
from services.chassis.ids import new_id
from services.chassis.problems import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

Fields = Mapping[str, Any]

# Which of these contracts have come to a newer version, and what it says, carried to where it is looked for.
_HOLD = text(
    """UPDATE contracts SET in_force = due.version
    FROM unnest(:contract_ids, CAST(:versions AS integer[])) AS due (contract_id, version)
    WHERE contracts.id = due.contract_id AND contracts.in_force < due.version RETURNING contracts.organization_id"""
).bindparams(bindparam("contract_ids", type_=ARRAY(Text)))
_IN_FORCE = """FROM contracts JOIN contract_versions
        ON contract_versions.contract_id = contracts.id AND contract_versions.version = contracts.in_force
    WHERE contracts.organization_id = ANY(:ids)"""
_HAND_OVER_PRODUCTS = text(
    f"""UPDATE organizations SET version = organizations.version + 1, products = held.products
    FROM (SELECT contracts.organization_id,
        ARRAY(SELECT jsonb_array_elements_text(contract_versions.terms -> 'products')) AS products
        {_IN_FORCE}) AS held
    WHERE organizations.id = held.organization_id RETURNING organizations.*"""  # noqa: S608 - our own words
).bindparams(bindparam("ids", type_=ARRAY(Text)))
_END_PARTNERSHIPS = text("DELETE FROM partnerships WHERE organization_id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(Text))
)
_BEGIN_PARTNERSHIPS = text(
    f"""INSERT INTO partnerships (organization_id, partner_id)
    SELECT contracts.organization_id, jsonb_array_elements_text(contract_versions.terms -> 'partners') {_IN_FORCE}"""
).bindparams(bindparam("ids", type_=ARRAY(Text)))


_PLACE = ("team_id", "organization_id", "user_id", "role", "permissions", "own_permissions", "active", "sort_name")


def add_contract(uow: UnitOfWork, ask: c.AddContract) -> c.ContractView:
    """Raises NotFound, Forbidden without ``contract.manage``, Invalid with a pointer per fault, Conflict
    ``contract_exists``."""
    organization, standing = _organization(uow, ask)
    contract = {
        "id": new_id("con"),
        "team_id": ask.team_id,
        "organization_id": ask.organization_id,
        "version": 1,
        "in_force": 0,
        "created_at": uow.now,
    }
    if not uow.run(upsert(contracts).values(contract).on_conflict_do_nothing()):
        raise Conflict("contract_exists", "This organization has a contract already. Add a version to it.")
    _add_version(uow, organization, contract, ask)
    return queries.agreements.contract_views(uow, [contract], standing)[0]


def add_contract_version(uow: UnitOfWork, ask: c.AddContractVersion) -> c.ContractView:
    """The same refusals, and 412 when If-Match names another version."""
    organization, standing = _organization(uow, ask)  # locked: versions of one contract are made one after the other
    contract = queries.agreements.contract(uow, ask.team_id, ask.organization_id, ask.contract_id)
    uow.must_match(contract["version"])
    contract = {**contract, "version": contract["version"] + 1}
    uow.run(update(contracts).where(contracts.c.id == contract["id"]).values(version=contract["version"]))
    _add_version(uow, organization, contract, ask)
    return queries.agreements.contract_views(uow, [contract], standing)[0]


def _organization(uow: UnitOfWork, ask: c.AddContract | c.AddContractVersion) -> tuple[Fields, Standing]:
    standing = queries.sight.standing(uow, ask.team_id)
    queries.places.organization(uow, ask.team_id, ask.organization_id)
    rules.standing.must_be_able(standing, "contract.manage", ask.organization_id)
    return queries.places.organization(uow, ask.team_id, ask.organization_id, to_change=True), standing


def _add_version(
    uow: UnitOfWork, organization: Fields, contract: Fields, ask: c.AddContract | c.AddContractVersion
) -> None:
    rules.agreements.must_fit(ask.terms, queries.agreements.surroundings(uow, organization, ask.terms))
    effective_from: datetime = ask.effective_from or uow.now
    version = {
        "id": new_id("conv"),
        "contract_id": contract["id"],
        "version": contract["version"],
        "effective_from": effective_from,
        "terms": ask.terms.dump(),
        "ahead": effective_from > uow.now,
        "made_by": uow.actor.user_id,
        "made_at": uow.now,
    }
    uow.run(insert(contract_versions).values(version))
    about = {"team_id": contract["team_id"], "organization_id": contract["organization_id"]}
    uow.record(contract_versioned({**version, **about}))
    note(
        uow,
        "contract.versioned",
        team_id=contract["team_id"],
        object_id=contract["id"],
        version=version["version"],
        effective_from=effective_from.isoformat(),
    )
    if not version["ahead"]:
        _hold(uow, {contract["id"]: contract["version"]})


def bring_into_force(uow: UnitOfWork) -> None:
    """A timer: versions whose moment has come begin to hold. Each is told once, whoever does it."""
    due = queries.agreements.due_versions(uow)
    if not due:
        return
    newest: dict[str, int] = {}
    for version in due:
        newest[version["contract_id"]] = max(version["version"], newest.get(version["contract_id"], 0))
    told = contract_versions.c.id.in_([version["id"] for version in due])
    uow.run(update(contract_versions).where(told).values(ahead=False))
    _hold(uow, newest)


def _hold(uow: UnitOfWork, versions: Mapping[str, int]) -> None:
    """These versions (contract id: number) hold from now on, unless a newer one does. Locked: their organizations."""
    begun = uow.all(_HOLD, {"contract_ids": list(versions), "versions": list(versions.values())})
    ids = [row.organization_id for row in begun]
    if not ids:
        return
    for row in uow.all(_HAND_OVER_PRODUCTS, {"ids": ids}):
        uow.record(organization_changed(row._asdict()))
    uow.run(_END_PARTNERSHIPS, {"ids": ids})
    uow.run(_BEGIN_PARTNERSHIPS, {"ids": ids})
    place_partners(uow, ids)


def follow_partner(uow: UnitOfWork, event: c.MembershipChanged) -> None:
    """Somebody's place changed, perhaps at a partner: then his places at the partner's customers follow. What counts is
    how things stand now, so repeats and late deliveries do no harm."""
    if event.organization_id is None:
        return
    customers = queries.agreements.customers_of(uow, event.organization_id)
    if customers:
        place_partners(uow, customers, event.user_id)


def place_partners(uow: UnitOfWork, customers: Sequence[str], user_id: str | None = None) -> None:
    """Give partners' people their places at these customers and end those that are over; with ``user_id``, one
    person's only."""
    wanted = queries.agreements.people_of_partners(uow, customers, user_id)
    known = [row["user_id"] for row in wanted]
    present = queries.agreements.places_at_customers(uow, customers, user_id, known)
    due = list(rules.agreements.places_of_partners(wanted, present))
    if not due:
        return
    held = queries.people.with_people_of_now(uow, due, held=True)
    places = {(place["organization_id"], place["user_id"]): place for place in held}
    rows = [
        {
            "id": new_id("mem"),
            "version": 1,
            "created_at": uow.now,
            "derived": True,
            "away": False,
            **{name: place[name] for name in _PLACE},
        }
        for place in places.values()
    ]
    deeds = []
    for row in uow.all(_placing(rows)):
        place = places[row.organization_id, row.user_id]
        uow.record(membership_changed({**place, "away": False, "id": row.id, "version": row.version}))
        deeds.append(_deed(uow, place, row.id))
    write_all(uow, deeds)


def _placing(rows: Sequence[Fields]) -> Any:
    """Derived places as these rows say; who belongs there by himself keeps what he has. Returns what changed."""
    told = upsert(memberships).values(rows)
    kept = told.on_conflict_do_update(
        index_elements=[memberships.c.user_id, memberships.c.team_id, memberships.c.organization_id],
        set_={
            "active": told.excluded.active,
            "permissions": told.excluded.permissions,
            "version": memberships.c.version + 1,
        },
        where=memberships.c.derived,
    )
    return kept.returning(*memberships.c["id", "version", "organization_id", "user_id"])


def _deed(uow: UnitOfWork, place: Fields, membership_id: str) -> dict[str, Any]:
    """Rights that a contract gave or took, for the record."""
    told = {name: place[name] for name in ("user_id", "organization_id", "permissions", "active")}
    about = {"team_id": place["team_id"], "object_id": membership_id, "actor_id": uow.actor.user_id or None}
    return about | {"action": "membership.derived", "detail": told, "at": uow.now}
