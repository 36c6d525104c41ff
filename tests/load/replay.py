"""Runs a request's own SQL with bare psycopg2: floor (b). Same commands as ``generator``.

A statement is a list of parts: text, or a slot that every round fills anew: ``["fresh", n]`` a new identifier (the same
one wherever ``n`` stands), ``["case"]`` one of the cases in turn, ``["now"]`` the present moment.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any

import psycopg2
import psycopg2.extensions

from services.chassis.ids import new_id

Part = str | list[Any]


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _filled(statement: list[tuple[bool, str]], values: dict[str, str]) -> str:
    return "".join([values[text] if slot else text for slot, text in statement])


class Replay:
    """The statements of one request, and the connections that run them."""

    def __init__(self, plan: dict[str, Any]) -> None:
        statements: list[list[Part]] = plan["statements"]
        self.slots = {json.dumps(part): part for one in statements for part in one if not isinstance(part, str)}
        self.statements = [
            [(False, part) if isinstance(part, str) else (True, json.dumps(part)) for part in one] for one in statements
        ]
        self.cases = itertools.cycle(plan["cases"] or [""])
        self.connections = [psycopg2.connect(plan["dsn"]) for _ in range(plan["concurrency"])]
        for connection in self.connections:
            connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)

    def once(self, cursor: Any) -> None:
        """One request's SQL."""
        values = {name: self._value(part) for name, part in self.slots.items()}
        for statement in self.statements:
            cursor.execute(_filled(statement, values))
            if cursor.description:
                cursor.fetchall()

    def _value(self, slot: list[Any]) -> str:
        if slot[0] == "case":
            return str(next(self.cases))
        return new_id(slot[2]) if slot[0] == "fresh" else datetime.now(UTC).isoformat()

    def run(self, seconds: float) -> dict[str, Any]:
        """One run on all connections."""
        times: list[float] = []
        errors: dict[str, int] = {}
        end = time.perf_counter() + seconds

        def loop(connection: Any) -> None:
            with connection.cursor() as cursor:
                while (began := time.perf_counter()) < end:
                    try:
                        self.once(cursor)
                        times.append(time.perf_counter() - began)
                    except psycopg2.Error as error:
                        told = str(error).splitlines()[0]
                        errors[told] = errors.get(told, 0) + 1
                        cursor.execute("ROLLBACK")

        cpu, began = _cpu(), time.perf_counter()
        loops = [threading.Thread(target=loop, args=(connection,)) for connection in self.connections]
        for one in loops:
            one.start()
        for one in loops:
            one.join()
        elapsed, used = time.perf_counter() - began, _cpu() - cpu
        times.sort()
        p50 = times[len(times) // 2] if times else 0.0
        p99 = times[min(len(times) - 1, int(len(times) * 0.99))] if times else 0.0
        told = {"requests": len(times), "errors": errors, "sample": "", "elapsed": elapsed, "cpu": used}
        return told | {"p50": p50, "p99": p99}


def main() -> None:
    """Serve the commands on stdin until it closes."""
    replay = Replay(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(replay.run(float(line))), flush=True)


if __name__ == "__main__":
    main()
