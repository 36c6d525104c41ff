"""The same act on many cases: each in a transaction of its own, with the rights of who asked, as if done singly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, insert, text, update

from services.cases import queries, rules
from services.cases.commands import acts
from services.cases.commands.macros import carry_out
from services.cases.tables import job_items, jobs
from services.chassis.actor import Actor
from services.chassis.ids import new_id
from services.chassis.problems import Forbidden, Invalid, NotFound, Problem
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_NEEDED = {"tag": "tag", "comment": "body", "status": "status", "macro": "macro_id"}  # without it an act makes no sense
_PARAMETERS = ("assignee_id", "queue_id", "tag", "body", "visibility", "macro_id", "status")
_START = insert(jobs)
_ITEMS = insert(job_items)
_SETTLE = (
    update(job_items)
    .where(job_items.c.job_id == bindparam("the_job"), job_items.c.place == bindparam("the_place"))
    .values(outcome=bindparam("the_outcome"), code=bindparam("the_code"), detail=bindparam("the_detail"))
)
_BEFORE, _BACK = text("SAVEPOINT one_case"), text("ROLLBACK TO SAVEPOINT one_case")


def start_job(uow: UnitOfWork, ask: c.StartJob) -> c.JobView:
    """Queue the cases, each once. Raises NotFound, Forbidden, Invalid for a missing or unknown parameter."""
    _must_make_sense(uow, ask)
    job_id = new_id("job")
    parameters = {name: getattr(ask, name) for name in _PARAMETERS}
    job = {"id": job_id, "team_id": ask.team_id, "created_by": uow.actor.user_id, "action": ask.action}
    uow.run(_START, job | {"parameters": parameters, "created_at": uow.now})
    wanted = list(enumerate(dict.fromkeys(ask.case_ids)))
    rows = [{"job_id": job_id, "place": place, "case_id": one, "outcome": "waiting"} for place, one in wanted]
    uow.run(_ITEMS, rows)
    for place, case_id in wanted:
        uow.record(c.JobItemQueued(team_id=ask.team_id, job_id=job_id, case_id=case_id, place=place))
    return queries.read_job(uow, c.ReadJob(team_id=ask.team_id, job_id=job_id))


def _must_make_sense(uow: UnitOfWork, ask: c.StartJob) -> None:
    """Refuse what could succeed with none of the cases; each is judged by itself all the same."""
    places, policy = queries.standings(uow, ask.team_id)
    needs = "case.read_all" if ask.action == "macro" else acts.right_of(ask.action, ask.visibility)
    if not any(place.staff and needs in place.permissions for place in places):
        detail = "Only those of the support team who may do this with one case may do it with many."
        raise Forbidden("not_permitted", detail, extra={"permission": needs})
    needed = _NEEDED.get(ask.action)
    if needed and getattr(ask, needed) is None:
        raise Invalid.field(f"/{needed}", "required", f"To {ask.action} cases, say {needed}.")
    if ask.status is not None:
        rules.turn_of(policy, ask.status)
    if ask.action == "macro" and ask.macro_id is not None:
        try:
            queries.macro(uow, ask.team_id, ask.macro_id)
        except NotFound:
            raise Invalid.field("/macro_id", "exists", "The team has no such macro.") from None


def do_job_item(uow: UnitOfWork, event: c.JobItemQueued) -> None:
    """Do it for one case. What is refused is written down; what fails on our side is tried again."""
    turn = queries.turn_of(uow, event.job_id, event.place)
    if turn is None:
        return
    context = replace(uow.context, actor=Actor("user", turn.created_by), if_match=None)
    his = replace(uow, context=context, events=[])  # the same transaction
    settled: dict[str, Any] = {"the_outcome": "done", "the_code": None, "the_detail": None}
    uow.run(_BEFORE)
    try:
        _do(his, turn)
    except Problem as problem:
        if problem.status >= 500:
            raise
        uow.run(_BACK)
        settled = {"the_outcome": "refused", "the_code": problem.code, "the_detail": problem.detail or None}
    else:
        uow.events.extend(his.events)
    uow.run(_SETTLE, settled | {"the_job": event.job_id, "the_place": event.place})


def _do(uow: UnitOfWork, turn: Any) -> None:
    reader = queries.one(uow, c.ReadCase(team_id=turn.team_id, case_id=turn.case_id), to_change=True)
    if turn.action == "macro":
        macro_id = turn.parameters["macro_id"]
        carry_out(uow, reader, c.ApplyMacro(team_id=turn.team_id, case_id=turn.case_id, macro_id=macro_id))
    else:
        acts.do(uow, reader, turn.action, turn.parameters)


def cancel_job(uow: UnitOfWork, ask: c.CancelJob) -> c.DoneView:
    """The rest is left undone; a job that is done stays done. Raises NotFound."""
    job = queries.read_job(uow, c.ReadJob(team_id=ask.team_id, job_id=ask.job_id))
    left = update(job_items).where(job_items.c.job_id == job.id, job_items.c.outcome == "waiting")
    if uow.run(left.values(outcome="cancelled")):
        uow.run(update(jobs).where(jobs.c.id == job.id).values(cancelled_at=uow.now))
    return c.DoneView()
