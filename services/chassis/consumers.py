"""The consumers: from a delivered message to a line of the service, and back with a reply or an acknowledgement.

What stock nameko does wrong for us and is done here instead (stack.md): the reply leaves on the consumer's own channel,
after the commit and before the ack; a message nobody can answer is parked, not fatal; a failing event is tried again
with growing pauses and then parked; a stop finishes what was begun.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any

import eventlet
import orjson
import structlog
from nameko.extensions import Entrypoint, SharedExtension

from services.chassis.actor import Context
from services.chassis.entrypoints import EventLine, Poison, RpcLine
from services.chassis.host import Host, as_bytes
from services.chassis.link import Link, LinkDown
from services.chassis.problems import Malformed, Problem, Unavailable, UnsupportedMediaType
from services.chassis.rpc import CONTEXT_HEADER, EXCHANGE
from services.chassis.telemetry import EVENTS, REQUESTS, SECONDS
from services.chassis.unit_of_work import Answer

log = structlog.get_logger("host")
UNEXPECTED = Problem("internal_error", "Something went wrong on our side. It has been noted; try again later.")


class _Consumer(SharedExtension):
    """One link, one queue, ``max_workers`` messages in hand; stops in two steps: take no more, then close."""

    queue = ""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.host = host
        self.link: Link
        self._tag = ""
        self._cancelled = False

    @property
    def sharing_key(self) -> Any:
        return type(self)

    def start(self) -> None:
        self.link = Link(self.host.amqp_url, name=f"{self.host.name}-{self.queue}", on_open=self._open).start()

    def take_no_more(self) -> None:
        """Stop consuming; messages already here are worked on to their end."""
        if not self._cancelled:
            self._cancelled = True
            self.link.cancel(self._tag)

    def stop(self) -> None:
        self.link.stop()

    def kill(self) -> None:
        self.link.stop(flush_seconds=0)

    def _open(self, link: Link) -> None:
        if self._cancelled:
            return
        channel = link.channel
        self.host.topology.declare(channel)
        channel.basic_qos(0, self.container.max_workers, False)
        self._tag = channel.basic_consume(self.queue, callback=self._on_message)

    def _on_message(self, message: Any) -> None:
        try:
            self.take(message)
        except Exception:
            # The reader must outlive anything. The message stays unacknowledged here and is parked by a worker.
            log.exception("a message could not be taken in")
            self.container.spawn_managed_thread(partial(self._park, message, "unreadable", "see the log"))

    def _park(self, message: Any, reason: str, detail: str) -> None:
        self.host.park(message, reason, detail)
        self.link.ack(message.channel, message.delivery_tag)

    def park_aside(self, message: Any, reason: str, detail: str) -> None:
        """Park without holding up the reader."""
        self.container.spawn_managed_thread(partial(self._park, message, reason, detail))

    def take(self, message: Any) -> None:
        raise NotImplementedError


# --- requests --------------------------------------------------------------------------------------------------------


class RpcConsumer(_Consumer):
    """Reads ``rpc-<service>``, answers every request it can, parks what nobody waits for."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.queue = host.topology.rpc_queue
        self._lines: dict[str, RpcEntrypoint] = {}

    def register_provider(self, provider: RpcEntrypoint) -> None:
        self._lines[provider.line.verb] = provider

    def take(self, message: Any) -> None:
        properties = message.properties
        if not properties.get("reply_to") or not properties.get("correlation_id"):
            self.park_aside(message, "no_reply_to", "a request without reply_to or correlation_id")
            return
        verb = str(message.delivery_info.get("routing_key", "")).partition(".")[2]
        try:
            if properties.get("content_type") != "application/json":
                raise UnsupportedMediaType("content_type", "Requests are application/json.")
            entrypoint = self._lines.get(verb)
            if entrypoint is None:
                raise Malformed("unknown_verb", f"{self.host.name} has no verb {verb!r}.")
            context = Context.load((properties.get("application_headers") or {}).get(CONTEXT_HEADER))
            if context.deadline_ms and context.deadline_ms < time.time() * 1000:
                REQUESTS.labels(self.host.name, verb, "too_late").inc()
                self.link.ack(message.channel, message.delivery_tag)  # nobody waits any more: no effect, no reply
                return
            if message.delivery_info.get("redelivered") and not entrypoint.line.may_be_repeated:
                detail = "The connection was lost meanwhile, so it may have been done. Look before you repeat it."
                raise Unavailable("perhaps_done", detail)
            data = _arguments(message.body)
        except Problem as problem:
            self.reply(message, verb, problem)
            return
        except ValueError as error:
            self.reply(message, verb, Malformed("malformed", f"The request is not readable: {error}"))
            return
        began = time.perf_counter()

        def done(worker: Any, result: Any, exc_info: Any) -> tuple[None, None]:
            SECONDS.labels(self.host.name, verb).observe(time.perf_counter() - began)
            self.reply(message, verb, result if exc_info is None else UNEXPECTED)
            return None, None

        self.container.spawn_worker(entrypoint, (context, data), {}, handle_result=done)

    def reply(self, message: Any, verb: str, result: Answer | Problem) -> None:
        """Send the reply, then the ack, on one channel: when the ack arrived so did the reply."""
        outcome = "ok" if isinstance(result, Answer) else result.code
        REQUESTS.labels(self.host.name, verb if verb in self._lines else "unknown", outcome).inc()
        if message.channel is not self.link.channel:
            return  # that connection is gone; the broker gives the request to somebody again: see ``take``
        try:
            self.link.answer(
                EXCHANGE,
                message.properties["reply_to"],
                _reply_body(result),
                content_type="application/json",
                content_encoding="utf-8",
                correlation_id=message.properties["correlation_id"],
                delivery_mode=1,
            )
        except LinkDown:
            return  # unacknowledged: given out again when the broker is back
        self.link.ack(message.channel, message.delivery_tag)


def _arguments(body: Any) -> dict[str, Any]:
    told = orjson.loads(body)
    data = told.get("kwargs") if isinstance(told, dict) else None
    if not isinstance(data, dict) or told.get("args"):
        raise Malformed("malformed", 'A request is {"args": [], "kwargs": {...}}.')
    return data


def _reply_body(result: Answer | Problem) -> bytes:
    if isinstance(result, Answer):
        replayed = b',"replayed":true' if result.replayed else b""
        return b'{"result":' + result.body + b',"error":null' + replayed + b"}"
    return orjson.dumps({"result": None, "error": result.as_data()})


class RpcEntrypoint(Entrypoint):
    """nameko's entrypoint of one RPC line."""

    def __init__(self, line: RpcLine, consumer: RpcConsumer) -> None:
        super().__init__()
        self.line, self.consumer = line, consumer

    def setup(self) -> None:
        self.consumer.register_provider(self)

    def stop(self) -> None:
        self.consumer.take_no_more()


# --- events ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One event on its way to its line."""

    message: Any
    entrypoint: EventEntrypoint
    told: dict[str, Any]
    kind: str
    exchange: str

    @property
    def subject(self) -> str:
        return str(self.told.get("subject") or "")


class EventConsumer(_Consumer):
    """Reads ``events-<service>``; one failing event never holds up the others.

    Events of one subject are worked on one after another, in their order of arrival: what a person does in one act
    arrives as several events, and a list of what happened must not swap them. A failing event loses its place.
    """

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.queue = host.topology.event_queue
        self._lines: dict[tuple[str, str], EventEntrypoint] = {}
        self._lanes: dict[str, deque[_Delivery]] = {}  # subject -> what waits behind the one being worked on

    def register_provider(self, provider: EventEntrypoint) -> None:
        self._lines[provider.line.source, provider.line.message.wire_name] = provider

    def take(self, message: Any) -> None:
        exchange, kind = self.host.origin(message)
        entrypoint = self._lines.get((exchange.removesuffix(".events"), kind))
        if entrypoint is None:
            # Perhaps a newer version beside us hears it: parked it can be replayed, and its binding is not ours to cut.
            self.park_aside(message, "unknown_event", f"nobody here hears {kind!r} of {exchange!r}")
            return
        try:
            told = orjson.loads(message.body)
            if not isinstance(told, dict):
                raise ValueError("not an object")
        except ValueError as error:
            self.park_aside(message, "unreadable", str(error))
            return
        delivery = _Delivery(message, entrypoint, told, kind, exchange)
        if delivery.subject in self._lanes:
            self._lanes[delivery.subject].append(delivery)
            return
        if delivery.subject:
            self._lanes[delivery.subject] = deque()
        self._begin(delivery)

    def _begin(self, delivery: _Delivery) -> None:
        def done(worker: Any, result: Any, exc_info: Any) -> tuple[None, None]:
            error = result if exc_info is None else exc_info[1]
            self._settle(delivery.message, delivery.kind, delivery.exchange, error)
            lane = self._lanes.get(delivery.subject)
            if lane:
                self._begin(lane.popleft())  # there is room: what waits is counted in the prefetch, not in the pool
            else:
                self._lanes.pop(delivery.subject, None)
            return None, None

        self.container.spawn_worker(delivery.entrypoint, (delivery.told,), {}, handle_result=done)

    def _settle(self, message: Any, kind: str, exchange: str, error: bool | Exception) -> None:
        try:
            if isinstance(error, Exception):
                self._failed(message, kind, exchange, error)
            else:
                EVENTS.labels(self.host.name, kind, "applied" if error else "repeated").inc()
            self.link.ack(message.channel, message.delivery_tag)
        except LinkDown:
            eventlet.sleep(1)
            self.link.give_back(message.channel, message.delivery_tag)
        except Exception:
            log.exception("an event could not be put aside")  # an exception here would end the process
            self._park(message, "unreadable", "see the log")

    def _failed(self, message: Any, kind: str, exchange: str, error: Exception) -> None:
        headers = dict(message.properties.get("application_headers") or {})
        if isinstance(error, Poison):
            self.host.park(message, "poison", str(error))
            EVENTS.labels(self.host.name, kind, "parked").inc()
            return
        away = isinstance(error, Unavailable) or (isinstance(error, Problem) and error.code == "busy")
        before = headers.get("x-tries", 0)
        # A database that is away is not the event's fault.
        tries = (before if isinstance(before, int) else 0) + (0 if away else 1)
        pauses = self.host.topology.pauses
        if tries > len(pauses):
            self.host.park(message, "failed", f"{type(error).__name__}: {error}")
            EVENTS.labels(self.host.name, kind, "parked").inc()
            return
        headers |= {"x-tries": tries, "x-exchange": exchange, "x-routing-key": kind}
        pause = pauses[0 if away else tries - 1]
        log.warning("an event failed and goes again", type=kind, tries=tries, seconds=pause, error=str(error)[:200])
        self.host.pass_to(self.host.topology.retry_key(pause), as_bytes(message.body), headers, message.properties)
        EVENTS.labels(self.host.name, kind, "retried").inc()


class EventEntrypoint(Entrypoint):
    """nameko's entrypoint of one event line."""

    def __init__(self, line: EventLine, consumer: EventConsumer) -> None:
        super().__init__()
        self.line, self.consumer = line, consumer

    def setup(self) -> None:
        self.consumer.register_provider(self)

    def stop(self) -> None:
        self.consumer.take_no_more()
