"""Measures: a generator puts load on something, the meters are read before and after."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.load import meter
from tests.load.rig import helper

# What these do for events afterwards (the relay, the broker's deliveries) cannot be told apart and is in their figure.
APART = ("seaweedfs", "mail sink")  # shown, and not counted: stand-ins for an object store and a mail server
PATH = ("gateway", "broker", "cases", meter.FOR_CASES)


@dataclass
class Run:
    """One run. CPU in milliseconds a request; ``afterwards`` is the share spent after the last answer."""

    requests: int
    errors: dict[str, int]
    sample: str
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: dict[str, float]
    afterwards_ms: float
    generator_ms: float
    others_cores: float
    stolen_cores: float
    settle_seconds: float
    left: dict[str, int] = field(default_factory=dict)

    @property
    def stack_ms(self) -> float:
        """CPU of all parts together, without those that are not Casework's (``APART``)."""
        return sum(used for name, used in self.cpu_ms.items() if name not in APART)


@dataclass
class Cell:
    """All runs of one scenario at one concurrency."""

    scenario: str
    concurrency: int
    runs: list[Run]
    memory: dict[str, int] = field(default_factory=dict)

    def middle(self, of: Callable[[Run], float]) -> tuple[float, float, float]:
        """Median, least and most of a figure over the runs."""
        values = [of(run) for run in self.runs]
        return statistics.median(values), min(values), max(values)

    def part(self, name: str) -> float:
        """Median CPU of one part, in ms a request."""
        return statistics.median(run.cpu_ms.get(name, 0.0) for run in self.runs)

    @property
    def stack_ms(self) -> float:
        """Median CPU of the whole stack, in ms a request."""
        return self.middle(lambda run: run.stack_ms)[0]

    @property
    def path_ms(self) -> float:
        """Median CPU of the parts that a request of cases passes through before its answer."""
        return self.middle(lambda run: sum(run.cpu_ms.get(name, 0.0) for name in PATH))[0]

    @property
    def errors(self) -> dict[str, int]:
        """All errors of all runs."""
        found: dict[str, int] = {}
        for run in self.runs:
            for name, count in run.errors.items():
                found[name] = found.get(name, 0) + count
        return found


@dataclass(frozen=True)
class Target:
    """What to load and whose CPU counts. ``settle`` waits for what the requests left to do and tells what is left."""

    roots: dict[str, int]
    settle: Callable[[], tuple[float, dict[str, int]]] = lambda: (0.0, {})


@contextmanager
def worker(module: str, plan: dict[str, Any], environment: dict[str, str] | None = None) -> Iterator[Worker]:
    """A load process (``generator``, ``echo_client``, ``replay``) with its plan."""
    child = helper(module, environment=environment)
    assert child.stdin is not None
    child.stdin.write(json.dumps(plan) + "\n")
    child.stdin.flush()
    try:
        yield Worker(child)
    finally:
        child.stdin.close()
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


class Worker:
    """Speaks to a load process."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self.child = child

    def run(self, seconds: float) -> dict[str, Any]:
        """Load for so long. Raises RuntimeError when the process ended."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(f"{seconds}\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError("the load process ended")
        return dict(json.loads(line))


def one_run(load: Worker, target: Target, seconds: float) -> Run:
    """Read the meters, load, read, wait until the stack has nothing left to do, read again."""
    before, began = meter.read(target.roots), time.perf_counter()
    told = load.run(seconds)
    loaded, busy = meter.read(target.roots), time.perf_counter() - began
    waited, left = target.settle()
    total = meter.spent(before, meter.read(target.roots) if waited else loaded)
    during = meter.spent(before, loaded)
    count = max(1, int(told["requests"]))
    others = during.machine - sum(during.parts.values()) - during.bench - told["cpu"]
    return Run(
        requests=int(told["requests"]),
        errors=told["errors"],
        sample=told["sample"],
        per_second=told["requests"] / told["elapsed"],
        p50_ms=told["p50"] * 1000,
        p99_ms=told["p99"] * 1000,
        cpu_ms={name: used * 1000 / count for name, used in total.parts.items()},
        afterwards_ms=(sum(total.parts.values()) - sum(during.parts.values())) * 1000 / count,
        generator_ms=told["cpu"] * 1000 / count,
        others_cores=others / busy,
        stolen_cores=during.stolen / busy,
        settle_seconds=waited,
        left=left,
    )


def idle(roots: dict[str, int], seconds: float) -> dict[str, float]:
    """CPU milliseconds a second that each part uses while nobody asks anything."""
    before, began = meter.read(roots), time.perf_counter()
    time.sleep(seconds)
    used = meter.spent(before, meter.read(roots))
    elapsed = time.perf_counter() - began
    return {name: cpu * 1000 / elapsed for name, cpu in used.parts.items()}
