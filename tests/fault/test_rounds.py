"""Timers run in one instance at a time; an errand's item is carried again after a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fault.bench import MANY, Bench
from tests.parts import Process, eventually

pytestmark = pytest.mark.fault
OVERLAPS = """SELECT count(*) FROM ticks a JOIN ticks b
    ON a.id < b.id AND a.began_at < b.ended_at AND b.began_at < a.ended_at"""


def test_a_timer_runs_in_one_instance_at_a_time_and_goes_on_when_one_dies(
    bench: Bench, start: Callable[..., Process]
) -> None:
    processes = [start("worker", wait=False, CASEWORK_TICKING="yes") for _ in range(3)]
    for process in processes:
        process.wait_ready()
    eventually(lambda: bench.sql("SELECT count(*) > 25 AND count(DISTINCT pid) > 1 FROM ticks") == [(True,)], MANY)
    processes[0].kill()
    before = bench.total("ticks")
    eventually(lambda: bench.total("ticks") >= before + 10, MANY, "the others go on")
    for process in processes[1:]:
        process.stop()
    assert bench.sql(OVERLAPS) == [(0,)]


def test_an_errand_is_carried_again_after_a_crash_and_its_failure_is_written_down(
    bench: Bench, start: Callable[..., Process], tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    process = start("worker", CASEWORK_OUTSIDE=str(outside))
    bench.sql("INSERT INTO parcels (trouble) VALUES (''), ('raise'), ('crash'), ('')")
    eventually(lambda: not process.alive, MANY, "the crash in the outside world")
    process.start()
    done = "SELECT count(*) FROM parcels WHERE outcome IS NOT NULL"
    eventually(lambda: bench.sql(done) == [(4,)], MANY, "every parcel has an outcome")
    outcomes = [row[0] for row in bench.sql("SELECT outcome FROM parcels ORDER BY id")]
    assert outcomes == ["carried", "the outside world says no", "carried", "carried"]
    carried = outside.read_text().split()
    crashed = str(bench.sql("SELECT id FROM parcels WHERE trouble = 'crash'")[0][0])
    assert carried.count(crashed) == 2
    assert all(carried.count(parcel) == 1 for parcel in set(carried) - {crashed})
    process.stop()


def test_old_keys_are_forgotten_batch_after_batch_without_a_rest(bench: Bench, start: Callable[..., Process]) -> None:
    process = start("worker")
    process.stop()
    bench.sql(
        "INSERT INTO inbox (key, fingerprint, at) SELECT 'old ' || n, '', now() - interval '2 days'"
        " FROM generate_series(1, 12000) n"
    )
    process.start()
    old = "SELECT count(*) FROM inbox WHERE key LIKE 'old %'"
    eventually(lambda: bench.sql(old) == [(0,)], MANY, "three batches in one go")
    process.stop()
