"""An open event stream, as a client keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any

import orjson
import requests

from tests.journeys.cast import Person
from tests.world import BrokerWorld

Line = dict[str, Any]


class EventStream:
    """``with EventStream(world, person, team_path) as stream``: open, and every later event is heard. With
    ``comes_back`` it goes on where it was when the server ends it, as every browser does."""

    def __init__(
        self,
        world: BrokerWorld,
        person: Person,
        path: str,
        last_event_id: int | None = None,
        *,
        comes_back: bool = False,
    ) -> None:
        self._address = f"{world.url}{path}/events"
        self._headers = {"Authorization": f"Bearer {person.token}", "Accept": "text/event-stream"}
        self._last, self._comes_back = last_event_id, comes_back
        self.lines: list[Line] = []
        self._open()

    def _open(self) -> None:
        headers = self._headers if self._last is None else {**self._headers, "Last-Event-ID": str(self._last)}
        self._answer = requests.get(self._address, headers=headers, stream=True, timeout=(5, 20))
        assert self._answer.status_code == 200, self._answer.text
        assert self._answer.headers["Content-Type"].startswith("text/event-stream")
        self._frames = self._read()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._answer.close()

    def _read(self) -> Iterator[Line]:
        identity = 0
        for text in self._answer.iter_lines(chunk_size=1):
            name, _, value = text.decode().partition(": ")
            if name == "id":
                identity = int(value)
            elif name == "data":
                line: Line = orjson.loads(value)
                assert line["cursor"] == identity
                self._last = identity
                self.lines.append(line)
                yield line

    def wait(self, kind: str, case: dict[str, Any]) -> Line:
        """The next event of this kind about this case; fails when the stream ends or is silent for 20 seconds."""
        for _ in range(10 if self._comes_back else 1):
            for line in self._frames:
                if (line["type"], line["subject"]) == (kind, case["id"]):
                    return line
            if self._comes_back:
                self._open()
        raise AssertionError(f"the stream ended without {kind}; it said {self.lines}")
