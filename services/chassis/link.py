"""One AMQP connection that stays alive: a reader, a writer and a watchdog, each a thread (a greenlet where the process
is patched by eventlet or gevent; plain threads elsewhere).

Why not kombu's own loops: a publish there reads the same socket that the consumer reads, blocks without limit while
the broker has an alarm, and gives up after a restart (stack.md). Here nobody but the writer writes and nobody but the
reader reads; who sends only queues bytes and so never waits for the broker.
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from amqp import spec
from amqp.basic_message import Message as AmqpMessage
from amqp.exceptions import AMQPError
from kombu.connection import Connection

from services.chassis.bearing import BearingChannel, bear

HEARTBEAT_SECONDS = 10
CONNECT_SECONDS = 3
PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)  # between tries to connect; well below the promised 5 s
QUEUE_LIMIT = 20_000  # frames waiting for a broker that does not read

log = structlog.get_logger("link")
bear()


class LinkDown(Exception):
    """The broker cannot be reached right now."""


class Link:
    """A kept connection with one channel.

    ``on_open(link)`` runs after every (re)connection, before anything is sent: declare and consume there.
    ``on_lost()`` runs when a connection ended: fail what waited for it.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        on_open: Callable[[Link], None] = lambda link: None,
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._url, self._name = url, name
        self._on_open, self._on_lost = on_open, on_lost
        self._stopping = False
        self._open = threading.Event()
        self._wake = threading.Event()
        self._queue: deque[Callable[[], None]] = deque()
        self._out = bytearray()
        self._connection: Any = None
        self._sock: Any = None  # kept here: asking a closed connection for its transport makes py-amqp connect again
        self.channel: Any = None
        self.blocked = False
        self._threads: list[threading.Thread] = []

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> Link:
        """Begin to connect (in the background); returns at once."""
        for role in (self._read_for_ever, self._write_for_ever, self._watch_for_ever):
            thread = threading.Thread(target=role, name=f"{self._name}-{role.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def wait_open(self, seconds: float) -> bool:
        """True once connected; False when that took longer than ``seconds``."""
        return self._open.wait(seconds)

    @property
    def ready(self) -> bool:
        """Connected, and the broker takes messages."""
        return self._open.is_set() and not self.blocked

    def stop(self, flush_seconds: float = 2.0) -> None:
        """Send what is queued, hear from the broker that it has it, then close. Never raises, never waits longer than
        ``flush_seconds``."""
        end = time.monotonic() + flush_seconds
        if flush_seconds:
            self._hear_it_out(flush_seconds)
        while self._open.is_set() and (self._queue or self._out) and time.monotonic() < end:
            self._wake.set()
            time.sleep(0.01)
        self._stopping = True
        self._wake.set()
        self._drop()

    # --- sending ------------------------------------------------------------------------------------------------------

    def send(self, exchange: str, routing_key: str, body: bytes, mandatory: bool = False, **properties: Any) -> None:
        """Queue one message. Raises LinkDown when there is no broker or it takes nothing (memory or disk alarm)."""
        if self.blocked or len(self._queue) > QUEUE_LIMIT:
            raise LinkDown("the broker takes no messages right now")
        self.answer(exchange, routing_key, body, mandatory, **properties)

    def answer(self, exchange: str, routing_key: str, body: bytes, mandatory: bool = False, **properties: Any) -> None:
        """The same for a reply: under an alarm it waits here, and the broker takes it afterwards. (Dropping it would
        leave its request unacknowledged on an open channel for ever.) There are never more than requests in hand."""
        if not self._open.is_set():
            raise LinkDown("the broker is away")
        message = AmqpMessage(body, **properties)
        channel = self.channel
        arguments = (0, exchange, routing_key, mandatory, False)
        self._post(lambda: channel.send_method(spec.Basic.Publish, "Bssbb", arguments, message))

    def ack(self, channel: Any, tag: int) -> None:
        """Acknowledge a delivery; one of an earlier connection is left alone (the broker has it again already)."""
        if channel is self.channel:
            self._post(lambda: channel.send_method(spec.Basic.Ack, "Lb", (tag, False)))

    def give_back(self, channel: Any, tag: int) -> None:
        """Hand a delivery back to its queue."""
        if channel is self.channel:
            self._post(lambda: channel.send_method(spec.Basic.Reject, "Lb", (tag, True)))

    def cancel(self, consumer_tag: str, seconds: float = 2.0) -> None:
        """Stop consuming; returns when the broker confirmed it, or after ``seconds``."""
        channel = self.channel
        if not self._open.is_set() or channel is None:
            return
        done = threading.Event()
        channel._callbacks[spec.Basic.CancelOk] = lambda *_: done.set()
        self._post(lambda: channel.send_method(spec.Basic.Cancel, "sb", (consumer_tag, False)))
        done.wait(seconds)

    def _hear_it_out(self, seconds: float) -> None:
        """Wait until the broker has done all that was sent: it answers in order. A socket that is closed while there is
        something unread in it is reset, and acknowledgements under way may be lost with it; their requests would be
        done twice."""
        channel = self.channel
        if not self._open.is_set() or channel is None or self.blocked:
            return
        done = threading.Event()
        channel._callbacks[spec.Basic.QosOk] = lambda *_: done.set()
        self._post(lambda: channel.send_method(spec.Basic.Qos, "lBb", (0, 1, False)))
        done.wait(seconds)

    def _post(self, write: Callable[[], None]) -> None:
        self._queue.append(write)
        self._wake.set()

    # --- the three roles ----------------------------------------------------------------------------------------------

    def _read_for_ever(self) -> None:
        tries = itertools.count()
        while not self._stopping:
            try:
                self._connect()
                tries = itertools.count()
                while not self._stopping:
                    self._connection.drain_events()
                    if self._out:  # an answer that py-amqp itself wants to give (close-ok and the like)
                        self._wake.set()
            except (OSError, AMQPError, EOFError) as error:
                self._tell("broker connection ended", error)
            except Exception as error:
                log.exception("broker connection failed", link=self._name, error=str(error))
            self._drop()
            if not self._stopping:
                time.sleep(PAUSES[min(next(tries), len(PAUSES) - 1)])

    def _write_for_ever(self) -> None:
        while not self._stopping:
            self._wake.wait()
            self._wake.clear()
            try:
                while self._queue or self._out:
                    sock = self._sock
                    if self._connection is None:
                        break
                    for _ in range(min(len(self._queue), 64)):
                        self._queue.popleft()()
                    waiting = self._out
                    out = bytes(waiting)
                    sock.sendall(out)
                    del waiting[: len(out)]  # only now: `stop` takes an empty buffer for "all is sent"
            except Exception as error:
                self._tell("writing to the broker failed", error)
                self._shut_socket()

    def _watch_for_ever(self) -> None:
        seen, since = -1, time.monotonic()
        beat = since
        while not self._stopping:
            time.sleep(1)
            connection = self._connection
            if connection is None:
                seen, since = -1, time.monotonic()
                continue
            if connection.bytes_recv != seen:
                seen, since = connection.bytes_recv, time.monotonic()
            elif time.monotonic() - since > 2 * HEARTBEAT_SECONDS:
                self._tell("the broker is silent", TimeoutError())
                self._shut_socket()
            if time.monotonic() - beat > HEARTBEAT_SECONDS / 2 - 1 and len(self._queue) < QUEUE_LIMIT:
                beat = time.monotonic()
                self._post(connection.send_heartbeat)

    # --- connecting ---------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        options = {"client_properties": {"connection_name": self._name}, "on_blocked": self._on_blocked}
        options["on_unblocked"] = self._on_unblocked
        made = Connection(  # type: ignore[no-untyped-call]
            self._url, heartbeat=HEARTBEAT_SECONDS, connect_timeout=CONNECT_SECONDS, transport_options=options
        )
        connection = made.transport.establish_connection()
        connection.Channel = BearingChannel
        sock = connection.transport.sock
        sock.settimeout(2 * CONNECT_SECONDS)  # a broker that falls silent while we declare must not hold us for ever
        # py-amqp asks for 7 bytes, then 4, then ...: 9 system calls a message; its buffer copes with more at once.
        connection.transport._quick_recv = lambda size: sock.recv(max(size, 65_536))
        self.channel = connection.channel()
        self.channel.auto_decode = False  # bodies stay bytes
        self.blocked = False
        self._on_open(self)
        sock.settimeout(None)
        self._queue.clear()
        self._out = bytearray()  # a new one, so that a late frame of the old connection goes nowhere
        connection.transport._write = self._out.extend
        self._sock, self._connection = sock, connection
        self._open.set()
        log.info("connected to the broker", link=self._name)

    def _on_blocked(self, reason: str) -> None:
        self.blocked = True
        log.warning("the broker takes no messages", link=self._name, reason=str(reason))

    def _on_unblocked(self, *_: Any) -> None:
        self.blocked = False
        log.info("the broker takes messages again", link=self._name)

    def _drop(self) -> None:
        was_open = self._open.is_set()
        self._open.clear()
        self._shut_socket()
        self._connection = None
        if was_open:
            self._on_lost()

    def _shut_socket(self) -> None:
        sock = self._sock
        if sock is not None:
            with suppress(OSError):  # it was closed already
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _tell(self, what: str, error: BaseException) -> None:
        if not self._stopping:
            log.warning(what, link=self._name, error=f"{type(error).__name__}: {error}"[:200])


class Publisher:
    """Publishes with confirms: returns only when the broker has every message. One batch at a time."""

    def __init__(self, url: str, *, name: str) -> None:
        self._lock = threading.Lock()
        self._settled = threading.Event()
        self._sent = 0
        self._unconfirmed: set[int] = set()
        self._refused = False
        self._returned: set[str] = set()
        self._link = Link(url, name=name, on_open=self._open, on_lost=self._settled.set)

    def start(self) -> Publisher:
        """Begin to connect."""
        self._link.start()
        return self

    def stop(self) -> None:
        """Close the connection."""
        self._link.stop()

    @property
    def ready(self) -> bool:
        """Connected, and the broker takes messages."""
        return self._link.ready

    def publish(self, messages: list[dict[str, Any]], seconds: float = 10.0) -> set[str]:
        """Publish all (each the keyword arguments of ``Link.send``) and wait for the broker's word.

        Returns the message ids that no queue took (only of mandatory ones). Raises LinkDown when the outcome is
        unknown: publish again later; consumers drop what they have had.
        """
        with self._lock:
            self._link.wait_open(min(2.0, seconds))
            link, channel = self._link, self._link.channel
            self._returned.clear()
            self._settled.clear()
            self._refused = False
            self._unconfirmed.clear()  # what an earlier batch waited for in vain is no concern of this one
            for message in messages:
                self._unconfirmed.add(self._sent + 1)
                link.send(**message)
                self._sent += 1
            end = time.monotonic() + seconds
            while self._unconfirmed and link.channel is channel and link.ready and time.monotonic() < end:
                self._settled.wait(0.5)
                self._settled.clear()
            if self._unconfirmed or self._refused or link.channel is not channel:
                raise LinkDown("the broker did not confirm")
            return set(self._returned)

    def _open(self, link: Link) -> None:
        self._sent = 0
        self._unconfirmed.clear()
        link.channel.confirm_select()
        link.channel.events["basic_ack"].add(self._on_ack)
        link.channel.events["basic_nack"].add(self._on_nack)
        link.channel.events["basic_return"].add(self._on_return)

    def _on_ack(self, tag: int, multiple: bool) -> None:
        # Confirms of one channel overtake each other: one of a returned message does not wait for those on disk.
        self._unconfirmed -= {it for it in list(self._unconfirmed) if it <= tag} if multiple else {tag}
        if not self._unconfirmed:
            self._settled.set()

    def _on_nack(self, tag: int, multiple: bool, *_: Any) -> None:
        self._refused = True
        self._on_ack(tag, multiple)

    def _on_return(self, error: Any, exchange: str, routing_key: str, message: Any) -> None:
        self._returned.add(str(message.properties.get("message_id", "")))
