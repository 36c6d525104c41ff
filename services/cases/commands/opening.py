"""Registering a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert

from services.cases import queries, rules
from services.cases.commands.following import (
    MOST_FOLLOWERS,
    follower_refused,
    private_refused,
    too_many_followers,
)
from services.cases.commands.saving import record
from services.cases.queries.people import NEXT_NUMBER
from services.cases.rules import Filled, Filling, Policy, Reader, Round, Standing
from services.cases.tables import Case, cases, followers
from services.chassis.ids import new_id
from services.chassis.problems import Forbidden, Invalid
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.cases import Visibility

_GIVEN = [column.name for column in cases.c if column.name != "number"]
_OPEN = (
    insert(cases)
    .values({name: bindparam("case_" + name) for name in _GIVEN} | {"number": NEXT_NUMBER})
    .returning(cases.c.number)
)
_FOLLOW = insert(followers)


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything that decides about a new case: the caller's place, the team's profile, the organization's people."""

    standing: Standing
    organization_id: str
    profile: Policy
    products: list[str]
    colleagues: bool
    members: dict[str, str]
    desk: list[str]


def open_case(uow: UnitOfWork, ask: c.OpenCase) -> c.CaseView:
    """Register a case by the form of its type.

    Raises NotFound, Forbidden (``not_permitted``, ``owner_not_offered``), Conflict (``organization_required``,
    ``private_case``, ``too_many_followers``), Invalid (``invalid`` with every wrong field, ``product_not_held``,
    ``follower_needs_product``).
    """
    places, profile = queries.standings(uow, ask.team_id, whole_profile=True)
    standing, organization_id = _represented(places, ask.organization_id)
    if not rules.may_open(standing):
        raise Forbidden("not_permitted", "You may not register cases for this organization.")
    filling = Filling(ask.type, ask.topic, ask.priority, ask.product, ask.fields)
    filled = rules.check_form(profile, filling, staff=standing.staff)
    named = [uow.actor.user_id, *(user_id for user_id in (ask.contact_id, ask.owner_id) if user_id), *ask.follower_ids]
    house = queries.house(uow, ask.team_id, organization_id, named)
    intake = Intake(
        standing, organization_id, profile, house.products, house.colleagues, house.members or {}, house.desk or []
    )
    _check_product(intake, ask.product)
    _check_preferred(intake, filled)
    reader = Reader(_case(uow, ask, intake, filled), standing, profile, desk=intake.desk, present=list(intake.members))
    reader.followers = _followers(ask, reader.case, intake)
    _insert(uow, reader)
    case = reader.case
    # The event reaches customers too, and a priority that support keeps to itself is not told to them.
    priority = case.priority if profile["priority"]["customer_sets"] else None
    told = Round(support=True, customer=True, followers=True)
    record(uow, reader, c.CaseOpened, told, type=case.type, priority=priority, product=case.product)
    return queries.view(uow, reader, fresh=True)


def _represented(places: list[Standing], organization_id: str | None) -> tuple[Standing, str]:
    """For whom the case is registered; an only organization is implied, for staff too."""
    standing, chosen = queries.represented(places, organization_id)
    if chosen is None:
        own = [place.organization_id for place in places if place.organization_id is not None]
        if len(own) != 1:
            raise queries.must_choose(places)
        chosen = own[0]
    return standing, chosen


def _check_product(intake: Intake, product: str | None) -> None:
    if product is None:
        return
    known = any(product == offered["key"] for offered in intake.profile["products"])
    if not known or product not in intake.products:
        detail = "The organization does not hold this product."
        raise Invalid("product_not_held", detail, errors=[{"pointer": "/product", "rule": "held", "detail": detail}])


def _check_preferred(intake: Intake, filled: Filled) -> None:
    favourite = filled.fields.get("preferred_assignee")
    if favourite is not None and favourite not in intake.desk:
        raise Invalid.field("/fields/preferred_assignee", "choice", "This is not one of the team's staff.")


def _case(uow: UnitOfWork, ask: c.OpenCase, intake: Intake, filled: Filled) -> Case:
    contact_id, contact_name = _contact(uow, ask, intake)
    owner_id, owner_name = _owner(uow, ask, intake) or (
        (contact_id, contact_name) if intake.standing.staff else (uow.actor.user_id, intake.standing.name)
    )
    visibility = _visibility(ask, intake, filled)
    if visibility == "private" and owner_id not in (uow.actor.user_id, contact_id):
        raise private_refused()
    return Case(
        id=new_id("case"),
        team_id=ask.team_id,
        number="",  # the database gives it
        organization_id=intake.organization_id,
        title=ask.title,
        description=ask.description,
        type=ask.type,
        topic=filled.topic,
        priority=filled.priority,
        product=ask.product,
        fields=filled.fields,
        status="new",
        visibility=visibility,
        charge=filled.charge,
        level=filled.level,
        complexity=None,
        created_by=uow.actor.user_id,
        created_by_name=intake.standing.name,
        contact_id=contact_id,
        contact_name=contact_name,
        owner_id=owner_id,
        owner_name=owner_name,
        assignee_id=None,
        assignee_name=None,
        confirmation="none",
        reviewed_at=None,
        answered_at=None,
        closed_at=None,
        created_at=uow.now,
        updated_at=uow.now,
        version=1,
    )


def _contact(uow: UnitOfWork, ask: c.OpenCase, intake: Intake) -> tuple[str, str]:
    """Who needs help: the caller unless he names a colleague; staff have to name somebody."""
    if ask.contact_id is None:
        if intake.standing.staff:
            raise Invalid.field("/contact_id", "required", "Name the person of the organization who needs help.")
        return uow.actor.user_id, intake.standing.name
    if ask.contact_id not in intake.members:
        raise Invalid.field("/contact_id", "member", "The contact is not an active member of the organization.")
    return ask.contact_id, intake.members[ask.contact_id]


def _owner(uow: UnitOfWork, ask: c.OpenCase, intake: Intake) -> tuple[str, str] | None:
    """The owner who was named; None leaves it to the default. A customer may name one only as administrator of an
    organization with other people in it, and only where the team has the field."""
    if ask.owner_id is None:
        return None
    offered = intake.profile["owner"]["field"] and intake.standing.role == "administrator" and intake.colleagues
    if not intake.standing.staff and not offered:
        raise Forbidden("owner_not_offered", "Only an administrator with colleagues may name an owner.")
    if ask.owner_id not in intake.members:
        raise Invalid.field("/owner_id", "member", "The owner is not an active member of the organization.")
    return ask.owner_id, intake.members[ask.owner_id]


def _visibility(ask: c.OpenCase, intake: Intake, filled: Filled) -> Visibility:
    visibility: Visibility = ask.visibility or intake.profile["visibility"]["default"]
    if filled.private:
        visibility = "private"
    chosen = filled.private or ask.visibility == "private"
    if chosen and not intake.profile["visibility"]["private_allowed"]:
        raise Invalid.field("/visibility", "choice", "This team keeps no private cases.")
    return visibility


def _followers(ask: c.OpenCase, case: Case, intake: Intake) -> list[tuple[str, str]]:
    wanted = list(dict.fromkeys(ask.follower_ids))
    if not wanted:
        return []
    if not intake.profile["followers"]["enabled"]:
        raise Forbidden("not_permitted", "Cases of this team have no followers.")
    if case.visibility == "private":
        raise private_refused()
    if len(wanted) > MOST_FOLLOWERS:
        raise too_many_followers()
    # The product was held against the organization's already; what is left is to belong to it.
    for place, user_id in enumerate(wanted):
        if user_id not in intake.members:
            raise follower_refused(f"/follower_ids/{place}")
    return [(user_id, intake.members[user_id]) for user_id in wanted]


def _insert(uow: UnitOfWork, reader: Reader) -> None:
    case, number = reader.case, reader.policy["number"]
    values: dict[str, Any] = {"case_" + name: getattr(case, name) for name in _GIVEN}
    values |= {"number_team": case.team_id, "number_prefix": number["prefix"], "number_width": number["width"]}
    row = uow.first(_OPEN, values)
    assert row is not None  # noqa: S101 - an INSERT returns its row
    case.number = row.number
    if reader.followers:
        rows = [{"case_id": case.id, "user_id": user_id, "name": name} for user_id, name in reader.followers]
        uow.run(_FOLLOW, rows)
