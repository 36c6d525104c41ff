"""Telephone and remote sessions: what was said, and when somebody wants to be phoned."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from services.chassis.messages import Request, Shape, View
from services.contracts.cases.core import PersonView
from services.contracts.shapes import Id, Line, Number, PageSize, Phone, Position, ShortLine, Slug, Text, Version

CallbackState = Literal["requested", "scheduled", "done", "missed", "cancelled"]


Minutes = Annotated[int, Shape(min=0, max=1440)]


class CallView(View):
    """A telephone call or remote session on a case. Its summary is a comment, ``comment_id``, of the same channel."""

    id: Id
    case_id: Id
    channel: Literal["phone", "remote_session"]
    direction: Literal["in", "out"]
    with_name: ShortLine
    minutes: Minutes
    agent: PersonView
    summary: Text
    visibility: Literal["public", "internal"]
    comment_id: Id
    created_at: datetime


class CallPage(View):
    """One page of calls, oldest first."""

    data: list[CallView]
    next_cursor: str | None


class LogCall(Request[CallView]):
    """Put a call or a remote session on record. The summary becomes a comment; ``internal`` keeps both to the staff.
    Without ``with_name`` it was the case's contact."""

    team_id: Slug
    case_id: Id
    channel: Literal["phone", "remote_session"] = "phone"
    direction: Literal["in", "out"] = "out"
    with_name: ShortLine | None = None
    minutes: Minutes
    summary: Text
    visibility: Literal["public", "internal"] = "public"


class ListCalls(Request[CallPage]):
    """The calls of a case; a customer sees those whose summary is public."""

    team_id: Slug
    case_id: Id
    limit: PageSize = 50
    cursor: Position | None = None


class CallbackView(View):
    """Somebody wants to be phoned between ``from_at`` and ``until_at``. ``due_at``: when we do; the beginning of the
    window until an agent has set it."""

    id: Id
    case_id: Id
    number: Number
    title: Line
    contact: PersonView
    phone: Phone
    from_at: datetime
    until_at: datetime
    due_at: datetime
    state: CallbackState
    agent: PersonView | None
    version: Version


class CallbackPage(View):
    """One page of callbacks, the next one first."""

    data: list[CallbackView]
    next_cursor: str | None


class RequestCallback(Request[CallbackView]):
    """Ask to be phoned in a window of at least a quarter of an hour and at most a week."""

    team_id: Slug
    case_id: Id
    from_at: datetime
    until_at: datetime
    phone: Phone


class ChangeCallback(Request[CallbackView]):
    """An agent sets the moment (``due_at``, and who phones), or says how it went: ``done``, ``missed``. What is missed
    can be scheduled again."""

    team_id: Slug
    case_id: Id
    callback_id: Id
    state: Literal["scheduled", "done", "missed"]
    due_at: datetime | None = None
    agent_id: Id | None = None


class CancelCallback(Request[CallbackView]):
    """Nobody needs to phone any more."""

    team_id: Slug
    case_id: Id
    callback_id: Id


class ListCaseCallbacks(Request[CallbackPage]):
    """The callbacks of a case, the first one first."""

    team_id: Slug
    case_id: Id
    limit: PageSize = 50
    cursor: Position | None = None


class ListCallbacks(Request[CallbackPage]):
    """The staff's call list: what is due, in order of time. ``mine``: those that I am to make."""

    team_id: Slug
    from_at: datetime | None = None
    until_at: datetime | None = None
    mine: bool = False
    limit: PageSize = 50
    cursor: Position | None = None
