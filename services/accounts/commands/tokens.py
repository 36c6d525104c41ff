"""API tokens: made once, shown once, revoked at once everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, update

from services.accounts import queries, rules, secrets
from services.accounts.notes import note, write_all
from services.accounts.tables import api_tokens
from services.chassis.ids import new_id
from services.chassis.problems import Unauthenticated
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c


def add_token(uow: UnitOfWork, ask: c.AddToken) -> c.NewTokenView:
    """Raises Forbidden ``session_needed`` for a caller that is a token itself, Invalid, and Conflict
    ``too_many_tokens``."""
    rules.standing.must_be_known(uow.actor)
    rules.tokens.must_be_signed_in(uow.actor)
    rules.tokens.must_have_room(queries.tokens.living(uow, None))
    return add(uow, ask, user_id=uow.actor.user_id, team_id=None)


def add(uow: UnitOfWork, ask: c.AddToken | c.AddServiceToken, *, user_id: str, team_id: str | None) -> c.NewTokenView:
    """A token of this person, or of the team's integration that he is; the only answer that holds it."""
    token = secrets.new_api_token(service=team_id is not None)
    shown: dict[str, Any] = {
        "id": new_id(rules.tokens.ID),
        "name": ask.name,
        "scopes": sorted(set(ask.scopes)),
        "prefix": token[:8],
        "user_id": user_id,
        "created_at": uow.now,
        "expires_at": rules.tokens.expiry(uow.now, ask.expires_at),
    }
    uow.run(insert(api_tokens).values({**shown, "hash": secrets.digest(token), "team_id": team_id}))
    noted = {"name": ask.name, "scopes": shown["scopes"], "user_id": user_id}
    note(uow, "token.added", team_id=team_id, object_id=shown["id"], **noted)
    return c.NewTokenView(token=token, **shown)


def remove_token(uow: UnitOfWork, ask: c.RemoveToken) -> c.DoneView:
    """Raises NotFound for a token that is not mine or has ended."""
    rules.standing.must_be_known(uow.actor)
    rules.tokens.must_be_signed_in(uow.actor)
    revoke(uow, [queries.tokens.my_token(uow, ask.token_id)["id"]])
    return c.DoneView()


def revoke_all(uow: UnitOfWork, user_id: str) -> None:
    """The person (or the integration) may do nothing more: his tokens end with him."""
    _revoke(uow, and_(api_tokens.c.user_id == user_id, api_tokens.c.expires_at > uow.now))


def revoke(uow: UnitOfWork, token_ids: Sequence[str]) -> None:
    """End these tokens; every gateway hears of it."""
    _revoke(uow, api_tokens.c.id.in_(token_ids))


def _revoke(uow: UnitOfWork, which: ColumnElement[bool]) -> None:
    """However many they are, two statements."""
    ending = update(api_tokens).where(which, api_tokens.c.revoked_at.is_(None)).values(revoked_at=uow.now)
    ended = uow.all(ending.returning(*api_tokens.c["id", "user_id", "team_id", "name"]))
    for token in ended:
        uow.record(c.TokenRevoked(token_id=token.id, user_id=token.user_id))
    about = {"actor_id": uow.actor.user_id or None, "at": uow.now, "action": "token.revoked"}
    told = [{"team_id": one.team_id, "object_id": one.id, "detail": {"name": one.name}} for one in ended]
    write_all(uow, [about | one for one in told])


def use_token(uow: UnitOfWork, ask: c.UseToken) -> c.TokenUseView:
    """Raises Unauthenticated ``token_invalid``: unknown, revoked and expired tokens are one answer."""
    token = queries.tokens.proven(uow, bytes.fromhex(ask.token_hash))
    if token is None:
        raise Unauthenticated("token_invalid", "The access token is not valid here.")
    if token["last_used_at"] is None or token["last_used_at"] <= uow.now - rules.tokens.USE_NOTED_EVERY:
        uow.run(update(api_tokens).where(api_tokens.c.id == token["id"]).values(last_used_at=uow.now))
    shown = {name: token[name] for name in ("user_id", "operator", "expires_at")}
    return c.TokenUseView(token_id=token["id"], scopes=list(token["scopes"]), **shown)


def purge(uow: UnitOfWork) -> int:
    """Part of the timer: forget tokens that ended long ago; returns how many."""
    return uow.run(delete(api_tokens).where(api_tokens.c.id.in_(queries.tokens.dead_tokens(uow))))
