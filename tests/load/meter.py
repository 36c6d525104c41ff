"""Reads /proc: CPU time and memory of a part (a process with all its children), and of the whole machine."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

TICK = float(os.sysconf("SC_CLK_TCK"))
POSTGRESQL, FOR_CASES = "postgresql", "postgresql for cases"
_PROC = Path("/proc")


@dataclass(frozen=True)
class Reading:
    """CPU seconds used so far: by each part, by this process, by everybody on the machine."""

    parts: dict[str, float]
    bench: float
    machine: float
    stolen: float


@dataclass(frozen=True)
class Spent:
    """CPU seconds between two readings."""

    parts: dict[str, float]
    bench: float
    machine: float
    stolen: float


def spent(before: Reading, after: Reading) -> Spent:
    """What was used in between."""
    # A server process that ended or began in between moves its seconds from one name to another: the sum stays right.
    names = dict.fromkeys([*before.parts, *after.parts])
    parts = {name: after.parts.get(name, 0.0) - before.parts.get(name, 0.0) for name in names}
    machine, stolen = after.machine - before.machine, after.stolen - before.stolen
    return Spent(parts, after.bench - before.bench, machine, stolen)


def read(roots: dict[str, int]) -> Reading:
    """The meters of these parts; ``roots`` are their process ids. Raises KeyError for a process that has ended."""
    used, children = _processes()
    parts: dict[str, float] = {}
    for name, root in roots.items():
        for pid in _tree(root, children):
            part = _database(pid) if name == POSTGRESQL else name
            parts[part] = parts.get(part, 0.0) + used[pid]
    machine, stolen = _machine()
    own = os.times()
    return Reading(parts, own.user + own.system, machine, stolen)


def memory(roots: dict[str, int]) -> dict[str, int]:
    """Proportional set size (shared pages split among their sharers) of each part, in bytes."""
    _, children = _processes()
    return {name: sum(_pss(pid) for pid in _tree(root, children)) for name, root in roots.items()}


def _processes() -> tuple[dict[int, float], dict[int, list[int]]]:
    """CPU seconds of every process with those of its ended children, and who is whose child."""
    used: dict[int, float] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for entry in os.scandir(_PROC):
        if not entry.name.isdigit():
            continue
        try:
            text = Path(entry.path, "stat").read_text()
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        pid = int(entry.name)
        children[int(fields[1])].append(pid)
        used[pid] = sum(map(int, fields[11:15])) / TICK  # utime, stime, cutime, cstime
    return used, children


def _tree(root: int, children: dict[int, list[int]]) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def _database(pid: int) -> str:
    """PostgreSQL's processes by what they work for; a server process says in its title which database it serves."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_bytes().split()
    except OSError:
        return POSTGRESQL
    return FOR_CASES if len(title) > 2 and title[0] == b"postgres:" and title[2] == b"cases" else POSTGRESQL


def _machine() -> tuple[float, float]:
    """Busy and stolen seconds of all processors since boot."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq, stolen = fields[:8]
    return (user + nice + system + irq + softirq) / TICK, stolen / TICK


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
