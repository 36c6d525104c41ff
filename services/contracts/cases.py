"""The words of cases: registering, working, ending."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from services.chassis.messages import ABSENT, Absent, Event, Request, Shape, View
from services.contracts.shapes import (
    Id,
    Ids,
    Key,
    Line,
    Number,
    PageSize,
    Permission,
    Position,
    ShortLine,
    Slug,
    Text,
    Version,
)

Status = Literal["new", "open", "waiting_customer", "on_hold", "answered", "closed", "cancelled"]
Visibility = Literal["organization", "participants", "private"]
Channel = Literal["portal", "email", "phone", "remote_session", "chat", "api"]
Confirmation = Literal["none", "pending", "yes", "no"]
Principal = Annotated[str, Shape(min=5, max=80, example="org:org_01m7x2c4e6g8j0k2m4n6p8q0r2")]
Principals = Annotated[list[Principal], Shape(max=1000)]
Fields = Annotated[dict[str, Any], Shape(max=50)]


class PersonView(View):
    """A person as a case shows him."""

    id: Id
    name: ShortLine


class CommentView(View):
    """A message on a case. ``side`` tells who speaks; ``internal`` comments reach staff only."""

    id: Id
    case_id: Id
    author: PersonView
    side: Literal["customer", "support"]
    body: Text
    visibility: Literal["public", "internal"]
    channel: Channel
    created_at: datetime


class CommentPage(View):
    """One page of comments, oldest first."""

    data: list[CommentView]
    next_cursor: str | None


class CaseLine(View):
    """A case in a list."""

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


class CasePage(View):
    """One page of cases, the freshest change first."""

    data: list[CaseLine]
    next_cursor: str | None


class CaseView(View):
    """One case as this reader may see it. ``permissions`` is what he may do with it now; ``comments`` are the first
    50 he may read, oldest first."""

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


class OpenCase(Request[CaseView]):
    """Register a case by the form of its type; every rule of the form is enforced. Without ``organization_id`` the
    caller's only organization is meant (409 ``organization_required`` when there are several)."""

    team_id: Slug
    organization_id: Id | None = None
    type: Key
    title: Line
    description: Text
    topic: Key | None = None
    priority: Key | None = None
    product: Key | None = None
    contact_id: Id | None = None
    owner_id: Id | None = None
    visibility: Visibility | None = None
    follower_ids: Ids = []
    fields: Fields = {}


class ReadCase(Request[CaseView]):
    """One case with its comments."""

    team_id: Slug
    case_id: Id


class ReadCaseByNumber(Request[CaseView]):
    """One case by the number people say to each other."""

    team_id: Slug
    number: Number


class ListCases(Request[CasePage]):
    """Cases of a view, freshest change first. ``mine``: I am contact or creator; ``owned``: I am the owner;
    ``company``: my organization's; ``followed``; ``open``; ``closed``; ``assigned``: staff, on my desk;
    ``all``: everything I may see."""

    team_id: Slug
    organization_id: Id | None = None
    view: Literal["all", "mine", "owned", "company", "open", "closed", "followed", "assigned"] = "all"
    status: Status | None = None
    limit: PageSize = 25
    cursor: Position | None = None


class ChangeCase(Request[CaseView]):
    """Save changes; the case stays open. Which fields a customer may change is the team's field policy."""

    team_id: Slug
    case_id: Id
    title: Line | Absent = ABSENT
    description: Text | Absent = ABSENT
    priority: Key | Absent = ABSENT


class AddComment(Request[CommentView]):
    """Write on a case. ``internal`` is for staff and can never become public."""

    team_id: Slug
    case_id: Id
    body: Text
    visibility: Literal["public", "internal"] = "public"
    channel: Channel = "portal"


class ListComments(Request[CommentPage]):
    """The conversation, oldest first."""

    team_id: Slug
    case_id: Id
    limit: PageSize = 50
    cursor: Position | None = None


class ReviewCase(Request[CaseView]):
    """Staff looked at it first: how hard is it, and which level takes it."""

    team_id: Slug
    case_id: Id
    complexity: Literal["simple", "complex"]
    level: Annotated[int, Shape(min=1, max=2)] = 1


class AssignCase(Request[CaseView]):
    """Give the case to one of the staff; null puts it back on the pile."""

    team_id: Slug
    case_id: Id
    assignee_id: Id | None


class AnswerCase(Request[CaseView]):
    """Support answers (and may close in the same act); the customer may still object."""

    team_id: Slug
    case_id: Id
    body: Text
    close: bool = False
    channel: Channel = "portal"


class CloseCase(Request[CaseView]):
    """Close a resolved case. Closed by support, the customer is asked whether it was answered."""

    team_id: Slug
    case_id: Id


class CancelCase(Request[CaseView]):
    """The case is not needed any more. Terminal; it leaves the customers' default lists."""

    team_id: Slug
    case_id: Id
    reason: Text | None = None


class ReopenCase(Request[CaseView]):
    """Open a closed or answered case again, into support's queue, with the feedback as a comment."""

    team_id: Slug
    case_id: Id
    feedback: Text | None = None


class ConfirmCase(Request[CaseView]):
    """Was it answered? ``no`` takes feedback and, if wished, reopens the case."""

    team_id: Slug
    case_id: Id
    answer: Literal["yes", "no"]
    feedback: Text | None = None
    reopen: bool = False


class AddFollower(Request[CaseView]):
    """Let a person follow the case; he needs access to the case's product."""

    team_id: Slug
    case_id: Id
    user_id: Id


class RemoveFollower(Request[CaseView]):
    """Stop a person's following."""

    team_id: Slug
    case_id: Id
    user_id: Id


class CaseEvent(Event):
    """What every event of a case says. ``audience``: who may know of it (``team:…``, ``org:…``, ``user:…``);
    ``tell``: the people to notify; ``asks``: the customer is being asked whether it was answered; ``fact_version``: the
    case's version after it."""

    subject = "case_id"
    public = True
    team_id: Slug
    case_id: Id
    organization_id: Id
    number: Number
    title: Line
    status: Status
    audience: Principals
    tell: Ids
    asks: bool = False
    actor_id: Id | None
    fact_version: Version


class CaseOpened(CaseEvent):
    """A case was registered."""

    type: Key
    priority: Key | None
    product: Key | None


class CaseChanged(CaseEvent):
    """Data of the case, its people or its visibility changed."""

    fields: list[Key]


class CaseReviewed(CaseEvent):
    """Support looked at it for the first time."""

    complexity: Key
    level: int


class CaseAssigned(CaseEvent):
    """Somebody of the staff has it, or nobody any more."""

    assignee_id: Id | None


class CommentAdded(CaseEvent):
    """A comment was written; its audience is narrower than the case's when it is internal."""

    comment_id: Id
    body: Text
    author_name: ShortLine
    side: Key
    visibility: Key
    channel: Key


class CaseAnswered(CaseEvent):
    """Support gave its answer (the text is a comment of its own)."""


class CaseClosed(CaseEvent):
    """The case was closed; ``by`` is the side that did it."""

    by: Key


class CaseCancelled(CaseEvent):
    """The case is not needed any more."""


class CaseReopened(CaseEvent):
    """The case is open again."""


class ConfirmationGiven(CaseEvent):
    """The customer said whether it was answered."""

    answer: Key
