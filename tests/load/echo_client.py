"""Calls the sample service's echo through ``RpcClient``, as the gateway would: floor (a). Commands as ``generator``.

``green`` in the plan patches the process by gevent first, as gunicorn's worker is; else plain threads call.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from typing import Any


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _round(client: Any, plan: dict[str, Any], seconds: float) -> dict[str, Any]:
    from services.chassis.actor import Actor, Context
    from services.chassis.problems import Problem

    times: list[float] = []
    errors: dict[str, int] = {}
    context = Context(actor=Actor("user", "user_01m7x2c4e6g8j0k2m4n6p8q0r2", "ses_01m7x2c4e6g8j0k2m4n6p8q0r2"))
    ask = {"text": plan["text"]}
    end = time.perf_counter() + seconds

    def call() -> None:
        while (began := time.perf_counter()) < end:
            try:
                client.call("sample", "read_echo", ask, context, 5.0)
                times.append(time.perf_counter() - began)
            except Problem as problem:
                errors[problem.code] = errors.get(problem.code, 0) + 1

    cpu, began = _cpu(), time.perf_counter()
    callers = [threading.Thread(target=call) for _ in range(plan["concurrency"])]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    elapsed, used = time.perf_counter() - began, _cpu() - cpu
    times.sort()
    p50 = times[len(times) // 2] if times else 0.0
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))] if times else 0.0
    told = {"requests": len(times), "errors": errors, "sample": "", "elapsed": elapsed, "cpu": used}
    return told | {"p50": p50, "p99": p99}


def main() -> None:
    """Serve the commands on stdin until it closes."""
    plan = json.loads(sys.stdin.readline())
    if plan["green"]:
        from gevent import monkey

        monkey.patch_all()
    from services.chassis.rpc import RpcClient
    from services.chassis.telemetry import set_up_logs

    set_up_logs("bench", level="WARNING", form="console")  # to stderr: stdout carries the figures
    client = RpcClient(plan["url"], name="bench")
    if not client.wait_ready(10):
        sys.exit("the broker does not answer")
    while line := sys.stdin.readline():
        print(json.dumps(_round(client, plan, float(line))), flush=True)
    client.close()


if __name__ == "__main__":
    main()
