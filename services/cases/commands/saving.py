"""What the commands share: take a case, write it down with a comment, say that it happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update

from services.cases import queries, rules
from services.cases.rules import Reader, Round
from services.cases.tables import Case, cases, comments
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

# Fixed at the opening, or written by the command that changes them: long texts would travel with every comment.
# fmt: off
_NOT_KEPT = {
    "id", "team_id", "number", "organization_id", "type", "charge", "visibility",
    "title", "description", "topic", "priority", "product", "fields",
    "created_by", "created_by_name", "contact_id", "contact_name", "owner_id", "owner_name", "created_at",
}
# fmt: on
_KEPT = tuple(name for name in Case.__slots__ if name not in _NOT_KEPT)
_SAVE = (
    update(cases).where(cases.c.id == bindparam("saved_id")).values({name: bindparam("new_" + name) for name in _KEPT})
)
_SAY = insert(comments).values({name: bindparam("said_" + name) for name in comments.c.keys()})  # noqa: SIM118
_SAVE_AND_SAY = _SAVE.add_cte(_SAY.cte("said"))  # one round trip for both


@dataclass(frozen=True, slots=True)
class Said:
    """A comment about to be written, with the columns of ``comments``."""

    id: str
    case_id: str
    author_id: str
    author_name: str
    side: str
    body: str
    visibility: str
    channel: str
    created_at: datetime


def take(uow: UnitOfWork, ask: Any, permission: str) -> Reader:
    """Lock the case and hold the caller's right and If-Match against it.

    Raises NotFound, Forbidden ``not_permitted`` and PreconditionFailed.
    """
    reader = queries.one(uow, ask, to_change=True)
    rules.must_be_able(reader, permission)
    uow.must_match(reader.case.version)
    return reader


def say(uow: UnitOfWork, reader: Reader, body: str, channel: str, visibility: str = "public") -> Said:
    """A comment in the name of the actor."""
    standing = reader.standing
    return Said(
        id=new_id("cmt"),
        case_id=reader.case.id,
        author_id=uow.actor.user_id,
        author_name=standing.name,
        side=standing.side,
        body=body,
        visibility=visibility,
        channel=channel,
        created_at=uow.now,
    )


def save(uow: UnitOfWork, reader: Reader, said: Said | None = None) -> None:
    """Write the case's new state, and what was said with it. Texts are written by ``change_case`` alone."""
    case = reader.case
    touch(uow, reader)
    values: dict[str, Any] = {"new_" + name: getattr(case, name) for name in _KEPT}
    values["saved_id"] = case.id
    if said is None:
        uow.run(_SAVE, values)
        return
    values.update({"said_" + name: getattr(said, name) for name in Said.__slots__})
    uow.run(_SAVE_AND_SAY, values)


def touch(uow: UnitOfWork, reader: Reader) -> None:
    """A new version, changed now."""
    reader.case.version += 1
    reader.case.updated_at = uow.now


def record(uow: UnitOfWork, reader: Reader, event: type[c.CaseEvent], told: Round, **more: Any) -> None:
    """Record what happened to the case: what every event of a case says, and ``more``.

    One act notifies once: when a comment belongs to it, the comment tells, and the act's other events tell nobody.
    """
    case = reader.case
    internal = more.get("visibility") == "internal"
    heard = rules.audience_of(reader, told, internal=internal, author=uow.actor.user_id)
    uow.record(
        event(
            team_id=case.team_id,
            case_id=case.id,
            organization_id=case.organization_id,
            number=case.number,
            title=case.title,
            status=case.status,
            audience=heard.audience,
            tell=heard.tell,
            asks=case.confirmation == "pending",
            actor_id=uow.actor.user_id or None,
            fact_version=case.version,
            **more,
        )
    )


def record_comment(uow: UnitOfWork, reader: Reader, said: Said) -> None:
    """Record that something was said: the other side and the followers are told; of an internal word, the desk."""
    internal = said.visibility == "internal"
    told = Round(support=True) if internal else rules.sides_of(said.side)
    record(
        uow,
        reader,
        c.CommentAdded,
        told,
        comment_id=said.id,
        body=said.body,
        author_name=said.author_name,
        side=said.side,
        visibility=said.visibility,
        channel=said.channel,
    )
