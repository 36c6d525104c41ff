"""The reply leaves after the commit, and an event exists if and only if its transaction was committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from services.chassis.ids import new_id
from services.chassis.problems import Conflict, Problem
from tests.fault.bench import MANY, Bench, Wire
from tests.parts import Process, eventually

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module", autouse=True)
def service(start: Callable[..., Process]) -> Process:
    return start()


@pytest.fixture
def heard(wire: Wire) -> Iterator[str]:
    """A queue that hears every event of the sample service."""
    queue = wire.channel.queue_declare("", exclusive=True).queue
    wire.channel.queue_bind(queue, "sample.events", "#")
    yield queue
    wire.channel.queue_delete(queue)


def subjects(wire: Wire, queue: str, last: str) -> list[str]:
    """The subjects of all events in the queue, up to the one about ``last``."""
    import orjson

    found: list[str] = []
    while not found or found[-1] != last:
        found.append(orjson.loads(wire.take(queue, MANY).body)["subject"])
    return found


def test_a_reply_is_never_seen_before_its_row(bench: Bench) -> None:
    db = psycopg2.connect(bench.database.replace("+psycopg2", ""))
    db.autocommit = True
    with db.cursor() as cursor:
        for _ in range(300):
            name = new_id("row")
            bench.add(name)
            cursor.execute("SELECT count(*) FROM things WHERE thing_id = %s", (name,))
            assert cursor.fetchone() == (1,), "the caller heard of it before it was committed"
    db.close()


def test_a_commit_that_fails_is_an_error_for_the_caller(bench: Bench) -> None:
    name = new_id("strict")
    problem = bench.refusal(lambda: bench.add(name, trouble="commit"))
    assert isinstance(problem, Conflict)
    assert bench.count("things", name) == 0
    assert bench.events_of(name) == 0


def test_a_commit_that_fails_leaves_its_key_free(bench: Bench) -> None:
    name = new_id("strict")
    for _ in range(2):  # the second one is not told the first one's answer
        assert bench.refusal(lambda: bench.add(name, trouble="commit", key=name)).code == "conflict"
    assert not [key for (key,) in bench.sql("SELECT key FROM inbox") if name in key]


@pytest.mark.parametrize("keyed", [False, True], ids=["without a key", "with a key"])
def test_a_transaction_that_can_only_roll_back_is_an_error_for_the_caller(bench: Bench, keyed: bool) -> None:
    name = new_id("swallow")
    assert bench.refusal(lambda: bench.add(name, trouble="swallow", key=name if keyed else "")).status == 500
    assert bench.count("things", name) == 0


def test_a_command_that_raises_says_nothing_of_its_inside(bench: Bench) -> None:
    problem = bench.refusal(lambda: bench.add(new_id("raise"), trouble="raise"))
    assert (type(problem), problem.status, problem.code) == (Problem, 500, "internal_error")
    assert "asked to fail" not in problem.detail


@pytest.mark.parametrize("keyed", [False, True], ids=["without a key", "with a key"])
def test_an_event_is_published_if_and_only_if_its_transaction_committed(
    bench: Bench, wire: Wire, heard: str, keyed: bool
) -> None:
    told: list[str] = []
    refused: list[str] = []
    for round_ in range(8):
        for trouble in ("raise", "commit", ""):
            name = new_id(f"told{round_}")
            ask: dict[str, Any] = {"trouble": trouble, "key": name if keyed else ""}
            if trouble:
                bench.refusal(lambda name=name, ask=ask: bench.add(name, **ask))  # type: ignore[misc]
                refused.append(name)
            else:
                bench.add(name, **ask)
                told.append(name)
    last = new_id("last")
    bench.add(last)
    assert subjects(wire, heard, last) == [*told, last]
    for name in told:
        eventually(lambda name=name: bench.count("effects", name) == 1, MANY)  # type: ignore[misc]
    eventually(lambda: bench.total("outbox") == 0, MANY)
    assert [bench.count("things", name) for name in refused] == [0] * len(refused)


def test_what_a_reader_records_is_stored_before_the_reply_and_never_without_one(
    bench: Bench, wire: Wire, heard: str
) -> None:
    db = psycopg2.connect(bench.database.replace("+psycopg2", ""))
    db.autocommit = True
    told = [new_id("seen") for _ in range(100)]
    with db.cursor() as cursor:
        cursor.execute("CREATE TABLE looked (thing_id text)")
        cursor.execute(
            "CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN IF NEW.subject LIKE 'unstorable%' THEN RAISE EXCEPTION 'full'; END IF; "
            "INSERT INTO looked VALUES (NEW.subject); RETURN NEW; END$$"
        )
        cursor.execute("CREATE TRIGGER look BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION look()")
        try:
            for name in told:
                assert bench.echo("hello", seen=name) == "hello"
                cursor.execute("SELECT count(*) FROM looked WHERE thing_id = %s", (name,))
                assert cursor.fetchone() == (1,), "the caller got its reply before it was stored that he looked"
            failed = new_id("seen")
            assert bench.refusal(lambda: bench.echo(seen=failed, trouble="raise")).status == 500
            assert bench.refusal(lambda: bench.echo(seen=new_id("unstorable"))).status == 500, (
                "no reply without its record"
            )
            cursor.execute("SELECT count(*) FROM looked")
            assert cursor.fetchone() == (len(told),)
        finally:
            cursor.execute("DROP TRIGGER look ON outbox; DROP FUNCTION look; DROP TABLE looked")
    db.close()
    assert subjects(wire, heard, told[-1]) == told
