"""Notes for the record of who did what; commands write them, and reads of what is private.

A note is written in the caller's own transaction. A timer gives it its place in the team's chain
(``commands.audit.seal``), so that no command waits for another one's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert

from services.accounts import rules
from services.accounts.tables import audit_entries
from services.chassis.unit_of_work import UnitOfWork

ENTRY = ("team_id", "at", "actor_id", "action", "object_id", "detail", "request_id")  # the rest is made later


def note(uow: UnitOfWork, action: str, *, team_id: str | None, object_id: str | None, **detail: Any) -> None:
    """Write down that the caller did this. ``action``: ``role.changed`` and the like; ``detail``: JSON values with
    whole numbers only, no secret and no free text longer than a line."""
    deed = {"action": action, "team_id": team_id, "object_id": object_id, "detail": detail}
    write(uow, deed | {"actor_id": uow.actor.user_id or None, "at": uow.now})


def write(uow: UnitOfWork, deed: dict[str, Any]) -> None:
    """The same for what somebody else did at another moment. ``deed`` has the columns of an entry."""
    write_all(uow, [deed])


def write_all(uow: UnitOfWork, deeds: Sequence[dict[str, Any]]) -> None:
    """The same for many deeds, at once."""
    if deeds:
        uow.run(insert(audit_entries).values([entry(uow, deed) for deed in deeds]))


def entry(uow: UnitOfWork, deed: dict[str, Any]) -> dict[str, Any]:
    """A deed as ``audit_entries`` keeps it (``ENTRY``), for a statement that writes more than the note."""
    rules.audit.must_be_plain(deed["detail"])
    return deed | {"request_id": uow.context.request_id}
