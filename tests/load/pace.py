"""A steady pace of requests beside something that is measured: so many a second, whatever the system does."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from tests.load.scene import Scene

WORKERS = 16
WRITES = 5  # every fifth request writes


def percentile(values: list[float], share: float) -> float:
    """The smallest value that this share of all does not pass."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Pace:
    """What the beat's requests took, in seconds from the moment each was due, and what came back."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.statuses: Counter[int] = Counter()

    @property
    def median_ms(self) -> float:
        return 1000 * statistics.median(self.seconds)

    @property
    def p99_ms(self) -> float:
        return 1000 * percentile(self.seconds, 0.99)

    @property
    def failed(self) -> int:
        """Requests that were answered by no success, or not at all (0)."""
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 300)


@contextmanager
def beat(per_second: float, fire: Callable[[requests.Session, int], int]) -> Iterator[Pace]:
    """While the block lasts, ``fire`` is called so often a second, by threads with a connection each."""
    pace, stop, began, lock = Pace(), threading.Event(), time.perf_counter(), threading.Lock()
    numbers = iter(range(10**9))

    def work() -> None:
        with requests.Session() as session:
            while not stop.is_set():
                with lock:
                    number = next(numbers)
                due = began + number / per_second
                time.sleep(max(0.0, due - time.perf_counter()))
                try:
                    status = fire(session, number)
                except requests.RequestException:
                    status = 0
                pace.seconds.append(time.perf_counter() - due)
                pace.statuses[status] += 1

    threads = [threading.Thread(target=work, daemon=True) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    try:
        yield pace
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def mixed(scene: Scene, *, writes: bool = True) -> Callable[[requests.Session, int], int]:
    """Reads of a case, of the list and of the feed; every fifth request comments, if wished."""
    root = f"http://{scene.host}{scene.team.path}"

    def fire(session: requests.Session, number: int) -> int:
        headers = {"Authorization": f"Bearer {scene.customer.token}"}
        case_id = scene.case_ids[number % len(scene.case_ids)]
        if writes and number % WRITES == 0:
            body = {"body": f"Comment {number}"}
            return session.post(f"{root}/cases/{case_id}/comments", json=body, headers=headers, timeout=15).status_code
        path = (f"/cases/{case_id}", "/cases?limit=10", f"/cases/{case_id}/tree", "/events?after=0&limit=5")[number % 4]
        return session.get(root + path, headers=headers, timeout=15).status_code

    return fire
