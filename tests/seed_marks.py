"""A pytest plugin: which test proves which row of the seeds, and how it went.

A test says it with ``@pytest.mark.seed("A10", "C09")``. An unknown row stops the run before the first test; at the end
the outcomes of all marked tests are written to ``build/seeds-run.json``, which ``python -m tests.seeds`` reads.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
ROWS_FILE: Final = ROOT / "tests" / "seed_rows.txt"
RUN_FILE: Final = ROOT / "build" / "seeds-run.json"
# A test's worst phase decides, so a passed call with a failed clean-up is an error.
WORST_FIRST: Final = ("error", "failed", "xfailed", "skipped", "passed")
PROPERTY: Final = "seed_rows"


def known_rows(path: Path = ROWS_FILE) -> dict[str, str]:
    """Row id to its summary, in the order of the seeds."""
    rows: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            row, summary = line.split(" ", 1)
            rows[row] = summary
    return rows


def rows_of(item: pytest.Item) -> list[str]:
    """The rows a test names, at itself, its class or its module; each once."""
    named = [row for mark in item.iter_markers("seed") for row in mark.args]
    return list(dict.fromkeys(named))


def outcome_of(report: pytest.TestReport) -> str:
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        return "xfailed" if hasattr(report, "wasxfail") else "skipped"
    return "passed"


class SeedMarks:
    """Collects the outcomes of one run."""

    def __init__(self, run_file: Path = RUN_FILE) -> None:
        self.run_file = run_file
        self.rows: dict[str, list[str]] = {}
        self.outcomes: dict[str, str] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        known = known_rows()
        unknown = []
        for item in items:
            rows = rows_of(item)
            unknown += [f"{item.nodeid}: {row!r}" for row in rows if row not in known]
            if rows:
                item.user_properties.append((PROPERTY, " ".join(map(str, rows))))
        if unknown:
            raise pytest.UsageError("marked with a row that no seed has:\n  " + "\n  ".join(unknown))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        marked = [str(value) for name, value in report.user_properties if name == PROPERTY]
        if not marked:
            return
        self.rows[report.nodeid] = marked[0].split()
        before = self.outcomes.get(report.nodeid, "passed")
        self.outcomes[report.nodeid] = min(before, outcome_of(report), key=WORST_FIRST.index)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the run down. One without marked tests says nothing about the seeds and leaves the last word alone."""
        if not self.outcomes or hasattr(session.config, "workerinput"):  # xdist's workers report to their controller
            return
        found: dict[str, list[dict[str, str]]] = {row: [] for row in known_rows()}
        for test, rows in self.rows.items():
            for row in rows:
                found[row].append({"test": test, "outcome": self.outcomes[test]})
        self.run_file.parent.mkdir(parents=True, exist_ok=True)
        proven = {row: tests for row, tests in found.items() if tests}
        self.run_file.write_text(json.dumps({"rows": proven}, indent=2) + "\n", "utf-8")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SeedMarks(), "seed-marks")
