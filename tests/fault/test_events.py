"""No event is lost and none is applied twice, whoever dies."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import pytest

from services.chassis.ids import new_id
from tests.fault.bench import MANY, Bench, Wire
from tests.parts import Process, eventually

pytestmark = pytest.mark.fault
EVENTS, CHUNK, KILLS = 2000, 100, 5


def applied(bench: Bench, prefix: str) -> int:
    return sum(bench.rows_like("effects", prefix).values())


@pytest.mark.timeout(240)
def test_kill_9_in_the_middle_of_2000_events_loses_none_and_applies_none_twice(
    bench: Bench, wire: Wire, start: Callable[..., Process]
) -> None:
    processes = [start("worker"), start("worker")]
    prefix = new_id("flood")
    names = [f"{prefix} {number}" for number in range(EVENTS)]

    def write() -> None:
        for at in range(0, EVENTS, CHUNK):
            bench.tell(names[at : at + CHUNK])
            time.sleep(0.1)

    writer = threading.Thread(target=write)
    writer.start()
    chance = random.Random(7)
    for number in range(KILLS):
        goal = EVENTS * (number + 1) // (KILLS + 2) + chance.randrange(100)
        eventually(lambda goal=goal: applied(bench, prefix) >= goal, MANY, f"{goal} events applied")  # type: ignore[misc]
        victim = chance.choice(processes)
        victim.kill()
        victim.start(wait=False)  # as a supervisor would
    writer.join()
    eventually(lambda: applied(bench, prefix) >= EVENTS, MANY, "all events applied")
    for process in processes:
        process.wait_ready()
    eventually(lambda: bench.total("outbox") == 0, MANY, "the outbox is empty")
    eventually(lambda: wire.size("events-sample") == 0, MANY, "the queue is empty")
    for process in processes:
        process.stop()  # whatever was still in hand is done now
    assert bench.rows_like("effects", prefix) == dict.fromkeys(names, 1)


def test_an_event_delivered_again_is_not_applied_again(bench: Bench, wire: Wire, start: Callable[..., Process]) -> None:
    process = start("worker")
    queue = wire.channel.queue_declare("", exclusive=True).queue
    wire.channel.queue_bind(queue, "sample.events", "thing.added")
    name, later = new_id("again"), new_id("later")
    bench.tell([name])
    message = wire.take(queue)
    for _ in range(3):
        wire.put("sample.events", "thing.added", message.body, content_type="application/json")
    bench.tell([later])
    eventually(lambda: bench.count("effects", later) == 1, MANY)
    eventually(lambda: wire.size("events-sample") == 0, MANY)
    process.stop()
    assert bench.count("effects", name) == 1
