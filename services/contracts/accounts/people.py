"""People and their memberships."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from services.chassis.messages import ABSENT, Absent, Event, Request, Shape, View
from services.contracts.shapes import (
    Email,
    Id,
    Key,
    Line,
    Locale,
    PageSize,
    Password,
    Permissions,
    Phone,
    Position,
    Query,
    ShortLine,
    Slug,
    UserName,
    Version,
)


class UserView(View):
    """A person with a login."""

    id: Id
    user_name: UserName
    name: ShortLine
    email: Email
    locale: Locale


class MembershipView(View):
    """A person's place in an organization (``organization_id``) or in the team's own staff (null).

    ``permissions``: what he holds there now, his role's or (``own_permissions``) a list of his own. ``may``: what the
    caller may do with the membership."""

    id: Id
    team_id: Slug
    organization_id: Id | None
    organization_name: Line | None
    role: Key
    permissions: Permissions
    own_permissions: bool
    active: bool
    away: bool = False
    replacement_id: Id | None = None
    away_until: datetime | None = None
    user: UserView
    may: Permissions = []
    version: Version


class MembershipPage(View):
    """One page of memberships, by name."""

    data: list[MembershipView]
    next_cursor: str | None


class ContextLine(View):
    """The place in a team that somebody worked in last: an organization, or (null) the team's own staff."""

    team_id: Slug
    organization_id: Id | None


class MeView(View):
    """The signed-in person and every membership. ``contexts``: what he chose, for clients to offer first; nothing is
    ever done in them by itself."""

    user: UserView
    operator: bool
    memberships: list[MembershipView]
    time_zone: str
    phone: Phone | None
    second_factor: bool
    contexts: list[ContextLine]
    version: Version


class ReadMe(Request[MeView]):
    """Who am I, and where do I belong?"""


class ChangeMe(Request[MeView]):
    """Change what is said of me; everybody who knows me sees it. What is left out stays, ``phone`` null is none."""

    name: ShortLine | None = None
    locale: Locale | None = None
    time_zone: Annotated[str, Shape(min=1, max=64, example="Europe/Stockholm")] | None = None
    phone: Phone | Absent | None = ABSENT


class ListMyMemberships(Request[MembershipPage]):
    """Where I belong."""

    limit: PageSize = 50
    cursor: Position | None = None


class ChooseContext(Request[MeView]):
    """Remember the place in a team that I work in: one of my organizations, or (null) its staff."""

    team_id: Slug
    organization_id: Id | None = None


class AddUser(Request[MembershipView]):
    """An administrator (or the team's staff) registers a person of an organization. Somebody the caller sees elsewhere,
    named by both names, gains a membership, and keeps his password; any other known name is refused (409
    ``invite_instead``). ``permissions``: exactly these instead of the role's."""

    team_id: Slug
    organization_id: Id
    user_name: UserName
    email: Email
    name: ShortLine
    password: Password
    role: Key = "member"
    permissions: Permissions | None = None
    locale: Locale = "en"


class AddAgent(Request[MembershipView]):
    """Register one of the team's own staff (by those who manage roles); known names as with an organization's people.
    ``permissions``: exactly these instead of the role's."""

    team_id: Slug
    user_name: UserName
    email: Email
    name: ShortLine
    password: Password
    role: Key = "agent"
    permissions: Permissions | None = None
    locale: Locale = "en"


class ListUsers(Request[MembershipPage]):
    """People of one organization. ``pick``: only those who can be chosen as that. Owners are offered to an
    administrator with colleagues (and to staff), to nobody else."""

    team_id: Slug
    organization_id: Id
    q: Annotated[str, Shape(min=1, max=80)] | None = None
    pick: Literal["owner", "follower", "contact"] | None = None
    limit: PageSize = 50
    cursor: Position | None = None


class FoundPeopleList(View):
    """People somebody looked for, by name."""

    data: list[MembershipView]


class FindPeople(Request[FoundPeopleList]):
    """Active people of the team with this in their name, user name or e-mail address: of all organizations and the
    staff for staff who may read people, of one's own organizations for everybody else who may."""

    team_id: Slug
    q: Query
    organization_id: Id | None = None
    limit: PageSize = 10


class LoginView(View):
    """A person as the operators see him. Who is not ``active`` cannot sign in and is a member nowhere."""

    user: UserView
    operator: bool
    active: bool
    version: Version


class LoginPage(View):
    """One page of people, by name."""

    data: list[LoginView]
    next_cursor: str | None


class FindUsers(Request[LoginPage]):
    """Everybody with a login, for the operators; ``q`` is a part of the name, user name or e-mail address."""

    q: Annotated[str, Shape(min=1, max=80)] | None = None
    limit: PageSize = 50
    cursor: Position | None = None


class ChangeUser(Request[LoginView]):
    """Shut a person out, or let him in again (operators). Shutting out ends his sessions at once."""

    user_id: Id
    active: bool


class AgentLine(View):
    """One of the staff, as somebody to ask for. ``membership``: for staff only."""

    id: Id
    name: ShortLine
    available: bool
    membership: MembershipView | None


class AgentPage(View):
    """One page of the staff, by name."""

    data: list[AgentLine]
    next_cursor: str | None


class ListAgents(Request[AgentPage]):
    """The team's staff; customers who may register cases see the active ones to prefer, by name. ``topic``: who works
    in a queue for it."""

    team_id: Slug
    topic: Key | None = None
    available: bool | None = None
    limit: PageSize = 50
    cursor: Position | None = None


class ChangeMembership(Request[MembershipView]):
    """Change role, permissions or activity of a membership. Takes effect everywhere by its event. ``permissions`` null:
    the role's again."""

    team_id: Slug
    membership_id: Id
    role: Key | None = None
    permissions: Permissions | Absent | None = ABSENT
    active: bool | None = None


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
    available: bool = True
    replacement_id: Id | None = None
    fact_version: Version
