"""Who runs the installation."""

from __future__ import annotations

from services.accounts.queries import sight
from services.accounts.tables import users
from services.chassis.unit_of_work import UnitOfWork


def is_run_by_somebody(uow: UnitOfWork) -> bool:
    """Whether there is an operator who may sign in. Asked by the installation itself."""
    return sight.one(uow, sight.people_with_login().where(users.c.operator, users.c.active).limit(1)) is not None
