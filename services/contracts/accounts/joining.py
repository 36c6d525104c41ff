"""How people come in: registrations, requests for colleagues, invitations, contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from services.chassis.messages import ABSENT, Absent, Event, Request, Shape, View
from services.contracts.accounts.people import MembershipView, UserView
from services.contracts.accounts.sessions import DoneView
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
    Secret,
    ShortLine,
    Slug,
    UserName,
    Version,
)

Decided = Literal["pending", "approved", "rejected"]
Note = Annotated[str, Shape(min=1, max=2000, example="She takes over from Bo in December.")]
Part = Annotated[str, Shape(min=1, max=80, example="lind")]


# --- registrations ---------------------------------------------------------------------------------------------------


class RegistrationStartedView(View):
    """An application is in. ``token`` is shown this once; with it the applicant asks what became of it."""

    id: Id
    token: str
    status: Decided


class RegistrationStatusView(View):
    """What the applicant may know of his application."""

    id: Id
    status: Decided
    email_confirmed: bool
    reason: Line | None


class RegistrationView(View):
    """An application as the team's staff see it. ``taken`` names what somebody with an account has already:
    ``user_name``, ``email``. ``permissions``: what the caller may do with it now."""

    id: Id
    team_id: Slug
    status: Decided
    user_name: UserName
    name: ShortLine
    email: Email
    email_confirmed: bool
    company: Line
    message: Note | None
    locale: Locale
    taken: list[str]
    reason: Line | None
    created_at: datetime
    decided_at: datetime | None
    permissions: Permissions = []


class RegistrationPage(View):
    """One page of applications, oldest first."""

    data: list[RegistrationView]
    next_cursor: str | None


class StartRegistration(Request[RegistrationStartedView]):
    """Apply for an account with a user name and password of one's choice. The answer is the same whether somebody has
    the name or the address already. A mail asks to confirm the address."""

    team_id: Slug
    user_name: UserName
    password: Password
    name: ShortLine
    email: Email
    company: Line
    message: Note | None = None
    locale: Locale | None = None


class ConfirmRegistration(Request[DoneView]):
    """The applicant followed the link of the mail: the address is his."""

    team_id: Slug
    token: Secret


class ReadRegistration(Request[RegistrationStatusView]):
    """What became of my application? The token of the first answer proves that it is mine."""

    team_id: Slug
    registration_id: Id
    token: Secret


class ListRegistrations(Request[RegistrationPage]):
    """The waiting list (staff)."""

    team_id: Slug
    status: Decided = "pending"
    limit: PageSize = 50
    cursor: Position | None = None


class ApproveRegistration(Request[MembershipView]):
    """Make the account. ``organization_id`` of a known organization, or ``organization_name`` of a new one.
    ``user_name``: another one than asked for."""

    team_id: Slug
    registration_id: Id
    organization_id: Id | None = None
    organization_name: Line | None = None
    role: Key = "member"
    user_name: UserName | None = None


class RejectRegistration(Request[RegistrationView]):
    """Say no; the applicant is told why."""

    team_id: Slug
    registration_id: Id
    reason: Line


# --- requests for a colleague ----------------------------------------------------------------------------------------


class UserRequestView(View):
    """Somebody of an organization asks that a colleague gets an account. ``permissions``: what the caller may do with
    the request now."""

    id: Id
    team_id: Slug
    organization_id: Id
    name: ShortLine
    email: Email
    role: Key
    note: Line | None
    status: Decided
    reason: Line | None
    requested_by: Id
    requested_by_name: ShortLine
    invitation_id: Id | None
    created_at: datetime
    decided_at: datetime | None
    permissions: Permissions = []


class UserRequestPage(View):
    """One page of requests, oldest first."""

    data: list[UserRequestView]
    next_cursor: str | None


class AddUserRequest(Request[UserRequestView]):
    """Ask that a colleague gets an account. Those who may add people are told by mail."""

    team_id: Slug
    organization_id: Id
    name: ShortLine
    email: Email
    role: Key = "member"
    note: Line | None = None


class ListUserRequests(Request[UserRequestPage]):
    """The requests of an organization; ``status`` narrows them."""

    team_id: Slug
    organization_id: Id
    status: Decided | None = None
    limit: PageSize = 50
    cursor: Position | None = None


class ApproveUserRequest(Request[UserRequestView]):
    """Invite the colleague, perhaps with another role than asked for."""

    team_id: Slug
    organization_id: Id
    user_request_id: Id
    role: Key | None = None


class RejectUserRequest(Request[UserRequestView]):
    """Say no; who asked is told why."""

    team_id: Slug
    organization_id: Id
    user_request_id: Id
    reason: Line


# --- invitations -----------------------------------------------------------------------------------------------------


class InvitationView(View):
    """An invitation that nobody has accepted yet. ``organization_id`` null: into the team's own staff. ``permissions``:
    what he will hold instead of the role's; ``may``: what the caller may do with the invitation now."""

    id: Id
    team_id: Slug
    organization_id: Id | None
    email: Email
    name: ShortLine
    role: Key
    permissions: Permissions | None
    locale: Locale
    invited_by: Id
    created_at: datetime
    expires_at: datetime
    may: Permissions = []


class InvitationPage(View):
    """One page of pending invitations, oldest first."""

    data: list[InvitationView]
    next_cursor: str | None


class InvitedView(View):
    """The account that came of an invitation; sign in with it."""

    user: UserView
    membership: MembershipView


class AddInvitation(Request[InvitationView]):
    """Invite somebody by mail. The link is good for seven days and once. ``permissions``: instead of the role's."""

    team_id: Slug
    organization_id: Id | None = None
    email: Email
    name: ShortLine
    role: Key
    permissions: Permissions | None = None
    locale: Locale | None = None


class ListInvitations(Request[InvitationPage]):
    """Pending invitations into the organizations (or the staff) whose people I manage."""

    team_id: Slug
    limit: PageSize = 50
    cursor: Position | None = None


class RemoveInvitation(Request[DoneView]):
    """Take an invitation back: its link leads nowhere from now on."""

    team_id: Slug
    invitation_id: Id


class AcceptInvitation(Request[InvitedView]):
    """Make an account for the invited address. Who has one already signs in and joins instead."""

    token: Secret
    user_name: UserName
    password: Password
    name: ShortLine | None = None


class JoinByInvitation(Request[MembershipView]):
    """The signed-in person whose address was invited gains the membership."""

    token: Secret


# --- contacts --------------------------------------------------------------------------------------------------------


class ContactView(View):
    """A person of an organization who may have no login (``user_id`` null): he calls, and others file his cases.
    ``permissions``: what the caller may do with the contact now."""

    id: Id
    team_id: Slug
    organization_id: Id
    name: ShortLine
    email: Email | None
    phone: Phone | None
    user_id: Id | None
    version: Version
    permissions: Permissions = []


class ContactChanged(Event):
    """A contact as he is now; ``removed``: he is forgotten, and only his name may still stand somewhere."""

    subject = "contact_id"
    contact_id: Id
    team_id: Slug
    organization_id: Id
    name: ShortLine
    email: Email | None
    phone: Phone | None
    user_id: Id | None
    removed: bool = False
    fact_version: Version


class ContactPage(View):
    """One page of contacts, by name."""

    data: list[ContactView]
    next_cursor: str | None


class AddContact(Request[ContactView]):
    """Note a person of the organization. The address of a member links them."""

    team_id: Slug
    organization_id: Id
    name: ShortLine
    email: Email | None = None
    phone: Phone | None = None


class ListContacts(Request[ContactPage]):
    """An organization's contacts; ``q`` is any part of name or e-mail address."""

    team_id: Slug
    organization_id: Id
    q: Part | None = None
    limit: PageSize = 50
    cursor: Position | None = None


class ChangeContact(Request[ContactView]):
    """Correct a contact; null empties e-mail address or phone."""

    team_id: Slug
    organization_id: Id
    contact_id: Id
    name: ShortLine | Absent = ABSENT
    email: Email | Absent | None = ABSENT
    phone: Phone | Absent | None = ABSENT


class RemoveContact(Request[DoneView]):
    """Forget a contact."""

    team_id: Slug
    organization_id: Id
    contact_id: Id
