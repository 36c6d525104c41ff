"""The case that a form would become. Nothing is written: the opening does that, and the summary of a draft tells it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from services.cases import rules
from services.cases.queries.people import house, must_choose, outsiders_of, represented
from services.cases.rules import Agreed, Filled, Filling, Hand, Outsider, Policy, Queue, Reader, Standing, Wanted
from services.cases.tables import Case
from services.chassis.ids import new_id
from services.chassis.problems import Forbidden, Invalid
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.cases import Visibility


class Place(NamedTuple):
    """Where a case is opened: what the caller is there, for which organization, and the team's whole profile."""

    standing: Standing
    organization_id: str
    profile: Policy


class Like(NamedTuple):
    """The case that another one is made like, and what of ``fields`` is ``said`` anew."""

    case_id: str
    said: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything that decides about a new case: the caller's place, the team's profile, the organization's people."""

    standing: Standing
    organization_id: str
    profile: Policy
    agreed: Agreed
    colleagues: bool
    members: dict[str, str]
    outsiders: dict[str, Outsider]
    desk: list[str]
    queues: list[Queue]


def weigh(
    uow: UnitOfWork,
    ask: c.OpenCase,
    place: Place,
    missing: Sequence[dict[str, str]] = (),
    like: Like | None = None,
) -> Reader:
    """The case as it would be registered, with the people around it; nothing is written. ``missing``: faults that are
    known already, told together with those of the form. Of a case ``like`` another, what does not pass today is left
    out, and nothing is demanded. Raises as ``open_case``."""
    standing, organization_id, profile = place
    if like is not None:
        ask = _what_passes(ask, place, like.said)
    filling = Filling(ask.type, ask.topic, ask.priority, ask.product, ask.fields, ask.product_item, ask.product_range)
    filled = rules.check_form(profile, filling, staff=standing.staff, missing=missing, demands=like is None)
    if (told := ask.technical_information) is not None:
        rules.check_information(told.consent, told.information)
    named = [uow.actor.user_id, *(user_id for user_id in (ask.contact_id, ask.owner_id) if user_id), *ask.follower_ids]
    hands = rules.asks_for_hands(profile["routing"], filled.fields.get("preferred_assignee"))
    home = house(uow, (ask.team_id, organization_id), named, hands=hands, like=like.case_id if like else "")
    agreed = Agreed.of(home.products, home.contract)
    members, desk, queues = home.members or {}, home.desk or [], [Queue(*one) for one in home.queues or []]
    intake = Intake(
        standing, organization_id, profile, agreed, home.colleagues, members, outsiders_of(home), desk, queues
    )
    if like is not None:
        ask = _what_is_there(ask, filled, intake, like.said)
    rules.product_held(profile, agreed, ask.product)
    _check_preferred(intake, filled)
    case = _judged(_case(uow, ask, intake, filled), intake)
    _route(case, intake, [Hand.told(one) for one in home.hands or []] if hands else [])
    case.product_item, case.product_range = ask.product_item, ask.product_range
    case.language = ask.language or profile.get("locale")
    reader = Reader(case, standing, profile, desk=intake.desk, present=list(intake.members), me=uow.actor.user_id)
    reader.followers, reader.agreed = _followers(ask, case, intake), agreed
    reader.outsider = intake.outsiders.get(case.contact_id)
    if reader.outsider is not None and reader.outsider.email is not None:
        reader.present.append(case.contact_id)
    return reader


def _what_passes(ask: c.OpenCase, place: Place, said: Collection[str]) -> c.OpenCase:
    """What the form of the type takes today."""
    filling = Filling(ask.type, ask.topic, ask.priority, ask.product, ask.fields, ask.product_item, ask.product_range)
    left = rules.passing(place.profile, filling, said, staff=place.standing.staff)
    return replace(ask, topic=left.topic, priority=left.priority, product_range=left.product_range, fields=left.fields)


def _what_is_there(ask: c.OpenCase, filled: Filled, intake: Intake, said: Collection[str]) -> c.OpenCase:
    """The product, if the organization still holds it, and the favourite, if he is still of the staff."""
    if "preferred_assignee" not in said and filled.fields.get("preferred_assignee") not in intake.desk:
        filled.fields.pop("preferred_assignee", None)
    if rules.is_held(intake.profile, intake.agreed, ask.product):
        return ask
    return replace(ask, product=None, product_item=None, product_range=None)


def place_to_open(places: list[Standing], profile: Policy, organization_id: str | None) -> Place:
    """For whom the case is registered; an only organization is implied, for staff too. Raises NotFound, Conflict
    ``organization_required``, Forbidden ``not_permitted``."""
    standing, chosen = represented(places, organization_id)
    if chosen is None:
        own = [place.organization_id for place in places if place.organization_id is not None]
        if len(own) != 1:
            raise must_choose(places)
        chosen = own[0]
    if not rules.may_open(standing):
        raise Forbidden("not_permitted", "You may not register cases for this organization.")
    return Place(standing, chosen, profile)


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
        raise rules.private_refused()
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


def _judged(case: Case, intake: Intake) -> Case:
    """Its rank in the pile, what it costs, and the version of the contract that holds for it from now on."""
    case.priority_rank = rules.rank_of(intake.profile, case.priority)
    kind = rules.type_of(intake.profile, case.type)
    case.charge, case.fee = intake.agreed.charge(kind), intake.agreed.fee(kind)
    case.contract_version = intake.agreed.version
    case.gate = rules.first_gate(case.charge)
    case.clocks_key = rules.clocks_key(intake.profile)
    promised = rules.promises(intake.profile, intake.agreed.terms, case.priority)
    rules.begin(case, promised, intake.profile, case.created_at)
    return case


def _route(case: Case, intake: Intake, hands: list[Hand]) -> None:
    """Its queue and, if somebody gets it at once, its agent, who is one of these ``hands``."""
    topics = rules.names_of_topic(intake.profile, case.topic)
    wanted = Wanted(case.type, case.product, case.level, topics, case.fields.get("preferred_assignee"))
    queue, hand = rules.routed(wanted, intake.queues, hands, intake.profile["routing"])
    case.queue_id = queue.queue_id if queue else None
    if hand is not None:
        case.assignee_id, case.assignee_name = hand.user_id, hand.name


def _contact(uow: UnitOfWork, ask: c.OpenCase, intake: Intake) -> tuple[str, str]:
    """Who needs help: the caller unless he names a colleague; staff have to name somebody."""
    if ask.contact_id is None:
        if intake.standing.staff:
            raise Invalid.field("/contact_id", "required", "Name the person of the organization who needs help.")
        return uow.actor.user_id, intake.standing.name
    found = rules.contact_among(ask.contact_id, intake.members, intake.outsiders)
    if found is None:
        raise Invalid.field("/contact_id", "member", rules.NO_CONTACT)
    return found


def _owner(uow: UnitOfWork, ask: c.OpenCase, intake: Intake) -> tuple[str, str] | None:
    """The owner who was named; None leaves it to the default. A customer may name one only as administrator of an
    organization with other people in it, and only where the team has the field."""
    if ask.owner_id is None:
        return None
    offered = intake.profile["owner"]["field"] and "user.manage" in intake.standing.permissions and intake.colleagues
    if not intake.standing.staff and not offered:
        raise rules.owner_refused()
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
    if not rules.offers_followers(intake.profile) or not intake.agreed.includes("followers", intake.profile):
        raise rules.not_included("followers", intake.profile)
    if case.visibility == "private":
        raise rules.private_refused()
    if len(wanted) > rules.MOST_FOLLOWERS:
        raise rules.too_many_followers()
    # The product was held against the organization's already; what is left is to belong to it.
    for place, user_id in enumerate(wanted):
        if user_id not in intake.members:
            raise rules.follower_refused(f"/follower_ids/{place}")
    return [(user_id, intake.members[user_id]) for user_id in wanted]
