"""The RPC client of the edges (gateway, mailroom): one connection per process, replies matched by correlation id.

It speaks nameko's own format (exchange ``nameko-rpc``, routing key ``<service>.<verb>``, body ``{"args", "kwargs"}``),
so a stock nameko service would answer it too. Every call has a deadline: it travels as a header (the callee drops what
is late), as the message's expiration (an abandoned request dies in the queue) and bounds the caller's own wait.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, replace
from typing import Any

import orjson
import structlog

from services.chassis.actor import Context
from services.chassis.ids import new_id
from services.chassis.link import Link, LinkDown
from services.chassis.problems import Problem, Unavailable

EXCHANGE = "nameko-rpc"
CONTEXT_HEADER = "nameko.context"

log = structlog.get_logger("rpc")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered: plain JSON data; ``replayed`` when the idempotency key had been used before."""

    data: dict[str, Any]
    replayed: bool = False


class _Pending:
    """A call that waits. A lock is the cheapest latch that gevent, eventlet and threads share."""

    __slots__ = ("body", "latch", "trouble")

    def __init__(self) -> None:
        self.latch = threading.Lock()
        self.latch.acquire()
        self.body: bytes | None = None
        self.trouble = ""

    def settle(self, body: bytes | None, trouble: str = "") -> None:
        if self.latch.locked():
            self.body, self.trouble = body, trouble
            self.latch.release()


class RpcClient:
    """Calls services. Thread- and greenlet-safe; make one per process, after forking."""

    def __init__(self, url: str, *, name: str) -> None:
        self._queue = f"reply.{name}.{uuid.uuid4().hex}"
        self._waiting: dict[str, _Pending] = {}
        self._link = Link(url, name=name, on_open=self._open, on_lost=self._lost).start()

    @property
    def ready(self) -> bool:
        """Connected to a broker that takes messages."""
        return self._link.ready

    def wait_ready(self, seconds: float) -> bool:
        """True once connected."""
        return self._link.wait_open(seconds)

    def close(self) -> None:
        """Close the connection; waiting calls fail at once."""
        self._link.stop()

    def call(self, service: str, verb: str, data: dict[str, Any], context: Context, timeout: float = 5.0) -> Reply:
        """Ask and wait. Raises the Problem the service answered; Unavailable when it, or the broker, is away."""
        end = time.monotonic() + timeout
        if not context.deadline_ms:
            context = replace(context, deadline_ms=int((time.time() + timeout) * 1000))
        call_id = new_id("call")
        pending = self._waiting[call_id] = _Pending()
        try:
            message = self._message(data, context, call_id, timeout)
            self._send(f"{service}.{verb}", message, timeout)
            if not pending.latch.acquire(timeout=max(0.001, end - time.monotonic())):
                raise Unavailable("no_answer_in_time", f"The {service} service did not answer in time.")
        finally:
            self._waiting.pop(call_id, None)
        if pending.body is None:
            raise Unavailable(pending.trouble, f"The {service} service cannot be reached right now.")
        return _read(pending.body)

    def _message(self, data: dict[str, Any], context: Context, call_id: str, timeout: float) -> dict[str, Any]:
        return {
            "body": orjson.dumps({"args": [], "kwargs": data}),
            "mandatory": True,
            "content_type": "application/json",
            "content_encoding": "utf-8",
            "reply_to": self._queue,
            "correlation_id": call_id,
            "expiration": str(max(1, int(timeout * 1000))),
            "delivery_mode": 1,
            "application_headers": {CONTEXT_HEADER: context.dump()},
        }

    def _send(self, routing_key: str, message: dict[str, Any], timeout: float) -> None:
        try:
            if not self._link.ready:
                self._link.wait_open(min(0.5, timeout))  # a blink of the broker is not worth an error
            self._link.send(EXCHANGE, routing_key, **message)
        except LinkDown:
            raise Unavailable("broker_away", "The message broker is away for a moment.") from None

    def _open(self, link: Link) -> None:
        channel = link.channel
        channel.exchange_declare(EXCHANGE, "topic", durable=True, auto_delete=False)
        channel.queue_declare(self._queue, durable=False, exclusive=True, auto_delete=True)
        channel.queue_bind(self._queue, EXCHANGE, self._queue)
        channel.events["basic_return"].add(self._on_return)
        channel.basic_consume(self._queue, no_ack=True, callback=self._on_reply)

    def _on_reply(self, message: Any) -> None:
        pending = self._waiting.get(message.properties.get("correlation_id", ""))
        if pending is not None:
            body = message.body
            pending.settle(body if isinstance(body, bytes) else str(body).encode())
        else:
            log.debug("a reply nobody waits for")  # its caller gave up; the effect stands, the key protects a retry

    def _on_return(self, error: Any, exchange: str, routing_key: str, message: Any) -> None:
        pending = self._waiting.get(message.properties.get("correlation_id", ""))
        if pending is not None:
            pending.settle(None, "service_away")

    def _lost(self) -> None:
        for pending in list(self._waiting.values()):
            pending.settle(None, "broker_away")


def _read(body: bytes) -> Reply:
    try:
        told = orjson.loads(body)
        error = told["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise Problem("unreadable_reply", "A service answered something unreadable.") from None
    if error is not None:
        raise Problem.from_data(error)
    return Reply(told["result"], bool(told.get("replayed")))
