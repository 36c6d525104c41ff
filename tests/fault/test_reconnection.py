"""The broker and the database may go and come: everything works again within five seconds, in the same processes."""

from __future__ import annotations

import time
from collections.abc import Callable

import orjson
import pytest

from deploy.local.server import Server
from deploy.local.stack import Stack
from services.chassis.ids import new_id
from services.chassis.problems import Conflict, Problem, Unavailable
from tests.fault.bench import BACK_WITHIN, MANY, Bench, Load, Wire, start_again
from tests.parts import Process, eventually

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module", autouse=True)
def processes(start: Callable[..., Process]) -> list[Process]:
    return [start("rpc"), start("worker")]


def end(server: Server, how: str) -> None:
    server.kill() if how == "kill -9" else server.stop()


@pytest.mark.parametrize("how", ["kill -9", "a clean stop"])
@pytest.mark.parametrize("part", ["broker", "database"])
def test_what_was_answered_stays_and_all_works_within_5_seconds_after_a_restart(
    bench: Bench, stack: Stack, processes: list[Process], part: str, how: str
) -> None:
    pids = [process.pid for process in processes]
    server = stack.rabbitmq if part == "broker" else stack.postgres

    def insist(name: str) -> None:
        """Ask until it is answered, always with the same key."""
        end = time.monotonic() + MANY
        while True:
            try:
                bench.add(name, key=name, timeout=2)
                return
            except (Unavailable, Conflict):
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    with Load(insist, threads=4, pause=0.05) as load:
        eventually(lambda: len(load.done) > 50, MANY)
        end(server, how)
        start_again(server)
        before = len(load.done)
        eventually(lambda: len(load.done) > before, BACK_WITHIN, "answers again within the promised time")
        bench.round_trip()
    assert load.failed == []
    eventually(lambda: set(load.done) <= set(bench.rows_like("effects", load.prefix)), MANY, "no event is lost")
    things, effects = bench.rows_like("things", load.prefix), bench.rows_like("effects", load.prefix)
    assert {name: things[name] for name in load.done} == dict.fromkeys(load.done, 1)
    assert {name: effects[name] for name in load.done} == dict.fromkeys(load.done, 1)
    assert all(process.alive for process in processes)
    assert [process.pid for process in processes] == pids


def test_while_the_database_is_away_every_caller_hears_that(
    bench: Bench, stack: Stack, processes: list[Process]
) -> None:
    stack.postgres.kill()
    try:
        eventually(lambda: not bench.works(), 5, "its last children notice")
        asks: list[Callable[[], object]] = [
            lambda: bench.echo(sleep_seconds=0.001),
            lambda: bench.add(new_id("away")),
        ] * 5
        told: list[Problem] = [bench.refusal(ask) for ask in asks]
        assert {(type(problem), problem.code) for problem in told} == {(Unavailable, "database_away")}
        assert not any(process.ready() for process in processes), "/readyz tells it too"
    finally:
        start_again(stack.postgres)
    bench.round_trip()
    eventually(lambda: all(process.ready() for process in processes), BACK_WITHIN)
    assert all(process.alive for process in processes)


def test_an_event_waits_for_the_database_and_is_not_parked(
    bench: Bench, stack: Stack, processes: list[Process]
) -> None:
    """The default pauses of this process sum to two seconds; the database is away for longer."""
    wire = Wire(bench.parts.amqp())
    name = new_id("waits")
    told = {"id": name, "type": "thing.added", "version": 1, "data": {"thing_id": name}}
    stack.postgres.stop()
    try:
        wire.put("sample.events", "thing.added", orjson.dumps(told), content_type="application/json")
        time.sleep(4)
    finally:
        start_again(stack.postgres)
    eventually(lambda: bench.count("effects", name) == 1, MANY, "it is applied")
    assert wire.size("parked-sample") == 0
    wire.close()
