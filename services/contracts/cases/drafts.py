"""Drafts, what will be sent, and technical information."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from services.chassis.messages import Event, Message, Request, Shape, View
from services.contracts.cases.core import CaseView, Fields, PersonView, TechnicalInformationView, Visibility
from services.contracts.cases.grouping import DoneView
from services.contracts.shapes import (
    ByteCount,
    Id,
    Ids,
    Key,
    Line,
    Locale,
    PageSize,
    Position,
    ShortLine,
    Slug,
    Text,
    Version,
)
from services.contracts.terms import Charge, MoneyView, Seconds

Pointer = Annotated[str, Shape(max=1024, example="/fields/phone")]


class DraftForm(Message):
    """What ``POST ~/cases`` takes, with nothing required; how it is filled in is judged when it is sent.
    ``wants_files``: files will come along; without it the draft takes none (a form's ``needs_documents`` says so
    too)."""

    type: Key | None = None
    title: Line | None = None
    description: Text | None = None
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
    technical_information: TechnicalInformationView | None = None
    wants_files: bool = False


class DraftView(DraftForm, View):
    """A case that is not sent yet. ``id`` is the one the case will have. It is gone at ``expires_at``, 30 days after it
    was last saved."""

    id: Id
    team_id: Slug
    organization_id: Id
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    version: Version


class DraftLine(View):
    """A draft in a list."""

    id: Id
    organization_id: Id
    type: Key | None
    title: Line | None
    wants_files: bool
    updated_at: datetime
    expires_at: datetime
    version: Version


class DraftPage(View):
    """One page of drafts, the one saved last first."""

    data: list[DraftLine]
    next_cursor: str | None


class StartDraft(DraftForm, Request[DraftView]):
    """Begin a case without sending it. Nobody else sees it: no colleague, no staff, no operator. Without
    ``organization_id`` the caller's only organization is meant (409 ``organization_required`` when there are
    several)."""

    team_id: Slug
    organization_id: Id | None = None


class ListDrafts(Request[DraftPage]):
    """The caller's own drafts in this team, on whichever device they were begun."""

    team_id: Slug
    limit: PageSize = 25
    cursor: Position | None = None


class ReadDraft(Request[DraftView]):
    """One of the caller's own drafts."""

    team_id: Slug
    case_id: Id


class SaveDraft(DraftForm, Request[DraftView]):
    """Put this in the place of what the draft held. Without ``organization_id`` it stays for the same
    organization."""

    team_id: Slug
    case_id: Id
    organization_id: Id | None = None


class DropDraft(Request[DoneView]):
    """Throw the draft away, with its files."""

    team_id: Slug
    case_id: Id


class SubmitDraft(Request[CaseView]):
    """Register the case. It is judged as ``POST ~/cases`` judges; what is refused leaves the draft as it is. A draft
    that was sent already is a 409 ``draft_submitted`` with the case's number."""

    team_id: Slug
    case_id: Id


class SummaryLine(View):
    """A field as it will be sent: where it stands, what the form calls it, and what people read there."""

    pointer: Pointer
    label: Line
    text: Text


class FaultLine(View):
    """Why the draft would be refused now: the problem's code, and the field if it is about one."""

    code: Key
    pointer: Pointer | None
    rule: Key | None
    detail: Text


class PromiseLine(View):
    """Within how many seconds of opening hours something will have happened, and who says so."""

    kind: Literal["review", "first_response", "next_response", "resolution"]
    target_seconds: Seconds
    by: Literal["contract", "team"]


class ReadersView(View):
    """Who will see the case and who will get a mail of it. ``organization``: everybody of the organization sees it,
    not only ``people``. The team's staff sees every case."""

    visibility: Visibility
    organization: bool
    people: list[PersonView]
    mailed: list[PersonView]
    staff_mailed: bool


class CostView(View):
    """What the case will cost, and by which rule."""

    charge: Charge
    fee: MoneyView | None
    by: Literal["contract", "team"]
    because: Text


class AttachedView(View):
    """How many files the draft has, and their size together."""

    count: int
    bytes: ByteCount


class DraftSummaryView(View):
    """What will be sent, to whom, at which price. ``faults`` is empty when it can be sent; until then ``readers``,
    ``cost`` and ``promises`` are null. ``files`` is null until the draft's folder is there, a moment after it began."""

    case_id: Id
    draft_version: Version
    organization_id: Id
    organization_name: ShortLine | None
    faults: list[FaultLine]
    lines: list[SummaryLine]
    wants_files: bool
    files: AttachedView | None = None
    technical_information: Fields
    readers: ReadersView | None
    cost: CostView | None
    promises: list[PromiseLine] | None


class ReadDraftSummary(Request[DraftSummaryView]):
    """What sending the draft would do now."""

    team_id: Slug
    case_id: Id


class GivenInformationView(View):
    """The technical information of a case: empty without ``consent``. ``version`` is the case's."""

    case_id: Id
    consent: bool
    information: Fields
    given_by: PersonView | None
    given_at: datetime | None
    version: Version


class ReadTechnicalInformation(Request[GivenInformationView]):
    """What the customer let us know of his computer, for all who see the case."""

    team_id: Slug
    case_id: Id


class GiveTechnicalInformation(Request[GivenInformationView]):
    """Replace it. Without ``consent`` nothing is kept, and what was kept is gone. Only the customer's side consents."""

    team_id: Slug
    case_id: Id
    consent: bool
    information: Fields = {}


class DraftEvent(Event):
    """What every event of a draft says. Only its creator may know of it; with ``fact_version`` the case goes on
    where its draft ended."""

    subject = "case_id"
    team_id: Slug
    case_id: Id
    organization_id: Id
    creator_id: Id
    wants_files: bool
    fact_version: Version


class DraftStarted(DraftEvent):
    """A case was begun and is not sent yet: it may get its folder."""


class DraftChanged(DraftEvent):
    """It is for another organization now, or it takes files now, or no more."""


class DraftEnded(DraftEvent):
    """It was thrown away or ran out: its files go. (Of a draft that is sent, ``CaseOpened`` tells.)"""
