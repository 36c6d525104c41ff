"""The outermost layer: request id, security headers, one log line and one measurement for every answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from flask import Response
from prometheus_client import Histogram

from gateway.answers import problem_answer
from gateway.origins import Origins
from gateway.reading import request_id
from services.chassis.problems import Problem

log = structlog.get_logger("gateway")

SECONDS = Histogram(
    "casework_http_seconds",
    "Time from request to the head of the answer",
    ["route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
HEADERS = (
    ("Cache-Control", "private, no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),
    ("Vary", "Accept-Language, Authorization"),
    ("X-Content-Type-Options", "nosniff"),
)
QUIET = frozenset(("GET /livez", "GET /readyz"))

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Edge:
    """Wraps the application. Handlers leave ``casework.route`` and ``casework.user`` in the environ for the log."""

    def __init__(self, inner: Wsgi, docs: str, origins: Origins) -> None:
        self._inner, self._docs, self._origins = inner, docs, origins
        self._measured: dict[tuple[str, str], Any] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        began = time.perf_counter()
        environ["casework.request_id"] = request_id(environ)
        status = "500"

        def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status
            status = line[:3]
            own = {name.lower() for name, _ in headers}
            headers.append(("X-Request-Id", environ["casework.request_id"]))
            headers.extend([pair for pair in HEADERS if pair[0].lower() not in own])
            headers.extend(self._origins.headers(environ))
            return start_response(line, headers, exc_info) if exc_info else start_response(line, headers)

        try:
            body = (self._origins.preflight(environ) or self._inner)(environ, start)
        except Exception:
            log.exception("a request failed", request_id=environ["casework.request_id"])
            answer: Response = problem_answer(Problem("internal_error"), environ, self._docs)
            body = answer(environ, start)
        self._tell(environ, status, time.perf_counter() - began)
        return body

    def _tell(self, environ: dict[str, Any], status: str, seconds: float) -> None:
        route = environ.get("casework.route", "none")
        measured = self._measured.get((route, status))
        if measured is None:
            measured = self._measured[route, status] = SECONDS.labels(route, status)
        measured.observe(seconds)
        if route not in QUIET:
            log.info(
                "request",
                method=environ["REQUEST_METHOD"][:16],
                route=route,
                status=int(status),
                ms=round(seconds * 1000, 2),
                request_id=environ["casework.request_id"],
                user_id=environ.get("casework.user"),
            )
