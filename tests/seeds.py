"""Which rows of the seeds are proven: ``python -m tests.seeds``.

It runs no test. It reads what the last test run wrote (``tests/seed_marks.py``), prints one line per seed and keeps the
whole answer in ``build/seeds.json``. A row is proven when a test named after it passed and none failed.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.seed_marks import ROOT, RUN_FILE, known_rows

ANSWER_FILE: Final = ROOT / "build" / "seeds.json"
TITLES: Final = {
    "A": "Support centre",
    "B": "Case manager",
    "C": "Self-service portal",
    "D": "Enterprise portal",
    "E": "Extend customer service",
}

Run = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Row:
    """One row of a seed and the tests that speak for it."""

    summary: str
    state: str
    tests: list[dict[str, str]]


def state_of(tests: Sequence[dict[str, str]]) -> str:
    """``failing`` beats ``proven``; a row with only skipped tests is as ``missing`` as one with none."""
    outcomes = {test["outcome"] for test in tests}
    if outcomes & {"failed", "error"}:
        return "failing"
    return "proven" if "passed" in outcomes else "missing"


def judge(known: dict[str, str], run: Run) -> dict[str, Row]:
    """Every row of the seeds, in their order, with its state after this run."""
    return {row: Row(summary, state_of(run.get(row, [])), run.get(row, [])) for row, summary in known.items()}


def ids(rows: dict[str, Row], seed: str, state: str) -> list[str]:
    return [row_id for row_id, row in rows.items() if row_id.startswith(seed) and row.state == state]


def table_of(rows: dict[str, Row]) -> Table:
    table = Table(title="Rows of the seeds", title_justify="left", show_footer=True)
    proven = sum(row.state == "proven" for row in rows.values())
    table.add_column("Seed", footer="All")
    table.add_column("Rows", justify="right", footer=str(len(rows)))
    table.add_column("Proven", justify="right", footer=str(proven))
    table.add_column("Failing", overflow="fold")
    table.add_column("Missing", overflow="fold")
    for seed, title in TITLES.items():
        good, bad, none = (ids(rows, seed, state) for state in ("proven", "failing", "missing"))
        total = len(good) + len(bad) + len(none)
        table.add_row(f"{seed} {title}", str(total), str(len(good)), " ".join(bad) or "-", " ".join(none) or "-")
    return table


def answer(rows: dict[str, Row], ran_at: datetime) -> dict[str, object]:
    """What goes into the file: counts for a reader, every row for a program."""
    return {
        "ran_at": ran_at.isoformat(timespec="seconds"),
        "total": len(rows),
        "proven": sum(row.state == "proven" for row in rows.values()),
        "seeds": {
            seed: {state: ids(rows, seed, state) for state in ("proven", "failing", "missing")} for seed in TITLES
        },
        "rows": {row_id: asdict(row) for row_id, row in rows.items()},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.seeds", description="Which rows of the seeds are proven.")
    parser.add_argument("--strict", action="store_true", help="fail unless every row is proven")
    parser.add_argument("--run", type=Path, default=RUN_FILE, help="the run to judge")
    parser.add_argument("--out", type=Path, default=ANSWER_FILE, help="where the answer is kept")
    options = parser.parse_args(arguments)
    console = Console()
    if not options.run.exists():
        console.print("There is no test run to judge yet: run [bold]make test[/bold] first.")
        return 1
    run: Run = json.loads(options.run.read_text("utf-8"))["rows"]
    ran_at = datetime.fromtimestamp(options.run.stat().st_mtime, UTC)
    rows = judge(known_rows(), run)
    console.print(table_of(rows))
    console.print(f"From the test run of {ran_at:%Y-%m-%d %H:%M} UTC.")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(answer(rows, ran_at), indent=2) + "\n", "utf-8")
    return int(options.strict and any(row.state != "proven" for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
