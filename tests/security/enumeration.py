"""How well the time of an answer tells whether a name is known (row S30 of the security rows).

Opt-in, because times mean nothing on a busy machine: ``python -m tests.security.enumeration [count]`` starts the whole
installation on a private stack, asks ``count`` times (300) for known and for unknown names in random order, and prints
the area under the curve of the best guess by time: 0.5 is a coin, 0.55 the most we allow. Each question comes from an
address of its own, so that no limit is in the way.
"""

from __future__ import annotations

import http.client
import itertools
import random
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from statistics import median

import orjson

from tests.journeys.cast import Cast
from tests.parts import Parts, make_stack
from tests.world import BrokerWorld, broker_world

ASKED_OF_ONE_NAME = 3  # fewer than any limit


@dataclass(frozen=True, slots=True)
class Question:
    """A path, and its body for a name."""

    name: str
    path: str
    more: dict[str, str]


QUESTIONS = (
    Question("sign in, wrong password", "/v1/sessions", {"password": "not the password"}),
    Question("lost password", "/v1/password/lost", {}),
)


def addresses() -> Iterator[str]:
    """Loopback addresses, each once."""
    for one, two, three in itertools.product(range(1, 250), range(1, 250), range(1, 250)):
        yield f"127.{one}.{two}.{three}"


def ask(world: BrokerWorld, question: Question, login: str, address: str) -> tuple[float, int]:
    """``(milliseconds, status)`` of one answer; the connection is open before the clock starts."""
    host, port = world.url.removeprefix("http://").split(":")
    line = http.client.HTTPConnection(host, int(port), timeout=15, source_address=(address, 0))
    line.connect()
    body = orjson.dumps({"login": login} | question.more)
    began = time.perf_counter()
    line.request("POST", question.path, body, {"Content-Type": "application/json"})
    answer = line.getresponse()
    answer.read()
    took = (time.perf_counter() - began) * 1000
    line.close()
    return took, answer.status


def area(known: list[float], unknown: list[float]) -> float:
    """The chance that a known one took longer than an unknown one, from the better side: 0.5 to 1."""
    ranked = sorted([(took, 1) for took in known] + [(took, 0) for took in unknown])
    ranks = sum(rank for rank, (_, is_known) in enumerate(ranked, start=1) if is_known)
    found = (ranks - len(known) * (len(known) + 1) / 2) / (len(known) * len(unknown))
    return max(found, 1 - found)


def measure(world: BrokerWorld, question: Question, logins: dict[str, list[str]], froms: Iterator[str]) -> str:
    """A line of the table."""
    order = [(kind, login) for kind, names in logins.items() for login in names]
    random.shuffle(order)
    took: dict[str, list[float]] = {kind: [] for kind in logins}
    statuses: dict[str, set[int]] = {kind: set() for kind in logins}
    for kind, login in order:
        milliseconds, status = ask(world, question, login, next(froms))
        took[kind].append(milliseconds)
        statuses[kind].add(status)
    known, unknown = took["known"], took["unknown"]
    noise = 2 * sqrt((2 * len(known) + 1) / (12 * len(known) ** 2))
    return (
        f"{question.name:26} {len(known):5} {median(known):9.2f} {median(unknown):11.2f} {area(known, unknown):6.3f}"
        f"   0.5 ± {noise:.3f}   {sorted(statuses['known'])} {sorted(statuses['unknown'])}"
    )


def main(count: int = 300) -> None:
    """Start everything, measure, print, stop everything."""
    stack = make_stack()
    stack.start_infrastructure()
    parts = Parts(stack, secrets.token_hex(4))
    try:
        with broker_world(parts) as world:
            home = Cast(world).team("E").organization()
            people = [home.person().user_name for _ in range(-(-count // ASKED_OF_ONE_NAME))]
            nobodies = [f"{name[:-3]}{secrets.token_hex(3)[:3]}" for name in people]
            logins = {
                kind: (names * ASKED_OF_ONE_NAME)[:count] for kind, names in (("known", people), ("unknown", nobodies))
            }
            froms = addresses()
            print(f"{'':26} {'each':>5} {'known ms':>9} {'unknown ms':>11} {'AUC':>6}   noise (95 %)    statuses")
            for question in QUESTIONS:
                print(measure(world, question, logins, froms), flush=True)
    finally:
        parts.close()
        stack.stop()


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))
