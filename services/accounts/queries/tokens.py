"""Reading API tokens."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, or_, select

from services.accounts import rules
from services.accounts.notes import note
from services.accounts.queries import sight
from services.accounts.queries.sight import Fields
from services.accounts.tables import api_tokens, users
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c


def list_tokens(uow: UnitOfWork, ask: c.ListTokens) -> c.TokenPage:
    """Oldest first. Raises Unauthenticated."""
    rules.standing.must_be_known(uow.actor)
    return _page(uow, _mine(uow), ask)


def list_service_tokens(uow: UnitOfWork, ask: c.ListServiceTokens) -> c.TokenPage:
    """Oldest first. Raises NotFound when the team is not his, Forbidden."""
    rules.standing.must_be_able(sight.standing(uow, ask.team_id), "token.manage")
    if ask.cursor is None:
        note(uow, "tokens.read", team_id=ask.team_id, object_id=None)
    return _page(uow, _of_team(uow, ask.team_id), ask)


def my_token(uow: UnitOfWork, token_id: str) -> Fields:
    """One of my living tokens, locked. Raises NotFound."""
    return _one(uow, _mine(uow), token_id)


def service_token(uow: UnitOfWork, team_id: str, token_id: str) -> Fields:
    """A token of one of the team's integrations, ended ones too, locked. Raises NotFound."""
    return _one(uow, sight.visible(uow, api_tokens).where(api_tokens.c.team_id == team_id), token_id)


def expired_service_tokens(uow: UnitOfWork) -> list[Fields]:
    """Tokens of integrations that are too old and were not ended yet, locked."""
    expired = (api_tokens.c.expires_at <= uow.now, api_tokens.c.revoked_at.is_(None), api_tokens.c.team_id.is_not(None))
    rows = sight.visible(uow, api_tokens).where(*expired).order_by(api_tokens.c.expires_at).limit(sight.BATCH)
    return sight.fields(uow, rows.with_for_update(skip_locked=True))


def living(uow: UnitOfWork, team_id: str | None) -> int:
    """How many tokens the team has (None: how many I have), up to the most there may be."""
    rows = _mine(uow) if team_id is None else _of_team(uow, team_id)
    few = rows.limit(rules.tokens.MOST).subquery()
    counted = uow.first(select(func.count()).select_from(few))
    return int(counted[0]) if counted else 0


def proven(uow: UnitOfWork, token_hash: bytes) -> Fields | None:
    """The living token with this hash, and whether its person runs the installation. Who holds the token needs no
    other proof, so this does not begin at ``visible``."""
    rows = select(api_tokens, users.c.operator).join_from(api_tokens, users, users.c.id == api_tokens.c.user_id)
    alive = (api_tokens.c.revoked_at.is_(None), api_tokens.c.expires_at > uow.now, users.c.active)
    return sight.one(uow, rows.where(api_tokens.c.hash == token_hash, *alive))


def is_service_user(uow: UnitOfWork, user_id: str) -> bool:
    """Whether this is no person but an integration."""
    found = uow.first(select(users.c.kind).where(users.c.id == user_id))
    return found is not None and found.kind == "service"


def dead_tokens(uow: UnitOfWork) -> Select[Any]:
    """Tokens that ended so long ago that nobody asks about them any more."""
    past = uow.now - rules.tokens.KEPT_AFTER
    dead = select(api_tokens.c.id).where(or_(api_tokens.c.expires_at < past, api_tokens.c.revoked_at < past))
    return dead.limit(sight.BATCH)


def _alive(uow: UnitOfWork) -> Select[Any]:
    rows = sight.visible(uow, api_tokens)
    return rows.where(api_tokens.c.revoked_at.is_(None), api_tokens.c.expires_at > uow.now)


def _mine(uow: UnitOfWork) -> Select[Any]:
    return _alive(uow).where(api_tokens.c.user_id == uow.actor.user_id, api_tokens.c.team_id.is_(None))


def _of_team(uow: UnitOfWork, team_id: str) -> Select[Any]:
    return _alive(uow).where(api_tokens.c.team_id == team_id)


def _one(uow: UnitOfWork, rows: Select[Any], token_id: str) -> Fields:
    found = sight.one(uow, rows.where(api_tokens.c.id == token_id).with_for_update())
    if found is None:
        raise NotFound()
    return found


def _page(uow: UnitOfWork, rows: Select[Any], ask: Any) -> c.TokenPage:
    found, cursor = sight.page(uow, rows, [api_tokens.c.id], ask)
    return c.TokenPage(data=[_line(row) for row in found], next_cursor=cursor)


def _line(row: Fields) -> c.TokenLine:
    shown = ("id", "name", "prefix", "user_id", "created_at", "last_used_at", "expires_at")
    return c.TokenLine(scopes=list(row["scopes"]), **{name: row[name] for name in shown})
