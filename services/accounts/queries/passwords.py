"""Lost and changed passwords, and the links that were mailed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, exists, func, or_, select

from services.accounts import rules
from services.accounts.queries import sight
from services.accounts.queries.sight import Fields
from services.accounts.tables import (
    mailed_links,
    memberships,
    password_wishes,
    second_factors,
    team_profiles,
    teams,
    users,
)
from services.chassis.unit_of_work import UnitOfWork

_BATCH = 100


def oldest_wishes() -> Select[Any]:
    """The next ones of those who say they lost their password."""
    return select(password_wishes.c.id).order_by(password_wishes.c.id).limit(_BATCH)


def people_to_write_to(uow: UnitOfWork, logins: Sequence[str]) -> list[Fields]:
    """Who of these (folded) logins is there, may sign in, and has not had all his letters of this hour."""
    lately = (
        select(func.count())
        .where(mailed_links.c.user_id == users.c.id, mailed_links.c.kind == "password")
        .where(mailed_links.c.made_at > uow.now - rules.passwords.HOUR)
        .scalar_subquery()
    )
    known = or_(
        users.c.user_name_key.in_([login for login in logins if "@" not in login]),
        users.c.email_key.in_([login for login in logins if "@" in login]),
    )
    rows = sight.people_with_login().where(
        known, users.c.active, users.c.kind == "person", lately < rules.passwords.LETTERS_AN_HOUR
    )
    return sight.fields(uow, rows.order_by(users.c.id))


def person_of_link(uow: UnitOfWork, kind: str, token_hash: bytes) -> Fields | None:
    """Whom a living link belongs to. Who holds its token needs no other proof."""
    rows = sight.people_with_login().join_from(users, mailed_links, mailed_links.c.user_id == users.c.id)
    return sight.one(uow, rows.where(mailed_links.c.hash == token_hash, living_link(uow, kind)))


def living_link(uow: UnitOfWork, kind: str) -> Any:
    """The condition of a link that can still be used."""
    young = mailed_links.c.made_at > uow.now - rules.passwords.LIFE[kind]
    return (mailed_links.c.kind == kind) & mailed_links.c.ended_at.is_(None) & young


def second_factor(uow: UnitOfWork, user_id: str) -> Fields | None:
    """The person's authenticator app, confirmed or not; for proving who he is."""
    return sight.one(uow, select(second_factors).where(second_factors.c.user_id == user_id))


def has_second_factor(uow: UnitOfWork, user_id: str) -> bool:
    """Whether he signs in with codes."""
    factor = second_factor(uow, user_id)
    return factor is not None and factor["confirmed_at"] is not None


def staff_without_factor(uow: UnitOfWork, user_id: str, team_id: str | None, *, anywhere: bool) -> bool:
    """Whether he works for a team (``team_id``: for this one) that wants its staff to sign in with codes
    (``anywhere``: they all do), and does not. For proving who he is."""
    confirmed = exists().where(second_factors.c.user_id == user_id, second_factors.c.confirmed_at.is_not(None))
    rows = select(memberships.c.id).where(
        memberships.c.user_id == user_id, memberships.c.active, memberships.c.organization_id.is_(None), ~confirmed
    )
    if team_id is not None:
        rows = rows.where(memberships.c.team_id == team_id)
    if not anywhere:
        in_force = (team_profiles.c.team_id == teams.c.id) & (team_profiles.c.version == teams.c.profile_version)
        rows = rows.join(teams, teams.c.id == memberships.c.team_id).join(team_profiles, in_force)
        wanted = team_profiles.c.profile["sign_in"]["staff_second_factor"].as_string()
        rows = rows.where(wanted == "required")
    return uow.first(rows.limit(1)) is not None
