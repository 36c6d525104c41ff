"""Putting a comment right, or taking it back. What it said stays in the history, for staff. Comments of a merged case
are found where they are shown, in the case that goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, insert, update

from services.cases import queries, rules
from services.cases.commands.saving import record, save
from services.cases.rules import Reader, Round
from services.cases.tables import comments, unindexed
from services.chassis.problems import Conflict, Forbidden, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_HEAR = insert(unindexed)
EDIT_MINUTES = 15
RETRACTED = "(taken back)"


def change_comment(uow: UnitOfWork, ask: c.ChangeComment) -> c.CommentView:
    """Other words for one's own comment: customers within 15 minutes, staff at any time. Raises NotFound, Forbidden
    ``not_yours``, Conflict ``edit_window_over`` and ``retracted``."""
    reader, said = _taken(uow, ask)
    if said.author_id != uow.actor.user_id:
        raise Forbidden("not_yours", "Only who wrote a comment changes its words.")
    if said.body != ask.body:
        _put(uow, reader, said, {"body": ask.body, "edited_at": uow.now})
        more = {"comment_id": said.id, "visibility": said.visibility}
        record(uow, reader, c.CommentEdited, Round(), body=ask.body, **more)
    [now] = queries.comments_of(uow, reader, [said.id])
    return queries.comment_view(now)


def retract_comment(uow: UnitOfWork, ask: c.RetractComment) -> c.DoneView:
    """Take a comment back: customers their own within 15 minutes, staff any. Raises like ``change_comment``."""
    reader, said = _taken(uow, ask)
    if said.author_id != uow.actor.user_id and not reader.standing.staff:
        raise Forbidden("not_yours", "Only who wrote a comment takes it back.")
    _put(uow, reader, said, {"body": RETRACTED, "retracted_at": uow.now})
    more = {"comment_id": said.id, "visibility": said.visibility}
    record(uow, reader, c.CommentRetracted, Round(), **more)
    return c.DoneView()


def _taken(uow: UnitOfWork, ask: c.ChangeComment | c.RetractComment) -> tuple[Reader, Row[Any]]:
    """The case, locked, and its comment, if the caller sees it and there is still time."""
    reader = queries.one(uow, ask, to_change=True)
    said = next(iter(queries.comments_of(uow, reader, [ask.comment_id])), None)
    if said is None or (said.visibility == "internal" and not reader.standing.staff):
        raise NotFound()
    rules.must_be_able(reader, "case.comment_internal" if said.visibility == "internal" else "case.comment")
    reader.case.status = rules.move("comment_internal", reader.case)  # it stays as it is, and takes words at all
    if said.retracted_at is not None:
        raise Conflict("retracted", "This comment was taken back.")
    if not reader.standing.staff and uow.now > said.created_at + timedelta(minutes=EDIT_MINUTES):
        detail = f"A comment can be changed for {EDIT_MINUTES} minutes; please write another one."
        raise Conflict("edit_window_over", detail, extra={"minutes": EDIT_MINUTES})
    return reader, said


def _put(uow: UnitOfWork, reader: Reader, said: Row[Any], values: dict[str, Any]) -> None:
    uow.run(update(comments).where(comments.c.id == said.id).values(values))
    if said.case_id != reader.case.id:  # of a case merged into this one: its search document has the old words
        uow.run(_HEAR, {"case_id": said.case_id})
    after = None if "retracted_at" in values else values["body"]
    save(uow, reader, noted=[{"field": "comment", "before": said.body, "after": after}], reason=said.id)
