"""Runs a program with a sampling profiler inside: ``python -m tests.load.probed OUT GO -m services.cases --role all``.

Every few milliseconds of its CPU time the kernel signals the process (SIGPROF) and the running stack is counted, while
the file GO exists. The counts are written to OUT when GO goes away. Works across gunicorn's fork.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

EVERY = 0.004
LOOK_EVERY = 16  # samples between two looks at the file GO


class Sampler:
    """Counts stacks, outermost function first."""

    def __init__(self, out: Path, go: Path) -> None:
        self.out, self.go = out, go
        self.stacks: Counter[str] = Counter()
        self.seen = 0
        self.on = False

    def begin(self) -> None:
        """Start the timer; a forked child has to do it again."""
        signal.signal(signal.SIGPROF, self.take)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)

    def take(self, number: int, frame: FrameType | None) -> None:
        """One sample."""
        self.seen += 1
        if self.seen % LOOK_EVERY == 0:
            self._look()
        if not self.on:
            return
        names = []
        while frame is not None:
            names.append(f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_qualname}")
            frame = frame.f_back
        self.stacks[";".join(reversed(names))] += 1

    def _look(self) -> None:
        wanted = self.go.exists()
        if self.on and not wanted:
            self.out.with_name(f"{self.out.stem}.{os.getpid()}.json").write_text(json.dumps(self.stacks))
            self.stacks.clear()
        self.on = wanted


def main() -> None:
    """Install the sampler, then become the program."""
    out, go, minus, module, *rest = sys.argv[1:]
    assert minus == "-m"
    sampler = Sampler(Path(out), Path(go))
    sampler.begin()
    os.register_at_fork(after_in_child=sampler.begin)
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
