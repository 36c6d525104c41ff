"""Callbacks: asked for, scheduled, done, missed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, insert, update
from sqlalchemy import case as sql_case

from services.cases import queries, rules
from services.cases.commands.saving import note, note_happenings, record, save
from services.cases.rules import Policy, Reader, Round
from services.cases.tables import Case, callbacks
from services.chassis.ids import new_id
from services.chassis.problems import Conflict, Invalid
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

SHORTEST, LONGEST = timedelta(minutes=15), timedelta(days=7)
AHEAD = timedelta(minutes=10)
_OF_FORM = timedelta(hours=1)  # a form asks for a moment; we try for so long
_ADD = insert(callbacks)
_ids = bindparam("ids", type_=ARRAY(Text))
_REMINDED = update(callbacks).where(callbacks.c.id == any_(_ids)).values(reminded_at=bindparam("now"))
_ENDED = (
    update(callbacks)
    .where(callbacks.c.id == any_(_ids))
    .values(
        state=sql_case((callbacks.c.id == any_(bindparam("missed", type_=ARRAY(Text))), "missed"), else_="cancelled"),
        version=callbacks.c.version + 1,
    )
)
_begins = bindparam("begins", type_=callbacks.c.from_at.type)
_ends: Any = _begins + (callbacks.c.until_at - callbacks.c.from_at)
_MOVED = (
    update(callbacks)
    .where(callbacks.c.id == queries.AWAITED)
    .values(from_at=_begins, until_at=_ends, due_at=_begins, ends_at=_ends)
    .values(state="requested", reminded_at=None, version=callbacks.c.version + 1)
    .returning(callbacks)
)


def request_callback(uow: UnitOfWork, ask: c.RequestCallback) -> c.CallbackView:
    """Raises NotFound, Forbidden ``not_included`` where the team does not phone, or the contract leaves it out;
    Conflict, Invalid for a window that is past, too far away, too short or too long."""
    reader = _taken(uow, ask, "case.comment")
    if not _agreed(uow, reader):
        raise rules.not_included("callbacks", reader.policy)
    if ask.until_at <= uow.now or ask.from_at > uow.now + rules.FARTHEST:
        raise Invalid.field("/from_at", "range", "The window must lie ahead, within a year.")
    if not SHORTEST <= ask.until_at - ask.from_at <= LONGEST:
        raise Invalid.field("/until_at", "range", "The window has at least 15 minutes and at most seven days.")
    return _add(uow, reader, ask.phone, max(ask.from_at, uow.now), ask.until_at)


def callback_of_form(uow: UnitOfWork, reader: Reader) -> dict[str, Any] | None:
    """The row of the callback that a new case's form names by ``callback_at`` and ``phone``, where the team phones this
    organization."""
    asked, phone = reader.case.fields.get("callback_at"), reader.case.fields.get("phone")
    if asked and phone and _agreed(uow, reader):
        begins = max(datetime.fromisoformat(asked), uow.now)
        return _row(reader.case, phone, begins, begins + _OF_FORM)
    return None


def _agreed(uow: UnitOfWork, reader: Reader) -> bool:
    """Whether the team phones, and the contract does not leave it out. What was promised before is kept."""
    agreed = reader.agreed or queries.agreed(uow, reader.case.team_id, reader.case.organization_id)
    return agreed.includes("callbacks", reader.policy)


def move_callback(uow: UnitOfWork, reader: Reader, begins: datetime) -> None:
    """The call that a case waits for comes at another time, in as long a window; where none waits, one is asked for."""
    moved = uow.first(_MOVED, {"of_case": reader.case.id, "begins": begins})
    asked = callback_of_form(uow, reader) if moved is None else moved._asdict()
    if asked is None:
        return
    if moved is None:
        uow.run(_ADD, asked)
    note(uow, reader, callback_happening(asked))
    record(uow, reader, c.CallbackRequested, rules.sides_of(reader.standing.side), callback_id=asked["id"])


def _row(case: Case, phone: str, begins: datetime, ends: datetime) -> dict[str, Any]:
    return {
        "id": new_id("cb"),
        "team_id": case.team_id,
        "case_id": case.id,
        "phone": phone,
        "from_at": begins,
        "until_at": ends,
        "due_at": begins,
        "ends_at": ends,
        "state": "requested",
        "agent_id": None,
        "agent_name": None,
        "reminded_at": None,
        "version": 1,
    }


def _add(uow: UnitOfWork, reader: Reader, phone: str, begins: datetime, ends: datetime) -> c.CallbackView:
    row = _row(reader.case, phone, begins, ends)
    save(uow, reader, noted=[callback_happening(row)])
    uow.run(_ADD, row)
    record(uow, reader, c.CallbackRequested, rules.sides_of(reader.standing.side), callback_id=row["id"])
    return queries.callback_view(row, reader.case)


def change_callback(uow: UnitOfWork, ask: c.ChangeCallback) -> c.CallbackView:
    """Raises NotFound, Forbidden, PreconditionFailed, Conflict ``callback_over`` for one that was done or cancelled,
    Invalid for an agent who is not of the staff or a moment that is past."""
    reader = _taken(uow, ask, "case.answer", though_merged=True)
    row = queries.callback_to_change(uow, ask.case_id, ask.callback_id)
    uow.must_match(row["version"])
    _must_wait(row, ask.state)
    if ask.due_at is not None:
        if not uow.now - SHORTEST <= ask.due_at <= uow.now + rules.FARTHEST:
            raise Invalid.field("/due_at", "range", "Must lie ahead, within a year.")
        row |= {"due_at": ask.due_at, "ends_at": max(row["until_at"], ask.due_at + SHORTEST), "reminded_at": None}
    if ask.agent_id is not None:
        name = queries.agent_name(uow, ask.team_id, ask.agent_id)
        if name is None:
            raise Invalid.field("/agent_id", "choice", "This is not one of the team's staff.")
        row |= {"agent_id": ask.agent_id, "agent_name": name}
    if ask.state == "scheduled" and row["ends_at"] <= uow.now:
        raise Invalid.field("/due_at", "required", "Its time has gone by: say when we phone instead.")
    row |= {"state": ask.state}
    if ask.state == "scheduled":
        return _write(uow, reader, row, c.CallbackScheduled, Round(customer=True), due_at=row["due_at"])
    return _write(uow, reader, row, c.CallbackCompleted if ask.state == "done" else c.CallbackMissed, Round())


def cancel_callback(uow: UnitOfWork, ask: c.CancelCallback) -> c.CallbackView:
    """Cancelling twice is cancelling once. Raises NotFound, Forbidden, Conflict ``callback_over``."""
    reader = _taken(uow, ask, "case.comment", though_merged=True)
    row = queries.callback_to_change(uow, ask.case_id, ask.callback_id)
    uow.must_match(row["version"])
    if row["state"] == "cancelled":
        return queries.callback_view(row, reader.case)
    _must_wait(row, "cancelled")
    told = rules.sides_of(reader.standing.side)
    return _write(uow, reader, row | {"state": "cancelled"}, c.CallbackCancelled, told)


def _taken(uow: UnitOfWork, ask: Any, permission: str, *, though_merged: bool = False) -> Reader:
    """The case, locked. If-Match is about the callback here, not about the case. What was promised before a merge is
    still to be kept, or taken back."""
    reader = queries.one(uow, ask, to_change=True)
    _must_phone(reader.policy)
    rules.must_be_able(reader, permission, though_merged=though_merged)
    reader.case.status = rules.move("callback", reader.case)
    return reader


def _must_phone(policy: Policy) -> None:
    if "callbacks" not in policy["features"]:
        raise rules.not_included("callbacks", policy)


def _must_wait(row: dict[str, Any], state: str) -> None:
    """What was missed may be scheduled again; what was done or cancelled stays so."""
    if row["state"] in ("done", "cancelled") or (row["state"] == "missed" and state == "cancelled"):
        raise Conflict("callback_over", f"This callback was {row['state']}.", extra={"state": row["state"]})


def _write(
    uow: UnitOfWork, reader: Reader, row: dict[str, Any], event: type[c.CaseEvent], told: Round, **more: Any
) -> c.CallbackView:
    row["version"] += 1
    uow.run(update(callbacks).where(callbacks.c.id == row["id"]).values(row))
    save(uow, reader, noted=[callback_happening(row)])
    record(uow, reader, event, told, callback_id=row["id"], **more)
    return queries.callback_view(row, reader.case)


def watch_callbacks(uow: UnitOfWork) -> None:
    """Remind whoever phones ten minutes ahead, and mark what nobody did as missed; of a case that has ended, as
    cancelled. Each is told once, by whichever instance comes first; a case that somebody is changing waits a round."""
    soon, over = queries.callbacks_due(uow, uow.now + AHEAD), queries.callbacks_over(uow)
    if not soon and not over:
        return
    held = {reader.case.id: reader for reader in queries.onlookers(uow, [row.case_id for row in (*soon, *over)])}
    ended = queries.ended(uow, [reader.case.merged_into or reader.case.id for reader in held.values()])
    over = [row for row in over if row.case_id in held]
    gone = {row.id for row in over}
    soon = [row for row in soon if row.case_id in held and row.id not in gone]
    if soon:
        uow.run(_REMINDED, {"ids": [row.id for row in soon], "now": uow.now})
    for row in soon:
        reader = held[row.case_id]
        if _goes_on(reader, ended):
            record(uow, reader, c.CallbackReminded, _whoever_phones(row, reader), internal=True, callback_id=row.id)
    if over:
        _end(uow, over, held, ended)


def _end(uow: UnitOfWork, over: list[Any], held: dict[str, Reader], ended: set[str]) -> None:
    """The customer learns that nobody phoned, as everybody does who follows the events of his case; the letter goes to
    whoever should have."""
    missed = [row.id for row in over if _goes_on(held[row.case_id], ended)]
    uow.run(_ENDED, {"ids": [row.id for row in over], "missed": missed})
    for row in over:
        if row.id in missed:
            reader = held[row.case_id]
            record(uow, reader, c.CallbackMissed, _whoever_phones(row, reader), callback_id=row.id)
    states = [(row, "missed" if row.id in missed else "cancelled") for row in over]
    note_happenings(uow, [(row.case_id, callback_happening(row._asdict() | {"state": state})) for row, state in states])


def _goes_on(reader: Reader, ended: set[str]) -> bool:
    return (reader.case.merged_into or reader.case.id) not in ended


def _whoever_phones(row: Any, reader: Reader) -> Round:
    """Its agent, as long as he is of the staff; otherwise whoever has the case, or all of the desk."""
    return Round(people=(row.agent_id,)) if row.agent_id in reader.desk else Round(support=True)


def callback_happening(row: Mapping[str, Any]) -> dict[str, Any]:
    """How the timeline tells of a callback. The number to be phoned stands with the callback itself."""
    moments = {name: rules.told_at(row[name]) for name in ("from_at", "until_at", "due_at")}
    return rules.happening("callback", callback_id=row["id"], state=row["state"], **moments)
