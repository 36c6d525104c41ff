"""`python -m tests.load.finding` (`make bench-cases`): do lists, the pile and searches stay fast as a team grows?

One team grows from 10,000 cases to 100,000 to 1,000,000 (``bulk.py`` tells their shape). At each size, over HTTP, with
one caller and with sixteen: p50 and p99, and how many times the p50 at 10,000 that is; and the CPU of a request, which
other work on the machine disturbs less.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from urllib.parse import quote_plus

import click

from deploy.local.board import Board
from deploy.local.home import CHECKOUT, SetupError
from services.chassis.unit_of_work import Work
from tests.journeys.cast import Cast, Person, Scene, expect
from tests.load.bulk import Bulk, Team
from tests.load.measure import PATH, Run, Target, one_run, worker
from tests.load.rig import Rig
from tests.load.vocabulary import FILLERS, LANGUAGES, vocabulary
from tests.world import BrokerWorld, HttpAnswer

BUILD = CHECKOUT / "build"
SIZES = (10_000, 100_000, 1_000_000)
CONCURRENCIES = (1, 16)
ALLOWED = {"search": 2.0}  # times the p50 at the smallest size; everything else 1.2
VARIANTS = 60
WARM_SECONDS = 0.5


@dataclass(frozen=True)
class Cell:
    """One question at one size and concurrency. ``times``: its p50 by the one at the smallest size."""

    question: str
    cases: int
    concurrency: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    errors: int
    others_cores: float
    times: float = 1.0

    @property
    def allowed(self) -> float:
        """How many times the p50 at the smallest size it may take."""
        return ALLOWED.get(self.question.split()[0], 1.2)

    @property
    def kept(self) -> bool:
        """Whether it grew no more than it may."""
        return self.errors == 0 and self.times <= self.allowed


class Bench:
    """The growing team, and the questions."""

    def __init__(self, board: Board, sizes: list[int], seconds: float, rounds: int) -> None:
        self.board, self.sizes, self.seconds, self.rounds = board, sizes, seconds, rounds
        self.rig = Rig(board)

    def run(self) -> list[Cell]:
        """Every question at every size."""
        cells: list[Cell] = []
        with self.rig.running() as rig:
            rig.start_programs()
            stack = rig.stack
            self.host = f"127.0.0.1:{stack.ports.gateway}"
            self.scene = Scene(Cast(BrokerWorld(stack, {}, stack.public_url, stack.ports.mailroom)).team("E"))
            bulk = self._bulk(stack.database_url("cases"))
            rig.settle(30.0)
            for size in self.sizes:
                self._grow(bulk, size)
                if size == self.sizes[0]:
                    self.words = {"staff": self._pairs(bulk, ""), "customer": self._pairs(bulk, self.scene.home.id)}
                cells += self._cells(size, cells)
        return cells

    def _bulk(self, url: str) -> Bulk:
        case, _ = self.scene.open()
        scene = self.scene
        team = Team(
            scene.team.id, scene.home.id, scene.customer.id, scene.agent.id, case["type"], case["priority"], None
        )
        return Bulk(Work(url, name="bulk", workers=2), team)

    def _grow(self, bulk: Bulk, size: int) -> None:
        """The programs wait outside: without indexes their timers would read everything, again and again."""
        name, began = f"{size:,} cases", time.monotonic()
        self.rig.stop_programs()
        bulk.load(size, lambda told: self.board.step(name, told))
        self.board.done(name, f"there, and known to search, after {time.monotonic() - began:.0f} s")
        self.rig.start_programs()

    def _pairs(self, bulk: Bulk, organization_id: str) -> list[str]:
        """Two words of what somebody wrote, as one looks for a case one remembers: common ones and rare ones."""
        asked = """SELECT description FROM cases WHERE number LIKE 'BULK-%%' AND %(whose)s IN ('', organization_id)
            ORDER BY hashtext(number) LIMIT %(most)s"""
        chance, fillers = random.Random(7), {word for one in LANGUAGES for word in vocabulary(one)[:FILLERS]}
        pairs = []
        with bulk.work.engine.connect() as db:
            texts = db.exec_driver_sql(asked, {"whose": organization_id, "most": VARIANTS}).scalars().all()
        for text in texts:
            said = {word for word in re.findall(r"\w{4,}", text.lower()) if word not in fillers}
            pairs.append(quote_plus(" ".join(chance.sample(sorted(said), 2))))
        return pairs

    def _questions(self) -> dict[str, list[str]]:
        scene = self.scene
        for person in (scene.agent, scene.customer):  # their tokens last ten minutes
            signed = expect(self._sign_in(person), 201)
            person.token = signed["access_token"]
        searches = {name: [f"/cases?q={pair}" for pair in pairs] for name, pairs in self.words.items()}
        return {
            "my open list": [self._get(scene.customer, "/cases?view=open")],
            "open list of the staff": [self._get(scene.agent, "/cases?view=open")],
            "company list": [self._get(scene.customer, "/cases?view=company")],
            "queue next": [self._get(scene.agent, "/queues/all/next")],
            "search two words, staff": [self._get(scene.agent, path) for path in searches["staff"]],
            "search two words, customer": [self._get(scene.customer, path) for path in searches["customer"]],
        }

    def _sign_in(self, person: Person) -> HttpAnswer:
        body = {"login": person.user_name, "password": person.password}
        return self.scene.team.cast.world.http("POST", "/v1/sessions", json=body)

    def _get(self, who: Person, path: str) -> str:
        head = [f"GET {self.scene.path}{path} HTTP/1.1", f"Host: {self.host}", f"Authorization: Bearer {who.token}"]
        return "\r\n".join([*head, "Accept: application/json", "", ""])

    def _cells(self, size: int, before: Sequence[Cell]) -> list[Cell]:
        """Every question in turns, so that a slow half minute of the machine falls on all; the median run counts."""
        runs: dict[tuple[str, int], list[Run]] = {}
        for number in range(self.rounds):
            for question, requests in self._questions().items():
                self.board.step(f"{size:,} cases", f"round {number + 1} of {self.rounds}: {question}")
                for many in CONCURRENCIES:
                    runs.setdefault((question, many), []).append(self._run(requests, many))
        cells = [_cell(question, size, many, found, before) for (question, many), found in runs.items()]
        for cell in cells:
            told = f"{cell.question}: {cell.p50_ms:.1f} ms, {cell.times:.2f} times"
            self.board.done(f"{size:,} cases, {cell.concurrency} at a time", told)
        return cells

    def _run(self, requests: list[str], many: int) -> Run:
        at = {"host": "127.0.0.1", "port": self.rig.stack.ports.gateway, "expected": 200}
        with worker("generator", at | {"concurrency": many, "requests": requests}) as load:
            load.run(WARM_SECONDS)
            return one_run(load, Target(self.rig.roots), self.seconds)


def _cell(question: str, size: int, many: int, runs: list[Run], before: Sequence[Cell]) -> Cell:
    """What the runs say together, beside the same question at the smallest size."""
    p50, p99, per_second = (
        statistics.median(getattr(run, name) for run in runs) for name in ("p50_ms", "p99_ms", "per_second")
    )
    first = next((one for one in before if (one.question, one.concurrency) == (question, many)), None)
    cpu = statistics.median(sum(run.cpu_ms.get(part, 0.0) for part in PATH) for run in runs)
    errors, others = sum(sum(run.errors.values()) for run in runs), max(run.others_cores for run in runs)
    measured = (per_second, p50, p99, cpu, errors, others)
    return Cell(question, size, many, *measured, times=p50 / first.p50_ms if first and first.p50_ms else 1.0)


def table(cells: Sequence[Cell]) -> list[list[str]]:
    """The figures as rows of a table, the head first."""
    sizes = sorted({one.cases for one in cells})
    heads = [f"{name} {size:,}" for name in ("p50", "p99", "CPU") for size in sizes]
    rows = [["question", "callers", *heads, "times", "allowed", "kept"]]
    for question, many in dict.fromkeys((one.question, one.concurrency) for one in cells):
        line = [one for one in cells if (one.question, one.concurrency) == (question, many)]
        figures = [f"{getattr(one, name):.1f}" for name in ("p50_ms", "p99_ms", "cpu_ms") for one in line]
        errors = sum(one.errors for one in line)
        kept = f"NO ({errors} errors)" if errors else "yes" if line[-1].kept else "NO"
        rows.append([question, str(many), *figures, f"{line[-1].times:.2f}", f"{line[-1].allowed}", kept])
    return rows


def _write(cells: list[Cell]) -> None:
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench-cases.json").write_text(json.dumps([asdict(one) for one in cells], indent=1) + "\n")
    head, *rows = table(cells)
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] + ["---:"] * (len(head) - 1), *rows)]
    others = [one.others_cores for one in cells]
    about = (
        "Milliseconds. `times`: the p50 of the last size by that of the first. `CPU`: of gateway, broker, cases and"
        f" its database, a request. Others used {min(others):.1f} to {max(others):.1f} of {os.cpu_count()} cores."
    )
    (BUILD / "bench-cases.md").write_text("\n".join(["# Cases: lists, pile, search", "", about, "", *lines, ""]))


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--cases", type=click.IntRange(1_000), multiple=True, default=SIZES, show_default=True, help="Repeatable."
)
@click.option("--seconds", type=click.FloatRange(0.5), default=2.0, show_default=True, help="Length of one run.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Runs of each question, in turns.")
def main(cases: tuple[int, ...], seconds: float, rounds: int) -> None:
    """Measure lists, the pile and searches as a team grows.

    Starts a stack of its own (build/bench-stack), throws away what an earlier bench left there, and writes
    build/bench-cases.json and build/bench-cases.md. A million cases take some minutes to load and 7 GB of disk.
    """
    os.environ.setdefault("CASEWORK_LOG_LEVEL", "WARNING")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with Board() as board:
            cells = Bench(board, sorted(set(cases)), seconds, rounds).run()
    except SetupError as error:
        raise click.ClickException(str(error)) from error
    _write(cells)
    click.echo((BUILD / "bench-cases.md").read_text())


if __name__ == "__main__":
    main(prog_name="python -m tests.load.finding")
