"""Checks an audit chain by itself: written from its description (docs/audit.md), not from the service's code.

content(entry) = SHA-256 of the entry without its hash, as JSON with sorted keys and no blanks, in UTF-8
hash(n)        = SHA-256 of hash(n - 1) followed by content(entry n); hash(0) is 32 zero bytes
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

START = bytes(32)
Entry = dict[str, Any]


@dataclass
class Finding:
    """What is wrong, and where: the chain (a team's id, or ``installation``) and the place in it."""

    chain: str
    seq: int
    what: str

    def __str__(self) -> str:
        return f"{self.chain}, entry {self.seq}: {self.what}"


@dataclass
class Chain:
    """One chain while it is being read, oldest entry first. ``findings`` fill as entries are taken in."""

    team_id: str | None
    keys: list[dict[str, Any]]
    checkpoints: dict[int, dict[str, Any]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    seq: int = 0
    hash: bytes = START

    @property
    def name(self) -> str:
        """How people call it."""
        return self.team_id or "installation"

    def found(self, seq: int, what: str) -> None:
        """Keep a finding."""
        self.findings.append(Finding(self.name, seq, what))

    def know(self, checkpoints: Iterable[dict[str, Any]]) -> None:
        """Take in checkpoints; each must be signed by one of the keys and say what it is listed with."""
        for mark in checkpoints:
            if self._signed(mark):
                self.checkpoints[mark["seq"]] = mark

    def _signed(self, mark: dict[str, Any]) -> bool:
        try:
            token = jws.deserialize_compact(mark["signature"], KeySet.import_key_set({"keys": self.keys}), ["ES256"])
            said = json.loads(token.payload)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            self.found(int(mark["seq"]), f"its checkpoint is not signed by a known key ({type(error).__name__})")
            return False
        listed = {"team_id": self.team_id, "seq": mark["seq"], "hash": mark["hash"]}
        if any(said.get(name) != value for name, value in listed.items()):
            self.found(int(mark["seq"]), "its checkpoint says something else than what was signed")
            return False
        return True

    def take(self, entry: Entry) -> None:
        """The next entry. After a finding the chain goes on from what the entry claims, so that each fault is named
        once."""
        seq = int(entry["seq"])
        if seq != self.seq + 1:
            missing = f"{self.seq + 1}" if seq == self.seq + 2 else f"{self.seq + 1} to {seq - 1}"
            what = f"missing: {missing}" if seq > self.seq else "stands in the wrong place"
            self.found(self.seq + 1, what)
        elif entry["team_id"] != self.team_id:
            self.found(seq, "belongs to another chain")
        elif hashlib.sha256(self.hash + content(entry)).hexdigest() != entry["hash"]:
            self.found(seq, "was changed, or put here from elsewhere: its hash does not follow from what it says")
        mark = self.checkpoints.get(seq)
        if mark is not None and mark["hash"] != entry["hash"]:
            self.found(seq, "differs from what its signed checkpoint says")
        self.seq, self.hash = seq, bytes.fromhex(entry["hash"])

    def finish(self, head_seq: int = 0) -> None:
        """The last entry was taken; ``head_seq`` is where the service says the chain ends."""
        last = max(self.checkpoints, default=0)
        if last > self.seq:
            self.found(self.seq + 1, f"missing: {self.seq + 1} to {last}, by the signed checkpoint at {last}")
        elif head_seq > self.seq:
            self.found(self.seq + 1, f"missing: the chain is said to reach to {head_seq}")


def content(entry: Entry) -> bytes:
    """SHA-256 of what an entry says."""
    told = {name: value for name, value in entry.items() if name != "hash"}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()
