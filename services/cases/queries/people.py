"""People and places: the caller's standing in a team, an organization's members, the team's staff."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    Label,
    Row,
    Text,
    any_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy import cast as cast_to

from services.cases.queries.desks import HANDS, Known
from services.cases.queries.sight import POLICY, READS, READS_ALL, me, mine, team
from services.cases.rules import Agreed, Outsider, Standing, Surroundings
from services.cases.tables import Case, case_contacts, contacts, contracts, memberships, organizations, queues, teams
from services.chassis.problems import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork

_place = func.json_build_array(
    mine.c.membership_id, mine.c.organization_id, mine.c.role, mine.c.permissions, mine.c.name, organizations.c.name
)


def places_in(where: ColumnElement[str]) -> Label[Any]:
    """The places of ``me`` in this team, as a column."""
    return (
        select(func.json_agg(_place))
        .select_from(mine.outerjoin(organizations, organizations.c.organization_id == mine.c.organization_id))
        .where(mine.c.user_id == me, mine.c.team_id == where, mine.c.active)
        .scalar_subquery()
        .label("places")
    )


PLACES = places_in(team)
PROFILE = teams.c.profile.label("policy")
_STANDINGS = select(PLACES, POLICY).where(teams.c.team_id == team)
_STANDINGS_AND_PROFILE = select(PLACES, PROFILE).where(teams.c.team_id == team)

_colleague = (
    exists()
    .where(
        memberships.c.organization_id == organizations.c.organization_id,
        memberships.c.team_id == organizations.c.team_id,
        memberships.c.active,
        memberships.c.user_id != me,
    )
    .correlate(organizations)
)
_named: ColumnElement[Any] = any_(bindparam("people", type_=ARRAY(Text)))
_his = (
    contacts.c.team_id == organizations.c.team_id,
    contacts.c.organization_id == organizations.c.organization_id,
    ~contacts.c.removed,
    contacts.c.contact_id == _named,
)
_turned_out = select(contacts.c.user_id).where(*_his).correlate(organizations)
_members = (
    select(func.json_object_agg(memberships.c.user_id, memberships.c.name))
    .where(
        memberships.c.team_id == organizations.c.team_id,
        memberships.c.organization_id == organizations.c.organization_id,
        memberships.c.active,
        any_(memberships.c.permissions) == READS,
        or_(memberships.c.user_id == _named, memberships.c.user_id.in_(_turned_out)),
    )
    .correlate(organizations)
    .scalar_subquery()
)
_told = func.json_build_array(*[contacts.c[name] for name in Outsider._fields])
_contacts = (
    select(func.json_object_agg(contacts.c.contact_id, _told)).where(*_his).correlate(organizations).scalar_subquery()
)
_staff = (
    select(func.array_agg(memberships.c.user_id))
    .where(
        memberships.c.team_id == organizations.c.team_id,
        memberships.c.organization_id.is_(None),
        memberships.c.active,
        any_(memberships.c.permissions) == READS_ALL,
    )
    .correlate(organizations)
    .scalar_subquery()
)
# The version in force now: [number, what it says].
_contract = (
    select(func.json_build_array(contracts.c.contract_version, contracts.c.terms))
    .where(
        contracts.c.organization_id == organizations.c.organization_id,
        contracts.c.effective_from <= bindparam("now", type_=DateTime(timezone=True)),
    )
    .order_by(contracts.c.contract_version.desc())
    .limit(1)
    .correlate(organizations)
    .scalar_subquery()
    .label("contract")
)
_piles = (
    select(func.json_agg(func.json_build_array(queues.c.queue_id, queues.c.topics, queues.c.agents)))
    .where(queues.c.team_id == organizations.c.team_id, ~queues.c.removed)
    .correlate(organizations)
    .scalar_subquery()
)
_AGREED = select(organizations.c.products, _contract).where(
    organizations.c.organization_id == bindparam("organization_id"), organizations.c.team_id == team
)
_HOUSE = select(
    organizations.c.products,
    _colleague.label("colleagues"),
    _members.label("members"),
    _contacts.label("contacts"),
    _staff.label("desk"),
    _contract,
    _piles.label("queues"),
).where(organizations.c.organization_id == bindparam("organization_id"), organizations.c.team_id == team)
# How the contact without a login of another case is reached, and who he is.
_reached = func.json_build_array(*case_contacts.c["contact_id", "name", "email", "phone"])
_VISITOR = select(_reached).where(case_contacts.c.case_id == bindparam("like_case")).scalar_subquery().label("visitor")
_HOUSES = {  # with hands? for a case like another one?
    (hands, like): _HOUSE.add_columns(*([HANDS] if hands else []), *([_VISITOR] if like else []))
    for hands in (False, True)
    for like in (False, True)
}
_HOUSE_AND_PROFILE = _HOUSE.add_columns(teams.c.profile).where(teams.c.team_id == organizations.c.team_id)

is_staff = (
    memberships.c.team_id == team,
    memberships.c.organization_id.is_(None),
    memberships.c.active,
    any_(memberships.c.permissions) == READS_ALL,
)
_AGENT = select(memberships.c.name).where(*is_staff, memberships.c.user_id == bindparam("user_id"))
_MEMBER = select(memberships.c.name, organizations.c.products, _contract).where(
    memberships.c.team_id == team,
    memberships.c.organization_id == bindparam("organization_id"),
    memberships.c.active,
    any_(memberships.c.permissions) == READS,
    memberships.c.user_id == bindparam("user_id"),
    organizations.c.organization_id == memberships.c.organization_id,
)


def standings(uow: UnitOfWork, team_id: str, *, whole_profile: bool = False) -> tuple[list[Standing], dict[str, Any]]:
    """The caller's active places in the team, and the team's policy. Raises NotFound when he has none there."""
    statement = _STANDINGS_AND_PROFILE if whole_profile else _STANDINGS
    row = uow.first(statement, {"me": uow.actor.user_id, "team_id": team_id})
    if row is None or not row.places:
        raise NotFound()
    return [Standing(*place) for place in row.places], cast(dict[str, Any], row.policy)


def represented(places: list[Standing], organization_id: str | None) -> tuple[Standing, str | None]:
    """For whom the caller speaks: staff for any organization of the team, a customer for one of his own.

    Raises NotFound for an organization that is not his and Conflict ``organization_required`` when he must choose.
    """
    staff = next((place for place in places if place.staff), None)
    if staff is not None:
        return staff, organization_id
    known = [place for place in places if place.organization_id == organization_id or organization_id is None]
    if not known:
        raise NotFound()
    if len(known) > 1:
        raise must_choose(known)
    return known[0], known[0].organization_id


def must_choose(places: list[Standing]) -> Conflict:
    """The refusal that asks whom the caller represents."""
    choices = [{"id": place.organization_id, "name": place.organization_name} for place in places if not place.staff]
    return Conflict("organization_required", "Say which organization you represent.", extra={"choices": choices})


def house(
    uow: UnitOfWork, place: tuple[str, str], people: list[str], *, hands: bool = False, like: str = ""
) -> Row[Any]:
    """An organization of a team (the ids of both are its ``place``): its ``products``, whether the caller has
    ``colleagues`` there, the names of those ``people`` who are active ``members``, those who are ``contacts`` without
    a login, the team's ``desk``, the ``contract`` in force, the team's ``queues``; where it is asked for, who of the
    staff has how much in ``hands``, and the ``visitor`` whose case another is to be ``like``. Raises NotFound."""
    team_id, organization_id = place
    values = {"me": uow.actor.user_id, "team_id": team_id, "organization_id": organization_id, "now": uow.now}
    row = uow.first(_HOUSES[hands, bool(like)], values | {"people": people, "like_case": like})
    if row is None:
        raise NotFound()
    return row


def outsiders_of(home: Row[Any]) -> dict[str, Outsider]:
    """From ``contacts`` of a house, and its ``visitor``."""
    found = {contact_id: Outsider(*told) for contact_id, told in (home.contacts or {}).items()}
    if visitor := getattr(home, "visitor", None):
        contact_id, name, email, phone = visitor
        found.setdefault(contact_id, Outsider(name, email, phone, None))
    return found


def surroundings(uow: UnitOfWork, case: Case, people: list[str]) -> Surroundings:
    """What decides about changes to a case: the profile, what its organization holds now, and who of these ``people``
    belongs to it. Raises NotFound."""
    values = {"me": uow.actor.user_id, "team_id": case.team_id, "organization_id": case.organization_id, "now": uow.now}
    row = uow.first(_HOUSE_AND_PROFILE, values | {"people": people})
    if row is None:
        raise NotFound()
    return Surroundings(row.profile, Agreed.of(row.products, row.contract), row.members or {}, outsiders_of(row))


def agreed(uow: UnitOfWork, team_id: str, organization_id: str) -> Agreed:
    """What holds for an organization now. Raises NotFound."""
    row = uow.first(_AGREED, {"team_id": team_id, "organization_id": organization_id, "now": uow.now})
    if row is None:
        raise NotFound()
    return Agreed.of(row.products, row.contract)


_ALONE = select(func.pg_advisory_xact_lock(func.hashtextextended(me + " " + bindparam("what", type_=Text()), 0)))


def one_at_a_time(uow: UnitOfWork, what: str) -> None:
    """Until this is committed, no other request of the caller's does the same: what it counts stays counted."""
    uow.first(_ALONE, {"me": uow.actor.user_id, "what": what})


def agent_name(uow: UnitOfWork, team_id: str, user_id: str, known: Known | None = None) -> str | None:
    """The name of one of the team's active staff; None when he is not."""
    if known is not None:
        return known.names.get(user_id)
    row = uow.first(_AGENT, {"team_id": team_id, "user_id": user_id})
    return None if row is None else str(row.name)


def member(uow: UnitOfWork, case: Case, user_id: str) -> Row[Any] | None:
    """``name`` of an active member of the case's organization, who may read cases, and the ``products`` it holds."""
    values = {"team_id": case.team_id, "organization_id": case.organization_id, "user_id": user_id, "now": uow.now}
    return uow.first(_MEMBER, values)


# Those who follow a new case, as the rows of ``followers`` that its INSERT writes along.
FOLLOWING = select(
    bindparam("followers_case", type_=Text()),
    func.unnest(bindparam("followers_ids", type_=ARRAY(Text))),
    func.unnest(bindparam("followers_names", type_=ARRAY(Text))),
)

_numbered = (
    update(teams)
    .where(teams.c.team_id == bindparam("number_team"))
    .values(last_number=teams.c.last_number + 1)
    .returning(teams.c.last_number)
    .cte("numbered")
)
_digits = cast_to(_numbered.c.last_number, Text)
_width = bindparam("number_width", type_=Integer())
# The next number of the team, taken inside the INSERT that uses it: the team's row is locked no sooner than needed, and
# a case that is not committed gives its number back, so that there are no gaps.
NEXT_NUMBER = select(
    bindparam("number_prefix", type_=Text())
    + "-"
    + func.lpad(_digits, func.greatest(_width, func.length(_digits)), "0")
).scalar_subquery()
