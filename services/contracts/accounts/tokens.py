"""API tokens, personal and of integrations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from services.chassis.messages import Event, Request, Shape, View
from services.contracts.accounts.sessions import DoneView
from services.contracts.shapes import Id, Key, PageSize, Position, Sha256, ShortLine, Slug

Scope = Literal[
    "accounts:read",
    "accounts:write",
    "cases:read",
    "cases:write",
    "files:read",
    "files:write",
    "notifications:read",
    "notifications:write",
]
Scopes = Annotated[list[Scope], Shape(min=1, max=8)]


class TokenLine(View):
    """An API token as its owner sees it later: never the token itself, only its first 8 characters (``prefix``).
    ``last_used_at`` is right to about a minute."""

    id: Id
    name: ShortLine
    scopes: Scopes
    prefix: str
    user_id: Id
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


class TokenPage(View):
    """One page of tokens that are alive, oldest first."""

    data: list[TokenLine]
    next_cursor: str | None


class NewTokenView(View):
    """A fresh API token. ``token`` is told this once and never again."""

    id: Id
    token: str
    name: ShortLine
    scopes: Scopes
    prefix: str
    user_id: Id
    created_at: datetime
    expires_at: datetime


class AddToken(Request[NewTokenView]):
    """Make a personal token: a program may act as me, within the scopes. At most one year; 90 days when not said."""

    name: ShortLine
    scopes: Scopes
    expires_at: datetime | None = None


class ListTokens(Request[TokenPage]):
    """My tokens."""

    limit: PageSize = 50
    cursor: Position | None = None


class RemoveToken(Request[DoneView]):
    """Revoke one of my tokens; from now on it opens nothing."""

    token_id: Id


class AddServiceToken(Request[NewTokenView]):
    """Make a token for an integration of the team. It acts as a member of staff of its own, who has this role, cannot
    sign in, and leaves when the token expires."""

    team_id: Slug
    name: ShortLine
    scopes: Scopes
    role: Key = "agent"
    expires_at: datetime | None = None


class ListServiceTokens(Request[TokenPage]):
    """The tokens of the team's integrations."""

    team_id: Slug
    limit: PageSize = 50
    cursor: Position | None = None


class RemoveServiceToken(Request[DoneView]):
    """Revoke the token of an integration, and end its membership. One that has ended is removed, too."""

    team_id: Slug
    token_id: Id


class TokenUseView(View):
    """Whose token it is, and what it may do."""

    token_id: Id
    user_id: Id
    operator: bool
    scopes: list[str]
    expires_at: datetime


class UseToken(Request[TokenUseView]):
    """The gateway asks: somebody came with the token of this SHA-256; who is he? It asks again after a minute at the
    earliest, so the last use can be written down here."""

    token_hash: Sha256


class TokenRevoked(Event):
    """An API token must no longer be believed. Every gateway process hears it."""

    fleeting = True
    subject = "token_id"
    token_id: Id
    user_id: Id
