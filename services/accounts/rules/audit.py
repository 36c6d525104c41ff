"""How the record of who did what is chained, so that no row can be changed, dropped or moved unseen.

    content(entry) = SHA-256 of the entry as canonical JSON (sorted keys, no blanks, UTF-8)
    hash(n)        = SHA-256 of hash(n - 1) followed by content(entry n); hash(0) is 32 zero bytes

An entry is its team_id, seq, at, actor_id, action, object_id, detail and request_id, as the API tells them. Numbers in
``detail`` are whole ones: those have one spelling in every language.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

FIRST = bytes(32)
ENTRIES_BETWEEN_CHECKPOINTS = 1000
# What of a neighbour's event is kept: names and numbers, never what people wrote.
THIN = (
    *(
        "number",
        "status",
        "fields",
        "type",
        "priority",
        "product",
        "complexity",
        "level",
        "assignee_id",
        "owner_id",
        "by",
        "answer",
    ),
    *("comment_id", "visibility", "visibility_before", "channel", "file_id", "folder_id", "size", "because"),
)
TOLD = ("team_id", "seq", "at", "actor_id", "action", "object_id", "detail", "request_id")
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends."""

    seq: int = 0
    hash: bytes = FIRST


@dataclass(frozen=True, slots=True)
class Seal:
    """An entry's place in its chain."""

    entry_id: int
    seq: int
    hash: bytes


def told(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says; its moment in UTC, so that it has one spelling."""
    return {name: entry[name] for name in TOLD} | {"at": entry["at"].astimezone(UTC)}


def content(entry: Mapping[str, Any]) -> bytes:
    """SHA-256 of what an entry says."""
    return hashlib.sha256(orjson.dumps(told(entry), option=_CANONICAL)).digest()


def linked(previous: bytes, inside: bytes) -> bytes:
    """The hash of the entry with this content that follows ``previous``."""
    return hashlib.sha256(previous + inside).digest()


def sealed(entries: Iterable[Mapping[str, Any]], heads: dict[str, Head]) -> list[Seal]:
    """The next places of unsealed entries, in their order; ``heads`` (by chain) move along."""
    seals = []
    for entry in entries:
        chain = entry["team_id"] or ""
        head = heads.get(chain, Head())
        seq = head.seq + 1
        heads[chain] = Head(seq, linked(head.hash, content({**entry, "seq": seq})))
        seals.append(Seal(entry["entry_id"], seq, heads[chain].hash))
    return seals


def is_due(head: Mapping[str, Any], now: datetime, every: timedelta) -> bool:
    """Whether a chain needs a checkpoint: it has grown, and by much or for long."""
    grown = head["seq"] - head["marked_seq"]
    return bool(grown >= ENTRIES_BETWEEN_CHECKPOINTS or (grown and head["marked_at"] + every <= now))


def checkpoint(head: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What a checkpoint states, to be signed."""
    said = {"team_id": head["chain"] or None, "seq": head["seq"], "hash": bytes(head["hash"]).hex()}
    return said | {"at": now.astimezone(UTC).isoformat().replace("+00:00", "Z")}


def thin(happened: Any) -> dict[str, Any]:
    """The detail of a neighbour's event: what of ``THIN`` it has."""
    return {name: getattr(happened, name) for name in THIN if hasattr(happened, name)}


def must_be_plain(detail: Any) -> None:
    """Raises TypeError for what has no single spelling as JSON: a mistake of ours, found by the first test."""
    if isinstance(detail, dict):
        for value in detail.values():
            must_be_plain(value)
    elif isinstance(detail, list | tuple):
        for value in detail:
            must_be_plain(value)
    elif detail is not None and not isinstance(detail, str | int | bool):
        raise TypeError(f"{type(detail).__name__} does not belong into the audit record")
