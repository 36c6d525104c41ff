"""Is it alive, is it ready, what does it measure. Measurements never stand on the public port."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import orjson
import structlog
from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from gateway.answers import json_answer
from gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from gateway.app import Desk

log = structlog.get_logger("gateway")

STREAMS = Gauge("casework_http_streams", "Open event streams")


def readiness(desk: Desk) -> tuple[int, dict[str, Any]]:
    """Ready when the broker takes messages and tokens can be checked; 503 names what is missing."""
    checks = {"broker": "ok" if desk.client.ready else "away"}
    checks["accounts"] = "ok" if checks["broker"] == "ok" and desk.tokens.ready() else "away"
    missing = [name for name, state in checks.items() if state != "ok"]
    return (503 if missing else 200), {"ready": not missing, "missing": missing, "checks": checks}


def register(app: Flask, desk: Desk) -> None:
    """/livez and /readyz on the public port."""

    def livez() -> Response:
        return _noted("GET /livez", json_answer({"alive": True}))

    def readyz() -> Response:
        status, told = readiness(desk)
        answer = json_answer(told, status)
        if status != 200:
            answer.headers["Retry-After"] = "2"
        return _noted("GET /readyz", answer)

    app.add_url_rule("/livez", "livez", livez, methods=["GET"], provide_automatic_options=False)
    app.add_url_rule("/readyz", "readyz", readyz, methods=["GET"], provide_automatic_options=False)


def _noted(route: str, answer: Response) -> Response:
    from flask import request

    request.environ["casework.route"] = route
    return answer


def aside(desk: Desk) -> Any:
    """The WSGI application of the health port: /livez, /readyz, /metrics."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            STREAMS.set(desk.hub.size)
            start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [generate_latest()]
        if path in ("/livez", "/readyz"):
            status, told = readiness(desk) if path == "/readyz" else (200, {"alive": True})
            line = "200 OK" if status == 200 else "503 Service Unavailable"
            start_response(line, [("Content-Type", "application/json")])
            return [orjson.dumps(told)]
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"not found"]

    return application


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *values: Any) -> None:
        """No line per probe."""


def serve_aside(desk: Desk, settings: GatewaySettings) -> None:
    """Serve the health port beside the public one. Of several workers the first one gets the port."""
    if settings.health_port <= 0:
        return
    try:
        server = make_server(settings.health_host, settings.health_port, aside(desk), handler_class=_Silent)
    except OSError as error:
        log.warning("no health port in this worker", port=settings.health_port, error=str(error))
        return
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
