"""The workbench of the fault tests: ask the sample service, look into its database, put raw messages on the wire."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import amqp
import psycopg2
from amqp.method_framing import frame_writer

from deploy.local.ports import PortTakenError
from deploy.local.server import Server
from services.chassis.actor import Actor, Context
from services.chassis.ids import new_id
from services.chassis.problems import Problem, Unavailable
from services.chassis.rpc import Reply, RpcClient
from services.chassis.unit_of_work import envelope_of
from tests.parts import Parts, eventually
from tests.sample.words import ThingAdded

BACK_WITHIN = 5.0  # what we promise after a part came back
MANY = 60.0  # patience with a loaded machine, where time is not the promise


class Bench:
    """One caller and one look into the database of the sample service."""

    def __init__(self, parts: Parts, database: str, client: RpcClient) -> None:
        self.parts, self.database, self.client = parts, database, client

    def add(self, thing_id: str, *, key: str = "", user: str = "ann", timeout: float = 20.0, **ask: Any) -> Reply:
        """Ask for a thing; ``more`` in ``ask`` travels in the context."""
        context = Context(actor=Actor("user", user), key=key, more=ask.pop("more", {}))
        return self.client.call("sample", "add_thing", {"thing_id": thing_id, **ask}, context, timeout)

    def hide(self, thing_id: str, *, timeout: float = 20.0, **more: Any) -> Reply:
        """Ask for a thing by the request that heeds no key."""
        context = Context(actor=Actor("user", "ann"), key=thing_id, more=more)
        return self.client.call("sample", "hide_thing", {"thing_id": thing_id}, context, timeout)

    def echo(self, text: str = "hello", sleep_seconds: float = 0.0, timeout: float = 20.0, **more: Any) -> str:
        """Ask for an echo; what came back."""
        ask = {"text": text, "sleep_seconds": sleep_seconds, **more}
        return str(self.client.call("sample", "read_echo", ask, Context(), timeout).data["text"])

    def refusal(self, do: Callable[[], Any]) -> Problem:
        """The Problem that ``do`` raises; it must raise one."""
        try:
            answer = do()
        except Problem as problem:
            return problem
        raise AssertionError(f"this should have been refused: {answer!r}")

    def works(self) -> bool:
        """Whether an echo comes back right now, by way of the database."""
        try:
            return self.echo(sleep_seconds=0.001, timeout=1.0) == "hello"
        except Unavailable:
            return False

    def sql(self, statement: str) -> list[Any]:
        """Run a statement on the sample database."""
        return self.parts.sql(statement, self.database)

    def count(self, table: str, thing_id: str) -> int:
        """How many rows of ``things`` or ``effects`` this thing has."""
        return self.rows_like(table, thing_id).get(thing_id, 0)

    def total(self, table: str) -> int:
        """How many rows a table has."""
        return int(self.sql(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - our own names

    def rows_like(self, table: str, prefix: str) -> dict[str, int]:
        """How often each thing whose id begins so stands in a table."""
        where = f"thing_id LIKE '{prefix}%' GROUP BY thing_id"
        query = f"SELECT thing_id, count(*) FROM {table} WHERE {where}"  # noqa: S608 - our own names
        return {name: int(count) for name, count in self.sql(query)}

    def events_of(self, thing_id: str) -> int:
        """How many events about this thing still lie in the outbox."""
        return self.sql("SELECT subject FROM outbox").count((thing_id,))

    def tell(self, things: list[str], trouble: str = "", kind: str = ThingAdded.wire_name) -> None:
        """Put events about these things into the outbox, as one commit of the service would."""
        from datetime import UTC, datetime

        rows = []
        for name in things:
            event_id, body = envelope_of(ThingAdded(thing_id=name, trouble=trouble), Context(), datetime.now(UTC))
            rows.append((event_id, kind, name, False, psycopg2.Binary(body)))
        db = psycopg2.connect(self.database.replace("+psycopg2", ""))
        with db, db.cursor() as cursor:
            insert = "INSERT INTO outbox (event_id, type, subject, fleeting, body) VALUES (%s, %s, %s, %s, %s)"
            cursor.executemany(insert, rows)
            cursor.execute("SELECT pg_notify('outbox', '')")
        db.close()

    def sleeping(self) -> int:
        """How many queries sleep in the database right now."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
        return int(self.sql(query)[0][0])

    def round_trip(self) -> None:
        """A request and its event both come through; fails when that takes longer than we promise."""
        name = new_id("trip")
        end = time.monotonic() + BACK_WITHIN
        eventually(self.works, BACK_WITHIN, "an answer within the promised time")
        self.add(name, key=name)
        eventually(lambda: self.count("effects", name) == 1, max(0.5, end - time.monotonic()), "the event's effect")


def start_again(server: Server) -> None:
    """Start a server after its end; a killed one may hold its port for another moment."""

    def started() -> bool:
        try:
            server.start()
        except PortTakenError:
            return False
        return True

    eventually(started, MANY, f"{server.name} is started again")


@contextmanager
def side_by_side(do: Callable[[Any], Any], items: list[Any], threads: int = 10) -> Iterator[list[Any]]:
    """Begin ``do(item)`` for every item in threads; the futures. All have ended when the block ends."""
    with ThreadPoolExecutor(threads) as pool:
        yield [pool.submit(do, item) for item in items]


class Load:
    """Threads that call ``do(number)`` one after the other until told to end; what failed is kept."""

    def __init__(self, do: Callable[[str], Any], threads: int, pause: float = 0.0) -> None:
        self._do, self._pause, self._ended = do, pause, threading.Event()
        self.prefix = new_id("load")
        self.done: list[str] = []
        self.failed: list[tuple[str, Exception]] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def _run(self) -> None:
        while not self._ended.is_set():
            name = new_id(self.prefix)
            try:
                self._do(name)
                self.done.append(name)
            except Exception as error:  # counted by the test
                self.failed.append((name, error))
            time.sleep(self._pause)

    def wait_for(self, more: int) -> None:
        """Return when so many more calls have succeeded."""
        goal = len(self.done) + more
        eventually(lambda: len(self.done) >= goal or self.failed, MANY, f"{more} more answers")

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(MANY)


class Wire:
    """A plain AMQP connection for what our own client would never send."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        self.connection = amqp.Connection(
            f"{at.hostname}:{at.port}", at.username, at.password, virtual_host=at.path[1:], connect_timeout=5
        )
        self.connection.connect()
        self.channel = self.connection.channel()
        self.channel.auto_decode = False
        self.channel.confirm_select()
        self.reply_to = self.channel.queue_declare("", exclusive=True).queue
        self.channel.queue_bind(self.reply_to, "nameko-rpc", self.reply_to)

    def put(self, exchange: str, routing_key: str, body: Any, raw: bytes | None = None, **properties: Any) -> None:
        """Publish, confirmed. ``raw`` are the bytes of the properties as they go over the wire."""
        message = amqp.Message(body, **properties)
        if raw is not None:
            message._serialize_properties = lambda: raw
        self.channel.basic_publish_confirm(message, exchange, routing_key)

    def put_key(self, exchange: str, routing_key: bytes, body: bytes) -> None:
        """Publish with a routing key that need not be text."""
        marked = "#" * len(routing_key)
        transport = self.connection.transport
        plain = transport.write
        transport.write = lambda data: plain(bytes(data).replace(marked.encode(), routing_key))
        self.connection._frame_writer = frame_writer(self.connection, transport)
        self.put(exchange, marked, body)

    def take(self, queue: str, seconds: float = 10.0) -> Any:
        """The next message of a queue, acknowledged; fails when none comes."""
        return eventually(lambda: self.channel.basic_get(queue, no_ack=True), seconds, f"a message in {queue}")

    def size(self, queue: str) -> int:
        """How many messages a queue holds ready."""
        return int(self.channel.queue_declare(queue, passive=True).message_count)

    def empty(self, queue: str) -> None:
        """Throw away what a queue holds."""
        self.channel.queue_purge(queue)

    def close(self) -> None:
        """Close the connection, if the broker did not."""
        with suppress(OSError, amqp.AMQPError):
            self.connection.close()
