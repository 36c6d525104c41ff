"""Counting what may be tried only so often. It stands beside the SELECTs because looking a key up counts, too: one
statement, which is a transaction of its own in a read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, delete, select
from sqlalchemy.dialects.postgresql import insert

from services.cases.rules import Limit
from services.cases.tables import attempts
from services.chassis.unit_of_work import UnitOfWork


def count(uow: UnitOfWork, limits: Sequence[Limit]) -> datetime | None:
    """Count one more for each of these; until when the longest of the spent ones lasts, or None when none is spent."""
    by_counter = {limit.counter: limit for limit in limits}
    # In one order for all, so that nobody waits for somebody who waits for him.
    rows = [
        {"counter": counter, "times": 1, "until": uow.now + by_counter[counter].window}
        for counter in sorted(by_counter)
    ]
    told = insert(attempts).values(rows)
    over = attempts.c.until <= uow.now
    told = told.on_conflict_do_update(
        index_elements=[attempts.c.counter],
        set_={
            "times": case((over, 1), else_=attempts.c.times + 1),
            "until": case((over, told.excluded.until), else_=attempts.c.until),
        },
    )
    counted = uow.all(told.returning(attempts.c.counter, attempts.c.times, attempts.c.until))
    spent = [row.until for row in counted if row.times > by_counter[bytes(row.counter)].most]
    return max(spent) if spent else None


_MOST = 2_000
_OLD = select(attempts.c.counter).order_by(attempts.c.until).limit(_MOST)


def forget(uow: UnitOfWork) -> bool:
    """Drop counters whose window is over; a few thousand a round, so that locks stay short. Says whether there may be
    more."""
    return uow.run(delete(attempts).where(attempts.c.counter.in_(_OLD), attempts.c.until <= uow.now)) >= _MOST
