"""The bookkeeping of the seeds: rows are known, marks are checked, a report counts only what passed."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests import seeds
from tests.seed_marks import ROOT, known_rows

CONFTEST = "from tests.seed_marks import SeedMarks\nfrom pathlib import Path\n\n\ndef pytest_configure(config):\n"
CONFTEST += "    config.addinivalue_line('markers', 'seed(*rows): rows')\n"
CONFTEST += "    config.pluginmanager.register(SeedMarks(Path({run!r})))\n"

SAMPLE = """
import pytest

@pytest.mark.seed("A10", "C09")
def test_good(): pass

@pytest.mark.seed("C09")
def test_bad(): assert False

@pytest.mark.seed("E16")
@pytest.mark.skip(reason="later")
def test_skipped(): pass

@pytest.fixture
def leaky():
    yield
    raise RuntimeError

@pytest.mark.seed("B03")
def test_bad_end(leaky): pass

def test_unmarked(): pass
"""


def run_pytest(folder: Path, source: str, *arguments: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    run_file = folder / "out" / "run.json"
    (folder / "conftest.py").write_text(CONFTEST.format(run=str(run_file)))
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")
    (folder / "test_sample.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60), run_file


def test_there_are_168_rows_in_five_seeds() -> None:
    assert Counter(row[0] for row in known_rows()) == {"A": 32, "B": 48, "C": 40, "D": 19, "E": 29}
    assert all(known_rows().values())


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_outcomes_are_written_down_per_row(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    _, run_file = run_pytest(tmp_path, SAMPLE, *arguments)
    rows = json.loads(run_file.read_text())["rows"]
    outcomes = {row: sorted(test["outcome"] for test in tests) for row, tests in rows.items()}
    assert outcomes == {"A10": ["passed"], "C09": ["failed", "passed"], "E16": ["skipped"], "B03": ["error"]}
    assert rows["A10"][0]["test"].endswith("test_sample.py::test_good")


def test_an_unknown_row_stops_the_run(tmp_path: Path) -> None:
    done, run_file = run_pytest(tmp_path, SAMPLE.replace("E16", "E99"))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "E99" in done.stderr + done.stdout
    assert not run_file.exists()


def test_a_run_without_marked_tests_leaves_the_last_word_alone(tmp_path: Path) -> None:
    _, run_file = run_pytest(tmp_path, "def test_plain(): pass\n")
    assert not run_file.exists()


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([], "missing"),
        (["skipped", "xfailed"], "missing"),
        (["passed", "skipped"], "proven"),
        (["passed", "failed"], "failing"),
        (["error"], "failing"),
    ],
)
def test_a_row_is_proven_by_a_pass_and_no_failure(outcomes: list[str], state: str) -> None:
    assert seeds.state_of([{"test": "t", "outcome": outcome} for outcome in outcomes]) == state


def test_the_report_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, out = tmp_path / "run.json", tmp_path / "seeds.json"
    run.write_text(json.dumps({"rows": {"D01": [{"test": "tests/x.py::test_x", "outcome": "passed"}]}}))
    assert seeds.main(["--run", str(run), "--out", str(out)]) == 0
    assert seeds.main(["--run", str(run), "--out", str(out), "--strict"]) == 1
    written = json.loads(out.read_text())
    assert (written["total"], written["proven"]) == (168, 1)
    assert written["seeds"]["D"]["proven"] == ["D01"]
    assert len(written["seeds"]["D"]["missing"]) == 18
    assert "D19" in capsys.readouterr().out


def test_without_a_run_the_report_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert seeds.main(["--run", str(tmp_path / "none.json")]) == 1
    assert "make test" in capsys.readouterr().out
