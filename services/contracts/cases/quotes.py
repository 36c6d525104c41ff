"""Prices: quotes, charges, other types and priorities."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from services.chassis.messages import Request, View
from services.contracts.cases.core import CaseView, Gate, PersonView
from services.contracts.cases.events import CaseEvent
from services.contracts.shapes import Id, Key, Line, PageSize, Position, Slug, Text, Version
from services.contracts.terms import Amount, Charge, Currency, MoneyView

QuoteState = Literal["offered", "approved", "declined", "withdrawn", "expired"]


class QuoteView(View):
    """A price offered for a case; ``version`` counts the offers of the case. ``decided_by`` approved, declined or
    withdrew it; nobody did when it expired."""

    id: Id
    case_id: Id
    version: Version
    state: QuoteState
    amount: Amount
    currency: Currency
    text: Text | None
    valid_until: datetime | None
    offered_by: PersonView
    offered_at: datetime
    decided_by: PersonView | None
    decided_at: datetime | None


class QuotePage(View):
    """One page of a case's quotes, the newest first."""

    data: list[QuoteView]
    next_cursor: str | None


class ListQuotes(Request[QuotePage]):
    """Every price that was offered for a case, the newest first."""

    team_id: Slug
    case_id: Id
    limit: PageSize = 25
    cursor: Position | None = None


class OfferQuote(Request[QuoteView]):
    """Offer a price to the customer, who has to approve it before the work begins. An offer that is still open is
    withdrawn by it. Without ``valid_until`` it holds until it is withdrawn."""

    team_id: Slug
    case_id: Id
    amount: Amount
    currency: Currency
    text: Text | None = None
    valid_until: datetime | None = None


class ApproveQuote(Request[QuoteView]):
    """The customer accepts the price; the work can begin."""

    team_id: Slug
    case_id: Id
    quote_id: Id


class DeclineQuote(Request[QuoteView]):
    """The customer does not accept the price. The reason becomes a comment."""

    team_id: Slug
    case_id: Id
    quote_id: Id
    reason: Text | None = None


class WithdrawQuote(Request[QuoteView]):
    """Support takes its offer back."""

    team_id: Slug
    case_id: Id
    quote_id: Id


class ReclassifyCase(Request[CaseView]):
    """Correct the type, the priority or the topic of a case. What it costs is worked out anew, and the customer is
    told the reason. A case whose new type needs a price waits until one is approved."""

    team_id: Slug
    case_id: Id
    type: Key | None = None
    priority: Key | None = None
    topic: Key | None = None
    reason: Text


class ChargeView(View):
    """What a case costs and why. ``amount``: the approved price, or the contract's; null when none is known yet.
    ``quote``: the newest offer."""

    case_id: Id
    type: Key
    charge: Charge
    gate: Gate
    contract_version: Version | None
    fee: MoneyView | None
    quote: QuoteView | None
    amount: MoneyView | None
    explanation: Line


class ReadCharge(Request[ChargeView]):
    """What this case costs and why."""

    team_id: Slug
    case_id: Id


class QuoteEvent(CaseEvent):
    """What every event of a price says."""

    quote_id: Id
    amount: Amount
    currency: Currency


class QuoteOffered(QuoteEvent):
    """Support offered a price."""

    text: Text | None
    valid_until: datetime | None


class QuoteApproved(QuoteEvent):
    """The customer accepted the price; the work can begin."""


class QuoteDeclined(QuoteEvent):
    """The customer did not accept the price."""


class QuoteWithdrawn(QuoteEvent):
    """Support took its offer back, or put another one in its place."""


class QuoteExpired(QuoteEvent):
    """Nobody answered the offer in time."""


class CaseReclassified(CaseEvent):
    """Support corrected type, priority or topic. A priority that is not told to customers is null."""

    type: Key
    type_before: Key
    priority: Key | None
    priority_before: Key | None
    topic: Key | None
    topic_before: Key | None
    charge: Key
    charge_before: Key
    gate: Gate
    reason: Text
