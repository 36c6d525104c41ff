"""What the parts of one service process share, and where a message goes that cannot go its way."""

from __future__ import annotations

import time
from typing import Any, cast

import eventlet
import structlog

from services.chassis.link import LinkDown, Publisher
from services.chassis.settings import ServiceSettings
from services.chassis.telemetry import PARKED
from services.chassis.topology import Topology
from services.chassis.unit_of_work import Work

log = structlog.get_logger("host")


class Host:
    """What the extensions of one process share: the service, its work, its topology and where to park."""

    def __init__(self, service: type, work: Work, settings: ServiceSettings) -> None:
        self.name: str = service.name  # type: ignore[attr-defined]
        self.service, self.work = service, work
        self.amqp_url, self.database_url = settings.amqp_url, settings.database_url
        self.topology = Topology(service, settings.pauses)
        self._publisher: Publisher | None = None

    def pass_to(self, step: str, body: bytes, headers: dict[str, Any], properties: dict[str, Any]) -> None:
        """Store a message in one of our own queues (``parked``, ``retry.<ms>``), confirmed. Raises LinkDown."""
        if self._publisher is None:
            self._publisher = Publisher(self.amqp_url, name=f"{self.name}-aside").start()
        kept = {
            name: properties[name] for name in ("content_type", "content_encoding", "message_id") if name in properties
        }
        returned = self._publisher.publish(
            [
                {
                    "exchange": self.topology.work_exchange,
                    "routing_key": step,
                    "body": body,
                    "mandatory": True,
                    "application_headers": headers,
                    "delivery_mode": 2,
                    **cast(dict[str, Any], kept),
                }
            ]
        )
        if returned:  # our own queue is missing; the next connection declares it
            raise LinkDown(f"no queue takes {step}")

    def origin(self, message: Any) -> tuple[str, str]:
        """``(exchange, routing key)`` with which a message was first published.

        The headers that say so are believed only of what comes back through our own exchange, where nobody else may
        write; otherwise a neighbour could pass its own words off as another's.
        """
        told = message.delivery_info
        if told.get("exchange") == self.topology.work_exchange:
            headers = message.properties.get("application_headers") or {}
            return str(headers.get("x-exchange", "")), str(headers.get("x-routing-key", ""))
        return str(told.get("exchange", "")), str(told.get("routing_key", ""))

    def park(self, message: Any, reason: str, detail: str) -> None:
        """Keep a message for people and acknowledge it; tries until the broker has it."""
        headers = dict(message.properties.get("application_headers") or {})
        exchange, routing_key = self.origin(message)
        headers |= {
            "x-reason": reason,
            "x-detail": detail[:500],
            "x-exchange": exchange,
            "x-routing-key": routing_key,
            "x-parked-at": int(time.time()),
        }
        while True:
            try:
                self.pass_to("parked", as_bytes(message.body), headers, message.properties)
                break
            except LinkDown:
                eventlet.sleep(1)
        PARKED.labels(self.name, reason).inc()
        log.error("parked a message", reason=reason, detail=detail[:200], routing_key=headers["x-routing-key"])

    def close(self) -> None:
        """Close what this process opened beside its containers."""
        if self._publisher is not None:
            self._publisher.stop()


def as_bytes(body: Any) -> bytes:
    """A message body as bytes, however py-amqp decoded it."""
    return body if isinstance(body, bytes) else str(body).encode()
