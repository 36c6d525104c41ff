"""What happened to a case."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from services.chassis.messages import Event, Shape
from services.contracts.cases.core import (
    Principals,
    Status,
    Visibility,
)
from services.contracts.shapes import (
    Id,
    Ids,
    Key,
    Line,
    Number,
    ShortLine,
    Slug,
    Text,
    Version,
)


class CaseEvent(Event):
    """What every event of a case says. ``audience``: who may know of it (``team:…``, ``org:…``, ``user:…``);
    ``tell``: the people to notify; ``asks``: the customer is being asked whether it was answered; ``merged_into``: the
    case that goes on in its place; ``fact_version``: the case's version after it; ``internal``: staff's own business,
    whose audience is narrower than the case's and says nothing about it."""

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
    merged_into: Id | None = None
    actor_id: Id | None
    fact_version: Version
    internal: bool = False


class CaseOpened(CaseEvent):
    """A case was registered."""

    type: Key
    priority: Key | None
    product: Key | None


class CaseChanged(CaseEvent):
    """Data of the case, its people or its visibility changed."""

    fields: list[Key]


class CaseOwnerChanged(CaseEvent):
    """Somebody else of the customer's people answers for it."""

    owner_id: Id
    owner_before: Id


class CaseVisibilityChanged(CaseEvent):
    """Other people see it from now on: those of ``audience``."""

    visibility: Visibility
    visibility_before: Visibility


class CaseReviewed(CaseEvent):
    """Support looked at it for the first time."""

    complexity: Key
    level: int


class CaseAssigned(CaseEvent):
    """Somebody of the staff has it, or nobody any more."""

    assignee_id: Id | None


class CaseQueued(CaseEvent):
    """The case lies in another queue, or in none."""

    queue_id: Id | None


class CaseEscalated(CaseEvent):
    """It was handed to a higher support level: to this assignee, or to its pile."""

    level: int
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


class CommentEdited(CaseEvent):
    """A comment has other words now, its ``body``; who shows it reads it again."""

    comment_id: Id
    visibility: Key
    body: Text | None = None


class CommentRetracted(CaseEvent):
    """A comment was taken back."""

    comment_id: Id
    visibility: Key


class CaseMerged(CaseEvent):
    """It is worked on as another case from now on."""

    into_id: Id
    into_number: Number


class CaseUnmerged(CaseEvent):
    """It is worked on by itself again."""

    from_id: Id


class CaseTagged(CaseEvent):
    """Staff put a tag on it or took one off; ``tags`` are those it has now."""

    tags: list[Key]


class CaseRated(CaseEvent):
    """The customer said how content he is."""

    score: int
    text: Text | None


class CallLogged(CaseEvent):
    """A call or a remote session was put on record (its summary is a comment of its own)."""

    call_id: Id
    channel: Key
    direction: Key
    visibility: Key


class CallbackRequested(CaseEvent):
    """Somebody wants to be phoned."""

    callback_id: Id


class CallbackScheduled(CaseEvent):
    """The moment of a callback is set: ``due_at``."""

    callback_id: Id
    due_at: datetime | None = None


class CallbackReminded(CaseEvent):
    """A callback is due in a few minutes; its agent is told."""

    callback_id: Id


class CallbackCompleted(CaseEvent):
    """The customer was phoned."""

    callback_id: Id


class CallbackMissed(CaseEvent):
    """The window went by and nobody phoned, or nobody answered."""

    callback_id: Id


class CallbackCancelled(CaseEvent):
    """Nobody needs to phone any more."""

    callback_id: Id


class ReplyRefused(Event):
    """An answer by mail cannot become a comment: ``reason`` is the code of the refusal. Whoever took the mail keeps it
    for people, and tells its sender."""

    subject = "case_id"
    team_id: Slug
    case_id: Id
    user_id: Id
    message_id: Annotated[str, Shape(max=998)]
    reason: Key


class PrivateCaseViewed(Event):
    """Somebody who is neither its creator nor its contact read a private case or its comments."""

    subject = "case_id"
    team_id: Slug
    case_id: Id
    number: Number
    reader_id: Id


class CaseErased(Event):
    """A cancelled case was kept for as long as its team keeps such, and is gone: whoever has something of it forgets
    it. ``fact_version``: later than that of anything else that was said of it."""

    subject = "case_id"
    team_id: Slug
    case_id: Id
    organization_id: Id
    number: Number
    fact_version: Version
