"""Where the CPU of gateway, cases and notifications goes: samples of their stacks under one scenario."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

TOP = 18
OURS = ("gateway", "services")


@dataclass
class View:
    """One process: shares of its samples in percent."""

    name: str
    samples: int
    packages: list[tuple[str, float]] = field(default_factory=list)
    own: list[tuple[str, float]] = field(default_factory=list)
    inclusive: list[tuple[str, float]] = field(default_factory=list)


def view(name: str, stacks: dict[str, int]) -> View:
    """By package and by function, each function's own samples and ours with everything they call."""
    total = sum(stacks.values())
    packages: Counter[str] = Counter()
    own: Counter[str] = Counter()
    inclusive: Counter[str] = Counter()
    for stack, count in stacks.items():
        frames = stack.split(";")
        packages[_package(frames[-1])] += count
        own[frames[-1]] += count
        for frame in {one for one in frames if one.partition(".")[0] in OURS}:
            inclusive[frame] += count
    return View(name, total, *(_shares(one, total) for one in (packages, own, inclusive)))


def _package(frame: str) -> str:
    parts = frame.partition(":")[0].split(".")
    return ".".join(parts[:2]) if parts[0] in OURS else parts[0]


def _shares(counts: Counter[str], total: int) -> list[tuple[str, float]]:
    return [(name, 100 * count / max(1, total)) for name, count in counts.most_common(TOP)]


def read(folder: Path) -> list[View]:
    """All files that ``probed`` wrote, those without samples left out; the raw stacks stay for a flame graph."""
    views = []
    for path in sorted(folder.glob("*.json")):
        stacks: dict[str, int] = json.loads(path.read_text())
        if sum(stacks.values()) > TOP:
            views.append(view(path.stem.partition(".")[0], stacks))
            folded = "\n".join(f"{stack} {count}" for stack, count in stacks.items())
            path.with_suffix(".folded").write_text(folded)
    return views


def text(views: list[View]) -> str:
    """The tables as Markdown."""
    lines: list[str] = []
    for one in views:
        lines += ["", f"### {one.name} ({one.samples} samples of CPU time)"]
        for title, rows in (
            ("package of the running function", one.packages),
            ("function, its own time", one.own),
            ("function of ours, with all it calls", one.inclusive),
        ):
            lines += ["", f"| {title} | % |", "| --- | --- |", *(f"| `{name}` | {share:.1f} |" for name, share in rows)]
    return "\n".join([*lines, ""])
