"""What the commands share: take a case, write it down with a comment, say that it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Text, Update, any_, bindparam, delete, insert, update
from sqlalchemy.dialects.postgresql import insert as insert_if_new

from services.cases import queries, rules
from services.cases.queries.grouping import COPIED, TAGGED
from services.cases.rules import Reader, Round
from services.cases.tables import Case, cases, changes, comments, tags, unindexed
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c


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
    edited_at: datetime | None = None
    retracted_at: datetime | None = None
    file_ids: list[str] = field(default_factory=list)


class Notice(Said):
    """Tells of something that was done: it stands among the comments, but is no answer to anybody."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What one of several acts has to write, and the case as that act left it."""

    said: Said | None
    reason: str | None
    noted: Sequence[dict[str, Any]]
    case: Case


_SAY = insert(comments).values({name: bindparam("said_" + name) for name in Said.__slots__})
_SAY_MORE = insert(comments).from_select([column.name for column in comments.c], COPIED)
_TAG = insert_if_new(tags).from_select(["case_id", "team_id", "arrived_at", "tag"], TAGGED).on_conflict_do_nothing()
_UNTAG = delete(tags).where(
    tags.c.case_id == bindparam("saved_id"), tags.c.tag == any_(bindparam("tags_gone", type_=ARRAY(Text)))
)
_NOTE = insert(changes).from_select([column.name for column in changes.c], queries.NOTED)


_MOVED = (
    *("assignee_id", "assignee_name", "status", "substatus", "gate", "version", "updated_at"),
    *("clocks", "next_due_at", "alarm_at", "reminded_at"),
)
_MOVE = (
    update(cases).where(cases.c.id == bindparam("saved_id")).values({name: bindparam("new_" + name) for name in _MOVED})
)
_HEAR = insert(unindexed).values(case_id=bindparam("saved_id"))
_HEAR_MANY = insert(unindexed)
_NOBODY = {"actor_id": "", "actor_name": "", "side": "support"}
_NOTE_MANY = insert(changes)


_ALONG = {"said": _SAY, "more": _SAY_MORE, "noted": _NOTE, "tagged": _TAG, "untagged": _UNTAG}


@cache
def _saving(columns: frozenset[str], along: frozenset[str]) -> Update:
    """Write these columns, and what else there is: one round trip for all. Texts travel only when they changed."""
    saving = update(cases).where(cases.c.id == bindparam("saved_id"))
    saving = saving.values({name: bindparam("new_" + name) for name in sorted(columns)}).add_cte(_HEAR.cte("heard"))
    for name in sorted(along):
        saving = saving.add_cte(_ALONG[name].cte(name))
    return saving


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


def bring(said: Said, file_ids: Sequence[str]) -> Said:
    """The same with files. The gateway had them put into the case's folder before it asked."""
    return replace(said, file_ids=list(dict.fromkeys(file_ids)))


def save(
    uow: UnitOfWork,
    reader: Reader,
    said: Said | None = None,
    *,
    reason: str | None = None,
    noted: Sequence[dict[str, Any]] = (),
) -> None:
    """Write down what is new about the case, what was said with it, and its history (``noted``: more than its own
    fields tell), with the ``reason``."""
    if not reader.unsaved:  # alone, or the first of several acts
        touch(uow, reader)
    if reader.unsaved is not None:
        reader.unsaved.append(Unsaved(said, reason, noted, replace(reader.case)))
        return
    _write(uow, reader, [said] if said else [], noted, lambda _: reason)


@contextmanager
def together(uow: UnitOfWork, reader: Reader) -> Iterator[None]:
    """What is done inside is one change of the case: one version, saved once, its clocks moved once, told as the case
    is in the end. Everybody hears of it once: by what was said to him in it, or else by the first thing that was done.
    """
    unsaved: list[Unsaved] = []
    unrecorded: list[Any] = []
    reader.unsaved, reader.unrecorded = unsaved, unrecorded
    yield
    reader.unsaved = reader.unrecorded = None
    if unsaved:
        _write_together(uow, reader, unsaved)
    for event, told, internal, more in sorted(unrecorded, key=lambda one: one[0] is not c.CommentAdded):
        tell = _record(uow, reader, event, told, internal=internal, **more)
        if event is not c.CommentAdded:
            reader.told |= {*tell}


def _write_together(uow: UnitOfWork, reader: Reader, unsaved: Sequence[Unsaved]) -> None:
    """Every change stands in the history with the reason of the act that made it: another's may be for staff only."""
    spoken = sorted([one.said for one in unsaved if one.said], key=lambda said: said.visibility != "public")
    reasons: dict[str, str | None] = {}
    noted: list[dict[str, Any]] = []
    before = reader.before
    for one in unsaved:
        if before is not None:
            reasons |= {line["field"]: one.reason for line in rules.differences(before, one.case)}
        noted += [line | {"reason": one.reason} for line in one.noted]
        before = one.case
    _write(uow, reader, spoken, noted, reasons.get)


def _write(
    uow: UnitOfWork,
    reader: Reader,
    spoken: list[Said],
    noted: Sequence[dict[str, Any]],
    reason_of: Callable[[str], str | None],
) -> None:
    case, before = reader.case, reader.before
    assert before is not None  # noqa: S101 - nobody changes what he has not taken
    rules.forget_substatus(before, case)
    keep_time(uow, reader, spoken, noted)
    changed = [name for name in Case.__slots__ if getattr(case, name) != getattr(before, name)]
    values: dict[str, Any] = {"new_" + name: getattr(case, name) for name in changed}
    noted = [*noted, *rules.differences(before, case), *rules.begun(before.clocks, case.clocks)]
    along = _along(uow, reader, spoken, [{"reason": reason_of(line["field"])} | line for line in noted])
    values = {"saved_id": case.id} | {name: value for one in [values, *along.values()] for name, value in one.items()}
    uow.run(_saving(frozenset(changed), frozenset(along)), values)
    reader.tagged = reader.tags
    for name in changed:
        setattr(before, name, getattr(case, name))


def _along(
    uow: UnitOfWork, reader: Reader, spoken: list[Said], noted: Sequence[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What is written beside the case's own row, by what it is, with its values."""
    new, gone = sorted({*reader.tags} - {*reader.tagged}), sorted({*reader.tagged} - {*reader.tags})
    along: dict[str, dict[str, Any]] = {}
    if spoken:
        along["said"] = {"said_" + name: getattr(spoken[0], name) for name in Said.__slots__}
    if spoken[1:]:
        along["more"] = {"copies_rows": [asdict(said) for said in spoken[1:]]}
    if noted:
        along["noted"] = noted_values(uow, reader, noted)
    if new:
        along["tagged"] = {"tags_new": new, "tags_team": reader.case.team_id, "tags_arrived": reader.case.created_at}
    if gone:
        along["untagged"] = {"tags_gone": gone}
    return along


def noted_values(uow: UnitOfWork, reader: Reader, noted: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The values of ``queries.NOTED``: what goes into the history of a case with the statement that makes it so."""
    return {
        "noted_changes": [one | {"id": new_id("chg")} for one in noted],
        "noted_case": reader.case.id,
        "noted_at": uow.now,
        "noted_by": uow.actor.user_id,
        "noted_name": reader.standing.name,
        "noted_side": reader.standing.side,
    }


def note(uow: UnitOfWork, reader: Reader, *noted: dict[str, Any]) -> None:
    """Write something for the timeline by itself, where the case is not saved with it."""
    uow.run(_NOTE, noted_values(uow, reader, noted))


def note_happenings(uow: UnitOfWork, happened: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """What timers did or found, by case, in nobody's name."""
    rows = [{"id": new_id("chg"), "case_id": case_id, "at": uow.now, **_NOBODY, **told} for case_id, told in happened]
    if rows:
        uow.run(_NOTE_MANY, rows)


def keep_time(uow: UnitOfWork, reader: Reader, spoken: Sequence[Said], noted: Sequence[dict[str, Any]]) -> None:
    """Bring the case's clocks in line with what has happened to it; another priority may promise something else."""
    case = reader.case
    if reader.before and case.priority != reader.before.priority:
        rules.repromise(case, queries.promised(uow, case, reader.known), uow.now, begins=True)
    sides = [said.side for said in spoken if said.visibility == "public" and not isinstance(said, Notice)]
    sides += ["support" for line in noted if rules.offers(line)]
    rules.keep_time(reader, next(iter(sides), ""), uow.now)


def save_many(uow: UnitOfWork, readers: list[Reader]) -> None:
    """What a timer did to many cases at once: assignee, status, gate and clocks, and the history, in nobody's name."""
    written: list[dict[str, Any]] = []
    noted: list[tuple[str, dict[str, Any]]] = []
    for reader in readers:
        case, before = reader.case, reader.before
        assert before is not None  # noqa: S101 - nobody changes what he has not taken
        touch(uow, reader)
        rules.forget_substatus(before, case)
        rules.keep_time(reader, "", uow.now)
        written.append({"saved_id": case.id, **{"new_" + name: getattr(case, name) for name in _MOVED}})
        told = [*rules.differences(before, case), *rules.begun(before.clocks, case.clocks)]
        noted += [(case.id, one) for one in told]
    if written:
        uow.run(_MOVE, written)
        uow.run(_HEAR_MANY, [{"case_id": one["saved_id"]} for one in written])
    note_happenings(uow, noted)


def touch(uow: UnitOfWork, reader: Reader) -> None:
    """A new version, changed now."""
    reader.case.version += 1
    reader.case.updated_at = uow.now


def record(
    uow: UnitOfWork, reader: Reader, event: type[c.CaseEvent], told: Round, *, internal: bool = False, **more: Any
) -> None:
    """Record what happened to the case: what every event of a case says, and ``more``.

    One act notifies once: whom a comment was mailed to, which is recorded first, hears of nothing else. What is
    ``internal`` never leaves the staff.
    """
    if reader.unrecorded is not None:
        reader.unrecorded.append((event, told, internal, more))
        return
    _record(uow, reader, event, told, internal=internal, **more)


def _record(
    uow: UnitOfWork, reader: Reader, event: type[c.CaseEvent], told: Round, *, internal: bool, **more: Any
) -> list[str]:
    case = reader.case
    internal = internal or more.get("visibility") == "internal"
    heard = rules.audience_of(reader, told, internal=internal, author=uow.actor.user_id)
    tell = [person for person in heard.tell if person not in reader.told]
    if event is c.CommentAdded and not internal and rules.mails_comments(reader.policy):
        reader.told |= {*tell}
    uow.record(
        event(
            team_id=case.team_id,
            case_id=case.id,
            organization_id=case.organization_id,
            number=case.number,
            title=case.title,
            status=case.status,
            audience=heard.audience,
            tell=tell,
            asks=case.confirmation == "pending",
            merged_into=case.merged_into,
            actor_id=uow.actor.user_id or None,
            fact_version=case.version,
            internal=internal,
            **more,
        )
    )
    return tell


def record_comment(uow: UnitOfWork, reader: Reader, said: Said) -> None:
    """Record that something was said: the other side and the followers are told; of an internal word, the desk."""
    internal = said.visibility == "internal"
    told = rules.round_of_comment(said.side, internal=internal)
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
