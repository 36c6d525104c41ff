"""Identifiers, offloading, and the count of the broker's confirms."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.chassis.ids import new_id
from services.chassis.link import LinkDown, Publisher
from services.chassis.offload import offload
from tests.parts import ROOT


def test_identifiers_sort_by_age_and_never_repeat() -> None:
    made = [new_id("kit") for _ in range(20_000)]
    assert made == sorted(made)
    with ThreadPoolExecutor(4) as pool:
        many = [name for names in pool.map(lambda _: [new_id("kit") for _ in range(5_000)], range(4)) for name in names]
    assert len(set(many + made)) == 40_000
    assert all(re.fullmatch(r"kit_[0-9a-hjkmnp-tv-z]{26}", name) for name in made)


def test_without_eventlet_heavy_work_runs_plainly() -> None:
    assert offload(lambda a, b: (a + b, threading.current_thread()), 1, 2) == (3, threading.current_thread())


def test_under_eventlet_heavy_work_stalls_nobody() -> None:
    program = """
import eventlet
eventlet.monkey_patch()
import time
from services.chassis.offload import offload
sleep = eventlet.patcher.original("time").sleep
beats = []
def beat():
    while True:
        beats.append(1)
        eventlet.sleep(0.02)
eventlet.spawn(beat)
eventlet.sleep(0)
assert offload(lambda: sleep(0.6) or "done") == "done"
assert len(beats) > 3, beats
def fail():
    raise ValueError("inside")
try:
    offload(fail)
except ValueError as error:
    assert str(error) == "inside"
else:
    raise AssertionError("the error was lost")
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, check=True, timeout=60)


def test_a_lane_does_one_thing_at_a_time_in_a_thread_of_its_own() -> None:
    program = """
import eventlet
eventlet.monkey_patch()
import gc, os, threading
from services.chassis.offload import Lane
sleep = eventlet.patcher.original("time").sleep
lane, seen, beats, present = Lane(1, niceness=5), [], [], []
own = os.getpriority(os.PRIO_PROCESS, 0)
def beat():
    while True:
        beats.append(1)
        eventlet.sleep(0.02)
def heavy(number):
    present.append(number)
    sleep(0.2)
    seen.append((threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0), list(present)))
    present.remove(number)
    return number
eventlet.spawn(beat)
eventlet.sleep(0)
assert list(eventlet.GreenPool().imap(lambda number: lane.run(heavy, number), range(3))) == [0, 1, 2]
assert len(beats) > 3, beats
assert {niceness for _, niceness, _ in seen} == {5} and len({thread for thread, _, _ in seen}) == 1, seen
assert threading.get_native_id() != seen[0][0] and os.getpriority(os.PRIO_PROCESS, 0) == own
assert all(len(others) == 1 for _, _, others in seen), seen
try:
    lane.run(lambda: 1 / 0)
except ZeroDivisionError:
    pass
else:
    raise AssertionError("the error was lost")
with eventlet.Timeout(0.05, False):  # who waits no longer leaves the lane in order
    lane.run(heavy, 3)
assert lane.run(heavy, 4) == 4
gc.collect()
assert len(os.listdir("/proc/self/fd")) < 20
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, check=True, timeout=60)


class FakeLink:
    """The broker's side of a publisher, as a script: what is confirmed after the last message was sent."""

    ready = True

    def __init__(self, publisher: Publisher, script: list[tuple[str, int, bool]]) -> None:
        self.publisher, self.script, self.channel, self.sent = publisher, script, object(), 0

    def wait_open(self, seconds: float) -> bool:
        return True

    def send(self, **message: Any) -> None:
        self.sent += 1
        while self.script and self.script[0][1] <= self.sent:
            what, tag, multiple = self.script.pop(0)
            (self.publisher._on_ack if what == "ack" else self.publisher._on_nack)(tag, multiple)


def publisher_on(script: list[tuple[str, int, bool]]) -> Publisher:
    made = Publisher("amqp://nowhere", name="test")
    made._link = FakeLink(made, script)  # type: ignore[assignment]
    return made


def test_confirms_that_overtake_each_other_are_counted_right() -> None:
    # 4 first, then "all up to 3", and again with the next batch: a mere count of them would wait for ever
    made = publisher_on([("ack", 4, False), ("ack", 3, True), ("ack", 6, False), ("ack", 5, False)])
    assert made.publish([{}] * 4, seconds=1) == set()
    assert made.publish([{}] * 2, seconds=1) == set()


@pytest.mark.parametrize(
    "script",
    [[], [("ack", 1, False)], [("ack", 2, False)], [("ack", 1, True)], [("ack", 1, False), ("nack", 2, False)]],
)
def test_a_batch_that_is_not_confirmed_whole_is_not_published(script: list[tuple[str, int, bool]]) -> None:
    with pytest.raises(LinkDown):
        publisher_on(script).publish([{}] * 2, seconds=0.2)
