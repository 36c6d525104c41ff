"""The relay: outbox rows to the broker, confirmed, in order per subject, woken by NOTIFY with a timer as a net.

One relay works per database at a time (session advisory lock), so order needs no further care; another instance takes
over within a second when it dies. A row is deleted only after the broker confirmed its event, so an event is published
at least once; consumers drop what they have had (inbox).
"""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg2
import psycopg2.extensions
import structlog
from sqlalchemy.engine import make_url

from services.chassis.link import LinkDown, Publisher
from services.chassis.telemetry import PUBLISHED, UNROUTED
from services.chassis.unit_of_work import KEPT_ALIVE, SERVER_LIMITS

BATCH = 200
LOOK_EVERY_SECONDS = 1.0
HELD_SECONDS = 5.0
_RELAY_LOCK = 7_274_002

_TAKE = """SELECT id, event_id, type, subject, fleeting, body FROM outbox
    WHERE NOT (subject = ANY(%s)) ORDER BY id LIMIT %s"""

log = structlog.get_logger("relay")


class Relay:
    """Publishes one service's outbox to its exchange ``<service>.events``."""

    def __init__(self, database_url: str, amqp_url: str, *, service: str) -> None:
        url = make_url(database_url)
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._service = service
        self._publisher = Publisher(amqp_url, name=f"{service}-relay")
        self.stopping = False
        self._held: dict[str, float] = {}  # subject -> when to try again: events that no queue takes yet

    def run(self) -> None:
        """Work until ``stopping``; survives the loss of the database and of the broker."""
        self._publisher.start()
        pause = 0.2
        while not self.stopping:
            try:
                with _Session(self._dsn) as session:
                    pause = 0.2
                    self._work(session)
            except (psycopg2.Error, OSError) as error:
                log.warning("the relay lost its database", error=str(error).strip()[:200])
                time.sleep(pause)
                pause = min(2.0, pause * 2)
            except Exception:
                log.exception("the relay stumbled")
                time.sleep(1)

    def close(self) -> None:
        """Close the connection; set ``stopping`` first, and let ``run`` return after the batch in hand."""
        self._publisher.stop()

    def _work(self, session: _Session) -> None:
        while not self.stopping and not session.lock():
            time.sleep(LOOK_EVERY_SECONDS)  # another instance relays
        session.listen()
        while not self.stopping:
            if not self._publisher.ready:
                time.sleep(0.1)
                continue
            try:
                if self.pass_on(session) < BATCH:
                    session.wait(LOOK_EVERY_SECONDS)
            except LinkDown as error:
                log.warning("the broker did not take a batch; it goes again", error=str(error))
                time.sleep(0.5)

    def pass_on(self, session: _Session) -> int:
        """Publish one batch; returns how many rows it took."""
        now = time.monotonic()
        self._held = {subject: until for subject, until in self._held.items() if until > now}
        rows = session.rows(_TAKE, (list(self._held), BATCH))
        if not rows:
            return 0
        exchange = f"{self._service}.events"
        returned = self._publisher.publish([_message(exchange, row) for row in rows])
        done = [row[0] for row in rows if row[1] not in returned]
        session.run("DELETE FROM outbox WHERE id = ANY(%s)", (done,))
        PUBLISHED.labels(self._service).inc(len(done))
        self._hold([row for row in rows if row[1] in returned], now)
        return len(rows)

    def _hold(self, rows: list[Any], now: float) -> None:
        UNROUTED.labels(self._service).set(len(rows))
        for _, event_id, kind, subject, _, _ in rows:
            log.warning("no queue takes this event yet; it is kept", type=kind, event_id=event_id)
            self._held[subject] = now + HELD_SECONDS


def _message(exchange: str, row: Any) -> dict[str, Any]:
    _, event_id, kind, _, fleeting, body = row
    return {
        "exchange": exchange,
        "routing_key": kind,
        "body": bytes(body),
        "mandatory": not fleeting,
        "message_id": event_id,
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "delivery_mode": 1 if fleeting else 2,
    }


class _Session:
    """One database session of the relay: the lock, the ear (LISTEN) and the rows."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def __enter__(self) -> _Session:
        self._db = psycopg2.connect(
            self._dsn, connect_timeout=3, application_name="relay", options=SERVER_LIMITS, **KEPT_ALIVE
        )
        self._db.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def rows(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        with self._db.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())

    def run(self, query: str, values: tuple[Any, ...] = ()) -> None:
        with self._db.cursor() as cursor:
            cursor.execute(query, values)

    def lock(self) -> bool:
        return bool(self.rows("SELECT pg_try_advisory_lock(%s)", (_RELAY_LOCK,))[0][0])

    def listen(self) -> None:
        self.run("LISTEN outbox")

    def wait(self, seconds: float) -> None:
        """Return at a notification or after ``seconds`` (``select`` is green under eventlet)."""
        if not self._db.notifies:
            select.select([self._db], [], [], seconds)
            self._db.poll()
        self._db.notifies.clear()
