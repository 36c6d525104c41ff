"""`python -m tests.load.logins`: do people who log in disturb people who read, and what does a login cost?

Reads go on at a steady pace; log-ins come and go beside them in turns, so that a slow minute of the machine falls on
both. What is compared is the reads' 99th percentile without and with log-ins.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
import requests

from deploy.local.board import Board
from deploy.local.home import CHECKOUT
from services.accounts import secrets
from tests.load import meter
from tests.load.pace import Pace, beat, mixed
from tests.load.rig import Rig
from tests.load.scene import Scene

LIMIT_RATIO = 1.5
PEOPLE = 10
ALONE = 100
PAUSE_SECONDS, WARM_SECONDS = 1.0, 5.0


def run(seconds: float, rounds: int, rates: tuple[float, float], board: Board) -> dict[str, Any]:
    """``rounds`` times: reads alone, then reads with log-ins, each for so many seconds."""
    rig = Rig(board)
    with rig.running():
        rig.start_programs()
        scene = Scene(rig, 20)
        try:
            people = [scene.organization.person() for _ in range(PEOPLE)]
            door = Door(f"http://{scene.host}/v1/sessions", [(one.user_name, one.password) for one in people])
            board.step("log-ins", "one after another")
            alone = one_by_one(door, rig)
            quiet, busy, logins = Pace(), Pace(), Pace()
            with beat(rates[0], mixed(scene, writes=False)):
                time.sleep(WARM_SECONDS)  # caches and connections; otherwise the first round's reads pay for them
            with crowd(door, rates[1]) as come:
                for number in range(rounds):
                    order = ((quiet, False), (busy, True))
                    for into, disturbed in order if number % 2 == 0 else reversed(order):
                        board.step(
                            "reads", f"round {number + 1} of {rounds}, {'with' if disturbed else 'without'} log-ins"
                        )
                        scene.sign_in()
                        if disturbed:
                            come.send(seconds)
                        with beat(rates[0], mixed(scene, writes=False)) as reading:
                            time.sleep(seconds)
                        _add(into, reading)
                        if disturbed:
                            _add(logins, come.recv())
                        time.sleep(PAUSE_SECONDS)
        finally:
            scene.close()
    return _findings(quiet, busy, logins, alone)


def _add(into: Pace, more: Pace) -> None:
    into.seconds += more.seconds
    into.statuses.update(more.statuses)


@dataclass(frozen=True)
class Door:
    """Where people log in, and who they are."""

    url: str
    people: list[tuple[str, str]]

    def enter(self, session: requests.Session, number: int) -> int:
        login, password = self.people[number % len(self.people)]
        return session.post(self.url, json={"login": login, "password": password}, timeout=15).status_code


@contextmanager
def crowd(door: Door, per_second: float) -> Iterator[Any]:
    """People who log in from a process of their own, so that the reads' clock does not wait for them. It takes a number
    of seconds and gives a Pace."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_come, args=(theirs, door, per_second), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        process.kill()
        process.join()


def _come(line: Any, door: Door, per_second: float) -> None:
    while True:
        seconds = line.recv()
        with beat(per_second, door.enter) as pace:
            time.sleep(seconds)
        line.send(pace)


def one_by_one(door: Door, rig: Rig) -> dict[str, float]:
    """Log-ins with nothing beside them, and a look at one password before each, so that the machine is the same for
    both: milliseconds by the clock (median) and of CPU (mean), of all programs and servers together."""
    known = secrets.hash_password("correct horse battery")
    hashes, logins, spent_on_hashes = [], [], 0.0
    parts: Counter[str] = Counter()
    with requests.Session() as session:
        for number in range(ALONE):
            began, used = time.perf_counter(), time.process_time()
            assert secrets.fits(known, "correct horse battery")
            hashes.append(time.perf_counter() - began)
            spent_on_hashes += time.process_time() - used
            before = meter.read(rig.roots)
            began = time.perf_counter()
            assert door.enter(session, number) == 201
            logins.append(time.perf_counter() - began)
            parts.update(meter.spent(before, meter.read(rig.roots)).parts)
    return {
        "login_alone_ms": 1000 * statistics.median(logins),
        "argon2_ms": 1000 * statistics.median(hashes),
        "login_cpu_ms": 1000 * sum(parts.values()) / ALONE,
        "argon2_cpu_ms": 1000 * spent_on_hashes / ALONE,
        **{f"login_cpu_ms of {part}": 1000 * seconds / ALONE for part, seconds in parts.items() if seconds},
    }


def _findings(quiet: Pace, busy: Pace, logins: Pace, alone: dict[str, float]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, pace in (("reads_alone", quiet), ("reads_with_logins", busy), ("logins", logins)):
        told[name] = {"requests": len(pace.seconds), "failed": pace.failed}
        told[name] |= {"median_ms": round(pace.median_ms, 1), "p99_ms": round(pace.p99_ms, 1)}
    told |= {name: round(value, 1) for name, value in alone.items()}
    told["login_over_argon2"] = round(alone["login_alone_ms"] / alone["argon2_ms"], 2)
    told["p99_ratio"] = round(busy.p99_ms / quiet.p99_ms, 2)
    told["within_limit"] = told["p99_ratio"] <= LIMIT_RATIO
    return told


@click.command()
@click.option("--seconds", default=15.0, help="Length of each half of a round.")
@click.option("--rounds", default=4, help="How often reads alone and reads with log-ins take turns.")
@click.option("--reads", default=100.0, help="Reads a second.")
@click.option("--logins", default=10.0, help="Log-ins a second.")
def main(seconds: float, rounds: int, reads: float, logins: float) -> None:
    """Measure, print a table, write build/logins.json; the exit code says whether the reads kept their pace."""
    os.environ.setdefault("CASEWORK_LOG_LEVEL", "WARNING")
    with Board() as board:
        found = run(seconds, rounds, (reads, logins), board)
    click.echo(f"\n{'':20}{'requests':>10}{'failed':>8}{'median ms':>11}{'p99 ms':>9}")
    for name in ("reads_alone", "reads_with_logins", "logins"):
        row = found[name]
        figures = f"{row['requests']:>10}{row['failed']:>8}{row['median_ms']:>11}{row['p99_ms']:>9}"
        click.echo(f"{name.replace('_', ' '):20}{figures}")
    click.echo(f"p99 with log-ins over p99 alone: {found['p99_ratio']} (at most {LIMIT_RATIO})")
    click.echo(
        f"a login {found['login_alone_ms']} ms (CPU {found['login_cpu_ms']}), argon2 {found['argon2_ms']} ms "
        f"(CPU {found['argon2_cpu_ms']}): {found['login_over_argon2']} times"
    )
    into = CHECKOUT / "build"
    into.mkdir(exist_ok=True)
    (into / "logins.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
    sys.exit(0 if found["within_limit"] else 1)


if __name__ == "__main__":
    main()
