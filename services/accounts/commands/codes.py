"""Codes of authenticator apps, and those that stand in for them. Each works once."""

from __future__ import annotations

from sqlalchemy import delete, update

from services.accounts import queries, secrets
from services.accounts.tables import recovery_codes, second_factors
from services.chassis.unit_of_work import UnitOfWork


class _Demand:
    """Whether the installation wants a second factor of all staff; filled by ``demand``."""

    of_staff = False


def demand(*, of_staff: bool) -> None:
    """Said once, when the process starts."""
    _Demand.of_staff = of_staff


def are_missing(uow: UnitOfWork, user_id: str, team_id: str | None, *, operator: bool) -> bool:
    """Whether he must set up an app before anything else: the installation or one of his teams (``team_id``: this one
    alone) wants it of its staff, and he has none."""
    if operator and _Demand.of_staff:
        return not queries.passwords.has_second_factor(uow, user_id)
    return queries.passwords.staff_without_factor(uow, user_id, team_id, anywhere=_Demand.of_staff)


def accept(uow: UnitOfWork, user_id: str, code: str) -> bool:
    """Use the code up; False when it is none of this (locked) person's."""
    factor = queries.passwords.second_factor(uow, user_id)
    step = secrets.totp_step(factor["locked_secret"], code, uow.now) if factor else None
    if step is not None:
        mine, later = second_factors.c.user_id == user_id, second_factors.c.last_step < step
        return bool(uow.run(update(second_factors).where(mine, later).values(last_step=step)))
    known = recovery_codes.c.hash == secrets.digest(code.strip().lower())
    return bool(uow.run(delete(recovery_codes).where(recovery_codes.c.user_id == user_id, known)))
