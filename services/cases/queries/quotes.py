"""Prices: the offers of a case, what it costs, and what decides about that."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DateTime, Integer, Row, bindparam, func, select, tuple_

from services.cases import rules
from services.cases.queries.desks import HANDS, PILES, Around, Known
from services.cases.queries.paging import cursor_of, position_of
from services.cases.queries.single import one, onlookers, person
from services.cases.rules import Agreed, Policy, Reader
from services.cases.tables import Case, Quote, contracts, organizations, quotes, teams
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.terms import MoneyView

_OF_CASE = select(*quotes.c).where(quotes.c.case_id == bindparam("case_id"))
_NEWEST = _OF_CASE.order_by(quotes.c.version.desc()).limit(1)
_ONE = _OF_CASE.where(quotes.c.id == bindparam("quote_id"))
_PAGE = _OF_CASE.order_by(quotes.c.offered_at.desc(), quotes.c.id.desc()).limit(bindparam("most", type_=Integer()))
_NEXT_PAGE = _PAGE.where(tuple_(quotes.c.offered_at, quotes.c.id) < tuple_(bindparam("at"), bindparam("before")))
NEXT_VERSION = (
    select(func.coalesce(func.max(quotes.c.version), 0) + 1)
    .where(quotes.c.case_id == bindparam("of_case"))
    .scalar_subquery()
)
_DUE = (
    select(*quotes.c)
    .where(quotes.c.state == "offered", quotes.c.valid_until <= bindparam("now", type_=DateTime(timezone=True)))
    .order_by(quotes.c.valid_until)
    .limit(100)
)
# The contract is the one the case was opened under; what the organization holds meanwhile changes no price.
PINNED = (contracts.c.organization_id == organizations.c.organization_id) & (
    contracts.c.contract_version == bindparam("contract_version", type_=Integer())
)
_PRICING = (
    select(teams.c.profile, organizations.c.products, contracts.c.contract_version, contracts.c.terms, PILES)
    .select_from(teams)
    .join(organizations, organizations.c.organization_id == bindparam("organization_id"))
    .outerjoin(contracts, PINNED)
    .where(teams.c.team_id == bindparam("team_id"))
)
_PRICING_AND_HANDS = _PRICING.add_columns(HANDS)


def list_quotes(uow: UnitOfWork, ask: c.ListQuotes) -> c.QuotePage:
    """The offers of a case, the newest first. Raises NotFound, Invalid ``/cursor``."""
    case = one(uow, ask).case
    values: dict[str, Any] = {"case_id": case.id, "most": ask.limit + 1}
    if ask.cursor is not None:
        values["at"], values["before"] = position_of(ask.cursor)
    found = [_quote(row) for row in uow.all(_NEXT_PAGE if ask.cursor else _PAGE, values)]
    last = found[ask.limit - 1] if len(found) > ask.limit else None
    cursor = cursor_of(last.offered_at, last.id) if last else None
    return c.QuotePage(data=[quote_view(quote) for quote in found[: ask.limit]], next_cursor=cursor)


def read_charge(uow: UnitOfWork, ask: c.ReadCharge) -> c.ChargeView:
    """What a case costs and why. Raises NotFound."""
    case = one(uow, ask).case
    quote = newest_quote(uow, case)
    approved = quote if quote is not None and rules.is_charged(case, quote) else None
    amount = {"value": approved.amount, "currency": approved.currency} if approved else case.fee
    return c.ChargeView(
        case_id=case.id,
        type=case.type,
        charge=case.charge,  # type: ignore[arg-type]  # the profile's schema and the contract say which
        gate=case.gate,
        contract_version=case.contract_version,
        fee=MoneyView(**case.fee) if case.fee else None,
        quote=quote_view(quote) if quote else None,
        amount=MoneyView(**amount) if amount else None,
        explanation=rules.explained(case, approved),
    )


def newest_quote(uow: UnitOfWork, case: Case) -> Quote | None:
    """The last offer of a case that the caller has before him."""
    row = uow.first(_NEWEST, {"case_id": case.id})
    return _quote(row) if row else None


def quote_of(uow: UnitOfWork, case: Case, quote_id: str) -> Quote:
    """This offer of a case that the caller has locked. Raises NotFound."""
    row = uow.first(_ONE, {"case_id": case.id, "quote_id": quote_id})
    if row is None:
        raise NotFound()
    return _quote(row)


def due_quotes(uow: UnitOfWork) -> list[tuple[Reader, Quote]]:
    """Open offers that have run out, with their cases; both are locked, what somebody else holds is left for the next
    round."""
    due = {row.case_id: row.id for row in uow.all(_DUE, {"now": uow.now})}
    if not due:
        return []
    readers = onlookers(uow, list(due))
    held = [due[reader.case.id] for reader in readers]
    still = select(*quotes.c).where(quotes.c.id.in_(held), quotes.c.state == "offered")
    found = {quote.case_id: quote for quote in (_quote(row) for row in uow.all(still))}
    return [(reader, found[reader.case.id]) for reader in readers if reader.case.id in found]


def pricing(
    uow: UnitOfWork, case: Case, *, hands: bool = False, known: Known | None = None
) -> tuple[Policy, Agreed, Around]:
    """The team's whole profile, the contract that holds for this case, and what decides about where it goes."""
    if known is not None and known.pricing is not None:
        return (*known.pricing, known.around)
    row = uow.first(
        _PRICING_AND_HANDS if hands else _PRICING,
        {
            "team_id": case.team_id,
            "organization_id": case.organization_id,
            "contract_version": case.contract_version,
        },
    )
    if row is None:
        raise NotFound()
    return (*priced(row), Around.told(row.profile["topics"], row))


def priced(row: Row[Any]) -> tuple[Policy, Agreed]:
    """From a row with ``profile``, ``products``, ``contract_version`` and ``terms``."""
    contract = None if row.contract_version is None else [row.contract_version, row.terms]
    return row.profile, Agreed.of(row.products, contract)


def quote_view(quote: Quote) -> c.QuoteView:
    """A quote as it is shown."""
    return c.QuoteView(
        id=quote.id,
        case_id=quote.case_id,
        version=quote.version,
        state=quote.state,
        amount=quote.amount,
        currency=quote.currency,
        text=quote.body,
        valid_until=quote.valid_until,
        offered_by=c.PersonView(id=quote.offered_by, name=quote.offered_by_name),
        offered_at=quote.offered_at,
        decided_by=person(quote.decided_by, quote.decided_by_name),
        decided_at=quote.decided_at,
    )


def _quote(row: Row[Any]) -> Quote:
    values: tuple[Any, ...] = tuple(row)
    return Quote(*values)
