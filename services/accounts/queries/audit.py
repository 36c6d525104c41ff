"""Who changed or looked at what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, select

from services.accounts import rules, secrets
from services.accounts.notes import note
from services.accounts.queries import sight
from services.accounts.queries.sight import Fields
from services.accounts.rules.audit import ENTRIES_BETWEEN_CHECKPOINTS, FIRST, Head
from services.accounts.tables import audit_checkpoints, audit_entries, audit_heads, audit_keys
from services.chassis.problems import Malformed, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

_SEALED_AT_ONCE = 1000


def list_audit(uow: UnitOfWork, ask: c.ListAudit) -> c.AuditPage:
    """Raises NotFound for a foreign team, Forbidden for all but the staff's administrators and operators."""
    _must_read(uow, ask.team_id)
    rows = _chain(uow, ask.team_id).where(audit_entries.c.seq > ask.after)
    wanted = ((audit_entries.c.actor_id, ask.actor), (audit_entries.c.object_id, ask.object))
    for column, value in (*wanted, (audit_entries.c.action, ask.action)):
        if value is not None:
            rows = rows.where(column == value)
    if ask.cursor is None:  # the first page stands for the whole list
        note(uow, "audit.read", team_id=ask.team_id, object_id=None, actor=ask.actor, object=ask.object)
    found, cursor = _page(uow, rows, audit_entries.c.seq, ask, newest=ask.order == "newest")
    return c.AuditPage(data=[_line(row) for row in found], next_cursor=cursor)


def list_audit_checkpoints(uow: UnitOfWork, ask: c.ListAuditCheckpoints) -> c.AuditCheckpointPage:
    """Raises as list_audit."""
    _must_read(uow, ask.team_id)
    marks = sight.visible(uow, audit_checkpoints).where(
        audit_checkpoints.c.chain == (ask.team_id or ""), audit_checkpoints.c.seq > ask.after
    )
    found, cursor = _page(uow, marks, audit_checkpoints.c.seq, ask, newest=False)
    head = sight.one(uow, sight.visible(uow, audit_heads).where(audit_heads.c.chain == (ask.team_id or "")))
    keys = uow.all(select(audit_keys.c.public).order_by(audit_keys.c.created_at))
    return c.AuditCheckpointPage(
        team_id=ask.team_id,
        data=[_checkpoint(row) for row in found],
        keys=[row.public for row in keys],
        head_seq=head["seq"] if head else 0,
        head_hash=bytes(head["hash"] if head else FIRST).hex(),
        next_cursor=cursor,
    )


def read_audit_proof(uow: UnitOfWork, ask: c.ReadAuditProof) -> c.AuditProofView:
    """Raises as list_audit, and NotFound when there is no such entry."""
    _must_read(uow, ask.team_id)
    seq = audit_entries.c.seq
    marks = sight.visible(uow, audit_checkpoints).where(
        audit_checkpoints.c.chain == (ask.team_id or ""), audit_checkpoints.c.seq >= ask.entry
    )
    mark = sight.one(uow, marks.order_by(audit_checkpoints.c.seq).limit(1))
    rows = _chain(uow, ask.team_id).where(seq >= ask.entry - 1)
    if mark is not None:
        rows = rows.where(seq <= mark["seq"])
    # A checkpoint comes after a thousand entries and the rest of the batch they were sealed with.
    most = ENTRIES_BETWEEN_CHECKPOINTS + _SEALED_AT_ONCE
    found = sight.fields(uow, rows.order_by(seq).limit(most + 1))
    before = [row for row in found if row["seq"] < ask.entry]
    after = [row for row in found if row["seq"] >= ask.entry]
    if not after or after[0]["seq"] != ask.entry:
        raise NotFound()
    return c.AuditProofView(
        entry=_line(after[0]),
        previous_hash=bytes(before[0]["hash"] if before else FIRST).hex(),
        contents=[rules.audit.content(row).hex() for row in after[1:]],
        checkpoint=_checkpoint(mark) if mark else None,
    )


def _must_read(uow: UnitOfWork, team_id: str | None) -> None:
    rules.standing.must_be_known(uow.actor)
    if team_id is None:
        rules.standing.permit(uow.actor.kind == "operator")
    else:
        rules.standing.permit(sight.standing(uow, team_id).may("audit.read"))


def _chain(uow: UnitOfWork, team_id: str | None) -> Select[Any]:
    here = audit_entries.c.team_id.is_(None) if team_id is None else audit_entries.c.team_id == team_id
    return sight.visible(uow, audit_entries).where(here)


def _page(
    uow: UnitOfWork, rows: Select[Any], seq: ColumnElement[Any], ask: Any, *, newest: bool
) -> tuple[list[Fields], str | None]:
    """``(rows, next cursor)`` by ``seq``."""
    if ask.cursor is not None:
        if not ask.cursor.isdecimal() or len(ask.cursor) > 18:
            raise Malformed("cursor_invalid", "This cursor is not one of ours.")
        rows = rows.where(seq < int(ask.cursor) if newest else seq > int(ask.cursor))
    found = sight.fields(uow, rows.order_by(seq.desc() if newest else seq).limit(ask.limit + 1))
    return found[: ask.limit], str(found[ask.limit - 1]["seq"]) if len(found) > ask.limit else None


def _line(row: Fields) -> c.AuditLine:
    return c.AuditLine(**rules.audit.told(row), hash=bytes(row["hash"]).hex())


def _checkpoint(row: Fields) -> c.AuditCheckpointLine:
    return c.AuditCheckpointLine(
        seq=row["seq"], hash=bytes(row["hash"]).hex(), at=row["at"], signature=row["signature"]
    )


# --- for the timer, which reads on nobody's behalf -------------------------------------------------------------------


def unsealed(uow: UnitOfWork) -> list[Fields]:
    """The next entries without a place. A smaller id may become visible after a greater one was sealed; it follows."""
    waiting = select(audit_entries).where(audit_entries.c.seq.is_(None)).order_by(audit_entries.c.entry_id)
    return sight.fields(uow, waiting.limit(_SEALED_AT_ONCE))


def heads_of(uow: UnitOfWork, chains: set[str]) -> dict[str, Head]:
    """Where these chains end, locked."""
    rows = select(audit_heads).where(audit_heads.c.chain.in_(chains)).order_by(audit_heads.c.chain)
    return {row["chain"]: Head(row["seq"], bytes(row["hash"])) for row in sight.fields(uow, rows.with_for_update())}


def grown(uow: UnitOfWork) -> list[Fields]:
    """Chains that have grown since their newest checkpoint."""
    return sight.fields(uow, select(audit_heads).where(audit_heads.c.seq > audit_heads.c.marked_seq))


def newest_key(uow: UnitOfWork) -> secrets.SigningKey | None:
    """The key that signs checkpoints from now on."""
    row = uow.first(select(audit_keys).order_by(audit_keys.c.created_at.desc()).limit(1))
    return None if row is None else secrets.SigningKey(row.id, row.public, bytes(row.locked_private))
