"""Calls and remote sessions on record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, insert

from services.cases import queries, rules
from services.cases.commands.saving import record, record_comment, save, say
from services.cases.commands.working import opened_again
from services.cases.rules import Round
from services.cases.tables import calls
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_LOG = insert(calls).values({name: bindparam("call_" + name) for name in calls.c.keys()})  # noqa: SIM118


def log_call(uow: UnitOfWork, ask: c.LogCall) -> c.CallView:
    """What was said becomes a comment of the same channel. Raises NotFound, Forbidden, Conflict."""
    reader = queries.one(uow, ask, to_change=True)
    rules.must_be_able(reader, "case.answer")
    case = reader.case
    before, act = case.status, rules.reaction_to_comment(reader, ask.visibility, uow.now)
    case.status = rules.move(act, case)
    if before in ("answered", "closed") and case.status == "open":
        opened_again(reader)
    said = say(uow, reader, ask.summary, ask.channel, ask.visibility)
    save(uow, reader, said)
    call = {
        "id": new_id("call"),
        "case_id": case.id,
        "comment_id": said.id,
        "direction": ask.direction,
        "with_name": ask.with_name or case.contact_name,
        "minutes": ask.minutes,
        "created_at": uow.now,
    }
    uow.run(_LOG, {"call_" + name: value for name, value in call.items()})
    record_comment(uow, reader, said)
    more: dict[str, Any] = {"channel": ask.channel, "direction": ask.direction, "visibility": ask.visibility}
    record(uow, reader, c.CallLogged, Round(), call_id=call["id"], **more)
    return queries.call_view(said, call)
