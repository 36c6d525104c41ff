"""One case as a whole document."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Select, Text, any_, bindparam, func, literal, select, union_all

from services.cases import rules
from services.cases.queries.calls import callback_view
from services.cases.queries.clocks import explanation
from services.cases.queries.drafts import information_view
from services.cases.queries.grouping import LINKS
from services.cases.queries.history import happenings
from services.cases.queries.quotes import quote_view
from services.cases.queries.single import looked_at, one, view
from services.cases.tables import Quote, callbacks, quotes, technical_information
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

FIRST_HAPPENINGS = 500
_these: Any = any_(bindparam("case_ids", type_=ARRAY(Text)))
_MOMENTS = ("created_at", "given_at", "offered_at", "decided_at", "valid_until", "from_at", "until_at", "due_at")


def _rows(kind: str, found: Select[Any]) -> Select[Any]:
    """Whole rows as JSON, with what they are: so several tables are read at once."""
    return select(literal(kind).label("kind"), func.to_jsonb(found.subquery(kind).table_valued()).label("row"))


_BESIDE = union_all(
    _rows("link", LINKS),
    _rows("quote", select(*quotes.c).where(quotes.c.case_id == _these).order_by(quotes.c.offered_at)),
    _rows("callback", select(*callbacks.c).where(callbacks.c.case_id == _these).order_by(callbacks.c.due_at)),
    _rows("told", select(*technical_information.c).where(technical_information.c.case_id == bindparam("case_id"))),
)


def read_export(uow: UnitOfWork, ask: c.ReadExport) -> c.CaseExportView:
    """The whole case in one document, with what was merged into it."""
    reader = looked_at(uow, one(uow, ask))
    case = reader.case
    happened, cursor = happenings(uow, reader, None, FIRST_HAPPENINGS)
    beside = _beside(uow, case.id, [case.id, *[merged_id for merged_id, _ in reader.merged]], case.team_id)
    return c.CaseExportView(
        team_id=case.team_id,
        case_id=case.id,
        case=view(uow, reader, fresh=True),
        happenings=happened,
        happenings_cursor=cursor,
        links=[c.LinkLine(**row) for row in beside["link"]],
        quotes=[quote_view(Quote(**row)) for row in beside["quote"]],
        callbacks=[callback_view(row, case) for row in beside["callback"]],
        clocks=[explanation(clock, case, uow) for clock in rules.clocks_of(case.clocks)],
        technical_information=information_view(reader, next(iter(beside["told"]), None)),
        exported_at=uow.now,
    )


def _beside(uow: UnitOfWork, case_id: str, case_ids: list[str], team_id: str) -> dict[str, list[dict[str, Any]]]:
    values = {"me": uow.actor.user_id, "team_id": team_id, "case_id": case_id, "case_ids": case_ids}
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one_ in uow.all(_BESIDE, values):
        moments = {name: datetime.fromisoformat(one_.row[name]) for name in _MOMENTS if one_.row.get(name)}
        found[one_.kind].append(one_.row | moments)
    return found
