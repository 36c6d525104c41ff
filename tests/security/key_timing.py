"""Whether the time of a refusal tells how close a guessed access key was (row S21 of the security rows).

Opt-in: ``python -m tests.security.key_timing [count]`` starts the whole installation on a private stack and sends
``count`` wrong keys (2000) of each kind in random order: the first letter changed, the last letter changed, and keys of
no case at all. Each comes from an address of its own, so that no limit is in the way.
"""

from __future__ import annotations

import http.client
import itertools
import random
import secrets
import sys
import time
from math import erfc, sqrt
from statistics import median

from tests.journeys.cast import Cast, expect
from tests.parts import Parts, make_stack
from tests.security.enumeration import addresses, area
from tests.world import BrokerWorld, broker_world

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def ask(world: BrokerWorld, key: str, address: str) -> tuple[float, int]:
    """``(milliseconds, status)`` of one answer; the connection is open before the clock starts."""
    host, port = world.url.removeprefix("http://").split(":")
    line = http.client.HTTPConnection(host, int(port), timeout=15, source_address=(address, 0))
    line.connect()
    began = time.perf_counter()
    line.request("GET", "/v1/access", headers={"X-Access-Key": key})
    answer = line.getresponse()
    answer.read()
    took = (time.perf_counter() - began) * 1000
    line.close()
    return took, answer.status


def other(letter: str) -> str:
    """Another letter of the same kind."""
    return random.choice([one for one in LETTERS if one != letter])


def guesses(key: str) -> dict[str, str]:
    """One wrong key of each kind."""
    prefix, secret = key[:4], key[4:]
    return {
        "first letter wrong": prefix + other(secret[0]) + secret[1:],
        "last letter wrong": prefix + secret[:-1] + other(secret[-1]),
        "unknown case": prefix + "".join(random.choice(LETTERS) for _ in secret),
    }


def p_value(one: list[float], two: list[float]) -> float:
    """Mann-Whitney, two-sided, by its normal approximation."""
    n, m = len(one), len(two)
    distance = (area(one, two) - 0.5) * n * m
    return erfc(distance / sqrt(n * m * (n + m + 1) / 12) / sqrt(2))


def main(count: int = 2000) -> None:
    """Start everything, measure, print, stop everything."""
    stack = make_stack()
    stack.start_infrastructure()
    parts = Parts(stack, secrets.token_hex(4))
    try:
        with broker_world(parts) as world:
            team = Cast(world).team("B")
            contact = {"name": "Vi", "email": "vi@example.org"}
            body = team.form() | {"contact": contact}
            told = expect(world.settle(lambda: _opened(world, f"{team.path}/cases", body)), 201)
            tries = [pair for _ in range(count) for pair in guesses(told["access_key"]).items()]
            random.shuffle(tries)
            took: dict[str, list[float]] = {kind: [] for kind, _ in tries}
            statuses = set()
            for (kind, key), address in zip(tries, addresses(), strict=False):
                milliseconds, status = ask(world, key, address)
                took[kind].append(milliseconds)
                statuses.add(status)
            print(f"answers: {sorted(statuses)}")
            for kind, found in took.items():
                print(f"{kind:20} {len(found):5} median {median(found):7.3f} ms")
            for (one, a), (two, b) in itertools.combinations(took.items(), 2):
                apart = abs(median(a) - median(b))
                print(f"{one} / {two}: medians {apart:.3f} ms apart, Mann-Whitney p = {p_value(a, b):.3f}")
    finally:
        parts.close()
        stack.stop()


def _opened(world: BrokerWorld, path: str, body: dict[str, object]) -> object:
    answer = world.http("POST", path, json=body)
    return None if answer.status in (401, 404) else answer


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))
