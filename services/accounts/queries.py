"""Every SELECT of accounts. What a reader gets begins at ``visible``; ``identities`` proves who somebody is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, Table, and_, any_, func, or_, select, tuple_

from services.accounts import rules, secrets
from services.accounts.rules import Standing
from services.accounts.tables import (
    attempts,
    memberships,
    organizations,
    refresh_tokens,
    sessions,
    signing_keys,
    team_profiles,
    teams,
    users,
)
from services.chassis.problems import Malformed, NotFound, Unauthenticated
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

Fields = Mapping[str, Any]
_INSTALLATION_LOCK = 7_274_101  # any number; taken while the first signing key and the operator are made
_BATCH = 1000


# --- who may see what ------------------------------------------------------------------------------------------------


def visible(uow: UnitOfWork, table: Table) -> Select[Any]:
    """The rows of ``table`` the caller may see; the one place that knows.

    Own sessions only, whoever one is. Team profiles are public. Operators and the system see all else; everybody else:
    teams he belongs to, his organizations (staff: all of the team), and the people of those.
    """
    rows = select(table)
    if table is sessions:
        return rows.where(sessions.c.user_id == uow.actor.user_id)
    if table is team_profiles or uow.actor.kind in ("operator", "system"):
        return rows
    conditions = {teams: _of_my_teams, organizations: _of_my_organizations, memberships: _of_my_people}
    return rows.where(conditions[table](uow.actor.user_id))


def _mine(user_id: str, column: str, *, staff: bool | None = None) -> ColumnElement[Any]:
    """``= ANY (…)`` over one column of my active memberships: found once per query, and an index can answer it."""
    mine = memberships.alias("mine")
    found = select(mine.c[column]).where(mine.c.user_id == user_id, mine.c.active)
    if staff is not None:
        found = found.where(mine.c.organization_id.is_(None) if staff else mine.c.organization_id.is_not(None))
    return any_(func.array(found.scalar_subquery()))


def _of_my_teams(user_id: str) -> ColumnElement[bool]:
    return teams.c.id == _mine(user_id, "team_id")


def _of_my_organizations(user_id: str) -> ColumnElement[bool]:
    return or_(
        organizations.c.id == _mine(user_id, "organization_id", staff=False),
        organizations.c.team_id == _mine(user_id, "team_id", staff=True),
    )


def _of_my_people(user_id: str) -> ColumnElement[bool]:
    return or_(
        memberships.c.organization_id == _mine(user_id, "organization_id", staff=False),
        memberships.c.team_id == _mine(user_id, "team_id", staff=True),
    )


def identities() -> Select[Any]:
    """Every person with a login, for proving who somebody is. What it finds is compared, and shown to no one else."""
    return select(users)


# --- pages -----------------------------------------------------------------------------------------------------------


def page(
    uow: UnitOfWork, rows: Select[Any], by: Sequence[ColumnElement[Any]], ask: Any
) -> tuple[list[Fields], str | None]:
    """``(rows, next cursor)`` in the order of ``by``, which ends on an id. The cursor is the last row's place."""
    if ask.cursor is not None:
        rows = rows.where(tuple_(*by) > tuple_(*_place(ask.cursor, len(by))))
    found = _fields(uow, rows.order_by(*by).limit(ask.limit + 1))
    if len(found) <= ask.limit:
        return found, None
    last = found[ask.limit - 1]
    return found[: ask.limit], orjson.dumps([last[column.key or ""] for column in by]).decode()


def _place(cursor: str, length: int) -> list[str]:
    try:
        place = orjson.loads(cursor)
    except ValueError:
        place = None
    if not isinstance(place, list) or len(place) != length or not all(isinstance(part, str) for part in place):
        raise Malformed("cursor_invalid", "This cursor is not one of ours.")
    return place


def _fields(uow: UnitOfWork, rows: Select[Any]) -> list[Fields]:
    return [row._asdict() for row in uow.all(rows)]


def _one(uow: UnitOfWork, rows: Select[Any]) -> Fields | None:
    row = uow.first(rows)
    return None if row is None else row._asdict()


# --- places: teams, organizations, memberships -----------------------------------------------------------------------


def standing(uow: UnitOfWork, team_id: str) -> Standing:
    """What the caller is in this team. Raises Unauthenticated, or NotFound when the team is not his."""
    rules.must_be_known(uow.actor)
    if uow.first(visible(uow, teams).where(teams.c.id == team_id)) is None:
        raise NotFound()
    mine = _fields(
        uow,
        visible(uow, memberships).where(
            memberships.c.user_id == uow.actor.user_id, memberships.c.team_id == team_id, memberships.c.active
        ),
    )
    return Standing(
        operator=uow.actor.kind == "operator",
        staff_role=next((row["role"] for row in mine if row["organization_id"] is None), None),
        organization_roles={row["organization_id"]: row["role"] for row in mine if row["organization_id"]},
    )


def team_to_change(uow: UnitOfWork, team_id: str) -> Fields | None:
    """The team, locked; None when there is none."""
    return _one(uow, visible(uow, teams).where(teams.c.id == team_id).with_for_update())


def profile_of(uow: UnitOfWork, team_id: str) -> Fields | None:
    """The newest profile of a team (``version``, ``profile``)."""
    rows = visible(uow, team_profiles).where(team_profiles.c.team_id == team_id)
    return _one(uow, rows.order_by(team_profiles.c.version.desc()).limit(1))


def organization(uow: UnitOfWork, team_id: str, organization_id: str, *, to_change: bool = False) -> Fields:
    """One organization of the team. Raises NotFound when it is not there or not his."""
    rows = visible(uow, organizations).where(organizations.c.team_id == team_id, organizations.c.id == organization_id)
    found = _one(uow, rows.with_for_update() if to_change else rows)
    if found is None:
        raise NotFound()
    return found


def people(uow: UnitOfWork) -> Select[Any]:
    """Visible memberships with the person and the organization's name."""
    return (
        visible(uow, memberships)
        .join_from(memberships, users, users.c.id == memberships.c.user_id)
        .outerjoin(organizations, organizations.c.id == memberships.c.organization_id)
        .add_columns(
            users.c.user_name,
            users.c.email,
            users.c.name.label("person_name"),
            users.c.locale,
            organizations.c.name.label("organization_name"),
        )
    )


def membership(uow: UnitOfWork, team_id: str, membership_id: str, *, to_change: bool = False) -> Fields:
    """One membership as ``people`` shows it. Raises NotFound when it is not there or not his."""
    rows = people(uow).where(memberships.c.team_id == team_id, memberships.c.id == membership_id)
    found = _one(uow, rows.with_for_update(of=memberships) if to_change else rows)
    if found is None:
        raise NotFound()
    return found


def other_administrators(uow: UnitOfWork, organization_id: str, membership_id: str) -> int:
    """How many active administrators the organization has besides this one (one is enough to know)."""
    others = visible(uow, memberships).where(
        memberships.c.organization_id == organization_id,
        memberships.c.role == "administrator",
        memberships.c.active,
        memberships.c.id != membership_id,
    )
    return len(uow.all(others.limit(1)))


def read_profile(uow: UnitOfWork, ask: c.ReadProfile) -> c.ProfileView:
    """Anyone may read it. Raises NotFound."""
    found = profile_of(uow, ask.team_id)
    if found is None:
        raise NotFound()
    return c.ProfileView(team_id=ask.team_id, version=found["version"], profile=found["profile"])


def list_teams(uow: UnitOfWork, ask: c.ListTeams) -> c.TeamPage:
    """By id."""
    rules.must_be_known(uow.actor)
    found, cursor = page(uow, visible(uow, teams), [teams.c.id], ask)
    return c.TeamPage(data=[team_view(row) for row in found], next_cursor=cursor)


def read_organization(uow: UnitOfWork, ask: c.ReadOrganization) -> c.OrganizationView:
    """Raises NotFound."""
    rules.must_be_known(uow.actor)
    return organization_view(organization(uow, ask.team_id, ask.organization_id))


def list_organizations(uow: UnitOfWork, ask: c.ListOrganizations) -> c.OrganizationPage:
    """By name. Raises NotFound when the team is not his."""
    standing(uow, ask.team_id)
    rows = visible(uow, organizations).where(organizations.c.team_id == ask.team_id)
    found, cursor = page(uow, rows, [organizations.c.sort_name, organizations.c.id], ask)
    return c.OrganizationPage(data=[organization_view(row) for row in found], next_cursor=cursor)


def list_users(uow: UnitOfWork, ask: c.ListUsers) -> c.MembershipPage:
    """By name; ``q`` is a part of the name, user name or e-mail address. Raises NotFound when the organization is not
    his."""
    rules.must_be_known(uow.actor)
    organization(uow, ask.team_id, ask.organization_id)
    rows = people(uow).where(memberships.c.organization_id == ask.organization_id)
    if ask.q is not None:
        part = rules.fold(ask.q)
        columns = (memberships.c.sort_name, users.c.user_name_key, users.c.email_key)
        rows = rows.where(or_(*(column.contains(part, autoescape=True) for column in columns)))
    return _membership_page(uow, rows, ask)


def list_agents(uow: UnitOfWork, ask: c.ListAgents) -> c.MembershipPage:
    """By name. Raises NotFound when the team is not his, Forbidden for customers."""
    rules.permit(standing(uow, ask.team_id).sees_staff)
    rows = people(uow).where(memberships.c.team_id == ask.team_id, memberships.c.organization_id.is_(None))
    return _membership_page(uow, rows, ask)


def _membership_page(uow: UnitOfWork, rows: Select[Any], ask: Any) -> c.MembershipPage:
    found, cursor = page(uow, rows, [memberships.c.sort_name, memberships.c.id], ask)
    return c.MembershipPage(data=[membership_view(row) for row in found], next_cursor=cursor)


# --- people and sessions ---------------------------------------------------------------------------------------------


def person_by_login(uow: UnitOfWork, login: str) -> Fields | None:
    """The person with this folded user name or e-mail address (user names have no @)."""
    column = users.c.email_key if "@" in login else users.c.user_name_key
    return _one(uow, identities().where(column == login))


def people_known_as(uow: UnitOfWork, user_name_key: str, email_key: str) -> list[Fields]:
    """Whoever has this user name or this e-mail address: nobody, one or two people."""
    found = identities().where(or_(users.c.user_name_key == user_name_key, users.c.email_key == email_key))
    return _fields(uow, found)


def person(uow: UnitOfWork, user_id: str) -> Fields:
    """The signed-in person. Raises Unauthenticated when he is gone."""
    found = _one(uow, identities().where(users.c.id == user_id))
    if found is None:
        raise Unauthenticated("sign_in_required", "Sign in first.")
    return found


def read_me(uow: UnitOfWork, ask: c.ReadMe) -> c.MeView:
    """Raises Unauthenticated."""
    rules.must_be_known(uow.actor)
    me = person(uow, uow.actor.user_id)
    mine = people(uow).where(memberships.c.user_id == me["id"], memberships.c.active)
    found = _fields(uow, mine.order_by(memberships.c.team_id, memberships.c.organization_id).limit(_BATCH))
    return c.MeView(
        user=user_view(me["id"], me["name"], me),
        operator=me["operator"],
        memberships=[membership_view(row) for row in found],
    )


def list_sessions(uow: UnitOfWork, ask: c.ListSessions) -> c.SessionList:
    """The newest 100, last used first. Raises Unauthenticated."""
    rules.must_be_known(uow.actor)
    rows = visible(uow, sessions).where(sessions.c.ended_at.is_(None), sessions.c.expires_at > uow.now)
    found = _fields(uow, rows.order_by(sessions.c.last_used_at.desc()).limit(100))
    lines = [
        c.SessionLine(
            id=row["id"],
            device=row["device"],
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
            current=row["id"] == uow.actor.session_id,
        )
        for row in found
    ]
    return c.SessionList(data=lines)


def session(uow: UnitOfWork, session_id: str) -> Fields:
    """One of my sessions, ended ones too. Raises NotFound."""
    found = _one(uow, visible(uow, sessions).where(sessions.c.id == session_id))
    if found is None:
        raise NotFound()
    return found


def session_of_token(uow: UnitOfWork, token_hash: bytes) -> Fields | None:
    """The session a refresh token belongs to, locked, with ``spent_at`` of the token. Who holds the token needs no
    other proof, so this does not begin at ``visible``."""
    rows = select(sessions, refresh_tokens.c.spent_at).join_from(
        refresh_tokens, sessions, sessions.c.id == refresh_tokens.c.session_id
    )
    return _one(uow, rows.where(refresh_tokens.c.hash == token_hash).with_for_update())


# --- the installation ------------------------------------------------------------------------------------------------


def read_keys(uow: UnitOfWork, ask: c.ReadKeys) -> c.KeysView:
    """Anyone may read them."""
    keys = uow.all(select(signing_keys.c.public).order_by(signing_keys.c.created_at))
    return c.KeysView(keys=[row.public for row in keys], issuer=secrets.signer().issuer)


def lock_installation(uow: UnitOfWork) -> None:
    """One process at a time prepares the installation; held until the end of the transaction."""
    uow.first(select(func.pg_advisory_xact_lock(_INSTALLATION_LOCK)))


def newest_signing_key(uow: UnitOfWork) -> secrets.SigningKey | None:
    """The key that signs from now on."""
    row = uow.first(select(signing_keys).order_by(signing_keys.c.created_at.desc()).limit(1))
    return None if row is None else secrets.SigningKey(row.id, row.public, bytes(row.locked_private))


def dead_sessions(uow: UnitOfWork) -> Select[Any]:
    """Sessions past their time for a day (ended ones stay until then: a stolen token shall still be known)."""
    dead = select(sessions.c.id).where(sessions.c.expires_at < uow.now - timedelta(days=1))
    return dead.order_by(sessions.c.expires_at).limit(_BATCH)


def old_attempts(uow: UnitOfWork) -> Select[Any]:
    """Counted failures whose window is over."""
    old = select(attempts.c.login_hash).where(attempts.c.since < uow.now - rules.ATTEMPT_WINDOW)
    return old.order_by(attempts.c.since).limit(_BATCH)


def facts_after(uow: UnitOfWork, table: Table, after: str) -> list[Fields]:
    """The next rows by id, to be told again: teams with their profile, organizations, or memberships as ``people``."""
    rows = people(uow) if table is memberships else visible(uow, table)
    if table is teams:
        newest = and_(team_profiles.c.team_id == teams.c.id, team_profiles.c.version == teams.c.profile_version)
        rows = rows.join_from(teams, team_profiles, newest).add_columns(team_profiles.c.profile)
    return _fields(uow, rows.where(table.c.id > after).order_by(table.c.id).limit(_BATCH // 2))


# --- views -----------------------------------------------------------------------------------------------------------


def team_view(row: Fields) -> c.TeamView:
    """From ``teams``."""
    return c.TeamView(id=row["id"], name=row["name"], locale=row["locale"], profile_version=row["profile_version"])


def organization_view(row: Fields) -> c.OrganizationView:
    """From ``organizations``."""
    return c.OrganizationView(
        id=row["id"],
        team_id=row["team_id"],
        name=row["name"],
        kind=row["kind"],
        products=list(row["products"]),
        version=row["version"],
    )


def user_view(user_id: str, name: str, row: Fields) -> c.UserView:
    """From ``users``, or from a membership as ``people`` shows it (where ids and names have other labels)."""
    return c.UserView(id=user_id, user_name=row["user_name"], name=name, email=row["email"], locale=row["locale"])


def membership_view(row: Fields) -> c.MembershipView:
    """From ``people``."""
    return c.MembershipView(
        id=row["id"],
        team_id=row["team_id"],
        organization_id=row["organization_id"],
        organization_name=row["organization_name"],
        role=row["role"],
        permissions=list(row["permissions"]),
        active=row["active"],
        user=user_view(row["user_id"], row["person_name"], row),
        version=row["version"],
    )
