"""The database driver stalls nobody, and no query runs or waits for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from services.chassis.actor import Context
from services.chassis.ids import new_id
from services.chassis.problems import Conflict, Unavailable
from tests.fault.bench import Bench, side_by_side
from tests.parts import Process, eventually

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module", autouse=True)
def service(start: Callable[..., Process]) -> Process:
    return start("rpc", CASEWORK_WORKERS="8")


def test_queries_that_sleep_do_so_side_by_side_and_others_are_answered_meanwhile(bench: Bench) -> None:
    began = time.monotonic()
    with side_by_side(lambda _: bench.echo(sleep_seconds=2), list(range(5))) as sleeping:
        eventually(lambda: bench.sleeping() == 5, 2)
        assert bench.echo("meanwhile") == "meanwhile"
        assert not any(future.done() for future in sleeping), "it was answered while they slept"
        assert [future.result() for future in sleeping] == ["hello"] * 5
    assert time.monotonic() - began < 5 * 2 * 0.7, "well below the sum of the sleeps"


def test_every_pooled_connection_has_its_limits(bench: Bench) -> None:
    def look(_: object) -> dict[str, str]:
        return bench.client.call("sample", "read_limits", {"sleep_seconds": 0.7}, Context(), 20).data

    with side_by_side(look, list(range(16)), 16) as futures:
        told = [future.result() for future in futures]
    assert len({limits.pop("backend") for limits in told}) >= 8
    want = {"statement_timeout": "5s", "lock_timeout": "3s", "idle_in_transaction_session_timeout": "10s"}
    assert all(limits == want for limits in told)


def test_a_query_that_takes_too_long_is_ended_by_the_server(bench: Bench) -> None:
    problem = bench.refusal(lambda: bench.echo(sleep_seconds=30, timeout=25))
    assert isinstance(problem, Unavailable)
    assert problem.code == "database_slow"
    assert bench.sleeping() == 0


def test_a_key_that_another_request_holds_for_long_is_a_conflict_and_not_a_wait_for_ever(bench: Bench) -> None:
    name = new_id("held")
    with side_by_side(lambda _: bench.add(name, key=name, sleep_seconds=4.5), [1]) as futures:
        eventually(lambda: bench.sleeping() == 1, 5)
        problem = bench.refusal(lambda: bench.add(name, key=name, sleep_seconds=4.5))
        assert isinstance(problem, Conflict)
        assert problem.code == "busy"
        assert futures[0].result().data == {"id": name, "count": 1}
