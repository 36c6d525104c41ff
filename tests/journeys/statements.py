"""What a request costs a service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.world import MemoryWorld


@contextmanager
def heard(memory: MemoryWorld, service: str = "cases") -> Iterator[list[str]]:
    """The statements that the service runs inside."""
    engine, said = memory.client.works[service].engine, list[str]()

    def hear(*told: Any) -> None:
        said.append(str(told[2]))

    event.listen(engine, "before_cursor_execute", hear)
    yield said
    event.remove(engine, "before_cursor_execute", hear)
