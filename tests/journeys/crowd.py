"""Many who act at the same moment, each as a patient client: what got no answer is asked again under the same key."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tests.journeys.cast import Person, unique
from tests.world import HttpAnswer

PATIENCE_SECONDS = 60
Told = TypeVar("Told")


def at_once(act: Callable[[int], Told], many: int = 50) -> list[Told]:
    """What each of so many got, who began together."""
    start = threading.Barrier(many)

    def begin(place: int) -> Told:
        start.wait()
        return act(place)

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(begin, range(many)))


def patiently(who: Person, method: str, path: str, body: Any = None) -> HttpAnswer:
    """Ask until somebody decides. A 503 may have had its effect: without a key, asking again would have another."""
    key, end = {"Idempotency-Key": unique("crowd")}, time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = who.http(method, path, json=body if body is not None else {}, headers=key)
        if not _undecided(answer) or time.monotonic() > end:
            return answer
        time.sleep(0.05)


def _undecided(answer: HttpAnswer) -> bool:
    busy = answer.status == 409 and answer.json()["code"] in ("busy", "still_running")
    return busy or answer.status == 503
