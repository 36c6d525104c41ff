"""Reading sessions."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, select

from services.accounts import rules
from services.accounts.queries import sight
from services.accounts.queries.sight import Fields
from services.accounts.tables import (
    api_tokens,
    refresh_tokens,
    sessions,
)
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c


def list_sessions(uow: UnitOfWork, ask: c.ListSessions) -> c.SessionList:
    """The newest 100, last used first. Raises Unauthenticated."""
    rules.standing.must_be_known(uow.actor)
    rows = sight.visible(uow, sessions).where(sessions.c.ended_at.is_(None), sessions.c.expires_at > uow.now)
    found = sight.fields(uow, rows.order_by(sessions.c.last_used_at.desc()).limit(100))
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


def mine(uow: UnitOfWork) -> ColumnElement[bool]:
    """The condition of my sessions: all of them, or those of the one team in which mine counts."""
    own = sessions.c.user_id == uow.actor.user_id
    bound = sight.bound_to(uow)
    return own if bound is None else and_(own, sessions.c.team_id == bound)


def session(uow: UnitOfWork, session_id: str) -> Fields:
    """One of my sessions, ended ones too. Raises NotFound."""
    found = sight.one(uow, sight.visible(uow, sessions).where(sessions.c.id == session_id))
    if found is None:
        raise NotFound()
    return found


def session_of_token(uow: UnitOfWork, token_hash: bytes) -> Fields | None:
    """The session a refresh token belongs to, locked, with ``spent_at`` of the token. Who holds the token needs no
    other proof, so this does not begin at ``visible``."""
    rows = select(sessions, refresh_tokens.c.spent_at).join_from(
        refresh_tokens, sessions, sessions.c.id == refresh_tokens.c.session_id
    )
    return sight.one(uow, rows.where(refresh_tokens.c.hash == token_hash).with_for_update())


def read_revocations(uow: UnitOfWork, ask: c.ReadRevocations) -> c.RevokedList:
    """Asked by the gateway itself, never on behalf of a person."""
    recent = uow.now - timedelta(seconds=rules.sessions.ACCESS_SECONDS)
    rows = select(sessions.c.id, sessions.c.ended_at).where(sessions.c.ended_at > recent)
    life = timedelta(seconds=rules.sessions.ACCESS_SECONDS)
    revoked = select(api_tokens.c.id, api_tokens.c.revoked_at.label("ended_at")).where(api_tokens.c.revoked_at > recent)
    ended = uow.all(rows.union_all(revoked))
    return c.RevokedList(data=[c.RevokedLine(session_id=row.id, until=row.ended_at + life) for row in ended])
