"""Telling that a promise is about to be broken or is broken, and giving running clocks another promise."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.cases import queries, rules
from services.cases.commands.saving import note_happenings, record, save, take
from services.cases.rules import Clock, Reader, Round
from services.cases.tables import Case
from services.chassis.problems import Invalid
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

MOST_MOVED = 500
_KEEP = text(
    """UPDATE cases SET clocks = kept.clocks, next_due_at = kept.next_due_at, alarm_at = kept.alarm_at,
        reminded_at = kept.reminded_at, clocks_key = kept.clocks_key
    FROM jsonb_to_recordset(:rows) AS kept (id text, clocks jsonb, next_due_at timestamptz, alarm_at timestamptz,
        reminded_at timestamptz, clocks_key text)
    WHERE cases.id = kept.id"""
).bindparams(bindparam("rows", type_=JSONB()))
_COLUMNS = ("id", "clocks", "next_due_at", "alarm_at", "reminded_at", "clocks_key")


def sound_alarms(uow: UnitOfWork) -> None:
    """Say once what is due by now, to the desk. Rows are locked and others pass them over, so however many instances
    do this, each thing is told by one."""
    found, noted = queries.alarmed(uow), []
    for reader in found:
        warned, over, reminds = rules.sound(reader.case, uow.now)
        for clock in warned:
            _tell(uow, reader, c.CaseClockWarned, clock=clock.kind, due_at=clock.due_at)
        for clock in over:
            _tell(uow, reader, c.CaseClockBreached, clock=clock.kind, due_at=clock.due_at)
        noted += [(reader.case.id, _alarm("warned", clock)) for clock in warned]
        noted += [(reader.case.id, _alarm("breached", clock)) for clock in over]
        if reminds:
            _tell(uow, reader, c.CaseFollowUpReached, follow_up_at=reader.case.follow_up_at)
    _keep(uow, [reader.case for reader in found])
    note_happenings(uow, noted)


def _alarm(state: str, clock: Clock) -> dict[str, Any]:
    due_at = rules.told_at(clock.due_at) if clock.due_at else None
    return rules.happening("alarm", state=state, clock=clock.kind, due_at=due_at)


def move_clocks(uow: UnitOfWork) -> None:
    """After a change of a profile's clocks or calendars: the running clocks of open cases close their segment and go
    on under what holds now, some hundred cases a round."""
    moved = []
    for case, key, promised in queries.outdated(uow, MOST_MOVED):
        rules.repromise(case, promised, uow.now, begins=False)
        case.clocks_key = key
        moved.append(case)
    _keep(uow, moved)


def schedule_follow_up(uow: UnitOfWork, ask: c.ScheduleFollowUp) -> c.FollowUpLine:
    """Raises NotFound, Forbidden, PreconditionFailed, Conflict ``not_in_this_status``, Invalid for a day gone by."""
    reader = take(uow, ask, "case.assign")
    case = reader.case
    case.status = rules.move("remind", case)
    if ask.follow_up_at is not None and ask.follow_up_at <= uow.now:
        raise Invalid.field("/follow_up_at", "future", "Choose a moment that is still to come.")
    before = case.follow_up_at
    rules.follow_up(case, ask.follow_up_at)
    days = {name: rules.told_at(at) if at else None for name, at in (("before", before), ("after", ask.follow_up_at))}
    save(uow, reader, noted=[{"field": "follow_up_at", **days}])
    record(uow, reader, c.CaseChanged, Round(), internal=True, fields=["follow_up_at"])
    return queries.follow_up_line(case)


def _tell(uow: UnitOfWork, reader: Reader, event: type[c.CaseEvent], **more: Any) -> None:
    record(uow, reader, event, Round(support=True), internal=True, **more)


def _keep(uow: UnitOfWork, changed: list[Case]) -> None:
    if changed:
        uow.run(_KEEP, {"rows": [{name: getattr(case, name) for name in _COLUMNS} for case in changed]})
