"""The words of accounts: identity, teams and their profiles, organizations, memberships, sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from services.chassis.messages import Event, Request, Shape, View
from services.contracts.shapes import (
    Email,
    Id,
    Key,
    Line,
    Locale,
    PageSize,
    Password,
    Permissions,
    Position,
    Secret,
    ShortLine,
    Slug,
    UserName,
    Version,
)

Keys = Annotated[list[Key], Shape(max=100)]
OrganizationRole = Literal["member", "administrator"]
StaffRole = Literal["agent", "lead", "developer", "admin"]


class UserView(View):
    """A person with a login."""

    id: Id
    user_name: UserName
    name: ShortLine
    email: Email
    locale: Locale


class MembershipView(View):
    """A person's place in an organization (``organization_id``) or in the team's own staff (null)."""

    id: Id
    team_id: Slug
    organization_id: Id | None
    organization_name: Line | None
    role: Key
    permissions: Permissions
    active: bool
    user: UserView
    version: Version


class MembershipPage(View):
    """One page of memberships, by name."""

    data: list[MembershipView]
    next_cursor: str | None


class SessionView(View):
    """Tokens of a fresh session. ``access_token`` is a JWT (ES256) for ``Authorization: Bearer``."""

    id: Id
    access_token: str
    token_type: Literal["Bearer"]
    expires_seconds: int
    refresh_token: str
    user: UserView


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


class MeView(View):
    """The signed-in person and every membership."""

    user: UserView
    operator: bool
    memberships: list[MembershipView]


class TeamView(View):
    """A product team: the unit of isolation and configuration."""

    id: Slug
    name: Line
    locale: Locale
    profile_version: Version


class TeamPage(View):
    """One page of teams, by id."""

    data: list[TeamView]
    next_cursor: str | None


class ProfileView(View):
    """A team's public profile: labels, types with their forms, topics, priorities, limits, help."""

    team_id: Slug
    version: Version
    profile: dict[str, Any]


class OrganizationView(View):
    """A customer, a partner, or the team's own employees."""

    id: Id
    team_id: Slug
    name: Line
    kind: Literal["customer", "partner", "employees"]
    products: Keys
    version: Version


class OrganizationPage(View):
    """One page of organizations, by name."""

    data: list[OrganizationView]
    next_cursor: str | None


class SignIn(Request[SessionView]):
    """Log in with user name or e-mail address and password."""

    login: Annotated[str, Shape(min=1, max=254, example="ada")]
    password: Annotated[str, Shape(min=1, max=256, format="password")]
    device: ShortLine | None = None


class RefreshSession(Request[SessionView]):
    """Exchange the refresh token for fresh tokens. Using an old one again ends the whole session."""

    refresh_token: Secret


class EndSession(Request[DoneView]):
    """Log out one of my devices; ``current`` names this one."""

    session_id: Annotated[str, Shape(min=1, max=64)]


class ListSessions(Request[SessionList]):
    """My devices."""


class ReadKeys(Request[KeysView]):
    """The public keys of access tokens."""


class ReadMe(Request[MeView]):
    """Who am I, and where do I belong?"""


class ListTeams(Request[TeamPage]):
    """The teams the caller may enter; an operator sees all."""

    limit: PageSize = 50
    cursor: Position | None = None


class ReadProfile(Request[ProfileView]):
    """A team's public profile, for clients that draw forms and labels. Anyone may read it."""

    team_id: Slug


class ApplyProfile(Request[TeamView]):
    """Set a team's profile (operators). The first one founds the team. Errors name the path in the document."""

    team_id: Slug
    profile: dict[str, Any]


class AddOrganization(Request[OrganizationView]):
    """Register a customer, a partner or the own employees (staff of the team)."""

    team_id: Slug
    name: Line
    kind: Literal["customer", "partner", "employees"] = "customer"
    products: Keys = []


class ReadOrganization(Request[OrganizationView]):
    """One organization the caller belongs to or supports."""

    team_id: Slug
    organization_id: Id


class ListOrganizations(Request[OrganizationPage]):
    """The organizations the caller belongs to; staff see all of their team."""

    team_id: Slug
    limit: PageSize = 50
    cursor: Position | None = None


class AddUser(Request[MembershipView]):
    """An administrator (or the team's staff) registers a person of an organization. A known e-mail address or user
    name of the same person gains a membership; the password is then left as it is."""

    team_id: Slug
    organization_id: Id
    user_name: UserName
    email: Email
    name: ShortLine
    password: Password
    role: OrganizationRole = "member"
    permissions: Permissions = ["case.create", "case.read"]
    locale: Locale = "en"


class AddAgent(Request[MembershipView]):
    """Register one of the team's own staff (operators and the team's admins)."""

    team_id: Slug
    user_name: UserName
    email: Email
    name: ShortLine
    password: Password
    role: StaffRole = "agent"
    locale: Locale = "en"


class ListUsers(Request[MembershipPage]):
    """People of one organization: for owner, follower and contact pickers."""

    team_id: Slug
    organization_id: Id
    q: Annotated[str, Shape(min=1, max=80)] | None = None
    limit: PageSize = 50
    cursor: Position | None = None


class ListAgents(Request[MembershipPage]):
    """The team's staff."""

    team_id: Slug
    limit: PageSize = 50
    cursor: Position | None = None


class ChangeMembership(Request[MembershipView]):
    """Change role, permissions or activity of a membership. Takes effect everywhere by its event."""

    team_id: Slug
    membership_id: Id
    role: Key | None = None
    permissions: Permissions | None = None
    active: bool | None = None


class TeamChanged(Event):
    """A team was founded or its profile changed; ``profile`` is the whole document."""

    subject = "team_id"
    team_id: Slug
    name: Line
    profile: dict[str, Any]
    fact_version: Version


class OrganizationChanged(Event):
    """An organization exists with these values now."""

    subject = "organization_id"
    team_id: Slug
    organization_id: Id
    name: Line
    kind: Key
    products: Keys
    fact_version: Version


class MembershipChanged(Event):
    """A person's membership, with the person as he is now. ``organization_id`` null: the team's own staff."""

    subject = "membership_id"
    membership_id: Id
    team_id: Slug
    organization_id: Id | None
    role: Key
    permissions: Permissions
    active: bool
    user_id: Id
    user_name: UserName
    name: ShortLine
    email: Email
    locale: Locale
    fact_version: Version
