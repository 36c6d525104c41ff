"""What the customer lets us know of his computer."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from services.cases import queries, rules
from services.cases.commands.saving import record, save, take
from services.cases.rules import Reader, sides_of
from services.cases.tables import technical_information
from services.chassis.problems import Forbidden
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_told = insert(technical_information)
_KEEP = _told.on_conflict_do_update(
    index_elements=["case_id"],
    set_={column.name: _told.excluded[column.name] for column in technical_information.c if column.name != "case_id"},
)
_FORGET = delete(technical_information).where(technical_information.c.case_id == bindparam("of_case"))


def give_technical_information(uow: UnitOfWork, ask: c.GiveTechnicalInformation) -> c.GivenInformationView:
    """Keep it with the customer's consent; without it, keep nothing.

    Raises NotFound, Forbidden ``not_permitted`` (staff never consents for him), Conflict ``not_in_this_status``,
    Invalid, PreconditionFailed.
    """
    reader = take(uow, ask, "case.comment")
    if reader.standing.staff:
        detail = "Only the customer's own side says what may be known of its computers."
        raise Forbidden("not_permitted", detail, extra={"permission": "case.comment", "rule": "customer_only"})
    rules.move("customer_comments", reader.case)
    rules.check_information(ask.consent, ask.information, at="")
    if ask.information:
        uow.run(_KEEP, information_row(uow, reader, ask.information))
        noted = [rules.came("technical_information", ", ".join(sorted(ask.information)))]  # what of, and not what
    else:
        uow.run(_FORGET, {"of_case": reader.case.id})
        noted = [rules.came("technical_information", None)]
    save(uow, reader, noted=noted)
    record(uow, reader, c.CaseChanged, sides_of("customer"), fields=["technical_information"])
    return queries.information_of(uow, reader)


def information_row(uow: UnitOfWork, reader: Reader, information: dict[str, Any]) -> dict[str, Any]:
    """What is kept of it beside the case, in the name of who gave it."""
    return {
        "case_id": reader.case.id,
        "information": information,
        "given_by": uow.actor.user_id,
        "given_by_name": reader.standing.name,
        "given_at": uow.now,
    }
