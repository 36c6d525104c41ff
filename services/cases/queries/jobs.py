"""Jobs: how far they are, and what waits for its turn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Row, bindparam, select

from services.cases.tables import job_items, jobs
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

LASTS = timedelta(days=1)  # what was not done by then is not done any more: nobody expects it
_GIVEN_UP = "It could not be done within a day. Try again, and tell the operators if it fails once more."
_item = (job_items.c.case_id, job_items.c.outcome, job_items.c.code, job_items.c.detail)
# A job is seen by who started it.
_JOB = (
    select(*jobs.c, *_item)
    .where(
        jobs.c.id == bindparam("job_id"), jobs.c.team_id == bindparam("team_id"), jobs.c.created_by == bindparam("me")
    )
    .where(job_items.c.job_id == jobs.c.id)
    .order_by(job_items.c.place)
)
_TURN = (
    select(jobs.c.team_id, jobs.c.created_by, jobs.c.action, jobs.c.parameters, job_items.c.case_id)
    .where(
        jobs.c.id == bindparam("job_id"),
        job_items.c.job_id == jobs.c.id,
        job_items.c.place == bindparam("place"),
        job_items.c.outcome == "waiting",
    )
    .where(jobs.c.created_at > bindparam("since", type_=DateTime(timezone=True)))
    .with_for_update(of=job_items)
)


def read_job(uow: UnitOfWork, ask: c.ReadJob) -> c.JobView:
    """How far a job is. Raises NotFound for one of somebody else."""
    rows = uow.all(_JOB, {"job_id": ask.job_id, "team_id": ask.team_id, "me": uow.actor.user_id})
    if not rows:
        raise NotFound()
    job, items = rows[0], [_item_line(row, uow.now) for row in rows]
    outcomes = [item.outcome for item in items]
    waiting = outcomes.count("waiting")
    return c.JobView(
        id=job.id,
        team_id=job.team_id,
        action=job.action,
        state="cancelled" if job.cancelled_at else "running" if waiting else "done",
        total=len(rows),
        waiting=waiting,
        done=outcomes.count("done"),
        refused=outcomes.count("refused"),
        created_at=job.created_at,
        items=items,
    )


def _item_line(row: Row[Any], now: datetime) -> c.JobItemLine:
    """What became of one case. What failed on our side again and again waits in the broker, and the job for nothing."""
    if row.outcome == "waiting" and row.created_at <= now - LASTS:
        return c.JobItemLine(case_id=row.case_id, outcome="refused", code="given_up", detail=_GIVEN_UP)
    return c.JobItemLine(case_id=row.case_id, outcome=row.outcome, code=row.code, detail=row.detail)


def turn_of(uow: UnitOfWork, job_id: str, place: int) -> Row[Any] | None:
    """What is to be done for one case of a job, locked; None when it is done, given up or not wanted any more."""
    return uow.first(_TURN, {"job_id": job_id, "place": place, "since": uow.now - LASTS})
