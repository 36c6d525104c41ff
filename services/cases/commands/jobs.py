"""The same act on many cases: each in a transaction of its own, with the rights of who asked, as if done singly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, insert, text, update

from services.cases import queries
from services.cases.commands.ending import cancel_case, close_case
from services.cases.commands.linking import put_tag
from services.cases.commands.queues import move_case
from services.cases.commands.working import add_comment, assign_case
from services.cases.tables import job_items, jobs
from services.chassis.actor import Actor
from services.chassis.ids import new_id
from services.chassis.problems import Forbidden, Invalid, Problem
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

# What a job does with one case: the single act, its message, and which of the job's parameters become its fields.
_ACTS: dict[str, tuple[Callable[[UnitOfWork, Any], object], Callable[..., Any], dict[str, str]]] = {
    "assign": (assign_case, c.AssignCase, {"assignee_id": "assignee_id"}),
    "queue": (move_case, c.MoveCase, {"queue_id": "queue_id"}),
    "close": (close_case, c.CloseCase, {}),
    "cancel": (cancel_case, c.CancelCase, {"reason": "body"}),
    "tag": (put_tag, c.PutTag, {"tag": "tag"}),
    "comment": (add_comment, c.AddComment, {"body": "body", "visibility": "visibility"}),
}
# Without this right none of the items could succeed; each is judged by itself all the same.
_RIGHTS = {
    "assign": "case.assign",
    "queue": "case.assign",
    "close": "case.close",
    "cancel": "case.cancel",
    "tag": "case.link",
    "comment": "case.comment",
}
_NEEDED = {"tag": "tag", "comment": "body"}  # the parameter without which an act makes no sense
_PARAMETERS = ("assignee_id", "queue_id", "tag", "body", "visibility")
_START = insert(jobs)
_ITEMS = insert(job_items)
_SETTLE = (
    update(job_items)
    .where(job_items.c.job_id == bindparam("the_job"), job_items.c.place == bindparam("the_place"))
    .values(outcome=bindparam("the_outcome"), code=bindparam("the_code"), detail=bindparam("the_detail"))
)
_BEFORE, _BACK = text("SAVEPOINT one_case"), text("ROLLBACK TO SAVEPOINT one_case")


def start_job(uow: UnitOfWork, ask: c.StartJob) -> c.JobView:
    """Queue the cases, each once. Raises NotFound, Forbidden, Invalid for a missing parameter."""
    places, _ = queries.standings(uow, ask.team_id)
    needs = "case.comment_internal" if ask.visibility == "internal" else _RIGHTS[ask.action]
    if not any(place.staff and needs in place.permissions for place in places):
        detail = "Only those of the support team who may do this with one case may do it with many."
        raise Forbidden("not_permitted", detail, extra={"permission": needs})
    needed = _NEEDED.get(ask.action)
    if needed and getattr(ask, needed) is None:
        raise Invalid.field(f"/{needed}", "required", f"To {ask.action} cases, say {needed}.")
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


def do_job_item(uow: UnitOfWork, event: c.JobItemQueued) -> None:
    """Do it for one case. What is refused is written down; what fails on our side is tried again."""
    turn = queries.turn_of(uow, event.job_id, event.place)
    if turn is None:
        return
    context = replace(uow.context, actor=Actor("user", turn.created_by), if_match=None)
    his = replace(uow, context=context, events=[])  # the same transaction
    settled: dict[str, Any] = {"the_outcome": "done", "the_code": None, "the_detail": None}
    uow.run(_BEFORE)
    act, message, fields = _ACTS[turn.action]
    more = {field: turn.parameters[name] for field, name in fields.items()}
    try:
        act(his, message(team_id=turn.team_id, case_id=turn.case_id, **more))
    except Problem as problem:
        if problem.status >= 500:
            raise
        uow.run(_BACK)
        settled = {"the_outcome": "refused", "the_code": problem.code, "the_detail": problem.detail or None}
    else:
        uow.events.extend(his.events)
    uow.run(_SETTLE, settled | {"the_job": event.job_id, "the_place": event.place})


def cancel_job(uow: UnitOfWork, ask: c.CancelJob) -> c.DoneView:
    """The rest is left undone; a job that is done stays done. Raises NotFound."""
    job = queries.read_job(uow, c.ReadJob(team_id=ask.team_id, job_id=ask.job_id))
    left = update(job_items).where(job_items.c.job_id == job.id, job_items.c.outcome == "waiting")
    if uow.run(left.values(outcome="cancelled")):
        uow.run(update(jobs).where(jobs.c.id == job.id).values(cancelled_at=uow.now))
    return c.DoneView()
