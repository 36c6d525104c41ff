"""The record of who did what: append-only, chained by hashes, with signed checkpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from services.chassis.messages import Request, Shape, View
from services.contracts.shapes import Id, Position, Sha256, Slug

Action = Annotated[str, Shape(min=3, max=64, pattern=r"[a-z_]{1,31}\.[a-z_]{1,32}", example="profile.applied")]
Thing = Annotated[str, Shape(min=1, max=200, example="case_01m7x2c4e6g8j0k2m4n6p8q0r2")]
Place = Annotated[int, Shape(min=0)]
AuditPageSize = Annotated[int, Shape(min=1, max=1000)]


class AuditLine(View):
    """One entry. ``hash`` covers all of it and the hash of the entry before (how: docs/audit.md)."""

    team_id: Slug | None
    seq: int
    at: datetime
    actor_id: str | None
    action: str
    object_id: str | None
    detail: dict[str, Any]
    request_id: str
    hash: Sha256


class AuditPage(View):
    """One page of a chain."""

    data: list[AuditLine]
    next_cursor: str | None


class AuditCheckpointLine(View):
    """``signature``: a JWS (ES256) that says so; its payload repeats team, seq, hash and time."""

    seq: int
    hash: Sha256
    at: datetime
    signature: str


class AuditCheckpointPage(View):
    """One page of a chain's checkpoints, oldest first, with every public key that ever signed one (JWKS) and where the
    chain ends now. Keep the keys in a place of your own: then nobody can put others in their place."""

    team_id: Slug | None
    data: list[AuditCheckpointLine]
    keys: list[dict[str, Any]]
    head_seq: int
    head_hash: Sha256
    next_cursor: str | None


class AuditProofView(View):
    """That an entry belongs to the chain: starting at ``previous_hash``, hash the entry, then the ``contents`` (SHA-256
    of what each following entry says), and arrive at the checkpoint's hash. ``checkpoint`` is null while the next
    one is not signed yet; then the way leads to the chain's present end."""

    entry: AuditLine
    previous_hash: Sha256
    contents: list[Sha256]
    checkpoint: AuditCheckpointLine | None


class ListAudit(Request[AuditPage]):
    """Who changed, or looked at, what: the team's record (its administrators), or without a team the installation's
    (operators). ``after``: only entries with a greater ``seq``. Looking at it is an entry, too."""

    team_id: Slug | None = None
    actor: Id | None = None
    object: Thing | None = None
    action: Action | None = None
    after: Place = 0
    order: Literal["newest", "oldest"] = "newest"
    limit: AuditPageSize = 50
    cursor: Position | None = None


class ListAuditCheckpoints(Request[AuditCheckpointPage]):
    """The signed checkpoints of a chain."""

    team_id: Slug | None = None
    after: Place = 0
    limit: AuditPageSize = 100
    cursor: Position | None = None


class ReadAuditProof(Request[AuditProofView]):
    """Proof that one entry, named by its ``seq``, belongs to the chain."""

    team_id: Slug | None = None
    entry: Annotated[int, Shape(min=1)]
