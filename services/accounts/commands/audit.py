"""The record of who did what: giving notes their place in a chain, signing where the chains stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules, secrets
from services.accounts.notes import write
from services.accounts.rules.audit import Head, Seal
from services.accounts.settings import Settings
from services.accounts.tables import audit_checkpoints, audit_heads, audit_keys
from services.chassis.unit_of_work import UnitOfWork

_GIVE_PLACES = text(
    "UPDATE audit_entries SET seq = sealed.seq, hash = sealed.hash "
    "FROM unnest(CAST(:ids AS bigint[]), CAST(:seqs AS bigint[]), CAST(:hashes AS bytea[])) "
    "AS sealed (entry_id, seq, hash) WHERE audit_entries.entry_id = sealed.entry_id"
)


class _Pace:
    """What ``prepare`` read of the settings."""

    every = timedelta(seconds=300)


def prepare(uow: UnitOfWork, settings: Settings) -> None:
    """At every start, under the installation's lock: the key that signs checkpoints. Raises SettingsError."""
    key = queries.audit.newest_key(uow)
    if key is None:
        key = secrets.new_signing_key(settings.secret_key)
        row = {"id": key.id, "public": key.public, "locked_private": key.locked_private, "created_at": uow.now}
        uow.run(insert(audit_keys).values(row))
    secrets.install_notary(key, settings.secret_key, settings.public_url.rstrip("/"))
    _Pace.every = timedelta(seconds=settings.audit_checkpoint_seconds)


def note_event(uow: UnitOfWork, happened: Any) -> None:
    """What people did, or looked at, in a neighbouring service."""
    told = uow.context.more.get("time")
    deed = {
        "action": happened.wire_name,
        "team_id": happened.team_id,
        "object_id": happened.case_id,
        "detail": rules.audit.thin(happened),
        "actor_id": getattr(happened, "reader_id", None) or getattr(happened, "actor_id", None),
        "at": datetime.fromisoformat(told) if isinstance(told, str) else uow.now,
    }
    write(uow, deed)


def seal(uow: UnitOfWork) -> None:
    """A timer: the next notes get their places, and chains that have grown enough get a checkpoint."""
    waiting = queries.audit.unsealed(uow)
    if waiting:
        heads = queries.audit.heads_of(uow, {row["team_id"] or "" for row in waiting})
        _give_places(uow, rules.audit.sealed(waiting, heads))
        _move(uow, heads)
    due = [head for head in queries.audit.grown(uow) if rules.audit.is_due(head, uow.now, _Pace.every)]
    if due:
        _sign(uow, due)


def _give_places(uow: UnitOfWork, seals: list[Seal]) -> None:
    places = {
        "ids": [one.entry_id for one in seals],
        "seqs": [one.seq for one in seals],
        "hashes": [one.hash for one in seals],
    }
    uow.run(_GIVE_PLACES, places)


def _move(uow: UnitOfWork, heads: Mapping[str, Head]) -> None:
    new = [
        {"chain": chain, "seq": head.seq, "hash": head.hash, "marked_seq": 0, "marked_at": uow.now}
        for chain, head in sorted(heads.items())
    ]
    moving = upsert(audit_heads).values(new)
    further = {"seq": moving.excluded.seq, "hash": moving.excluded.hash}
    uow.run(moving.on_conflict_do_update(index_elements=[audit_heads.c.chain], set_=further))


def _sign(uow: UnitOfWork, heads: list[Mapping[str, Any]]) -> None:
    marks = [
        {
            "chain": head["chain"],
            "seq": head["seq"],
            "hash": bytes(head["hash"]),
            "at": uow.now,
            "signature": secrets.statement(rules.audit.checkpoint(head, uow.now)),
        }
        for head in heads
    ]
    uow.run(insert(audit_checkpoints).values(marks))
    moving = upsert(audit_heads).values([{**head, "marked_seq": head["seq"], "marked_at": uow.now} for head in heads])
    marked = {"marked_seq": moving.excluded.marked_seq, "marked_at": moving.excluded.marked_at}
    uow.run(moving.on_conflict_do_update(index_elements=[audit_heads.c.chain], set_=marked))
