"""What a case is and how it is read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from services.chassis.messages import Request, Shape, View
from services.contracts.shapes import (
    Email,
    Id,
    Ids,
    Key,
    Line,
    Locale,
    Number,
    PageSize,
    Permission,
    Phone,
    Position,
    Query,
    Secret,
    ShortLine,
    Slug,
    Text,
    Version,
)
from services.contracts.terms import MoneyView

Status = Literal["new", "open", "waiting_customer", "on_hold", "answered", "closed", "cancelled"]

Visibility = Literal["organization", "participants", "private"]


Channel = Literal["portal", "email", "phone", "remote_session", "chat", "api"]


Confirmation = Literal["none", "pending", "yes", "no"]
Gate = Literal["open", "wanted", "offered"]


Principal = Annotated[str, Shape(min=5, max=80, example="org:org_01m7x2c4e6g8j0k2m4n6p8q0r2")]


Principals = Annotated[list[Principal], Shape(max=1000)]


Fields = Annotated[dict[str, Any], Shape(max=50)]


class PersonView(View):
    """A person as a case shows him."""

    id: Id
    name: ShortLine


class ContactLine(View):
    """How somebody without a login is reached. ``locale``: the language of his mails (the team's, when not said)."""

    name: ShortLine
    email: Email
    phone: Phone | None = None
    locale: Locale | None = None


class CommentView(View):
    """A message on a case. ``side`` tells who speaks; ``internal`` comments reach staff only. ``file_ids``: what it
    brought; they lie in the case's folder (``~/files/{id}``)."""

    id: Id
    case_id: Id
    author: PersonView
    side: Literal["customer", "support"]
    body: Text
    visibility: Literal["public", "internal"]
    channel: Channel
    created_at: datetime
    edited_at: datetime | None = None
    retracted_at: datetime | None = None
    file_ids: Ids = []


Statuses = Annotated[list[Status], Shape(max=7)]
Found = Literal["all", "mine", "owned", "company", "open", "closed", "followed", "assigned"]
Sort = Literal["-updated_at", "updated_at", "-created_at", "created_at", "-number", "number", "priority", "due"]
Include = Annotated[list[Literal["contact", "assignee", "last_comment", "clocks", "permissions"]], Shape(max=5)]
Level = Annotated[int, Shape(min=1, max=2)]


class LastCommentView(View):
    """The last word on a case that this reader may read; ``body`` has its first 300 characters."""

    author: PersonView
    side: Literal["customer", "support"]
    body: Text
    visibility: Literal["public", "internal"]
    created_at: datetime


class PassageView(View):
    """A piece of text; ``found`` tells whether it is one of the words that were searched for. Plain text, no markup."""

    text: str
    found: bool


class ClockLine(View):
    """A promise in a list: ``due_at`` is null unless it runs."""

    kind: Literal["review", "first_response", "next_response", "resolution"]
    state: Literal["idle", "running", "paused", "met", "missed", "stopped"]
    due_at: datetime | None


class CaseLine(View):
    """A case in a list. ``unread``: somebody else has said something, or the other side has changed its status or its
    price, and I have neither read it nor spoken since. ``next_due_at``: when the next promise would be broken.
    ``last_comment``, ``clocks`` and ``permissions`` (what I may do now) only with ``include``; ``queue_id``, ``level``
    and ``tags`` for staff; ``excerpt`` only in a search: where the words were found; ``substatus`` as in a case."""

    id: Id
    number: Number
    title: Line
    type: Key
    priority: Key | None
    status: Status
    visibility: Visibility
    organization_id: Id
    contact: PersonView
    owner: PersonView
    assignee: PersonView | None
    pending_confirmation: bool
    created_at: datetime
    updated_at: datetime
    version: Version
    unread: bool = False
    last_comment: LastCommentView | None = None
    excerpt: list[PassageView] | None = None
    product: Key | None = None
    topic: Key | None = None
    gate: Gate = "open"
    next_due_at: datetime | None = None
    queue_id: Id | None = None
    level: int | None = None
    tags: list[Key] | None = None
    clocks: list[ClockLine] | None = None
    permissions: list[Permission] | None = None
    substatus: Key | None = None


class CasePage(View):
    """One page of cases."""

    data: list[CaseLine]
    next_cursor: str | None


class CaseView(View):
    """One case as this reader may see it. ``permissions`` is what he may do with it now; ``comments`` are the first
    50 he may read, oldest first. ``contract_version`` and ``fee``: what was agreed with the organization when the case
    was opened, if anything was. ``gate`` is ``wanted`` or ``offered`` while a price has to be approved before the work.
    ``merged_from``: numbers of cases whose comments are shown here too; ``merged_into``: the case that goes on in place
    of this one; ``complexity``, ``queue_id`` and ``tags``: for staff. ``access_key`` is told once, to whom opened the
    case without a login. ``substatus``: which of the team's own statuses (``substatuses`` of its profile) it has within
    its ``status``."""

    id: Id
    team_id: Slug
    number: Number
    organization_id: Id
    title: Line
    description: Text
    type: Key
    topic: Key | None
    priority: Key | None
    product: Key | None
    fields: Fields
    status: Status
    visibility: Visibility
    charge: Key
    level: int
    complexity: Literal["simple", "complex"] | None
    created_by: PersonView
    contact: PersonView
    owner: PersonView
    assignee: PersonView | None
    followers: list[PersonView]
    confirmation: Confirmation
    pending_confirmation: bool
    reviewed_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    comments: list[CommentView]
    comments_cursor: str | None
    permissions: list[Permission]
    version: Version
    contract_version: Version | None = None
    fee: MoneyView | None = None
    merged_into: Id | None = None
    merged_from: list[Number] = []
    tags: list[Key] = []
    rating: int | None = None
    queue_id: Id | None = None
    gate: Gate = "open"
    access_key: Secret | None = None
    product_item: Line | None = None
    product_range: Line | None = None
    language: Locale | None = None
    substatus: Key | None = None


class TechnicalInformationView(View):
    """What the customer tells of his computer, by name. It is kept only with his ``consent``."""

    consent: bool = False
    information: Fields = {}


class OpenCase(Request[CaseView]):
    """Register a case by the form of its type; every rule of the form is enforced. Without ``organization_id`` the
    caller's only organization is meant (409 ``organization_required`` when there are several).

    Without a token, where the team's profile opens the door (``intake.anonymous``): ``contact`` says who asks, and the
    answer brings the ``access_key`` to the case - once: a repeat under the same Idempotency-Key does not tell it again,
    the mail does."""

    team_id: Slug
    organization_id: Id | None = None
    type: Key
    title: Line
    description: Text
    topic: Key | None = None
    priority: Key | None = None
    product: Key | None = None
    product_item: Line | None = None
    product_range: Line | None = None
    contact_id: Id | None = None
    owner_id: Id | None = None
    visibility: Visibility | None = None
    follower_ids: Ids = []
    language: Locale | None = None
    fields: Fields = {}
    contact: ContactLine | None = None
    technical_information: TechnicalInformationView | None = None


class ReadCase(Request[CaseView]):
    """One case with its comments."""

    team_id: Slug
    case_id: Id


class ReadCaseByNumber(Request[CaseView]):
    """One case by the number people say to each other."""

    team_id: Slug
    number: Number


class ListCases(Request[CasePage]):
    """Cases of a view. ``mine``: I am contact or creator; ``owned``: I am the owner; ``company``: my organization's;
    ``followed``; ``open``; ``closed``; ``assigned``: staff, on my desk; ``all``: everything I may see.

    ``assignee``: an id, ``me`` or ``none``; ``owner`` and ``contact``: an id or ``me``. ``unread``: in my own lists, or
    those of one organization. ``priority`` and ``due`` as order: most urgent or due first, of open cases. ``tag``
    finds in the whole team by ``created_at``. ``q``: the words are searched in number, title, description and comments;
    the last one may be a beginning; the freshest come first. 400 ``not_offered`` says which filters and orders do not
    go together, because no index could answer them."""

    team_id: Slug
    organization_id: Id | None = None
    view: Found = "all"
    status: Statuses = []
    type: Key | None = None
    priority: Key | None = None
    assignee: Key | None = None
    owner: Key | None = None
    contact: Key | None = None
    product: Key | None = None
    topic: Key | None = None
    level: Level | None = None
    queue: Id | None = None
    tag: Key | None = None
    substatus: Key | None = None
    unread: bool = False
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    q: Query | None = None
    sort: Sort = "-updated_at"
    include: Include = []
    limit: PageSize = 25
    cursor: Position | None = None
