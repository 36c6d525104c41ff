"""Ending a case and opening it again: close, confirm, reopen, cancel."""

from __future__ import annotations

from services.cases import queries, rules
from services.cases.commands.saving import record, record_comment, save, say, take
from services.cases.rules import Reader, Round
from services.chassis.problems import Conflict, Forbidden
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c


def ended_by(uow: UnitOfWork, reader: Reader) -> None:
    """Close: when support does it, the customer is asked whether it was answered (if the team asks at all)."""
    case = reader.case
    case.status = rules.move("close", case)
    case.closed_at = uow.now
    asks = reader.standing.staff and reader.policy["close"]["confirm"]
    case.confirmation = "pending" if asks else "none"


def close_case(uow: UnitOfWork, ask: c.CloseCase) -> c.CaseView:
    """Close a resolved case. Raises Forbidden ``not_permitted`` where customers may not, Conflict."""
    reader = take(uow, ask, "case.close")
    close(uow, reader)
    return queries.view(uow, reader)


def close(uow: UnitOfWork, reader: Reader, _: object = None) -> None:
    """The same on a case that is held already."""
    ended_by(uow, reader)
    save(uow, reader)
    side = reader.standing.side
    record(uow, reader, c.CaseClosed, rules.sides_of(side), by=side)


def cancel_case(uow: UnitOfWork, ask: c.CancelCase) -> c.CaseView:
    """Not needed any more: terminal. The reason becomes the last comment."""
    reader = take(uow, ask, "case.cancel")
    cancel(uow, reader, ask)
    return queries.view(uow, reader)


def cancel(uow: UnitOfWork, reader: Reader, ask: c.CancelCase) -> None:
    """The same on a case that is held already."""
    case = reader.case
    case.status = rules.move("cancel", case)
    case.closed_at = uow.now
    _aside(uow, reader, ask.reason)
    record(uow, reader, c.CaseCancelled, rules.sides_of(reader.standing.side))


def reopen_case(uow: UnitOfWork, ask: c.ReopenCase) -> c.CaseView:
    """Open it again, into support's queue. Raises Conflict ``reopen_window_over`` after the team's window."""
    reader = take(uow, ask, "case.reopen")
    _open_again(uow, reader)
    reader.case.confirmation = "none"
    _aside(uow, reader, ask.feedback)
    record(uow, reader, c.CaseReopened, rules.sides_of(reader.standing.side))
    return queries.view(uow, reader)


def confirm_case(uow: UnitOfWork, ask: c.ConfirmCase) -> c.CaseView:
    """The customer says whether it was answered; asked once, after support closed it.

    Raises Forbidden for staff, Conflict ``not_pending`` when nobody asked, Conflict ``reopen_window_over``.
    """
    reader = take(uow, ask, "case.confirm")
    confirm(uow, reader, ask)
    return queries.view(uow, reader)


def confirm(uow: UnitOfWork, reader: Reader, ask: c.ConfirmCase | c.ConfirmCaseByKey) -> None:
    """The same on a case that is held already."""
    case = reader.case
    if case.status == "cancelled" or case.confirmation != "pending":
        raise Conflict("not_pending", "Nobody asks about this case now.", extra={"confirmation": case.confirmation})
    reopens = ask.answer == "no" and ask.reopen
    if reopens:
        _open_again(uow, reader)
    else:
        case.status = rules.move("confirm", case)
    case.confirmation = ask.answer
    _aside(uow, reader, ask.feedback)
    record(uow, reader, c.ConfirmationGiven, Round(support=True), answer=ask.answer)
    if reopens:
        record(uow, reader, c.CaseReopened, Round())


def rate_case(uow: UnitOfWork, ask: c.RateCase) -> c.CaseView:
    """How content the customer is; apart from whether it was answered. Raises Forbidden ``not_yours``, Conflict."""
    reader = take(uow, ask, "case.rate")
    case = reader.case
    if uow.actor.user_id not in (case.contact_id, case.created_by):
        raise Forbidden("not_yours", "Only the contact and the creator of a case rate it.")
    case.status = rules.move("rate", case)
    # Other words for the same score stand in the history, too.
    again = (
        [{"field": "rating", "before": ask.score, "after": ask.score}] if ask.text and case.rating == ask.score else []
    )
    case.rating = ask.score
    save(uow, reader, reason=ask.text, noted=again)
    record(uow, reader, c.CaseRated, Round(support=True), score=ask.score, text=ask.text)
    return queries.view(uow, reader)


def _open_again(uow: UnitOfWork, reader: Reader) -> None:
    case = reader.case
    if case.status == "closed" and not rules.may_reopen(case, reader.policy, uow.now):
        days = reader.policy["reopen"]["window_days"]
        detail = "It was closed too long ago to be opened again; please register a new case."
        raise Conflict("reopen_window_over", detail, extra={"window_days": days})
    case.status = rules.move("reopen", case)
    case.closed_at = None


def _aside(uow: UnitOfWork, reader: Reader, body: str | None) -> None:
    """Save the case together with a word that came along; the word is recorded first, because it tells."""
    said = say(uow, reader, body, "portal") if body else None
    save(uow, reader, said)
    if said:
        record_comment(uow, reader, said)
