"""Codes of authenticator apps, and those that stand in for them. Each works once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, update

from services.accounts import queries, secrets
from services.accounts.tables import recovery_codes, second_factors
from services.chassis.unit_of_work import UnitOfWork

Fields = Mapping[str, Any]


class _Demand:
    """Whether the installation wants a second factor of all staff; filled by ``demand``."""

    of_staff = False


def demand(*, of_staff: bool) -> None:
    """Said once, when the process starts."""
    _Demand.of_staff = of_staff


def entering(uow: UnitOfWork, user_id: str, team_id: str | None, *, to_change: bool = True) -> Fields:
    """The person who comes in (``team_id``: into this team alone), locked, with ``has_codes``: he signs in with codes,
    and ``lacks_codes``: he must set up an app before anything else. Raises Unauthenticated when he is gone."""
    return queries.passwords.entering(uow, user_id, team_id, all_staff=_Demand.of_staff, to_change=to_change)


def accept(uow: UnitOfWork, user_id: str, code: str) -> bool:
    """Use the code up; False when it is none of this (locked) person's."""
    factor = queries.passwords.second_factor(uow, user_id)
    step = secrets.totp_step(factor["locked_secret"], code, uow.now) if factor else None
    if step is not None:
        mine, later = second_factors.c.user_id == user_id, second_factors.c.last_step < step
        return bool(uow.run(update(second_factors).where(mine, later).values(last_step=step)))
    known = recovery_codes.c.hash == secrets.digest(code.strip().lower())
    return bool(uow.run(delete(recovery_codes).where(recovery_codes.c.user_id == user_id, known)))
