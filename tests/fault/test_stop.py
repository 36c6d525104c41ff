"""SIGTERM ends a process in good order: what was begun is finished, what was not is done by somebody else."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from deploy.local.stack import Stack
from services.chassis.ids import new_id
from tests.fault.bench import MANY, Bench, Load, Wire, side_by_side, start_again
from tests.parts import Process, eventually

pytestmark = pytest.mark.fault


def test_sigterm_to_one_of_two_under_load_fails_nothing_and_does_nothing_twice(
    bench: Bench, start: Callable[..., Process]
) -> None:
    staying, going = start(), start()
    with Load(bench.add, threads=8) as load:
        for _ in range(3):
            load.wait_for(150)
            assert going.stop() == 0
            load.wait_for(50)
            going.start()
    assert load.failed == []
    eventually(lambda: set(load.done) <= set(bench.rows_like("effects", load.prefix)), MANY, "every event is applied")
    assert staying.stop() == 0
    assert going.stop() == 0
    assert bench.rows_like("things", load.prefix) == dict.fromkeys(load.done, 1)
    assert bench.rows_like("effects", load.prefix) == dict.fromkeys(load.done, 1)


def test_a_request_in_hand_is_finished_and_answered_before_the_end(bench: Bench, start: Callable[..., Process]) -> None:
    process = start("rpc")
    names = [new_id("hand") for _ in range(4)]
    with side_by_side(lambda name: bench.add(name, sleep_seconds=2), names) as futures:
        eventually(lambda: bench.sleeping() == 4, MANY, "all four are in hand")
        assert process.stop() == 0
        assert [future.result().data["id"] for future in futures] == names
    assert [bench.count("things", name) for name in names] == [1, 1, 1, 1]


@pytest.mark.parametrize("role", ["rpc", "worker"])
def test_sigterm_while_the_broker_is_away_ends_the_process_within_its_stop_time(
    bench: Bench, stack: Stack, wire: Wire, start: Callable[..., Process], role: str
) -> None:
    process = start(role, CASEWORK_STOP_SECONDS="4")
    process.signal(signal.SIGSTOP)
    for _ in range(3):  # messages to park, which needs the broker
        wire.put("nameko-rpc", "sample.read_echo", b"{}")
        wire.put("sample.events", "thing.added", b'{"id": "evt_stop", "type": "thing.added", "version": 99}')
    time.sleep(0.5)  # they are in its socket by now
    stack.rabbitmq.kill()
    try:
        process.signal(signal.SIGCONT)
        time.sleep(1)
        began = time.monotonic()
        process.stop(seconds=20)
        assert time.monotonic() - began < 4 + 4, "its stop time, and the time to get there on a loaded machine"
    finally:
        start_again(stack.rabbitmq)
