"""Who may see what, and pages of it. Every reader's query begins at ``visible``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, Table, and_, any_, func, or_, select, tuple_

from services.accounts import rules
from services.accounts.rules.standing import Standing
from services.accounts.tables import (
    api_tokens,
    audit_checkpoints,
    audit_entries,
    audit_heads,
    contacts,
    contexts,
    contracts,
    identities,
    identity_providers,
    invitations,
    memberships,
    organizations,
    profile_drafts,
    queues,
    registrations,
    roles,
    sessions,
    team_profiles,
    teams,
    user_requests,
    users,
)
from services.chassis.problems import Malformed, NotFound
from services.chassis.unit_of_work import UnitOfWork

Fields = Mapping[str, Any]
_JOINING = (contacts, invitations, registrations, user_requests)
BATCH = 1000  # rows that a timer forgets at once


def bound_to(uow: UnitOfWork) -> str | None:
    """The one team in which the caller's session counts; None: in all of his."""
    team_id: str | None = uow.context.more.get("team")
    return team_id


def visible(uow: UnitOfWork, table: Table) -> Select[Any]:
    """The rows of ``table`` the caller may see; the one place that knows. Of other teams than the one his session is
    bound to, there are none."""
    rows, bound = _visible(uow, table), bound_to(uow)
    if bound is None:
        return rows
    named = next((name for name in ("team_id", "chain") if name in table.c), "id")  # of teams it is the id
    return rows.where(table.c[named] == bound)


def _visible(uow: UnitOfWork, table: Table) -> Select[Any]:
    """The same for a session that counts everywhere.

    Own sessions, identities and contexts only, whoever one is. Team profiles are public. Operators and the system see
    all else; everybody else: teams he belongs to, his organizations (staff: all of the team), the people of those, and
    the roles of his side (staff: all of the team).
    """
    rows = select(table)
    if table in (sessions, contexts, identities):
        return rows.where(table.c.user_id == uow.actor.user_id)
    if table is team_profiles or uow.actor.kind in ("operator", "system"):
        return rows
    conditions = {
        teams: _of_my_teams,
        organizations: _of_my_organizations,
        memberships: _of_my_people,
        roles: _of_my_side,
        queues: _of_my_queues,
        api_tokens: _of_my_tokens,
        profile_drafts: _of_my_staff,
        contracts: _of_my_contracts,
        identity_providers: _of_my_staff_teams,
    }
    if table in (audit_entries, audit_heads, audit_checkpoints):
        chain = table.c.team_id if table is audit_entries else table.c.chain
        return rows.where(chain == _mine(uow.actor.user_id, "team_id", staff=True))
    if table in _JOINING:
        return rows.where(_of_my_places(table, uow.actor.user_id))
    return rows.where(conditions[table](uow.actor.user_id))


def _mine(user_id: str, column: str, *, staff: bool | None = None) -> ColumnElement[Any]:
    """``= ANY (…)`` over one column of my active memberships: found once per query, and an index can answer it."""
    mine = memberships.alias("mine")
    found = select(mine.c[column]).where(mine.c.user_id == user_id, mine.c.active)
    if staff is not None:
        found = found.where(mine.c.organization_id.is_(None) if staff else mine.c.organization_id.is_not(None))
    return any_(func.array(found.scalar_subquery()))


def _of_my_places(table: Table, user_id: str) -> ColumnElement[bool]:
    at_desk = table.c.team_id == _mine(user_id, "team_id", staff=True)
    if "organization_id" not in table.c:
        return at_desk
    return or_(table.c.organization_id == _mine(user_id, "organization_id", staff=False), at_desk)


def _of_my_teams(user_id: str) -> ColumnElement[bool]:
    return teams.c.id == _mine(user_id, "team_id")


def _of_my_staff(user_id: str) -> ColumnElement[bool]:
    """Teams he is of the staff of."""
    return profile_drafts.c.team_id == _mine(user_id, "team_id", staff=True)


def _of_my_organizations(user_id: str) -> ColumnElement[bool]:
    return or_(
        organizations.c.id == _mine(user_id, "organization_id", staff=False),
        organizations.c.team_id == _mine(user_id, "team_id", staff=True),
    )


def _of_my_contracts(user_id: str) -> ColumnElement[bool]:
    return or_(
        contracts.c.organization_id == _mine(user_id, "organization_id", staff=False),
        contracts.c.team_id == _mine(user_id, "team_id", staff=True),
    )


def _of_my_people(user_id: str) -> ColumnElement[bool]:
    return or_(
        memberships.c.organization_id == _mine(user_id, "organization_id", staff=False),
        memberships.c.team_id == _mine(user_id, "team_id", staff=True),
    )


def _of_my_side(user_id: str) -> ColumnElement[bool]:
    return or_(
        and_(roles.c.side == "customer", roles.c.team_id == _mine(user_id, "team_id", staff=False)),
        roles.c.team_id == _mine(user_id, "team_id", staff=True),
    )


def _of_my_tokens(user_id: str) -> ColumnElement[bool]:
    return or_(api_tokens.c.user_id == user_id, api_tokens.c.team_id == _mine(user_id, "team_id", staff=True))


def shown_teams() -> Select[Any]:
    """Teams that show themselves to everybody, as their profile says (``public``)."""
    return select(teams).where(teams.c.public)


def present_version(uow: UnitOfWork, team_id: str) -> Select[Any]:
    """The number of a team's newest profile (public as the profile is), without the document."""
    rows = visible(uow, team_profiles).where(team_profiles.c.team_id == team_id)
    return rows.with_only_columns(team_profiles.c.version).order_by(team_profiles.c.version.desc()).limit(1)


def versions_without_documents(uow: UnitOfWork, team_id: str) -> Select[Any]:
    """A team's profiles as lines of a history."""
    lines = team_profiles.c["version", "applied_by", "applied_at", "comment"]
    return visible(uow, team_profiles).where(team_profiles.c.team_id == team_id).with_only_columns(*lines)


def _of_my_queues(user_id: str) -> ColumnElement[bool]:
    return queues.c.team_id == _mine(user_id, "team_id", staff=True)


def _of_my_staff_teams(user_id: str) -> ColumnElement[bool]:
    return identity_providers.c.team_id == _mine(user_id, "team_id", staff=True)


def people_with_login() -> Select[Any]:
    """Every person with a login, for proving who somebody is. What it finds is compared, and shown to no one else."""
    return select(users)


def person_in_team(team_id: str, user_id: str) -> Select[Any]:
    """Somebody with his active places in a team (none: one row without an id), for who may see all of its people."""
    here = and_(memberships.c.user_id == users.c.id, memberships.c.team_id == team_id, memberships.c.active)
    rows = select(users.c.active.label("person_active"), users.c.operator, *memberships.c).outerjoin(memberships, here)
    return rows.where(users.c.id == user_id)


def desk(team_id: str) -> Select[Any]:
    """The team's staff for who belongs to the team in any way; what is shown of them depends on the reader."""
    return select(memberships).where(memberships.c.team_id == team_id, memberships.c.organization_id.is_(None))


def role_rows() -> Select[Any]:
    """Every role there is, for giving one to somebody who enters; whether it may be given is decided by its rights."""
    return select(roles)


def page(
    uow: UnitOfWork, rows: Select[Any], by: Sequence[ColumnElement[Any]], ask: Any
) -> tuple[list[Fields], str | None]:
    """``(rows, next cursor)`` in the order of ``by``, which ends on an id. The cursor is the last row's place."""
    if ask.cursor is not None:
        rows = rows.where(tuple_(*by) > tuple_(*_place(ask.cursor, len(by))))
    found = fields(uow, rows.order_by(*by).limit(ask.limit + 1))
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


def fields(uow: UnitOfWork, rows: Select[Any]) -> list[Fields]:
    return [row._asdict() for row in uow.all(rows)]


def one(uow: UnitOfWork, rows: Select[Any]) -> Fields | None:
    row = uow.first(rows)
    return None if row is None else row._asdict()


def standings(uow: UnitOfWork, team_ids: Sequence[str]) -> dict[str, Standing]:
    """What the caller is in each of these teams."""
    mine = visible(uow, memberships).where(
        memberships.c.user_id == uow.actor.user_id, memberships.c.team_id.in_(team_ids), memberships.c.active
    )
    operator = uow.actor.kind == "operator"
    nowhere = dict.fromkeys(team_ids, Standing(operator=operator))
    return nowhere | rules.standing.standings_of(fields(uow, mine), operator=operator)


def standing(uow: UnitOfWork, team_id: str) -> Standing:
    """What the caller is in this team. Raises Unauthenticated, or NotFound when the team is not his."""
    rules.standing.must_be_known(uow.actor)
    if uow.first(visible(uow, teams).where(teams.c.id == team_id)) is None:
        raise NotFound()
    mine = fields(
        uow,
        visible(uow, memberships).where(
            memberships.c.user_id == uow.actor.user_id, memberships.c.team_id == team_id, memberships.c.active
        ),
    )
    return rules.standing.standing_of(mine, operator=uow.actor.kind == "operator")
