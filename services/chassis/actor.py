"""Who is asking, and the circumstances that travel with one message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. ``kind``: ``anonymous``, ``user``, ``operator`` (runs it all), ``system`` (timers, events), ``key``
    (whoever shows it; ``session_id`` is its SHA-256)."""

    kind: str = "anonymous"
    user_id: str = ""
    session_id: str = ""

    @property
    def known(self) -> bool:
        """True for a signed-in person (users and operators)."""
        return bool(self.user_id)

    @property
    def key(self) -> str:
        """A stable name for this actor; scopes idempotency keys so that two people never share one."""
        return self.user_id or (f"{self.kind} {self.session_id}" if self.session_id else self.kind)


ANONYMOUS = Actor()
SYSTEM = Actor(kind="system")


@dataclass(frozen=True, slots=True)
class Context:
    """What travels beside every message, as one JSON header.

    ``deadline_ms``: epoch milliseconds after which nobody waits any more (0 = none).
    ``key``: the idempotency key. ``if_match``: the row version the caller read. ``trace``: W3C traceparent.
    """

    actor: Actor = ANONYMOUS
    request_id: str = ""
    deadline_ms: int = 0
    key: str = ""
    if_match: int | None = None
    trace: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def dump(self) -> str:
        """The header's text: short names, empty ones left out, because it rides on every message."""
        actor = self.actor
        data: dict[str, Any] = {"a": [actor.kind, actor.user_id, actor.session_id]}
        for name, value in (
            ("r", self.request_id),
            ("d", self.deadline_ms),
            ("k", self.key),
            ("t", self.trace),
            ("m", self.more),
        ):
            if value:
                data[name] = value
        if self.if_match is not None:
            data["v"] = self.if_match
        return orjson.dumps(data).decode()

    @staticmethod
    def load(text: str | bytes | None) -> Context:
        """Read the header; a missing one is an anonymous context. Raises ValueError when it is not ours."""
        if not text:
            return Context()
        try:
            data = orjson.loads(text)
            kind, user_id, session_id = data.get("a") or ("anonymous", "", "")
            return Context(
                actor=Actor(str(kind), str(user_id), str(session_id)),
                request_id=str(data.get("r", "")),
                deadline_ms=int(data.get("d", 0)),
                key=str(data.get("k", "")),
                if_match=data.get("v"),
                trace=str(data.get("t", "")),
                more=data.get("m") or {},
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError("the context header is not readable") from error
