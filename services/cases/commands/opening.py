"""Registering a case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, insert

from services.cases import queries, rules
from services.cases.commands.callbacks import callback_of_form
from services.cases.commands.information import keep_information
from services.cases.commands.keys import must_not_be_too_many, note_contact
from services.cases.commands.saving import noted_values, record
from services.cases.queries.people import NEXT_NUMBER
from services.cases.queries.weighing import Place, place_to_open, weigh
from services.cases.rules import Reader, Round
from services.cases.tables import cases, changes, followers, unindexed
from services.chassis.ids import new_id
from services.chassis.problems import Invalid
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_GIVEN = [column.name for column in cases.c if column.name != "number"]
_OPEN = (
    insert(cases)
    .values({name: bindparam("case_" + name) for name in _GIVEN} | {"number": NEXT_NUMBER})
    .returning(cases.c.number)
    .add_cte(insert(unindexed).values(case_id=bindparam("case_id")).cte("heard"))
)
_OPEN_WITH_CLOCKS = _OPEN.add_cte(insert(changes).from_select(changes.c.keys(), queries.NOTED).cte("noted"))
_FOLLOW = insert(followers)


def open_case(uow: UnitOfWork, ask: c.OpenCase) -> c.CaseView:
    """Register a case by the form of its type.

    Raises NotFound, Forbidden (``not_permitted``, ``not_included``, ``owner_not_offered``), Conflict
    (``organization_required``, ``private_case``, ``too_many_followers``), Invalid (``invalid`` with every wrong field,
    ``product_not_held``, ``follower_needs_product``).
    """
    uow, place = _caller(uow, ask)
    return register(uow, ask, weigh(uow, ask, place))


def register(uow: UnitOfWork, ask: c.OpenCase, reader: Reader) -> c.CaseView:
    """Write down what was weighed, and say so."""
    case, profile = reader.case, reader.policy
    _insert(uow, reader)
    callback_of_form(uow, reader)
    if ask.technical_information is not None:
        keep_information(uow, reader, ask.technical_information.information)
    # The event reaches customers too, and a priority that support keeps to itself is not told to them.
    priority = case.priority if profile["priority"]["customer_sets"] else None
    told = Round(support=case.assignee_id is None, customer=True, followers=True)
    key = note_contact(uow, case, ask.contact, profile["locale"]) if ask.contact else None
    record(uow, reader, c.CaseOpened, told, type=case.type, priority=priority, product=case.product)
    if case.assignee_id is not None:
        record(uow, reader, c.CaseAssigned, Round(people=(case.assignee_id,)), assignee_id=case.assignee_id)
    view = queries.view(uow, reader, fresh=True)
    return replace(view, access_key=key) if key else view


def _caller(uow: UnitOfWork, ask: c.OpenCase) -> tuple[UnitOfWork, Place]:
    """In whose name the case is opened, and his place."""
    if not uow.actor.known:
        return _stranger(uow, ask)
    place = place_to_open(*queries.standings(uow, ask.team_id, whole_profile=True), ask.organization_id)
    if ask.contact is not None:
        raise Invalid.field("/contact", "login", "Who is signed in names a person by contact_id.")
    return uow, place


def _stranger(uow: UnitOfWork, ask: c.OpenCase) -> tuple[UnitOfWork, Place]:
    """Somebody without a login: he stands in the case by an id that nobody ever signs in with. Raises Unauthenticated
    where the door is shut, TooManyRequests."""
    organization_id, profile = queries.door(uow, ask.team_id)
    if ask.contact is None:
        raise Invalid.field("/contact", "required", "Without a login, say who you are and where the answer goes.")
    if ask.organization_id is not None:
        raise Invalid.field("/organization_id", "login", "Sign in to represent an organization.")
    must_not_be_too_many(uow, rules.intake_limits(str(uow.context.more.get("ip", "")), ask.team_id))
    standing = rules.at_the_door(ask.contact.name, organization_id, profile)
    return queries.in_the_name_of(uow, new_id("contact")), Place(standing, organization_id, profile)


def _insert(uow: UnitOfWork, reader: Reader) -> None:
    case, number = reader.case, reader.policy["number"]
    values: dict[str, Any] = {"case_" + name: getattr(case, name) for name in _GIVEN}
    values |= {"number_team": case.team_id, "number_prefix": number["prefix"], "number_width": number["width"]}
    begun = rules.begun([], case.clocks)
    if begun:
        values |= noted_values(uow, reader, begun)
    row = uow.first(_OPEN_WITH_CLOCKS if begun else _OPEN, values)
    assert row is not None  # noqa: S101 - an INSERT returns its row
    case.number = row.number
    if reader.followers:
        rows = [{"case_id": case.id, "user_id": user_id, "name": name} for user_id, name in reader.followers]
        uow.run(_FOLLOW, rows)
