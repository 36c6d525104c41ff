"""What a request costs the cases service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.world import MemoryWorld


@contextmanager
def heard(memory: MemoryWorld) -> Iterator[list[str]]:
    """The statements that cases runs inside."""
    engine, said = memory.client.works["cases"].engine, list[str]()

    def hear(*told: Any) -> None:
        said.append(str(told[2]))

    event.listen(engine, "before_cursor_execute", hear)
    yield said
    event.remove(engine, "before_cursor_execute", hear)
