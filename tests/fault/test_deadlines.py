"""Whatever the broker does, a caller hears something within its timeout, and nothing is done for nobody."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deploy.local.stack import Stack
from services.chassis.ids import new_id
from services.chassis.problems import Unavailable
from tests.fault.bench import BACK_WITHIN, MANY, Bench, side_by_side, start_again
from tests.parts import Process, eventually

pytestmark = pytest.mark.fault
TIMEOUT, GRACE = 1.0, 1.5  # the call's own, and how much later it may come back on a loaded machine


@pytest.fixture(scope="module", autouse=True)
def service(start: Callable[..., Process]) -> Process:
    return start(CASEWORK_WORKERS="4")


@contextmanager
def alarm(stack: Stack) -> Iterator[None]:
    """The broker's memory alarm."""
    stack.rabbitmq.rabbitmqctl("set_vm_memory_high_watermark", "0.000001")
    try:
        yield
    finally:
        stack.rabbitmq.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "512MiB")


@contextmanager
def frozen(stack: Stack) -> Iterator[None]:
    """The broker is there and says nothing."""
    stack.rabbitmq.suspend()
    try:
        yield
    finally:
        stack.rabbitmq.resume()


@contextmanager
def away(stack: Stack) -> Iterator[None]:
    """The broker died and is started again afterwards."""
    stack.rabbitmq.kill()
    try:
        yield
    finally:
        start_again(stack.rabbitmq)


@contextmanager
def stopped(stack: Stack) -> Iterator[None]:
    """The broker was stopped in good order and is started again afterwards."""
    stack.rabbitmq.stop()
    try:
        yield
    finally:
        start_again(stack.rabbitmq)


def all_refused_in_time(bench: Bench) -> None:
    """Thirty calls, ten at a time: each is Unavailable within its timeout."""

    def call(_: Any) -> float:
        began = time.monotonic()
        problem = bench.refusal(lambda: bench.add(new_id("never"), timeout=TIMEOUT))
        assert isinstance(problem, Unavailable)
        assert problem.retry_after
        return time.monotonic() - began

    with side_by_side(call, list(range(30))) as futures:
        took = [future.result() for future in futures]
    assert max(took) < TIMEOUT + GRACE


@pytest.mark.parametrize("trouble", [alarm, frozen, away, stopped], ids=lambda trouble: trouble.__name__)
def test_every_caller_hears_unavailable_within_its_timeout(bench: Bench, stack: Stack, trouble: Any) -> None:
    assert bench.works()
    with trouble(stack):
        all_refused_in_time(bench)
    eventually(bench.works, BACK_WITHIN, "it works again")
    bench.round_trip()


def test_a_request_in_hand_when_the_alarm_comes_is_answered_after_it(bench: Bench, stack: Stack) -> None:
    def ask(number: int) -> int:
        return int(bench.add(new_id("alarm"), sleep_seconds=3 + number / 2, timeout=30).data["count"])

    with side_by_side(ask, list(range(4)), 4) as futures:
        eventually(lambda: bench.sleeping() == 4, 2.5, "all four are in hand before the alarm")
        with alarm(stack):
            eventually(lambda: bench.sleeping() == 0, MANY)
        assert [future.result() for future in futures] == [1, 1, 1, 1]
    bench.round_trip()


def test_a_request_whose_deadline_passed_in_a_stopped_service_has_no_effect(bench: Bench, service: Process) -> None:
    names = [new_id("late") for _ in range(3)]
    service.signal(signal.SIGSTOP)
    try:
        for name in names:
            assert bench.refusal(lambda name=name: bench.add(name, timeout=0.3)).code == "no_answer_in_time"  # type: ignore[misc]
    finally:
        service.signal(signal.SIGCONT)
    eventually(bench.works, BACK_WITHIN)
    assert [bench.count("things", name) for name in names] == [0, 0, 0]


def test_a_request_whose_deadline_passed_in_the_queue_has_no_effect(bench: Bench, service: Process) -> None:
    service.stop()
    name = new_id("late")
    assert bench.refusal(lambda: bench.add(name, timeout=0.3)).code == "no_answer_in_time"
    service.start()
    assert bench.works()
    assert bench.count("things", name) == 0


def test_a_service_that_never_was_is_told_at_once(bench: Bench) -> None:
    from services.chassis.actor import Context

    began = time.monotonic()
    problem = bench.refusal(lambda: bench.client.call("nobody", "read_echo", {}, Context(), timeout=30))
    assert problem.code == "service_away"
    assert time.monotonic() - began < 10


def test_a_caller_whose_answer_can_no_longer_come_hears_it_at_once(bench: Bench, stack: Stack) -> None:
    with side_by_side(lambda _: bench.refusal(lambda: bench.echo(sleep_seconds=4, timeout=60)), [1]) as futures:
        eventually(lambda: bench.sleeping() == 1, MANY)
        with away(stack):
            assert futures[0].result(timeout=10).code == "broker_away"
    eventually(bench.works, BACK_WITHIN)
