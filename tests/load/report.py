"""The report: ``build/bench.md`` to read, ``build/bench.json`` to compare."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.load.floors import Floor
from tests.load.measure import PATH, Cell, Run
from tests.load.scene import SCENARIOS
from tests.load.statements import Captured

AIM = 2.0
DISTURBED_CORES = 0.15
MEGA = 1024 * 1024


@dataclass
class Findings:
    """Everything one bench found out."""

    settings: dict[str, Any]
    cells: list[Cell] = field(default_factory=list)
    floors: dict[str, Floor] = field(default_factory=dict)  # "create 16"
    floor_cells: list[Cell] = field(default_factory=list)
    captured: dict[str, Captured] = field(default_factory=dict)
    idle: dict[str, float] = field(default_factory=dict)
    idle_memory: dict[str, int] = field(default_factory=dict)
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def ratio(self, cell: Cell) -> float | None:
        """The whole stack's CPU for each unit of floor CPU."""
        floor = self.floors.get(f"{cell.scenario} {cell.concurrency}")
        return cell.stack_ms / floor.total if floor else None


def machine() -> dict[str, Any]:
    """Where this was measured."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return {"cores": os.cpu_count(), "cpu": model, "python": platform.python_version(), "load": os.getloadavg()}


def data(found: Findings) -> dict[str, Any]:
    """Everything as plain data."""
    told = asdict(found)
    for cell, plain in zip(found.cells, told["cells"], strict=True):
        ratio = found.ratio(cell)
        plain |= {
            "stack_ms": cell.stack_ms,
            "path_ms": cell.path_ms,
            "ratio": ratio,
            "within_aim": None if ratio is None else ratio <= AIM,
        }
    return {"machine": machine(), "aim": AIM, **told}


def markdown(found: Findings) -> str:
    """The report as a page."""
    where = machine()
    lines = [
        f"# Bench of {found.at}",
        "",
        f"{where['cores']} cores ({where['cpu']}), Python {where['python']}; settings: "
        + ", ".join(f"{name} {value}" for name, value in found.settings.items()),
        "",
        "Medians over the runs (least-most). CPU is user + system time from /proc in ms for one request, of all parts"
        " of the stack, up to the moment when outboxes, event queues and mails are empty; the generator, SeaweedFS and"
        " the mail sink are shown apart and not counted.",
        *_main(found),
        *_verdict(found),
        *_parts(found),
        *_floors(found),
        *_sql(found),
        *_memory(found),
        *_disturbance(found),
    ]
    return "\n".join([*lines, ""])


def _table(title: str, head: list[str], rows: list[list[str]]) -> list[str]:
    body = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    return ["", f"## {title}", "", *body] if rows else []


def _span(values: tuple[float, float, float], form: str = ".2f") -> str:
    middle, least, most = (format(value, form) for value in values)
    return middle if least == most else f"{middle} ({least}-{most})"


def _name(cell: Cell) -> list[str]:
    scenario = SCENARIOS.get(cell.scenario)
    return [scenario.title if scenario else cell.scenario, str(cell.concurrency)]


def _main(found: Findings) -> list[str]:
    head = [
        "scenario",
        "at a time",
        "req/s",
        "p50 ms",
        "p99 ms",
        "stack CPU ms",
        "on the path",
        "floor ms",
        "ratio",
        "errors",
    ]
    rows = []
    for cell in found.cells:
        ratio, floor = found.ratio(cell), found.floors.get(f"{cell.scenario} {cell.concurrency}")
        figures = [
            _span(cell.middle(lambda run: run.per_second), ".0f"),
            _span(cell.middle(lambda run: run.p50_ms), ".1f"),
            _span(cell.middle(lambda run: run.p99_ms), ".1f"),
            _span(cell.middle(lambda run: run.stack_ms)),
            f"{cell.path_ms:.2f}",
            f"{floor.total:.2f}" if floor else "-",
            f"{ratio:.2f}" if ratio else "-",
            ", ".join(f"{count} x {name}" for name, count in cell.errors.items()) or "0",
        ]
        rows.append([*_name(cell), *figures])
    samples = [f"- {_name(cell)[0]}: `{_sample(cell)[:400]}`" for cell in found.cells if cell.errors]
    return [
        *_table("What a request costs", head, rows),
        *(["", "First answers that were wrong:", *samples] if samples else []),
    ]


def _sample(cell: Cell) -> str:
    return next((run.sample for run in cell.runs if run.sample), "").replace("\r\n", " ")


def _verdict(found: Findings) -> list[str]:
    lines = ["", f"## The aim: the whole stack at most {AIM:g} x its own floor", ""]
    for cell in found.cells:
        ratio, floor = found.ratio(cell), found.floors.get(f"{cell.scenario} {cell.concurrency}")
        if ratio is None or floor is None:
            continue
        word = "meets the aim" if ratio <= AIM else "MISSES the aim"
        path = f"the request's own path ({', '.join(PATH)}) alone {cell.path_ms / floor.total:.2f} x"
        lines.append(f"- {_name(cell)[0]}, {cell.concurrency} at a time: {ratio:.2f} x - {word}; {path}")
    return lines if len(lines) > 3 else []


def _parts(found: Findings) -> list[str]:
    names = list(dict.fromkeys(name for cell in found.cells for name in cell.runs[0].cpu_ms))
    rows = []
    for cell in found.cells:
        figures = [f"{cell.part(name):.2f}" for name in names]
        rows.append([*_name(cell), *figures, f"{cell.middle(lambda run: run.generator_ms)[0]:.3f}"])
    if found.idle:
        rows.append(["idle (CPU ms a second)", "-", *(f"{found.idle.get(name, 0):.1f}" for name in names), "-"])
    return _table("CPU ms a request, part by part", ["scenario", "at a time", *names, "(generator)"], rows)


def _floors(found: Findings) -> list[str]:
    rows = []
    for cell in found.floor_cells:
        parts = ", ".join(f"{name} {cell.part(name):.3f}" for name in cell.runs[0].cpu_ms)
        client = "-" if cell.scenario == "empty" else f"{cell.middle(lambda run: run.generator_ms)[0]:.3f}"
        rate = _span(cell.middle(lambda run: run.per_second), ".0f")
        rows.append([*_name(cell), rate, _span(cell.middle(lambda run: run.p50_ms)), client, parts])
    table = _table("The floor's parts, CPU ms", ["floor", "at a time", "a second", "p50 ms", "client", "parts"], rows)
    sums = [
        [*key.split(), f"{one.echo:.2f}", f"{one.sql:.2f}", f"{one.empty:.2f}", f"{one.total:.2f}"]
        for key, one in found.floors.items()
    ]
    head = ["scenario", "at a time", "(a) echo RPC", "(b) SQL alone", "(c) empty Flask", "floor"]
    note = [
        "",
        "(a) counts the gevent client, because the gateway is one; plain threads stand beside it for comparison."
        " (a) and (b) contain their client's CPU, (c) does not. (b) is the request's own SQL on at most 10 connections,"
        " as many as a service works with; what its events set off later in other services is in the stack's figure"
        " and not in the floor.",
    ]
    return [*table, *_table("Floor = a + b + c, CPU ms a request", head, sums), *(note if sums else [])]


def _sql(found: Findings) -> list[str]:
    lines: list[str] = []
    for name, one in found.captured.items():
        lines += ["", f"## SQL of one request: {SCENARIOS[name].title} ({one.round_trips} round trips)", ""]
        lines += [f"- {each.milliseconds:.2f} ms `{each.shape[:260]}`" for each in one.request]
        told = ", ".join(f"{who} {count}" for who, count in sorted(one.afterwards.items()))
        lines += ["", f"What it set off elsewhere (statements, polling taken off): {told or 'nothing'}", ""]
        lines += [f"- {count} x `{text[:160]}`" for text, count in sorted(one.elsewhere.items())]
    return lines


def _memory(found: Findings) -> list[str]:
    rows = []
    loaded: Counter[str] = Counter()
    for cell in found.cells:
        for name, size in cell.memory.items():
            loaded[name] = max(loaded[name], size)
    for name, size in found.idle_memory.items():
        rows.append([name, f"{size / MEGA:.0f}", f"{loaded[name] / MEGA:.0f}"])
    if rows:
        total = sum(found.idle_memory.values()), sum(loaded.values())
        rows.append(["all", *(f"{size / MEGA:.0f}" for size in total)])
    return _table("Memory (PSS), MiB", ["part", "before the load", "most after a cell"], rows)


def _disturbance(found: Findings) -> list[str]:
    def most(of: Callable[[Run], float]) -> Callable[[Cell], float]:
        return lambda cell: max(of(run) for run in cell.runs)

    others, stolen = most(lambda run: run.others_cores), most(lambda run: run.stolen_cores)
    rows = []
    for cell in [*found.cells, *found.floor_cells]:
        used = others(cell) + stolen(cell)
        word = "DISTURBED" if used > DISTURBED_CORES else "quiet"
        slow = max(run.settle_seconds for run in cell.runs)
        left = [run.left for run in cell.runs if run.left]
        rows.append([*_name(cell), f"{others(cell):.2f}", f"{stolen(cell):.2f}", word, f"{slow:.1f}", str(left or "-")])
    head = ["what", "at a time", "others, cores", "stolen, cores", "verdict", "settled after s", "left behind"]
    note = [
        "",
        f"`others` is CPU of programs that are not ours during the load; above {DISTURBED_CORES} cores: measure again.",
    ]
    return [*_table("How quiet the machine was (worst run)", head, rows), *note]
