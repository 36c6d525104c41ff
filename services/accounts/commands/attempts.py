"""Counting what may be tried only so often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, func
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import rules, secrets
from services.accounts.notes import note
from services.accounts.rules.attempts import Limit
from services.accounts.tables import attempts
from services.chassis.problems import TooManyRequests
from services.chassis.unit_of_work import UnitOfWork


def count(uow: UnitOfWork, limits: Sequence[Limit]) -> None:
    """Count one more for each. Raises 429 ``too_many_attempts``, and then counts none."""
    counted = shift(uow, [(limit, 1) for limit in limits])
    for limit in limits:
        rules.attempts.must_not_be_too_many(*counted[limit.name], now=uow.now)


def refusal(uow: UnitOfWork, limits: Sequence[Limit], action: str, object_id: str | None) -> TooManyRequests | None:
    """As ``count``, for a unit that commits: the 429 is returned, and its first one of a window is noted."""
    counted = shift(uow, [(limit, 1) for limit in limits])
    over = [limit for limit in limits if counted[limit.name][0] > limit.most]
    if not over:
        return None
    first = [limit for limit in over if counted[limit.name][0] == limit.most + 1]  # it alone stays counted
    shift(uow, [(limit, -1) for limit in limits if limit not in first])
    if first:
        note(uow, action, team_id=None, object_id=object_id)
    return rules.attempts.too_many(counted[over[0].name][2], uow.now)


def shift(uow: UnitOfWork, steps: Sequence[tuple[Limit, int]]) -> dict[str, tuple[int, Limit, datetime]]:
    """Count up or down; per name ``(times, limit, end of the window)``. Never below zero."""
    if not steps:
        return {}
    by_counter = {secrets.digest(limit.name): (limit, step) for limit, step in steps}
    rows = []
    for counter in sorted(by_counter):  # in one order for all, so that nobody waits for somebody who waits for him
        limit, step = by_counter[counter]
        until = uow.now + limit.window if step > 0 else uow.now  # counting down begins no window
        rows.append({"counter": counter, "times": step, "until": until})
    inserted = upsert(attempts).values(rows)
    new, over = inserted.excluded, attempts.c.until <= uow.now
    counting = inserted.on_conflict_do_update(
        index_elements=[attempts.c.counter],
        set_={
            "times": func.greatest(0, case((over, new.times), else_=attempts.c.times + new.times)),
            "until": case((over, new.until), else_=attempts.c.until),
        },
    )
    found = {}
    for row in uow.all(counting.returning(attempts.c.counter, attempts.c.times, attempts.c.until)):
        limit = by_counter[bytes(row.counter)][0]
        found[limit.name] = (row.times, limit, row.until)
    return found


def forget(uow: UnitOfWork, limits: Sequence[Limit]) -> None:
    """They all begin anew."""
    shift(uow, [(limit, -2 * limit.most) for limit in limits])
