"""/livez, /readyz and /metrics of one process, on a small port of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import eventlet
import eventlet.wsgi
import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Probe = Callable[[], bool]


def serve(host: str, port: int, probes: dict[str, Probe]) -> None:
    """Answer health questions for ever, in a greenlet of its own. ``probes`` say what must work to be ready."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [generate_latest()]
        if path == "/livez":
            start("200 OK", [("Content-Type", "application/json")])
            return [b'{"status":"ok"}']
        if path == "/readyz":
            told = {name: _holds(probe) for name, probe in probes.items()}
            start("200 OK" if all(told.values()) else "503 Service Unavailable", [("Content-Type", "application/json")])
            return [orjson.dumps({"status": "ok" if all(told.values()) else "not_ready", "checks": told})]
        start("404 Not Found", [("Content-Type", "application/json")])
        return [b"{}"]

    listener = eventlet.listen((host, port))
    eventlet.spawn(eventlet.wsgi.server, listener, answer, log_output=False)


def _holds(probe: Probe) -> bool:
    try:
        return probe()
    except Exception:
        return False
