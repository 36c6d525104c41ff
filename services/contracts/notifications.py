"""The words of notifications: mail out, mail in, the event feed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from services.chassis.messages import Event, Request, Shape, View
from services.contracts.cases import Principals
from services.contracts.shapes import Email, Id, PageSize, Position, Slug, Text

EventName = Annotated[str, Shape(min=3, max=80, example="comment.added")]
Cursor = Annotated[int, Shape(min=0)]


class FeedLine(View):
    """One public event, thin: names and ids; fetch the rest. ``cursor`` is its place in the feed."""

    cursor: Cursor
    id: Id
    type: EventName
    time: datetime
    team_id: Slug
    subject: str
    actor: str | None
    data: dict[str, Any]


class FeedPage(View):
    """Events after a cursor, oldest first; ``cursor`` is where to go on."""

    data: list[FeedLine]
    cursor: Cursor
    principals: Principals


class MailView(View):
    """A mail we sent or will send; ``to`` is null until the first try."""

    id: Id
    case_id: Id | None
    to: Email | None
    subject: str
    state: Literal["queued", "sending", "sent", "failed"]
    tries: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


class MailPage(View):
    """One page of mails, newest first."""

    data: list[MailView]
    next_cursor: str | None


class ReceiptView(View):
    """What became of a mail: ``accepted`` as a reply, ``ignored`` (automatic, repeated), ``held`` for people."""

    outcome: Literal["accepted", "ignored", "held"]
    reason: str


class ListFeed(Request[FeedPage]):
    """The team's events the caller may know of, after a cursor. Also tells his principals, so that the gateway can
    match live events without asking again."""

    team_id: Slug
    after: Cursor | None = None
    limit: PageSize = 100


class ListMails(Request[MailPage]):
    """Staff: what was sent to whom about a case."""

    team_id: Slug
    case_id: Id
    limit: PageSize = 50
    cursor: Position | None = None


class TakeMail(Request[ReceiptView]):
    """A mail arrived. ``raw``: the message as base64; ``sender`` and ``recipient`` are the envelope's."""

    sender: Annotated[str, Shape(max=320)]
    recipient: Annotated[str, Shape(max=320)]
    raw: Annotated[str, Shape(max=4_194_304)]


class ReplyReceived(Event):
    """A participant answered one of our mails. ``message_id`` names the mail."""

    subject = "case_id"
    team_id: Slug
    case_id: Id
    user_id: Id
    body: Text
    message_id: Annotated[str, Shape(max=998)]


class PrincipalsChanged(Event):
    """What a person may hear of a team changed, and whoever asks is told so from now on. Every gateway process ends his
    streams: those that came back before this was known here had his old principals."""

    fleeting = True
    subject = "user_id"
    team_id: Slug
    user_id: Id


class FeedAppended(Event):
    """One event entered the feed; ``audience`` may know of it. Heard by every gateway process."""

    fleeting = True
    subject = "team_id"
    team_id: Slug
    audience: Principals
    line: FeedLine
