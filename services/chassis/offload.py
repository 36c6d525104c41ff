"""Run what would hold up the event loop (hashing, checking signatures) in real threads beside it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def offload(do: Callable[..., T], *values: Any) -> T:
    """Call ``do(*values)`` in a real thread when this process runs on eventlet, plainly otherwise."""
    if not _on_eventlet():
        return do(*values)
    from eventlet import tpool

    return tpool.execute(do, *values)  # type: ignore[no-any-return]


class Lane:
    """Real threads for one kind of heavy work: no more of it at once than there are threads, the rest waits in order.

    Unlike ``offload``, whose threads are everybody's, they have a priority of their own, and what they allocate stays
    in a few arenas instead of one per thread of the pool (argon2 left 300 MB there).
    """

    def __init__(self, threads: int, *, niceness: int) -> None:
        self._threads, self._niceness = threads, niceness
        self._jobs: Any = None

    def run(self, do: Callable[..., T], *values: Any) -> T:
        """Call ``do(*values)`` there when this process runs on eventlet, plainly otherwise."""
        if not _on_eventlet():
            return do(*values)
        from eventlet.hubs import trampoline

        job: _Job[T] = _Job(lambda: do(*values))
        try:
            self._queue().put(job)
            trampoline(job.over, read=True)
        finally:
            os.close(job.over)
        return job.result()

    def _queue(self) -> Any:
        """Threads begin with the first job, because the process may have been forked until then."""
        if self._jobs is None:
            from eventlet.patcher import original

            self._jobs = original("queue").SimpleQueue()
            for _ in range(self._threads):
                original("threading").Thread(target=self._work, args=(self._jobs,), daemon=True).start()
        return self._jobs

    def _work(self, jobs: Any) -> None:
        with contextlib.suppress(OSError, AttributeError):  # where a thread has no priority, nothing changes
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while True:
            jobs.get().do()


class _Job(Generic[T]):
    """Something to do, and a pipe whose end tells the event loop that it is over. Each side closes its own end, so
    nothing is written to a number that belongs to somebody else by now when the waiting one has gone."""

    def __init__(self, act: Callable[[], T]) -> None:
        self._act = act
        self._found: T
        self._error: BaseException | None = None
        self.over, self._end = os.pipe()

    def do(self) -> None:
        try:
            self._found = self._act()
        except BaseException as error:
            self._error = error
        finally:
            os.close(self._end)

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._found


def _on_eventlet() -> bool:
    patcher = sys.modules.get("eventlet.patcher")
    return patcher is not None and patcher.is_monkey_patched("thread")
