"""One message = one unit of work = one transaction = one actor = one moment.

A unit of work gives a command its database, its clock and its outbox. What it guarantees:

- the reply exists only after the commit; a failing commit is an error and leaves no row and no event;
- an idempotency key has one effect: the key is claimed in the effect's own transaction, a second use of it waits for
  the first and gets the first one's stored answer;
- events are rows of the same transaction (outbox), so they exist if and only if the effect does;
- an event is applied once: its id is claimed (inbox) in the transaction of its effect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Executable,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    TextClause,
    create_engine,
    text,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.chassis.actor import SYSTEM, Actor, Context
from services.chassis.ids import new_id
from services.chassis.messages import Event, Request, secrets_of
from services.chassis.problems import Conflict, Invalid, PreconditionFailed, PreconditionRequired, Problem, Unavailable

# The server gives up by itself: a killed greenlet's query would otherwise run on (stack.md).
SERVER_LIMITS = "-c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=10000"
# Either side notices within half a minute that the other one is gone without a word; the server then frees its locks.
KEPT_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
SERVER_LIMITS += "".join(f" -c tcp_{name}={value}" for name, value in KEPT_ALIVE.items())
KEYS_KEPT = timedelta(hours=24)
FORGOTTEN_AT_ONCE = 5000  # so that locks stay short
LOCK_NOT_AVAILABLE, QUERY_CANCELED, SERIALIZATION, DEADLOCK = "55P03", "57014", "40001", "40P01"


def machinery_tables(metadata: MetaData) -> None:
    """Add the chassis' two tables to a service's metadata (and so to its migrations)."""
    Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(), primary_key=True),
        Column("event_id", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("fleeting", Boolean, nullable=False),
        Column("body", LargeBinary, nullable=False),
    )
    Table(
        "inbox",
        metadata,
        Column("key", Text, primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("reply", LargeBinary),
        Column("at", DateTime(timezone=True), nullable=False),
        Index("inbox_at", "at"),
    )


@dataclass(slots=True)
class UnitOfWork:
    """What a command or query works with. ``now`` is the only clock; ``db`` is the open connection. ``told_once``:
    fields of the reply that are secrets; the answer kept under an idempotency key says null instead."""

    db: Connection
    context: Context
    now: datetime
    events: list[Event] = field(default_factory=list)
    answered: tuple[str, bytes] | None = None  # the idempotency key and its answer, stored at the commit
    told_once: set[str] = field(default_factory=set)

    @property
    def actor(self) -> Actor:
        """Who is asking."""
        return self.context.actor

    def all(self, statement: Executable, values: Mapping[str, Any] | None = None) -> list[Row[Any]]:
        """Every row of a SELECT (or of a RETURNING)."""
        return list(self.db.execute(statement, values).all())

    def first(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Row[Any] | None:
        """The first row, or None."""
        return self.db.execute(statement, values).first()

    def run(self, statement: Executable, values: Mapping[str, Any] | list[dict[str, Any]] | None = None) -> int:
        """Execute a statement for its effect; returns the number of rows it touched."""
        return self.db.execute(statement, values).rowcount

    def record(self, event: Event) -> None:
        """Say that something happened. It is published if and only if this unit of work commits."""
        self.events.append(event)

    def must_match(self, version: int, *, demanded: bool = False) -> None:
        """Refuse a lost update: 412 when the caller read another version, 428 when it had to say one and did not."""
        expected = self.context.if_match
        if expected is None and demanded:
            raise PreconditionRequired("if_match_required", "Send If-Match with the ETag you read.")
        if expected is not None and expected != version:
            detail = "It was changed since you read it. Read it again, then repeat your change."
            raise PreconditionFailed("version_mismatch", detail, extra={"etag": f'"v{version}"'})


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as JSON bytes; ``replayed`` when the key had been used before."""

    body: bytes
    replayed: bool = False


class AlreadyApplied(Exception):
    """This event's effect was committed by an earlier delivery."""


class Work:
    """Makes units of work on one service's database. Thread- and greenlet-safe; one per process."""

    def __init__(self, url: str, *, name: str, workers: int = 10, clock: Callable[[], datetime] | None = None) -> None:
        self.engine: Engine = create_engine(
            url,
            pool_size=workers,
            max_overflow=0,
            pool_timeout=2,
            pool_use_lifo=True,
            connect_args={
                "options": SERVER_LIMITS,
                "application_name": name,
                "connect_timeout": 3,
                **KEPT_ALIVE,
            },
            query_cache_size=1000,
            json_deserializer=orjson.loads,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            isolation_level="AUTOCOMMIT",  # we say BEGIN and COMMIT ourselves, together with other statements
            pool_reset_on_return=None,
            hide_parameters=True,  # an error's text goes to logs: people's words and secrets do not
        )
        self._clock = clock or (lambda: datetime.now(UTC))

    @contextmanager
    def reading(self, context: Context) -> Iterator[UnitOfWork]:
        """A unit that changes nothing: no BEGIN and no COMMIT, two round trips cheaper. It may say that somebody
        looked: what it records is stored by one statement before the reply leaves."""
        with _told_plainly(), self.engine.connect() as db:
            unit = UnitOfWork(db, context, self._clock())
            yield unit
            if unit.events:
                db.execute(_ONLY_EVENTS, _outbox_rows(unit))

    @contextmanager
    def writing(self, context: Context = Context(actor=SYSTEM)) -> Iterator[UnitOfWork]:  # noqa: B008 - frozen
        """A transaction; on leaving it without an error, or with a Problem that ``commits``, the events are stored and
        all is committed."""
        with self._transaction(context, _BEGIN, {}) as (unit, _):
            yield unit

    @contextmanager
    def noting(self, context: Context = Context(actor=SYSTEM)) -> Iterator[UnitOfWork]:  # noqa: B008 - frozen
        """One statement that is a transaction by itself, and no event: a third of the round trips of ``writing``."""
        with _told_plainly(), self.engine.connect() as db:
            unit = UnitOfWork(db, context, self._clock())
            yield unit
            if unit.events:
                raise RuntimeError("events need a transaction: use writing()")

    def once(self, context: Context, fingerprint: bytes, do: Callable[[UnitOfWork], bytes]) -> Answer:
        """Run a command at most once for its idempotency key; without a key, simply run it.

        Raises Invalid 422 when the key was used with another body and Conflict 409 while the first use still runs.
        """
        if not context.key:
            with self.writing(context) as unit:
                return Answer(do(unit))
        key = _key_of(context)
        claim = {"key": key, "fingerprint": fingerprint, "at": self._clock()}
        with self._transaction(context, _BEGIN_AND_CLAIM, claim) as (unit, claimed):
            if not claimed:
                return _replay(unit, key, fingerprint)
            try:
                body = do(unit)
            except Problem as problem:
                if problem.commits:
                    unit.run(_UNCLAIM, {"key": key})  # a refusal is never kept as the key's answer
                raise
            unit.answered = (key, _without(body, unit.told_once) if unit.told_once else body)
            return Answer(body)

    def kept(self, context: Context, fingerprint: bytes) -> Answer | None:
        """The answer kept under the key of this request; None when there is none. Raises Invalid as ``once``."""
        if not context.key:
            return None
        with self.reading(context) as unit:
            found = unit.first(_FIND, {"key": _key_of(context)})
        return None if found is None or found.reply is None else _again(found, fingerprint)

    @contextmanager
    def applying(self, event_id: str, context: Context) -> Iterator[UnitOfWork]:
        """The transaction of an event's effect. Raises AlreadyApplied when it was committed before."""
        claim = {"key": event_id, "fingerprint": b"", "at": self._clock()}
        with self._transaction(context, _BEGIN_AND_CLAIM, claim) as (unit, claimed):
            if not claimed:
                raise AlreadyApplied(event_id)
            yield unit

    @contextmanager
    def _transaction(
        self, context: Context, opening: TextClause, values: dict[str, Any]
    ) -> Iterator[tuple[UnitOfWork, int]]:
        """One transaction around the block; ``opening`` is its BEGIN and, in the same round trip, perhaps more."""
        refusal: Problem | None = None
        with _told_plainly(), self.engine.connect() as db:
            unit = UnitOfWork(db, context, self._clock())
            try:
                opened = db.execute(opening, values).rowcount
                try:
                    yield unit, opened
                except Problem as problem:
                    if not problem.commits:
                        raise
                    refusal = problem
                _store_and_commit(unit)
            except BaseException:
                _roll_back(db)
                raise
        if refusal is not None:
            raise refusal

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def forget_keys(unit: UnitOfWork) -> bool:
    """A timer: drop a batch of the keys nobody may repeat any more; says whether there may be more."""
    return unit.run(_FORGET, {"at": unit.now - KEYS_KEPT, "most": FORGOTTEN_AT_ONCE}) == FORGOTTEN_AT_ONCE


def fingerprint_of(message: type[Request[Any]], data: dict[str, Any]) -> bytes:
    """Tells whether two requests under one key are the same request; passwords take no part, not even hashed."""
    secret = secrets_of(message)
    told = {name: value for name, value in data.items() if name not in secret} if secret else data
    return hashlib.sha256(message.wire_name.encode() + orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).digest()


def envelope_of(event: Event, context: Context, at: datetime) -> tuple[str, bytes]:
    """``(event id, wire bytes)``: CloudEvents' names around the event's own data."""
    event_id = new_id("evt")
    told = {
        "id": event_id,
        "type": event.wire_name,
        "version": event.version,
        "time": at,
        "subject": getattr(event, event.subject) if event.subject else "",
        "actor": context.actor.user_id,
        "request_id": context.request_id,
        "trace": context.trace,
        "data": event,
    }
    return event_id, orjson.dumps(told, option=orjson.OPT_UTC_Z)


_CLAIM = "INSERT INTO inbox (key, fingerprint, at) VALUES (:key, :fingerprint, :at) ON CONFLICT (key) DO NOTHING"
_UNCLAIM = text("DELETE FROM inbox WHERE key = :key")
_FIND = text("SELECT fingerprint, reply FROM inbox WHERE key = :key")
_FORGET = text("DELETE FROM inbox WHERE key IN (SELECT key FROM inbox WHERE at < :at ORDER BY at LIMIT :most)")
_ANSWER = "UPDATE inbox SET reply = :reply WHERE key = :key"
_EVENTS = """INSERT INTO outbox (event_id, type, subject, fleeting, body)
    SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:types AS text[]), CAST(:subjects AS text[]),
        CAST(:fleeting AS boolean[]), CAST(:bodies AS bytea[]))
    RETURNING pg_notify('outbox', '')"""
# BEGIN and COMMIT ride with the first and the last statement: every round trip saved is 0.1 to 0.3 ms of a request.
_BEGIN = text("BEGIN")
_BEGIN_AND_CLAIM = text(f"BEGIN; {_CLAIM}")
_ONLY_EVENTS = text(_EVENTS)
_COMMITS = {
    (False, False): text("COMMIT"),
    (True, False): text(f"{_ANSWER}; COMMIT"),
    (False, True): text(f"{_EVENTS}; COMMIT"),
    (True, True): text(f"WITH answered AS ({_ANSWER}) {_EVENTS}; COMMIT"),
}


def _store_and_commit(unit: UnitOfWork) -> None:
    """Write what the unit recorded and the answer of its key, and commit: one round trip."""
    driver: Any = unit.db.connection.dbapi_connection
    if driver.get_transaction_status() == TRANSACTION_STATUS_INERROR:  # COMMIT would roll back and call it a success
        raise RuntimeError("a failed statement was passed over; its transaction can only be rolled back")
    values: dict[str, Any] = {}
    if unit.answered is not None:
        values["key"], values["reply"] = unit.answered
    if unit.events:
        values |= _outbox_rows(unit)
    unit.db.execute(_COMMITS[unit.answered is not None, bool(unit.events)], values)


def _outbox_rows(unit: UnitOfWork) -> dict[str, Any]:
    """The values of ``_EVENTS`` for what the unit recorded."""
    told = [envelope_of(event, unit.context, unit.now) for event in unit.events]
    return {
        "ids": [event_id for event_id, _ in told],
        "types": [event.wire_name for event in unit.events],
        "subjects": [str(getattr(event, event.subject)) if event.subject else "" for event in unit.events],
        "fleeting": [event.fleeting for event in unit.events],
        "bodies": [body for _, body in told],
    }


def _roll_back(db: Connection) -> None:
    """End the transaction; a connection that cannot even do that must not go back to the pool."""
    if db.invalidated:
        return
    try:
        db.exec_driver_sql("ROLLBACK")
    except DBAPIError:
        db.invalidate()  # what went wrong first is what the caller hears
    except BaseException:
        db.invalidate()
        raise


def _without(body: bytes, names: Collection[str]) -> bytes:
    return orjson.dumps(orjson.loads(body) | dict.fromkeys(names))


def _replay(unit: UnitOfWork, key: str, fingerprint: bytes) -> Answer:
    row = unit.first(_FIND, {"key": key})
    if row is None or row.reply is None:
        raise Conflict("still_running", "The first request with this key is still running.", retry_after=1)
    return _again(row, fingerprint)


def _key_of(context: Context) -> str:
    return f"{context.actor.key} {context.key}"


def _again(row: Row[Any], fingerprint: bytes) -> Answer:
    if bytes(row.fingerprint) != fingerprint:
        detail = "This Idempotency-Key was used before with another body. Use a new key for a new request."
        raise Invalid("idempotency_key_reused", detail)
    return Answer(bytes(row.reply), replayed=True)


@contextmanager
def _told_plainly() -> Iterator[None]:
    """The database's troubles as Problems: busy rows are 409, a database that is away is 503."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("database_busy", "All database connections are in use.") from error
    except DBAPIError as error:
        code = getattr(error.orig, "pgcode", None)
        if code in (LOCK_NOT_AVAILABLE, SERIALIZATION, DEADLOCK):
            raise Conflict("busy", "Somebody else is changing this right now. Try again.", retry_after=1) from error
        if code == QUERY_CANCELED:
            raise Unavailable("database_slow", "The database took too long.") from error
        if error.connection_invalidated or (isinstance(error, OperationalError) and code is None) or _shutting(code):
            raise Unavailable("database_away", "The database is away for a moment.") from error
        if isinstance(error, IntegrityError):
            raise Conflict("conflict", "This does not fit what is already stored.") from error
        raise


def _shutting(code: str | None) -> bool:
    return code is not None and code.startswith(("57P", "08", "53"))  # shutdown, connection trouble, out of resources
