"""`python -m tests.load.finding` (`make bench-cases`): do lists, the pile and searches stay fast as a team grows?

One team grows from 10,000 cases to 100,000 to 1,000,000 (``bulk.py`` tells their shape). At each size, over HTTP, with
one caller and with sixteen: p50 and p99, and how many times the p50 at 10,000 that is.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from dataclasses import asdict, dataclass
from html import escape

import click

from deploy.local.board import Board
from deploy.local.home import CHECKOUT, SetupError
from services.chassis.unit_of_work import Work
from tests.journeys.cast import Cast, Person, Scene, expect
from tests.load.bulk import Bulk, Team, vocabulary
from tests.load.measure import worker
from tests.load.rig import Rig
from tests.world import BrokerWorld, HttpAnswer

BUILD = CHECKOUT / "build"
SIZES = (10_000, 100_000, 1_000_000)
CONCURRENCIES = (1, 16)
ALLOWED = {"search": 2.0}  # times the p50 at the smallest size; everything else 1.2
VARIANTS = 64


@dataclass(frozen=True)
class Cell:
    """One question at one size and concurrency. ``times``: its p50 by the one at the smallest size."""

    question: str
    cases: int
    concurrency: int
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    times: float = 1.0

    @property
    def kept(self) -> bool:
        """Whether it grew no more than it may."""
        return self.errors == 0 and self.times <= ALLOWED.get(self.question.split()[0], 1.2)


class Bench:
    """The growing team, and the questions."""

    def __init__(self, board: Board, sizes: list[int], seconds: float) -> None:
        self.board, self.sizes, self.seconds = board, sizes, seconds
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
            for size in self.sizes:
                self._grow(bulk, size)
                cells += [self._cell(name, size, many, cells) for name in self._questions() for many in CONCURRENCIES]
        return cells

    def _bulk(self, url: str) -> Bulk:
        case, _ = self.scene.open()
        scene = self.scene
        team = Team(
            scene.team.id, scene.home.id, scene.customer.id, scene.agent.id, case["type"], case["priority"], None
        )
        return Bulk(Work(url, name="bulk", workers=2), team)

    def _grow(self, bulk: Bulk, size: int) -> None:
        name = f"{size} cases"
        self.board.step(name, "growing")
        bulk.load(size, lambda done, total: self.board.step(name, f"{100 * done // total} % of {total}"))
        self.board.done(name, "there, and known to search")

    def _questions(self) -> dict[str, list[bytes]]:
        scene = self.scene
        for person in (scene.agent, scene.customer):  # their tokens last ten minutes
            signed = expect(self._sign_in(person), 201)
            person.token = signed["access_token"]
        return {
            "my open list": [self._get(scene.customer, "/cases?view=open")],
            "open list of the staff": [self._get(scene.agent, "/cases?view=open")],
            "company list": [self._get(scene.customer, "/cases?view=company")],
            "queue next": [self._get(scene.agent, "/queues/all/next")],
            "search two words, staff": [self._get(scene.agent, path) for path in _searches()],
            "search two words, customer": [self._get(scene.customer, path) for path in _searches()],
        }

    def _sign_in(self, person: Person) -> HttpAnswer:
        body = {"login": person.user_name, "password": person.password}
        return self.scene.team.cast.world.http("POST", "/v1/sessions", json=body)

    def _get(self, who: Person, path: str) -> bytes:
        head = [f"GET {self.scene.path}{path} HTTP/1.1", f"Host: {self.host}", f"Authorization: Bearer {who.token}"]
        return "\r\n".join([*head, "Accept: application/json", "", ""]).encode()

    def _cell(self, question: str, size: int, many: int, before: list[Cell]) -> Cell:
        self.board.step(f"{question} {many}", f"with {size} cases")
        requests = [raw.decode() for raw in self._questions()[question]]
        at = {"host": "127.0.0.1", "port": self.rig.stack.ports.gateway, "expected": 200}
        with worker("generator", at | {"concurrency": many, "requests": requests}) as load:
            load.run(1.0)
            told = load.run(self.seconds)
        first = next((one for one in before if (one.question, one.concurrency) == (question, many)), None)
        p50 = 1000 * float(told["p50"])
        measured = (told["requests"] / told["elapsed"], p50, 1000 * float(told["p99"]), sum(told["errors"].values()))
        cell = Cell(question, size, many, *measured, times=p50 / first.p50_ms if first and first.p50_ms else 1.0)
        self.board.done(f"{question} {many}", f"{cell.p50_ms:.1f} ms, {cell.times:.2f} times")
        return cell


def _searches() -> list[str]:
    """Pairs of words: common ones, a common and a rarer one, two of the middle."""
    chance, known = random.Random(7), vocabulary()
    bands = ((5, 100), (5, 100)), ((5, 100), (500, 3_000)), ((200, 1_000), (200, 1_000))
    pairs = [[known[chance.randrange(*band)] for band in bands[place % len(bands)]] for place in range(VARIANTS)]
    return ["/cases?q=" + "+".join(pair) for pair in pairs]


def table(cells: list[Cell]) -> list[list[str]]:
    """The figures as rows of a table, the head first."""
    rows = [["question", "callers", "cases", "requests/s", "p50 ms", "p99 ms", "times", "kept"]]
    for one in sorted(cells, key=lambda one: (one.question, one.concurrency, one.cases)):
        figures = [f"{one.per_second:.0f}", f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}", f"{one.times:.2f}"]
        kept = "yes" if one.kept else f"NO ({one.errors} errors)" if one.errors else "NO"
        rows.append([one.question, str(one.concurrency), f"{one.cases:,}", *figures, kept])
    return rows


def _write(cells: list[Cell]) -> None:
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench-cases.json").write_text(json.dumps([asdict(one) for one in cells], indent=1) + "\n")
    head, *rows = ["".join(f"<td>{escape(text)}</td>" for text in row) for row in table(cells)]
    body = "".join(f"<tr>{row}</tr>\n" for row in (head.replace("td>", "th>"), *rows))
    style = "body{font:14px sans-serif}td,th{padding:2px 12px;text-align:right}tr>:first-child{text-align:left}"
    page = f"<!doctype html><meta charset=utf-8><title>bench-cases</title><style>{style}</style><table>{body}</table>\n"
    (BUILD / "bench-cases.html").write_text(page)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--cases", type=click.IntRange(100), multiple=True, default=SIZES, show_default=True, help="Repeatable.")
@click.option("--seconds", type=click.FloatRange(0.5), default=5.0, show_default=True, help="Length of one run.")
def main(cases: tuple[int, ...], seconds: float) -> None:
    """Measure lists, the pile and searches as a team grows.

    Starts a stack of its own (build/bench-stack), throws away what an earlier bench left there, and writes
    build/bench-cases.json and build/bench-cases.html. A million cases take a while to load.
    """
    os.environ.setdefault("CASEWORK_LOG_LEVEL", "WARNING")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with Board() as board:
            cells = Bench(board, sorted(cases), seconds).run()
    except SetupError as error:
        raise click.ClickException(str(error)) from error
    _write(cells)
    for row in table(cells):
        click.echo(f"{row[0]:<28}" + "".join(f"{text:>13}" for text in row[1:]))


if __name__ == "__main__":
    main(prog_name="python -m tests.load.finding")
