"""Lost and changed passwords, and the links that were mailed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select

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
from services.chassis.problems import Unauthenticated
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


def entering(uow: UnitOfWork, user_id: str, team_id: str | None, *, all_staff: bool, to_change: bool) -> Fields:
    """The person, with ``has_codes``: he signs in with codes, and ``lacks_codes``: he does not, but must: he works for
    a team (``team_id``: this one) that wants it of its staff, or the installation wants it of all of them
    (``all_staff``) and of its operators. For proving who he is. Raises Unauthenticated when he is gone."""
    rows = _entering(bound=team_id is not None, all_staff=all_staff, to_change=to_change)
    row = uow.first(rows, {"entering_id": user_id, "entering_team_id": team_id})
    if row is None:
        raise Unauthenticated("sign_in_required", "Sign in first.")
    return row._asdict()


@cache
def _entering(*, bound: bool, all_staff: bool, to_change: bool) -> Select[Any]:
    """Built once: it runs at every sign-in."""
    has_codes = exists().where(second_factors.c.user_id == users.c.id, second_factors.c.confirmed_at.is_not(None))
    must = _works_where_codes_are_wanted(bound=bound, anywhere=all_staff)
    if all_staff and not bound:
        must = or_(must, users.c.operator)
    rows = sight.people_with_login().where(users.c.id == bindparam("entering_id"))
    rows = rows.add_columns(has_codes.label("has_codes"), and_(must, ~has_codes).label("lacks_codes"))
    return rows.with_for_update(key_share=True) if to_change else rows


def _works_where_codes_are_wanted(*, bound: bool, anywhere: bool) -> ColumnElement[bool]:
    rows = select(memberships.c.id).where(
        memberships.c.user_id == users.c.id, memberships.c.active, memberships.c.organization_id.is_(None)
    )
    if bound:
        rows = rows.where(memberships.c.team_id == bindparam("entering_team_id"))
    if not anywhere:
        in_force = (team_profiles.c.team_id == teams.c.id) & (team_profiles.c.version == teams.c.profile_version)
        rows = rows.join(teams, teams.c.id == memberships.c.team_id).join(team_profiles, in_force)
        wanted = team_profiles.c.profile["sign_in"]["staff_second_factor"].as_string()
        rows = rows.where(wanted == "required")
    return rows.exists()
