"""Prices: offered by support, approved or declined by the customer, before the work begins."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, insert, update

from services.cases import queries, rules
from services.cases.commands.saving import note_happenings, record, record_comment, save, save_many, say, take
from services.cases.queries.quotes import NEXT_VERSION
from services.cases.rules import Reader, Round
from services.cases.tables import Quote, quotes
from services.chassis.ids import new_id
from services.chassis.problems import Conflict, Invalid
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.cases import QuoteState

_DECIDED = ("state", "decided_by", "decided_by_name", "decided_at")
_DECIDE = (
    update(quotes)
    .where(quotes.c.id == bindparam("decided_id"))
    .values({name: bindparam("new_" + name) for name in _DECIDED})
)
_GIVEN = [column.name for column in quotes.c if column.name != "version"]
_OFFER = (
    insert(quotes)
    .values({name: bindparam(name) for name in _GIVEN} | {"version": NEXT_VERSION})
    .returning(quotes.c.version)
)


def offer_quote(uow: UnitOfWork, ask: c.OfferQuote) -> c.QuoteView:
    """Offer a price; an open offer makes way. Raises NotFound, Forbidden, Conflict, Invalid ``/valid_until``."""
    reader = take(uow, ask, "quote.offer")
    if ask.valid_until is not None and ask.valid_until <= uow.now:
        raise Invalid.field("/valid_until", "future", "The offer has to hold for a while.")
    _move(reader, "offer_quote")
    gone = withdraw_open(uow, reader)
    quote = Quote(
        id=new_id("quote"),
        case_id=reader.case.id,
        version=0,  # the database gives it
        state="offered",
        amount=ask.amount,
        currency=ask.currency,
        body=ask.text,
        valid_until=ask.valid_until,
        offered_by=uow.actor.user_id,
        offered_by_name=reader.standing.name,
        offered_at=uow.now,
    )
    row = uow.first(_OFFER, asdict(quote) | {"of_case": quote.case_id})
    assert row is not None  # noqa: S101 - an INSERT returns its row
    quote.version = row.version
    save(uow, reader, noted=[quote_happening(one) for one in (gone, quote) if one is not None])
    tell_withdrawn(uow, reader, gone)
    told = Round(customer=True, followers=True)
    _record(uow, reader, c.QuoteOffered, quote, told, text=quote.body, valid_until=quote.valid_until)
    return queries.quote_view(quote)


def approve_quote(uow: UnitOfWork, ask: c.ApproveQuote) -> c.QuoteView:
    """The customer accepts. Raises NotFound, Forbidden, Conflict ``quote_not_open``."""
    reader, quote = _open(uow, ask, "quote.approve")
    _move(reader, "approve_quote")
    _decide(uow, reader, quote, "approved")
    save(uow, reader, noted=[quote_happening(quote)])
    _record(uow, reader, c.QuoteApproved, quote, Round(support=True, followers=True))
    return queries.quote_view(quote)


def decline_quote(uow: UnitOfWork, ask: c.DeclineQuote) -> c.QuoteView:
    """The customer does not accept. Raises NotFound, Forbidden, Conflict ``quote_not_open``."""
    reader, quote = _open(uow, ask, "quote.approve")
    _move(reader, "decline_quote")
    _decide(uow, reader, quote, "declined")
    said = say(uow, reader, ask.reason, "portal") if ask.reason else None
    save(uow, reader, said, noted=[quote_happening(quote)])
    if said:
        record_comment(uow, reader, said)
    _record(uow, reader, c.QuoteDeclined, quote, Round(support=True, followers=True))
    return queries.quote_view(quote)


def withdraw_quote(uow: UnitOfWork, ask: c.WithdrawQuote) -> c.QuoteView:
    """Support takes it back. Raises NotFound, Forbidden, Conflict ``quote_not_open``."""
    reader, quote = _open(uow, ask, "quote.offer")
    _move(reader, "withdraw_quote")
    _decide(uow, reader, quote, "withdrawn")
    save(uow, reader, noted=[quote_happening(quote)])
    _record(uow, reader, c.QuoteWithdrawn, quote, Round(customer=True, followers=True))
    return queries.quote_view(quote)


def expire_quotes(uow: UnitOfWork) -> None:
    """Offers that nobody answered in time; an ended case keeps its status, and nobody is told of it any more."""
    due = queries.due_quotes(uow)
    if not due:
        return
    decided, alive = [], []
    for reader, quote in due:
        quote.state, quote.decided_at = "expired", uow.now
        decided.append(_decision(quote))
        if reader.case.status != "cancelled":
            _move(reader, "expire_quote")
            alive.append((reader, quote))
    uow.run(_DECIDE, decided)
    save_many(uow, [reader for reader, _ in alive])
    note_happenings(uow, [(quote.case_id, quote_happening(quote)) for _, quote in due])
    for reader, quote in alive:
        told = Round() if reader.case.status == "closed" else Round(support=True, customer=True)
        _record(uow, reader, c.QuoteExpired, quote, told)


def withdraw_open(uow: UnitOfWork, reader: Reader) -> Quote | None:
    """The open offer of a case, if there is one, makes way for what comes now."""
    quote = queries.newest_quote(uow, reader.case)
    if quote is None or quote.state != "offered":
        return None
    _decide(uow, reader, quote, "withdrawn")
    return quote


def tell_withdrawn(uow: UnitOfWork, reader: Reader, quote: Quote | None) -> None:
    """Of the offer that made way; the people are told of what came instead."""
    if quote is not None:
        _record(uow, reader, c.QuoteWithdrawn, quote, Round())


def _open(uow: UnitOfWork, ask: Any, permission: str) -> tuple[Reader, Quote]:
    """The case and its offer, still open: the case's lock lets one decision through, and the others find it made."""
    reader = take(uow, ask, permission)
    quote = queries.quote_of(uow, reader.case, ask.quote_id)
    if quote.state != "offered":
        raise Conflict("quote_not_open", f"This offer was {quote.state} already.", extra={"state": quote.state})
    if quote.valid_until is not None and quote.valid_until <= uow.now:
        raise Conflict("quote_not_open", "This offer has run out.", extra={"state": "expired"})
    return reader, quote


def quote_happening(quote: Quote) -> dict[str, Any]:
    """How the timeline tells of a quote."""
    told = {name: getattr(quote, name) for name in ("state", "version", "amount", "currency")}
    return rules.happening("quote", quote_id=quote.id, **told)


def _move(reader: Reader, act: str) -> None:
    case = reader.case
    case.status, case.gate = rules.move(act, case), rules.gate_after(act, case.gate)


def _decide(uow: UnitOfWork, reader: Reader, quote: Quote, state: QuoteState) -> None:
    quote.state, quote.decided_at = state, uow.now
    quote.decided_by, quote.decided_by_name = uow.actor.user_id, reader.standing.name
    uow.run(_DECIDE, _decision(quote))


def _decision(quote: Quote) -> dict[str, Any]:
    return {"new_" + name: getattr(quote, name) for name in _DECIDED} | {"decided_id": quote.id}


def _record(uow: UnitOfWork, reader: Reader, event: type[c.QuoteEvent], quote: Quote, told: Round, **more: Any) -> None:
    record(uow, reader, event, told, quote_id=quote.id, amount=quote.amount, currency=quote.currency, **more)
