"""Sessions, their tokens and keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from services.chassis.messages import Event, Request, Shape, View
from services.contracts.accounts.people import UserView
from services.contracts.shapes import (
    Id,
    Secret,
    ShortLine,
    Slug,
)


class SessionView(View):
    """Tokens of a fresh session. ``access_token`` is a JWT (ES256) for ``Authorization: Bearer``. ``team_id``: the one
    team in which it counts, because this team's provider let the person in; null: in all of his.
    ``second_factor_needed``: it is good for ``POST /v1/me/totp`` and its confirmation only; then refresh it."""

    id: Id
    access_token: str
    token_type: Literal["Bearer"]
    expires_seconds: int
    refresh_token: str
    user: UserView
    team_id: Slug | None = None
    second_factor_needed: bool = False


class SessionLine(View):
    """One of my devices."""

    id: Id
    device: str
    created_at: datetime
    last_used_at: datetime
    current: bool


class SessionList(View):
    """All my sessions that are alive."""

    data: list[SessionLine]


class DoneView(View):
    """It is done, and there is nothing more to tell."""

    done: bool = True


class KeysView(View):
    """The public keys (JWKS) that prove access tokens; ``issuer`` is the expected ``iss``."""

    keys: list[dict[str, Any]]
    issuer: str


class SignIn(Request[SessionView]):
    """Log in with user name or e-mail address and password; ``code`` for who signs in with codes."""

    login: Annotated[str, Shape(min=1, max=254, example="ada")]
    password: Annotated[str, Shape(min=1, max=256, format="password")]
    device: ShortLine | None = None
    code: Annotated[str, Shape(min=6, max=40, format="password", example="123456")] | None = None


class RefreshSession(Request[SessionView]):
    """Exchange the refresh token for fresh tokens. Using an old one again ends the whole session."""

    refresh_token: Secret


class EndSession(Request[DoneView]):
    """Log out one of my devices; ``current`` names this one."""

    session_id: Annotated[str, Shape(min=1, max=64)]


class EndAllSessions(Request[DoneView]):
    """Log out everywhere; ``keep=current``: everywhere but here."""

    keep: Literal["current"] | None = None


class ListSessions(Request[SessionList]):
    """My devices."""


class ReadKeys(Request[KeysView]):
    """The public keys of access tokens."""


class RotateKeys(Request[KeysView]):
    """Make a new key for access tokens (operators). It is published at once and signs a minute later, so nobody
    notices. ``drop_older_than_minutes``: a key was stolen; drop those made longer ago now, and all they signed."""

    drop_older_than_minutes: Annotated[int, Shape(min=0, max=10_000_000)] | None = None


class RevokedLine(View):
    """A session that ended while access tokens of it may still be valid, or an API token that was revoked (its id
    stands in the session's place); ``until`` is when the last proof of it is too old."""

    session_id: Id
    until: datetime


class RevokedList(View):
    """Every session and API token that ended within the life of an access token."""

    data: list[RevokedLine]


class ReadRevocations(Request[RevokedList]):
    """The gateway asks when it starts and when it has lost the broker: what must no longer be believed?"""


class SessionEnded(Event):
    """A session is over (log out, password change, reuse, deactivation). ``until``: when its last access token is too
    old. Every gateway process hears it and refuses those tokens from then on."""

    fleeting = True
    subject = "session_id"
    session_id: Id
    user_id: Id
    until: datetime
