"""`python -m tests.load.logins`: do people who log in disturb people who read, and what does a login cost?

Reads go on at a steady pace; log-ins come and go beside them in turns, so that a slow minute of the machine falls on
both. What is compared is the reads' 99th percentile without and with log-ins.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from contextlib import ExitStack
from typing import Any

import click
import requests

from deploy.local.board import Board
from deploy.local.home import CHECKOUT
from services.accounts import secrets
from tests.load.pace import Pace, beat, mixed
from tests.load.rig import Rig
from tests.load.scene import Scene

LIMIT_RATIO = 1.5
PEOPLE = 10
ALONE = 20
PAUSE_SECONDS = 1.0


def run(seconds: float, rounds: int, rates: tuple[float, float], board: Board) -> dict[str, Any]:
    """``rounds`` times: reads alone, then reads with log-ins, each for so many seconds."""
    rig = Rig(board)
    with rig.running():
        rig.start_programs()
        scene = Scene(rig, 20)
        try:
            people = [scene.organization.person() for _ in range(PEOPLE)]
            url = f"http://{scene.host}/v1/sessions"

            def sign_in(session: requests.Session, number: int) -> int:
                person = people[number % PEOPLE]
                body = {"login": person.user_name, "password": person.password}
                return session.post(url, json=body, timeout=15).status_code

            alone = _login_seconds(sign_in)
            quiet, busy, logins = Pace(), Pace(), Pace()
            for number in range(rounds):
                for into, disturbed in ((quiet, False), (busy, True)):
                    board.step("reads", f"round {number + 1} of {rounds}, {'with' if disturbed else 'without'} log-ins")
                    scene.sign_in()
                    with ExitStack() as stack:
                        entering = stack.enter_context(beat(rates[1], sign_in)) if disturbed else Pace()
                        reading = stack.enter_context(beat(rates[0], mixed(scene, writes=False)))
                        time.sleep(seconds)
                    _add(into, reading)
                    _add(logins, entering)
                    time.sleep(PAUSE_SECONDS)
        finally:
            scene.close()
    return _findings(quiet, busy, logins, alone)


def _add(into: Pace, more: Pace) -> None:
    into.seconds += more.seconds
    into.statuses.update(more.statuses)


def _login_seconds(sign_in: Any) -> float:
    """The median of log-ins one after another, with nothing beside them."""
    found = []
    with requests.Session() as session:
        for number in range(ALONE):
            began = time.perf_counter()
            assert sign_in(session, number) == 201
            found.append(time.perf_counter() - began)
    return statistics.median(found)


def argon2_seconds() -> float:
    """The median of looking at one password, with nothing around it."""
    known = secrets.hash_password("correct horse battery")
    found = []
    for _ in range(ALONE):
        began = time.perf_counter()
        assert secrets.fits(known, "correct horse battery")
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def _findings(quiet: Pace, busy: Pace, logins: Pace, alone: float) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, pace in (("reads_alone", quiet), ("reads_with_logins", busy), ("logins", logins)):
        told[name] = {"requests": len(pace.seconds), "failed": pace.failed}
        told[name] |= {"median_ms": round(pace.median_ms, 1), "p99_ms": round(pace.p99_ms, 1)}
    argon2 = argon2_seconds()
    told["login_alone_ms"], told["argon2_ms"] = round(1000 * alone, 1), round(1000 * argon2, 1)
    told["login_over_argon2"] = round(alone / argon2, 2)
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
        f"a login {found['login_alone_ms']} ms, argon2 {found['argon2_ms']} ms: {found['login_over_argon2']} times"
    )
    into = CHECKOUT / "build"
    into.mkdir(exist_ok=True)
    (into / "logins.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
    sys.exit(0 if found["within_limit"] else 1)


if __name__ == "__main__":
    main()
