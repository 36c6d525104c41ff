"""Reading people and their memberships."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, any_, bindparam, exists, or_

from services.accounts import rules
from services.accounts.queries import passwords, places, queues, sight
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import Standing
from services.accounts.tables import (
    contexts,
    known_places,
    memberships,
    organizations,
    users,
)
from services.chassis.problems import NotFound, Unauthenticated
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

_MOST = 1000  # memberships of one person


def persons(uow: UnitOfWork) -> Select[Any]:
    """Visible memberships with the person and the organization's name."""
    return with_persons(sight.visible(uow, memberships))


def with_persons(rows: Select[Any]) -> Select[Any]:
    """Memberships, with the person and the organization's name beside each."""
    return (
        rows.join_from(memberships, users, users.c.id == memberships.c.user_id)
        .outerjoin(organizations, organizations.c.id == memberships.c.organization_id)
        .add_columns(
            users.c.user_name,
            users.c.email,
            users.c.name.label("person_name"),
            users.c.locale,
            users.c.active.label("person_active"),
            organizations.c.name.label("organization_name"),
        )
    )


def membership(uow: UnitOfWork, team_id: str, membership_id: str, *, to_change: bool = False) -> Fields:
    """One membership as ``persons`` shows it. Raises NotFound when it is not there or not his."""
    rows = persons(uow).where(memberships.c.team_id == team_id, memberships.c.id == membership_id)
    found = sight.fields(uow, rows.with_for_update(of=memberships) if to_change else rows)
    if not found:
        raise NotFound()
    return with_people_of_now(uow, found)[0] if to_change else found[0]


def active_members(uow: UnitOfWork, organization_id: str) -> list[Fields]:
    """Every active membership of an organization as ``persons`` shows it, locked."""
    rows = persons(uow).where(memberships.c.organization_id == organization_id, memberships.c.active)
    return with_people_of_now(uow, sight.fields(uow, rows.with_for_update(of=memberships)))


def with_people_of_now(uow: UnitOfWork, rows: Sequence[Fields], *, held: bool = False) -> list[Fields]:
    """These memberships, each with what it shows of its person, asked for now.

    A statement that waited for a membership brings the membership as it is, but the person as he was before the wait;
    who changes a person tells his memberships last, so whoever holds one asks for the person afterwards. ``held``: new
    memberships, which nobody who changes the person at this moment would see; he stays as he is until the end."""
    about = sight.people_with_login().where(users.c.id.in_({row["user_id"] for row in rows})).order_by(users.c.id)
    found = sight.fields(uow, about.with_for_update(read=True) if held else about)
    shown = {person["id"]: shown_of(person) for person in found}
    return [{**row, **shown[row["user_id"]]} for row in rows]


def shown_of(person: Fields) -> dict[str, Any]:
    """What a membership shows of its person (from ``users``)."""
    shown = {name: person[name] for name in ("user_name", "email", "locale")}
    return shown | {"person_name": person["name"], "person_active": person["active"]}


def place_of(uow: UnitOfWork, ask: c.ChangeOrganizationUser | c.RemoveOrganizationUser) -> Fields:
    """A person's membership of an organization. Raises NotFound when it is not there or not his."""
    rows = persons(uow).where(
        memberships.c.user_id == ask.user_id,
        memberships.c.organization_id == ask.organization_id,
        memberships.c.team_id == ask.team_id,
    )
    found = sight.one(uow, rows)
    if found is None:
        raise NotFound()
    return found


def places_in_sight(uow: UnitOfWork, user_ids: list[str]) -> dict[str, list[rules.people.Place]]:
    """Those of these people whom the caller sees, each with his active places in sight. Operators see everybody."""
    rows = sight.visible(uow, memberships).where(memberships.c.user_id.in_(user_ids), memberships.c.active)
    seen: dict[str, list[rules.people.Place]] = {}
    if uow.actor.kind == "operator":
        seen = {user_id: [] for user_id in user_ids}
    for row in sight.fields(uow, rows):
        seen.setdefault(row["user_id"], []).append((row["team_id"], row["organization_id"]))
    return seen


def other_administrators(uow: UnitOfWork, organization_id: str, membership_id: str) -> int:
    """How many people besides this one manage the organization's users (one is enough to know)."""
    others = _acting(uow, "user.manage", membership_id).where(memberships.c.organization_id == organization_id)
    return len(uow.all(others.limit(1)))


def other_managers(uow: UnitOfWork, team_id: str, membership_id: str = "") -> int:
    """How many of the staff besides this one manage the team's roles (one is enough to know)."""
    others = _acting(uow, "role.manage", membership_id)
    others = others.where(memberships.c.team_id == team_id, memberships.c.organization_id.is_(None))
    return len(uow.all(others.limit(1)))


def _acting(uow: UnitOfWork, permission: str, but: str) -> Select[Any]:
    """Who holds this and can act on it: nobody who is shut out, no integration."""
    rows = sight.visible(uow, memberships).join_from(memberships, users, users.c.id == memberships.c.user_id)
    held = (any_(memberships.c.permissions) == permission, memberships.c.active, memberships.c.id != but)
    return rows.where(*held, users.c.active, users.c.kind == "person")


def list_users(uow: UnitOfWork, ask: c.ListUsers) -> c.MembershipPage:
    """By name; ``q`` is a part of the name, user name or e-mail address. Raises NotFound when the organization is not
    his, Forbidden ``not_permitted`` and ``owner_not_offered``."""
    standing = sight.standing(uow, ask.team_id)
    places.organization(uow, ask.team_id, ask.organization_id)
    rules.standing.must_be_able(standing, "user.read", ask.organization_id)
    rows = persons(uow).where(memberships.c.organization_id == ask.organization_id)
    if ask.pick == "owner":
        rules.people.must_be_offered_owners(standing, ask.organization_id, _has_colleagues(uow, ask.organization_id))
    if ask.pick is not None:
        rows = rows.where(memberships.c.active, users.c.active, any_(memberships.c.permissions) == "case.read")
    if ask.q is not None:
        rows = rows.where(_called(ask.q))
    return _membership_page(uow, rows, ask, standing)


def _called(q: str) -> ColumnElement[bool]:
    """It is a part of the name, user name or e-mail address."""
    part = rules.names.fold(q)
    columns = (memberships.c.sort_name, users.c.user_name_key, users.c.email_key)
    return or_(*(column.contains(part, autoescape=True) for column in columns))


def find_people(uow: UnitOfWork, ask: c.FindPeople) -> c.FoundPeopleList:
    """By name; nobody for who may read no people. Raises NotFound when the team is not his."""
    standing = sight.standing(uow, ask.team_id)
    rows = persons(uow).where(memberships.c.team_id == ask.team_id, _called(ask.q))
    rows = rows.where(memberships.c.active, users.c.active, users.c.kind == "person")
    if not standing.may("user.read"):
        homes = [home for home in standing.organizations if standing.may("user.read", home)]
        rows = rows.where(memberships.c.organization_id.in_(homes))
    if ask.organization_id is not None:
        rows = rows.where(memberships.c.organization_id == ask.organization_id)
    found = sight.fields(uow, rows.order_by(memberships.c.sort_name, memberships.c.id).limit(ask.limit))
    return c.FoundPeopleList(data=[membership_view(row, standing) for row in found])


def _has_colleagues(uow: UnitOfWork, organization_id: str) -> bool:
    others = sight.visible(uow, memberships).where(
        memberships.c.organization_id == organization_id,
        memberships.c.active,
        memberships.c.user_id != uow.actor.user_id,
    )
    return uow.first(others.limit(1)) is not None


def list_agents(uow: UnitOfWork, ask: c.ListAgents) -> c.AgentPage:
    """By name. Raises NotFound when the team is not his, Forbidden for customers who register no cases."""
    standing = sight.standing(uow, ask.team_id)
    rules.standing.permit(standing.may("user.read") or rules.standing.chooses_agents(standing))
    rows = staff(uow, ask.team_id)
    if not standing.may("user.read"):
        rows = rows.where(memberships.c.active, users.c.active, users.c.kind == "person")
    if ask.available is not None:
        rows = rows.where(memberships.c.away != ask.available, memberships.c.active, users.c.active)
    if ask.topic is not None:
        rows = rows.where(memberships.c.user_id.in_(queues.working_on(ask.team_id, ask.topic)))
    found, cursor = sight.page(uow, rows, [memberships.c.sort_name, memberships.c.id], ask)
    return c.AgentPage(data=[agent_line(row, standing) for row in found], next_cursor=cursor)


def staff(uow: UnitOfWork, team_id: str) -> Select[Any]:
    """The team's staff, for everybody who belongs to the team: customers may choose among them, and are shown no more
    than names (``agent_line``)."""
    return with_persons(sight.desk(team_id))


def agent_line(row: Fields, standing: Standing) -> c.AgentLine:
    """From ``staff``."""
    whole = membership_view({**row, "organization_name": None}, standing) if standing.may("user.read") else None
    here = row["active"] and row["person_active"] and not row["away"]
    return c.AgentLine(id=row["user_id"], name=row["person_name"], available=here, membership=whole)


def _membership_page(uow: UnitOfWork, rows: Select[Any], ask: Any, standing: Standing) -> c.MembershipPage:
    found, cursor = sight.page(uow, rows, [memberships.c.sort_name, memberships.c.id], ask)
    return c.MembershipPage(data=[membership_view(row, standing) for row in found], next_cursor=cursor)


def person_by_login(uow: UnitOfWork, login: str, place: bytes) -> Fields | None:
    """The person with this folded user name or e-mail address (user names have no @), with ``usual_place``: whether he
    has lately signed in at this (hashed) place. Integrations are no people."""
    values = {"login": login, "login_place": place, "lately": uow.now - rules.attempts.KNOWN_FOR}
    row = uow.first(_by_login(email="@" in login), values)
    return None if row is None else row._asdict()


@cache
def _by_login(*, email: bool) -> Select[Any]:
    """Built once: it runs at every sign-in."""
    column = users.c.email_key if email else users.c.user_name_key
    lately = known_places.c.seen_at > bindparam("lately", type_=known_places.c.seen_at.type)
    place = known_places.c.place == bindparam("login_place", type_=known_places.c.place.type)
    here = exists().where(known_places.c.user_id == users.c.id, place, lately)
    rows = sight.people_with_login().add_columns(here.label("usual_place"))
    return rows.where(column == bindparam("login"), users.c.kind == "person")


def account(uow: UnitOfWork, user_id: str) -> Fields:
    """Anybody with a login, locked, for the operators. Raises NotFound."""
    rows = sight.visible(uow, users).where(users.c.id == user_id)
    found = sight.one(uow, rows.with_for_update(key_share=True))
    if found is None:
        raise NotFound()
    return found


def find_users(uow: UnitOfWork, ask: c.FindUsers) -> c.LoginPage:
    """By name. Raises Forbidden for all but operators."""
    rules.standing.must_be_known(uow.actor)
    rules.standing.permit(uow.actor.kind == "operator")
    rows = sight.visible(uow, users)
    if ask.q is not None:
        part = rules.names.fold(ask.q)
        columns = (users.c.sort_name, users.c.user_name_key, users.c.email_key)
        rows = rows.where(or_(*(column.contains(part, autoescape=True) for column in columns)))
    found, cursor = sight.page(uow, rows, [users.c.sort_name, users.c.id], ask)
    return c.LoginPage(data=[login_view(row) for row in found], next_cursor=cursor)


def login_view(row: Fields) -> c.LoginView:
    """From ``users``."""
    return c.LoginView(
        user=user_view(row["id"], row["name"], row),
        operator=row["operator"],
        active=row["active"],
        version=row["version"],
    )


def people_known_as(uow: UnitOfWork, user_name_key: str, email_key: str) -> list[Fields]:
    """Whoever has this user name or this e-mail address: nobody, one or two people."""
    found = sight.people_with_login().where(or_(users.c.user_name_key == user_name_key, users.c.email_key == email_key))
    return sight.fields(uow, found)


def person(uow: UnitOfWork, user_id: str, *, to_change: bool = False) -> Fields:
    """The signed-in person. Raises Unauthenticated when he is gone."""
    rows = sight.people_with_login().where(users.c.id == user_id)
    found = sight.one(uow, rows.with_for_update(key_share=True) if to_change else rows)
    if found is None:
        raise Unauthenticated("sign_in_required", "Sign in first.")
    return found


def read_me(uow: UnitOfWork, ask: c.ReadMe) -> c.MeView:
    """Raises Unauthenticated."""
    rules.standing.must_be_known(uow.actor)
    me = person(uow, uow.actor.user_id)
    mine = persons(uow).where(memberships.c.user_id == me["id"], memberships.c.active)
    found = sight.fields(uow, mine.order_by(memberships.c.team_id, memberships.c.organization_id).limit(_MOST))
    in_team = rules.standing.standings_of(found, operator=uow.actor.kind == "operator")
    places_of_mine = {(row["team_id"], row["organization_id"]) for row in found}
    chosen = sight.fields(uow, sight.visible(uow, contexts).order_by(contexts.c.team_id).limit(_MOST))
    factor = passwords.second_factor(uow, me["id"])
    return c.MeView(
        user=user_view(me["id"], me["name"], me),
        operator=uow.actor.kind == "operator",
        time_zone=me["time_zone"],
        phone=me["phone"],
        second_factor=factor is not None and factor["confirmed_at"] is not None,
        contexts=[
            c.ContextLine(team_id=row["team_id"], organization_id=row["organization_id"])
            for row in chosen
            if (row["team_id"], row["organization_id"]) in places_of_mine
        ],
        version=me["version"],
        memberships=[membership_view(row, in_team[row["team_id"]]) for row in found],
    )


def list_my_memberships(uow: UnitOfWork, ask: c.ListMyMemberships) -> c.MembershipPage:
    """The active ones, oldest first. Raises Unauthenticated."""
    rules.standing.must_be_known(uow.actor)
    mine = persons(uow).where(memberships.c.user_id == uow.actor.user_id, memberships.c.active)
    found, cursor = sight.page(uow, mine, [memberships.c.id], ask)
    in_team = rules.standing.standings_of(found, operator=uow.actor.kind == "operator")
    return c.MembershipPage(data=[membership_view(row, in_team[row["team_id"]]) for row in found], next_cursor=cursor)


def must_belong(uow: UnitOfWork, team_id: str, organization_id: str | None) -> None:
    """Raises NotFound when the caller has no active place there."""
    mine = sight.visible(uow, memberships).where(
        memberships.c.user_id == uow.actor.user_id,
        memberships.c.team_id == team_id,
        memberships.c.organization_id.is_not_distinct_from(organization_id),
        memberships.c.active,
    )
    if uow.first(mine) is None:
        raise NotFound()


def user_view(user_id: str, name: str, row: Fields) -> c.UserView:
    """From ``users``, or from a membership as ``persons`` shows it (where ids and names have other labels)."""
    return c.UserView(id=user_id, user_name=row["user_name"], name=name, email=row["email"], locale=row["locale"])


def membership_view(row: Fields, standing: Standing) -> c.MembershipView:
    """From ``people``; ``standing`` is the reader's in that team."""
    return c.MembershipView(
        id=row["id"],
        team_id=row["team_id"],
        organization_id=row["organization_id"],
        organization_name=row["organization_name"],
        role=row["role"],
        permissions=list(row["permissions"]),
        own_permissions=row["own_permissions"],
        active=row["active"],
        user=user_view(row["user_id"], row["person_name"], row),
        away=row["away"],
        replacement_id=row["replacement_id"],
        away_until=row["away_until"],
        may=standing.able([rules.standing.office(row["organization_id"])], row["organization_id"]),
        version=row["version"],
    )
