"""Which exchanges and queues a service has on the broker. Declared by every process before it consumes or publishes.

    nameko-rpc         topic    requests, routing key <service>.<verb>, and replies
    <service>.events   topic    what happened there, routing key the event's wire name
    rpc-<service>      queue    requests
    events-<service>   queue    every event the service hears; named after the service, never after a function
    events-<service>.retry.<ms> failed events wait here, then go back to events-<service>
    parked-<service>   queue    what could not be handled, for people (``python -m services.<service> parked``)

All are classic durable queues: quorum queues of RabbitMQ 3.10 declared right before a crash stay leaderless (stack.md).
"""

from __future__ import annotations

from typing import Any

from services.chassis.entrypoints import event_lines
from services.chassis.rpc import EXCHANGE


class Topology:
    """The names, and ``declare``. ``pauses``: seconds before the 2nd, 3rd ... try of a failed event."""

    def __init__(self, service: type, pauses: tuple[float, ...]) -> None:
        self.name: str = service.name  # type: ignore[attr-defined]
        self.pauses = pauses
        self.rpc_queue = f"rpc-{self.name}"
        self.event_queue = f"events-{self.name}"
        self.parked_queue = f"parked-{self.name}"
        self.work_exchange = f"events-{self.name}.work"
        self.heard = sorted(event_lines(service))

    @staticmethod
    def retry_key(pause: float) -> str:
        """Routing key of the queue in which a message waits ``pause`` seconds."""
        return f"retry.{int(pause * 1000)}"

    def declare(self, channel: Any) -> None:
        """Declare everything; declaring again changes nothing."""
        channel.exchange_declare(EXCHANGE, "topic", durable=True, auto_delete=False)
        for source in sorted({self.name, *(source for source, _ in self.heard)}):
            channel.exchange_declare(f"{source}.events", "topic", durable=True, auto_delete=False)
        channel.exchange_declare(self.work_exchange, "direct", durable=True, auto_delete=False)
        channel.queue_declare(self.rpc_queue, durable=True, auto_delete=False)
        channel.queue_bind(self.rpc_queue, EXCHANGE, f"{self.name}.*")
        channel.queue_declare(self.event_queue, durable=True, auto_delete=False)
        channel.queue_bind(self.event_queue, self.work_exchange, "again")
        for source, kind in self.heard:
            channel.queue_bind(self.event_queue, f"{source}.events", kind)
        for pause in self.pauses:
            key = self.retry_key(pause)
            back = {"x-dead-letter-exchange": self.work_exchange, "x-dead-letter-routing-key": "again"}
            waiting = {"x-message-ttl": int(pause * 1000), **back}
            channel.queue_declare(f"{self.event_queue}.{key}", durable=True, auto_delete=False, arguments=waiting)
            channel.queue_bind(f"{self.event_queue}.{key}", self.work_exchange, key)
        channel.queue_declare(self.parked_queue, durable=True, auto_delete=False)
        channel.queue_bind(self.parked_queue, self.work_exchange, "parked")
