"""One case behind a key, without a login."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from services.chassis.messages import Event, Request, Shape, View
from services.contracts.cases.core import Channel, Fields, PersonView, Status
from services.contracts.shapes import (
    Email,
    Id,
    Key,
    Line,
    Locale,
    Number,
    PageSize,
    Permission,
    Position,
    Secret,
    ShortLine,
    Slug,
    Text,
    Version,
)


class OpenedCommentLine(View):
    """A public comment as whoever holds the key reads it: people by name, without ids."""

    author: ShortLine
    side: Literal["customer", "support"]
    body: Text
    channel: Channel
    created_at: datetime


class OpenedCaseView(View):
    """The one case behind a key: what was asked, what was done, and what the key may do now (``case.comment``,
    ``case.confirm``). ``comments``: the first 100, oldest first. No ids of people, no other case, nothing internal."""

    team_id: Slug
    team: Line
    number: Number
    title: Line
    description: Text
    type: Key
    topic: Key | None
    product: Key | None
    fields: Fields
    status: Status
    contact: ShortLine
    assignee: ShortLine | None
    pending_confirmation: bool
    answered_at: datetime | None
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    comments: list[OpenedCommentLine]
    permissions: list[Permission]
    version: Version


class KeyHolderView(View):
    """Who holds a key that may add to its case, and to which. The gateway tells nobody."""

    team_id: Slug
    case_id: Id
    contact_id: Id


class AccessKeyView(View):
    """A key that opens one case. ``key`` is told once, when it is issued; ``link`` leads to the case with it."""

    id: Id
    case_id: Id
    created_by: Id | None
    created_at: datetime
    ended_at: datetime | None = None
    key: Secret | None = None
    link: Secret | None = None


class AccessKeyPage(View):
    """One page of a case's keys, the newest first."""

    data: list[AccessKeyView]
    next_cursor: str | None


class RepresentativePage(View):
    """One page of the people one can ask for."""

    data: list[PersonView]
    next_cursor: str | None


class IssueAccessKey(Request[AccessKeyView]):
    """A new key to the case; every earlier one ends. 403 ``team_policy_forbids`` where the team has no keys."""

    team_id: Slug
    case_id: Id


class ListAccessKeys(Request[AccessKeyPage]):
    """The keys a case has and had, without their secret part."""

    team_id: Slug
    case_id: Id
    limit: PageSize = 25
    cursor: Position | None = None


class RevokeAccessKeys(Request[AccessKeyPage]):
    """No key opens the case any more; doing it twice is doing it once."""

    team_id: Slug
    case_id: Id


class ReadOpenedCase(Request[OpenedCaseView]):
    """The case that the key in ``X-Access-Key`` opens. A key that opens nothing is 404, whatever is wrong with it."""


class ReadKeyHolder(Request[KeyHolderView]):
    """Add files to the case behind the key, as the contact of the case: one or more, within the team's limit. They are
    for both sides, like everything in the case's folder."""


class AddCommentByKey(Request[OpenedCommentLine]):
    """Write on the case behind the key, also when it is closed; its representative is told at once."""

    body: Text


class ConfirmCaseByKey(Request[OpenedCaseView]):
    """Was it answered? As the customer says it who has a login."""

    answer: Literal["yes", "no"]
    feedback: Text | None = None
    reopen: bool = False


class ListRepresentatives(Request[RepresentativePage]):
    """Whom one can ask for in the form. Without a token only where the team's door is open."""

    team_id: Slug
    limit: PageSize = 100
    cursor: Position | None = None


class ContactNoted(Event):
    """How the customer of a case without a login is reached, and the nonce (hex) his links are made from; null: he has
    no key. The address reaches nobody but who mails him."""

    subject = "case_id"
    team_id: Slug
    case_id: Id
    contact_id: Id
    name: ShortLine
    email: Email
    locale: Locale
    nonce: Annotated[str, Shape(min=64, max=64, pattern=r"[0-9a-f]{64}")] | None
    fact_version: Version
