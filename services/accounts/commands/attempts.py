"""Counting what may be tried only so often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql.dml import ReturningInsert

from services.accounts import queries, rules, secrets
from services.accounts.notes import note
from services.accounts.rules.attempts import Limit
from services.accounts.tables import attempts
from services.chassis.problems import TooManyRequests
from services.chassis.unit_of_work import UnitOfWork

Steps = Sequence[tuple[Limit, int]]
Counted = dict[str, tuple[int, Limit, datetime]]


def count(uow: UnitOfWork, limits: Sequence[Limit]) -> None:
    """Count one more for each. Raises 429 ``too_many_attempts``, and then counts none."""
    counted = shift(uow, [(limit, 1) for limit in limits])
    for limit in limits:
        rules.attempts.must_not_be_too_many(*counted[limit.name], now=uow.now)


def refusal(uow: UnitOfWork, counted: Counted, action: str, object_id: str | None) -> TooManyRequests | None:
    """The 429 when one of those just counted is over its limit. It takes the count back and notes the first one of a
    window, so it is returned, for a unit that commits."""
    over = [name for name, (times, limit, _) in counted.items() if times > limit.most]
    if not over:
        return None
    first = [name for name in over if counted[name][0] == counted[name][1].most + 1]  # it alone stays counted
    shift(uow, [(limit, -1) for name, (_, limit, _) in counted.items() if name not in first])
    if first:
        note(uow, action, team_id=None, object_id=object_id)
    return rules.attempts.too_many(counted[over[0]][2], uow.now)


def shift(uow: UnitOfWork, steps: Steps, *, hurried: bool = False) -> Counted:
    """Count up or down; per name ``(times, limit, end of the window)``. Never below zero.

    ``hurried``: a transaction of its own that does not wait for the disk. If the database then breaks down, the last
    half second of attempts is counted by nobody.
    """
    if not steps:
        return {}
    by_counter = {secrets.digest(limit.name): limit for limit, _ in steps}
    found = {}
    for row in uow.all(_SHIFT_HURRIED if hurried else SHIFT, values_of(steps, uow.now)):
        limit = by_counter[bytes(row.counter)]
        found[limit.name] = (row.times, limit, row.until)
    return found


def values_of(steps: Steps, now: datetime) -> dict[str, Any]:
    """What ``SHIFT`` wants to know."""
    # In one order for all, so that nobody waits for somebody who waits for him.
    rows = sorted((secrets.digest(limit.name), limit, step) for limit, step in steps)
    return {
        "counters": [counter for counter, _, _ in rows],
        "steps": [step for _, _, step in rows],
        # Counting down begins no window.
        "untils": [now + limit.window if step > 0 else now for _, limit, step in rows],
        "counted_at": now,
    }


def _shifting() -> ReturningInsert[Any]:
    """Built once: it runs at every sign-in."""
    columns = [attempts.c.counter, attempts.c.times, attempts.c.until]
    inserted = upsert(attempts).from_select(columns, queries.attempts.steps())
    new, over = inserted.excluded, attempts.c.until <= bindparam("counted_at", type_=attempts.c.until.type)
    return inserted.on_conflict_do_update(
        index_elements=[attempts.c.counter],
        set_={
            "times": func.greatest(0, case((over, new.times), else_=attempts.c.times + new.times)),
            "until": case((over, new.until), else_=attempts.c.until),
        },
    ).returning(*columns)


SHIFT = _shifting()
_SHIFT_HURRIED = SHIFT.returning(func.set_config("synchronous_commit", "off", True))


def forget(uow: UnitOfWork, limits: Sequence[Limit]) -> None:
    """They all begin anew."""
    shift(uow, [(limit, -2 * limit.most) for limit in limits])
