"""A failing event is tried again with growing pauses, then parked for people, and never stands in anybody's way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import orjson
import pytest

from services.chassis.ids import new_id
from tests.fault.bench import MANY, Bench, Wire
from tests.parts import ROOT, Process, eventually

pytestmark = pytest.mark.fault


def tries_of(process: Process, name: str) -> list[dict[str, Any]]:
    """The log lines about the failed tries of one event."""
    lines = [line for line in process.log.read_bytes().splitlines() if name.encode() in line]
    told = [orjson.loads(line) for line in lines if line.startswith(b"{")]
    return [line for line in told if line["event"] == "an event failed and goes again"]


def parked(process: Process, what: str) -> list[dict[str, Any]]:
    """What ``python -m tests.sample parked <what>`` prints."""
    argv = [sys.executable, "-m", "tests.sample", "parked", what]
    done = subprocess.run(argv, cwd=ROOT, env=process.environment, capture_output=True, check=True, timeout=MANY)
    return [orjson.loads(line) for line in done.stdout.splitlines()]


def test_a_failing_event_is_tried_five_times_with_growing_pauses_then_parked_and_can_be_replayed(
    bench: Bench, wire: Wire, start: Callable[..., Process]
) -> None:
    process = start(CASEWORK_RETRY_PAUSES="0.2,0.4,0.6,0.8")
    name = new_id("gate")
    bench.add(name, trouble="gate")
    eventually(lambda: wire.size("parked-sample") == 1, MANY, "the event is parked")
    told = tries_of(process, name)
    assert [(line["tries"], line["seconds"]) for line in told] == [(1, 0.2), (2, 0.4), (3, 0.6), (4, 0.8)]
    at = [datetime.fromisoformat(line["timestamp"]) for line in told]
    waited = [(later - earlier).total_seconds() for earlier, later in pairwise(at)]
    assert all(seconds >= pause for seconds, pause in zip(waited, (0.2, 0.4, 0.6), strict=True)), waited
    assert bench.count("effects", name) == 0

    [line] = parked(process, "list")
    assert (line["reason"], line["exchange"], line["routing_key"]) == ("failed", "sample.events", "thing.added")
    assert f"asked to fail: {name}" in line["detail"]
    assert name in line["body"]
    assert wire.size("parked-sample") == 1, "looking changes nothing"

    bench.add(f"open {name}")
    assert parked(process, "replay") == [{"replay": 1}]
    eventually(lambda: bench.count("effects", name) == 1, MANY, "the replayed event is applied")
    assert wire.size("parked-sample") == 0
    process.stop()


def test_a_replayed_event_has_all_its_tries_again_and_can_be_dropped(
    bench: Bench, wire: Wire, start: Callable[..., Process]
) -> None:
    process = start(CASEWORK_RETRY_PAUSES="0.1,0.1,0.1,0.1")
    name = new_id("fail")
    bench.tell([name], trouble="fail")
    eventually(lambda: wire.size("parked-sample") == 1, MANY)
    parked(process, "replay")
    eventually(lambda: wire.size("parked-sample") == 1 and len(tries_of(process, name)) == 8, MANY, "four pauses more")
    assert parked(process, "drop") == [{"drop": 1}]
    assert parked(process, "list") == []
    process.stop()


def test_failing_events_never_hold_up_the_others(bench: Bench, start: Callable[..., Process], wire: Wire) -> None:
    process = start(CASEWORK_RETRY_PAUSES="5,0.1,0.1,0.1", CASEWORK_WORKERS="5")
    prefix = new_id("mixed")
    bad = [f"{prefix} bad {number}" for number in range(20)]
    good = [f"{prefix} good {number}" for number in range(20)]
    bench.tell(bad, trouble="fail")
    bench.tell(good)
    eventually(lambda: bench.rows_like("effects", prefix) == dict.fromkeys(good, 1), MANY, "the others are applied")
    assert not any(line["tries"] > 1 for name in bad for line in tries_of(process, name)), "they had to wait"
    eventually(lambda: wire.size("parked-sample") == len(bad), MANY, "each failing one is parked, none is lost")
    assert bench.rows_like("effects", prefix) == dict.fromkeys(good, 1)
    wire.empty("parked-sample")
    process.stop()
