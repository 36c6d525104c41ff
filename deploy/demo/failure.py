"""What stops the demo: the world did not answer as the story says it does."""

from __future__ import annotations

import json
from typing import Any


class Failure(Exception):
    """One expectation that did not hold."""

    def __init__(self, expected: str, got: Any) -> None:
        super().__init__(expected)
        self.expected = expected
        self.got = got

    def told(self, step: str) -> str:
        """The sentence for the person at the keyboard, with the problem as it was received."""
        received = self.got if isinstance(self.got, str) else json.dumps(self.got, ensure_ascii=False)
        return f"{step or 'At the start'} - this failed. Expected: {self.expected}. Received: {received}"


def must(holds: bool, expected: str, got: Any) -> None:
    """Hold the world to the story. Raises Failure."""
    if not holds:
        raise Failure(expected, got)
