"""What every request of the memory world costs the database, beside the promise: a read at most 3 statements, a command
at most 8. BEGIN and COMMIT alone do not count, what rides with them does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from services.chassis.entrypoints import RpcLine

PROMISED = (3, 8)  # of a read, of a command
DEARER = {"accounts": (5, 22)}  # nobody waits for these in a loop; they must not grow
_FRAME = ("BEGIN", "COMMIT", "ROLLBACK")


class Costs:
    """The meter of one world. ``last``: the verbs that the last request asked for; ``most``: the most statements that a
    verb took; ``broken``: the statements of each call that took too many."""

    def __init__(self) -> None:
        self._here = threading.local()  # a call stays in its thread, down to the database
        self.last: list[str] = []
        self.most: dict[str, int] = {}
        self.broken: list[str] = []

    def listen(self, engine: Engine) -> None:
        """Count what this engine is told."""
        event.listen(engine, "before_cursor_execute", self._hear)

    def _hear(self, *told: Any) -> None:
        heard: list[str] | None = getattr(self._here, "heard", None)
        if heard is not None and told[2] not in _FRAME:
            heard.append(told[2])

    @contextmanager
    def of(self, service: str, line: RpcLine) -> Iterator[None]:
        """Count while this line of the service answers."""
        heard: list[str] = []
        self._here.heard = heard
        try:
            yield
        finally:
            self._here.heard = None
            self._note(service, line, heard)

    def _note(self, service: str, line: RpcLine, heard: list[str]) -> None:
        verb = line.verb
        self.last.append(verb)
        self.most[verb] = max(self.most.get(verb, 0), len(heard))
        read, command = DEARER.get(service, PROMISED)
        limit = read if line.message.reads else command
        if len(heard) > limit:
            told = "\n".join(" ".join(one.split())[:160] for one in heard)
            self.broken.append(f"{verb} took {len(heard)} statements, not {limit}:\n{told}")
