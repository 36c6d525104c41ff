"""The relay keeps the order of a subject, keeps what nobody takes yet, and is replaced when it dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import orjson
import pytest

from deploy.local.stack import Stack
from services.chassis.ids import new_id
from tests.fault.bench import MANY, Bench, Wire, start_again
from tests.parts import Process, eventually

pytestmark = pytest.mark.fault
RELAYS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7274002 AND granted"


def first_seen(wire: Wire, queue: str, prefix: str, count: int) -> list[str]:
    """The ids of these things in the order in which they were first heard of."""
    seen: dict[str, None] = {}
    while len(seen) < count:
        name = orjson.loads(wire.take(queue, MANY).body)["data"]["thing_id"]
        if name.startswith(prefix):
            seen[name] = None
    return list(seen)


def test_events_of_one_subject_keep_their_order_even_when_the_relay_is_killed(
    bench: Bench, wire: Wire, start: Callable[..., Process]
) -> None:
    processes = [start("worker"), start("worker")]
    queue = wire.channel.queue_declare("", exclusive=True).queue
    wire.channel.queue_bind(queue, "sample.events", "thing.added")
    prefix = new_id("order")
    names = [f"{prefix} {number:04}" for number in range(1200)]

    def write() -> None:
        for at in range(0, len(names), 10):
            bench.tell(names[at : at + 10])

    writer = threading.Thread(target=write)
    writer.start()
    eventually(lambda: wire.size(queue) > 150, MANY)
    assert bench.sql(RELAYS) == [(1,)], "one relay at a time"
    processes[0].kill()  # the one that started first relays
    assert first_seen(wire, queue, prefix, len(names)) == names
    writer.join()
    assert bench.sql(RELAYS) == [(1,)]
    eventually(lambda: bench.total("outbox") == 0, MANY)
    processes[1].stop()


def test_what_the_broker_has_not_confirmed_stays_in_the_outbox(
    bench: Bench, stack: Stack, start: Callable[..., Process]
) -> None:
    process = start("worker")
    prefix = new_id("unconfirmed")
    names = [f"{prefix} {number}" for number in range(50)]
    stack.rabbitmq.suspend()
    try:
        bench.tell(names)
        time.sleep(1.5)  # the relay has written them to a broker that never reads them
        assert [bench.events_of(name) for name in names[:3]] == [1, 1, 1]
    finally:
        stack.rabbitmq.kill()
        start_again(stack.rabbitmq)
    eventually(lambda: bench.rows_like("effects", prefix) == dict.fromkeys(names, 1), MANY, "they are published again")
    process.stop()


def test_an_event_no_queue_takes_yet_is_kept_until_one_does_and_holds_up_nobody(
    bench: Bench, wire: Wire, start: Callable[..., Process]
) -> None:
    process = start("worker")
    kept, other = [new_id("kept") for _ in range(3)], new_id("other")
    bench.tell(kept, kind="thing.forgotten")
    bench.tell([other])
    eventually(lambda: bench.count("effects", other) == 1, MANY, "other events pass")
    assert [bench.events_of(name) for name in kept] == [1, 1, 1]
    queue = wire.channel.queue_declare("", exclusive=True).queue
    wire.channel.queue_bind(queue, "sample.events", "thing.forgotten")
    assert sorted(first_seen(wire, queue, "kept", 3)) == sorted(kept)
    eventually(lambda: [bench.events_of(name) for name in kept] == [0, 0, 0], MANY)
    process.stop()
