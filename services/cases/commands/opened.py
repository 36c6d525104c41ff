"""What is done behind a key, in the name of the case's contact."""

from __future__ import annotations

from services.cases import queries, rules
from services.cases.commands.ending import confirm
from services.cases.commands.working import comment
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c


def add_comment_by_key(uow: UnitOfWork, ask: c.AddCommentByKey) -> c.OpenedCommentLine:
    """Raises NotFound for a key that opens nothing, Forbidden ``not_permitted`` for one that only reads, Conflict."""
    behind = queries.behind_key(uow, to_change=True)
    case = behind.reader.case
    said = c.AddComment(team_id=case.team_id, case_id=case.id, body=ask.body)
    return queries.opened_comment(comment(behind.uow, behind.reader, said))


def confirm_case_by_key(uow: UnitOfWork, ask: c.ConfirmCaseByKey) -> c.OpenedCaseView:
    """Raises the same, and Conflict ``not_pending`` when nobody asked."""
    behind = queries.behind_key(uow, to_change=True)
    rules.must_be_able(behind.reader, "case.confirm")
    uow.must_match(behind.reader.case.version)
    confirm(behind.uow, behind.reader, ask)
    return queries.opened_view(behind)
