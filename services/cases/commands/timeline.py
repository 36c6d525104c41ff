"""What neighbours tell of a case, for its timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert

from services.cases import queries, rules
from services.cases.tables import changes
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import files as f

_NOTE = insert(changes).from_select([column.name for column in changes.c], queries.NOTED_BY_NEIGHBOUR)
_STATES: dict[type[f.FileEvent], str] = {f.FileAdded: "added", f.FileRemoved: "removed", f.FolderAdded: "folder_added"}


def note_file(uow: UnitOfWork, happened: f.FileEvent) -> None:
    """A file or folder came or went: at the moment when it did, in the name of whoever did it."""
    named = {name: getattr(happened, name) for name in ("file_id", "folder_id", "name") if hasattr(happened, name)}
    told = rules.happening("internal_file" if happened.internal else "file", state=_STATES[type(happened)], **named)
    said = uow.context.more.get("time")
    values: dict[str, Any] = {
        "noted_id": new_id("chg"),
        "noted_case": happened.case_id,
        "noted_at": datetime.fromisoformat(said) if said else uow.now,
        "noted_by": happened.actor_id or "",
        "noted_field": told["field"],
        "noted_after": told["after"],
    }
    uow.run(_NOTE, values)
