"""Everything that happened to one case, and who sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.chassis.messages import Request, View
from services.contracts.cases.calls import CallbackView
from services.contracts.cases.clocks import ClockExplanationView
from services.contracts.cases.core import CaseView, PersonView
from services.contracts.cases.drafts import GivenInformationView
from services.contracts.cases.grouping import LinkLine
from services.contracts.cases.quotes import QuoteView
from services.contracts.shapes import Id, Key, PageSize, Position, Slug, Text


class ChangeLine(View):
    """One field that got another value. ``before`` and ``after``: a text, a number, a person as ``{"id", "name"}``, or
    null. Of ``followers``, ``links`` and ``tags`` each line tells of one that came (``after``) or went (``before``), of
    ``technical_information`` what of it is kept now. A comment that was edited or taken back is the field ``comment``;
    staff see what it said, and alone read of links, tags and ``follow_up_at``."""

    id: Id
    at: datetime
    actor: PersonView
    side: Key
    field: Key
    before: Any
    after: Any
    reason: Text | None


class ChangePage(View):
    """One page of changes, oldest first."""

    data: list[ChangeLine]
    next_cursor: str | None


class ListHistory(Request[ChangePage]):
    """What changed, field by field. Customers see the fields they see of the case."""

    team_id: Slug
    case_id: Id
    limit: PageSize = 50
    cursor: Position | None = None


class HappeningLine(View):
    """Something that happened. ``kind``: ``opened``, ``comment``, ``change``, ``call``, ``callback``, ``quote``,
    ``clock``, ``file``, …; ``details`` has what that kind tells: of a comment ``body``, ``channel`` and ``file_ids``,
    of a change ``field``, ``before``, ``after`` and ``reason``, of the last four their ``state`` and what it is about.
    ``internal`` things, such as the warnings of clocks, reach staff only."""

    id: Id
    case_id: Id
    at: datetime
    kind: Key
    actor: PersonView
    side: Key | None
    internal: bool
    details: dict[str, Any]


class HappeningPage(View):
    """One page of what happened, oldest first."""

    data: list[HappeningLine]
    next_cursor: str | None


class ListHappenings(Request[HappeningPage]):
    """Everything in one order: time, then id. Files stand in it a moment after they have come."""

    team_id: Slug
    case_id: Id
    limit: PageSize = 50
    cursor: Position | None = None


class CaseExportView(View):
    """A whole case: as it is now (without its first comments, because ``happenings`` has them all), everything that
    happened, the cases it is linked with, its prices, callbacks, clocks with their segments, and what the customer told
    of his computer. Beyond 500 happenings, or a few megabytes, ``happenings_cursor`` leads on to the timeline."""

    team_id: Slug
    case_id: Id
    case: CaseView
    happenings: list[HappeningLine]
    happenings_cursor: str | None
    links: list[LinkLine]
    quotes: list[QuoteView] = []
    callbacks: list[CallbackView] = []
    clocks: list[ClockExplanationView] = []
    technical_information: GivenInformationView | None = None
    exported_at: datetime


class ReadExport(Request[CaseExportView]):
    """Everything about one case that its reader may see, in one document."""

    team_id: Slug
    case_id: Id
