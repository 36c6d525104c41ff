"""The pile: take the next case, move one to another queue, hand it over to a higher level."""

from __future__ import annotations

from services.cases import queries, rules
from services.cases.commands.routing import route_up, tell_routed
from services.cases.commands.saving import record, record_comment, save, say, take
from services.cases.commands.working import assign, lay_in_queue, meant
from services.cases.rules import Reader, Round
from services.chassis.problems import Conflict, Invalid
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c


def take_next(uow: UnitOfWork, ask: c.TakeNext) -> c.TakenView:
    """Take the first case of the pile; whoever asks at the same moment gets the one after it. Raises NotFound,
    Forbidden, Conflict ``busy``."""
    case_id = queries.take_first(uow, ask)
    if case_id is None:
        return c.TakenView(case=None)
    reader = take(uow, c.ReadCase(team_id=ask.team_id, case_id=case_id), "case.assign")
    reader.case.status = rules.move("assign", reader.case)
    assign(uow, reader, uow.actor.user_id)
    save(uow, reader)
    record(uow, reader, c.CaseAssigned, Round(), assignee_id=uow.actor.user_id)
    return c.TakenView(case=queries.view(uow, reader))


def move_case(uow: UnitOfWork, ask: c.MoveCase) -> c.CaseView:
    """Into another queue. Raises NotFound, Forbidden, Conflict, Invalid ``/queue_id``."""
    reader = take(uow, ask, "case.assign")
    put_into(uow, reader, ask)
    return queries.view(uow, reader)


def put_into(uow: UnitOfWork, reader: Reader, ask: c.MoveCase) -> None:
    """The same on a case that is held already."""
    case = reader.case
    case.status = rules.move("queue", case)
    lay_in_queue(uow, reader, ask.queue_id)
    save(uow, reader)
    record(uow, reader, c.CaseQueued, Round(), internal=True, queue_id=ask.queue_id)


def escalate_case(uow: UnitOfWork, ask: c.EscalateCase) -> c.CaseView:
    """Hand over to a higher level: to somebody named, or as a new case of that level would go. Its new assignee is
    told, or the whole desk when it lies on the pile again.

    Raises NotFound, Forbidden, Conflict ``not_in_this_status`` and ``already_there``, Invalid ``/assignee_id`` for who
    is not of the staff, or works in queues, but at no such level.
    """
    reader = take(uow, ask, "case.assign")
    escalate(uow, reader, ask)
    return queries.view(uow, reader)


def escalate(uow: UnitOfWork, reader: Reader, ask: c.EscalateCase) -> None:
    """The same on a case that is held already."""
    case = reader.case
    case.status = rules.move("escalate", case)
    if case.level >= ask.level:
        raise Conflict("already_there", f"The case is at level {case.level} already.", extra={"level": case.level})
    assignee_id, before, queue_before = meant(uow, ask.assignee_id), case.assignee_id, case.queue_id
    if assignee_id is not None:
        level = queries.level_of(uow, ask.team_id, assignee_id, reader.known)
        if level is not None and level < ask.level:
            raise Invalid.field("/assignee_id", "level", f"This agent does not work at level {ask.level}.")
    assign(uow, reader, assignee_id)
    case.level = ask.level
    route_up(uow, reader, before or uow.actor.user_id)
    said = say(uow, reader, ask.note, "portal", "internal") if ask.note else None
    save(uow, reader, said)
    if said:
        record_comment(uow, reader, said)
    record(uow, reader, c.CaseEscalated, Round(support=True), level=ask.level, assignee_id=case.assignee_id)
    tell_routed(uow, reader, queue_before)
