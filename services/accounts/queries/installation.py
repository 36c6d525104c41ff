"""What belongs to the installation as a whole: keys, leftovers, facts to tell again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Table, and_, func, select

from services.accounts import rules, secrets
from services.accounts.queries import people, sight
from services.accounts.queries import queues as agents_in
from services.accounts.queries.sight import Fields
from services.accounts.tables import (
    attempts,
    contract_versions,
    contracts,
    known_places,
    mailed_links,
    memberships,
    queues,
    sessions,
    signing_keys,
    team_profiles,
    teams,
)
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

_INSTALLATION_LOCK = 7_274_101  # any number; taken while the first signing key and the operator are made


def read_keys(uow: UnitOfWork, ask: c.ReadKeys) -> c.KeysView:
    """Anyone may read them."""
    keys = uow.all(select(signing_keys.c.public).order_by(signing_keys.c.created_at))
    return c.KeysView(keys=[row.public for row in keys], issuer=secrets.signer().issuer)


def lock_installation(uow: UnitOfWork) -> None:
    """One process at a time prepares the installation; held until the end of the transaction."""
    uow.first(select(func.pg_advisory_xact_lock(_INSTALLATION_LOCK)))


def active_signing_key(uow: UnitOfWork) -> secrets.SigningKey | None:
    """The newest key that may sign already."""
    row = uow.first(_may_sign(uow, signing_keys))
    return None if row is None else secrets.SigningKey(row.id, row.public, bytes(row.locked_private))


def spent_keys_until(uow: UnitOfWork) -> datetime | None:
    """Keys that signed before this moment prove nothing that is still good; None: there may be some that do."""
    row = uow.first(_may_sign(uow, signing_keys.c.signs_from))
    return row.signs_from if row and rules.sessions.key_is_spent(row.signs_from, uow.now) else None


def _may_sign(uow: UnitOfWork, what: Any) -> Select[Any]:
    rows = select(what).where(signing_keys.c.signs_from <= uow.now)
    return rows.order_by(signing_keys.c.signs_from.desc()).limit(1)


def dead_sessions(uow: UnitOfWork) -> Select[Any]:
    """Sessions past their time for a day (ended ones stay until then: a stolen token shall still be known)."""
    dead = select(sessions.c.id).where(sessions.c.expires_at < uow.now - timedelta(days=1))
    return dead.order_by(sessions.c.expires_at).limit(sight.BATCH)


def old_attempts(uow: UnitOfWork) -> Select[Any]:
    """Counted attempts whose window is over."""
    return select(attempts.c.counter).where(attempts.c.until < uow.now).order_by(attempts.c.until).limit(sight.BATCH)


def old_places(uow: UnitOfWork) -> Select[Any]:
    """Places nobody has signed in from for long."""
    old = select(known_places.c.user_id, known_places.c.place)
    old = old.where(known_places.c.seen_at < uow.now - rules.attempts.KNOWN_FOR)
    return old.order_by(known_places.c.seen_at).limit(sight.BATCH)


def old_links(uow: UnitOfWork) -> Select[Any]:
    """Mailed links that can be of no use any more, nor be counted."""
    old = select(mailed_links.c.hash).where(mailed_links.c.made_at < uow.now - timedelta(days=2))
    return old.order_by(mailed_links.c.made_at).limit(sight.BATCH)


def facts_after(uow: UnitOfWork, table: Table, after: str) -> list[Fields]:
    """The next rows by id, to be told again: teams with their profile, organizations, memberships as
    ``persons``, versions of contracts, queues with their agents, or contacts."""
    whole = {memberships: people.persons, queues: agents_in.with_agents}.get(table)
    rows = whole(uow) if whole else sight.visible(uow, table)
    if table is teams:
        newest = and_(team_profiles.c.team_id == teams.c.id, team_profiles.c.version == teams.c.profile_version)
        rows = rows.join_from(teams, team_profiles, newest).add_columns(team_profiles.c.profile)
    if table is contract_versions:
        about = (contracts.c.team_id, contracts.c.organization_id)
        rows = rows.join_from(table, contracts, contracts.c.id == table.c.contract_id).add_columns(*about)
    return sight.fields(uow, rows.where(table.c.id > after).order_by(table.c.id).limit(sight.BATCH // 2))
