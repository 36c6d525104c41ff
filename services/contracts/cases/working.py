"""Working on a case: comments, changes, review, assignment, answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from services.chassis.messages import ABSENT, Absent, Request, Shape, View
from services.contracts.cases.core import (
    CaseView,
    Channel,
    CommentView,
    Fields,
    Level,
)
from services.contracts.cases.grouping import DoneView
from services.contracts.shapes import (
    Id,
    Ids,
    Key,
    Line,
    PageSize,
    Position,
    Slug,
    Text,
)

Assignee = Annotated[
    str,
    Shape(min=2, max=64, pattern=r"me|[a-z]{2,8}_[0-9a-hjkmnp-tv-z]{26}", example="user_01m7x2c4e6g8j0k2m4n6p8q0r2"),
]


class CommentPage(View):
    """One page of comments, oldest first."""

    data: list[CommentView]
    next_cursor: str | None


class ChangeCase(Request[CaseView]):
    """Save changes; the case stays open. Which fields a customer may change, until support has looked at it, is the
    team's field policy; support may change all. Null empties what the form of its type can do without. ``callback_at``
    moves the phone call that the form asks for. Of ``fields``, those of the form's own that are named change."""

    team_id: Slug
    case_id: Id
    title: Line | Absent = ABSENT
    description: Text | Absent = ABSENT
    priority: Key | Absent = ABSENT
    topic: Key | Absent | None = ABSENT
    product: Key | Absent | None = ABSENT
    product_item: Line | Absent | None = ABSENT
    product_range: Line | Absent | None = ABSENT
    contact_id: Id | Absent = ABSENT
    callback_at: datetime | Absent = ABSENT
    fields: Fields | Absent = ABSENT


class AddComment(Request[CommentView]):
    """Write on a case. ``internal`` is for staff and can never become public. ``file_ids``: one's own uploads to this
    case (``for_comment``), which are put into its folder; those of an internal comment are for staff only. ``status``:
    staff say with it whose turn it is, as ``PUT …/status`` does. ``channel``: ``portal`` or, for programs, ``api``;
    staff also say with it in which of the team's ways they spoke."""

    team_id: Slug
    case_id: Id
    body: Text
    visibility: Literal["public", "internal"] = "public"
    channel: Channel = "portal"
    file_ids: Ids = []
    status: Key | None = None


class ChangeComment(Request[CommentView]):
    """Other words for one's own comment, for 15 minutes; staff at any time. Its visibility never changes."""

    team_id: Slug
    case_id: Id
    comment_id: Id
    body: Text


class RetractComment(Request[DoneView]):
    """Take a comment back: one's own for 15 minutes; staff any. That there was one stays visible."""

    team_id: Slug
    case_id: Id
    comment_id: Id


class ListComments(Request[CommentPage]):
    """The conversation, oldest first."""

    team_id: Slug
    case_id: Id
    limit: PageSize = 50
    cursor: Position | None = None


class ReadComment(Request[CommentView]):
    """One word of the conversation."""

    team_id: Slug
    case_id: Id
    comment_id: Id


class ReviewCase(Request[CaseView]):
    """Staff looked at it first: how hard is it, which level takes it (without ``level`` it stays at its own), and in
    which queue it belongs."""

    team_id: Slug
    case_id: Id
    complexity: Literal["simple", "complex"]
    level: Level | None = None
    queue_id: Id | None = None


class AssignCase(Request[CaseView]):
    """Give the case to one of the staff (``me``: take it); null puts it back on the pile. With ``only_if_free`` a case
    that somebody else has already is refused, 409 ``already_assigned``; who takes a case has to say false to take it
    from somebody."""

    team_id: Slug
    case_id: Id
    assignee_id: Assignee | None
    only_if_free: bool | None = None


class AnswerCase(Request[CaseView]):
    """Support answers (and may close in the same act); the customer may still object. ``file_ids`` as in a comment.
    With another ``status`` than ``answered`` it is no answer yet, but a word that says whose turn it is."""

    team_id: Slug
    case_id: Id
    body: Text
    close: bool = False
    channel: Channel = "portal"
    file_ids: Ids = []
    status: Key = "answered"


class ChangeStatus(Request[CaseView]):
    """Say whose turn it is: ``waiting_customer`` until he comments, ``on_hold`` while it is somebody else's, ``open``
    when it is support's again; or one of the team's own statuses, each of which is within one of these. The clock of
    the resolution pauses meanwhile; an answer that is owed stays owed. Staff; 409 ``quote_required`` while a price has
    to be approved before the work."""

    team_id: Slug
    case_id: Id
    status: Key
