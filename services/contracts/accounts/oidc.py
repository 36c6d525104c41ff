"""Signing in at a provider of the team (OpenID Connect)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from services.chassis.messages import ABSENT, Absent, Request, Shape, View
from services.contracts.accounts.sessions import DoneView, SessionView
from services.contracts.shapes import Id, Line, PageSize, Position, ShortLine, Slug, Url, Version

Domain = Annotated[str, Shape(min=3, max=253, pattern=r"[a-z0-9-]+(\.[a-z0-9-]+)+", example="example.org")]
Domains = Annotated[list[Domain], Shape(max=50)]
Address = Annotated[str, Shape(min=8, max=2048, format="uri", example="https://id.example.org")]
RedirectUris = Annotated[list[Address], Shape(min=1, max=10)]
HiddenLine = Annotated[str, Shape(min=1, max=1024, format="password")]


class ProviderView(View):
    """Where people of the team may sign in. ``joins``: the organization whose member somebody becomes who comes with a
    verified e-mail address of these ``domains``; null: nobody comes in this way. The client secret is never shown."""

    id: Id
    team_id: Slug
    name: ShortLine
    issuer: Address
    client_id: Line
    redirect_uris: RedirectUris
    joins: Id | None
    domains: Domains
    active: bool
    version: Version


class ProviderPage(View):
    """One page of providers, oldest first."""

    data: list[ProviderView]
    next_cursor: str | None


class AddProvider(Request[ProviderView]):
    """Let people sign in at this provider. ``issuer`` as its discovery document says it."""

    team_id: Slug
    name: ShortLine
    issuer: Address
    client_id: Line
    client_secret: HiddenLine
    redirect_uris: RedirectUris
    joins: Id | None = None
    domains: Domains = []
    active: bool = True


class ListProviders(Request[ProviderPage]):
    """The team's providers, for those who manage them."""

    team_id: Slug
    limit: PageSize = 50
    cursor: Position | None = None


class ChangeProvider(Request[ProviderView]):
    """What is left out stays; ``joins`` null: nobody comes in this way any more. The issuer never changes, because
    people are known by it. Not ``active``: nobody signs in there, and sessions that began there end."""

    team_id: Slug
    provider_id: Id
    name: ShortLine | None = None
    client_id: Line | None = None
    client_secret: HiddenLine | None = None
    redirect_uris: RedirectUris | None = None
    joins: Id | Absent | None = ABSENT
    domains: Domains | None = None
    active: bool | None = None


class RemoveProvider(Request[DoneView]):
    """Nobody signs in there any more, and sessions that began there end. People stay, and those who are known there are
    known again if it comes back."""

    team_id: Slug
    provider_id: Id


class SignInBegunView(View):
    """Send the browser to ``authorization_url``. Keep ``state``: it must come back, within 10 minutes, and once."""

    authorization_url: Url
    state: str


class BeginSignIn(Request[SignInBegunView]):
    """Begin to sign in at a provider; ``redirect_uri`` is one of those it knows."""

    team_id: Slug
    provider_id: Id
    redirect_uri: Address


class FinishSignIn(Request[SessionView]):
    """The browser came back with ``state`` and ``code``: prove it at the provider and start a session. It counts in the
    provider's team only. Who signs in with codes is told ``code_required``, and repeats this with the ``totp_code``
    of his app, within the 10 minutes and at most five times."""

    state: HiddenLine
    code: Annotated[str, Shape(min=1, max=4096, format="password")]
    totp_code: Annotated[str, Shape(min=6, max=40, format="password", example="123456")] | None = None
    device: ShortLine | None = None


class IdentityView(View):
    """Under which name (``subject``) a provider knows me."""

    id: Id
    issuer: Address
    subject: Line
    created_at: datetime


class LinkIdentity(Request[IdentityView]):
    """I am signed in, and came back from a provider with ``state`` and ``code``: let me sign in there from now on."""

    state: HiddenLine
    code: Annotated[str, Shape(min=1, max=4096, format="password")]


class IdentityList(View):
    """Everywhere I can sign in."""

    data: list[IdentityView]


class ListIdentities(Request[IdentityList]):
    """Which providers know me, and under which names; oldest first, at most 100."""


class RemoveIdentity(Request[DoneView]):
    """I no longer sign in there. Sessions that began there end."""

    identity_id: Id
