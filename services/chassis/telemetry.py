"""Logs and metrics."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("casework_rpc_requests", "RPC requests answered", ["service", "verb", "outcome"])
SECONDS = Histogram(
    "casework_rpc_seconds",
    "Time from delivery to reply",
    ["service", "verb"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
EVENTS = Counter("casework_events", "Events handled", ["service", "type", "outcome"])
PUBLISHED = Counter("casework_events_published", "Events the broker confirmed", ["service"])
UNROUTED = Gauge("casework_events_unrouted", "Events that no queue takes yet", ["service"])
PARKED = Counter("casework_parked", "Messages parked for people", ["service", "reason"])


def set_up_logs(service: str, *, level: str = "INFO", form: str = "json") -> None:
    """One format for our lines and for libraries' lines; ``form`` is ``json`` or ``console``.

    Local variables never reach a log: they hold people's words and secrets.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any]
    if form == "console":
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain, pad_event_to=0)]
    else:
        safe = structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
        )
        last = [safe, structlog.processors.JSONRenderer()]
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    _adopt_library_logs(shared + last, number)


def _adopt_library_logs(processors: list[Any], level: int) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=processors[:-1],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, processors[-1]],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    # kombu logs raw bodies of messages it cannot read; nameko's worker lines repeat ours.
    logging.getLogger("kombu").setLevel(logging.CRITICAL)
    logging.getLogger("amqp").setLevel(logging.CRITICAL)
