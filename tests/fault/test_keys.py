"""One idempotency key has one effect, whatever happens to the first answer."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from services.chassis.ids import new_id
from services.chassis.problems import Conflict, Invalid, Unavailable
from services.chassis.rpc import Reply
from tests.fault.bench import MANY, Bench, side_by_side
from tests.parts import Process, eventually

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module", autouse=True)
def service(start: Callable[..., Process]) -> Process:
    return start()


def until_answered(bench: Bench, name: str, **ask: Any) -> Reply:
    """What a patient client does: the same request with the same key until there is an answer."""
    for _ in range(60):
        try:
            return bench.add(name, key=name, timeout=3, **ask)
        except (Conflict, Unavailable):
            continue
    raise AssertionError("never answered")


def test_a_key_used_again_gets_the_first_answer_and_has_no_second_effect(bench: Bench) -> None:
    name = new_id("seq")
    first = bench.add(name, key=name)
    again = [bench.add(name, key=name) for _ in range(3)]
    assert not first.replayed
    assert all(reply.replayed and reply.data == first.data for reply in again)
    assert bench.count("things", name) == 1
    eventually(lambda: bench.count("effects", name) == 1, MANY)


def test_fifty_at_once_with_one_key_have_one_effect_and_one_answer(bench: Bench) -> None:
    name = new_id("par")
    with side_by_side(lambda _: until_answered(bench, name, sleep_seconds=0.2), list(range(50)), 50) as futures:
        replies = [future.result() for future in futures]
    assert [reply.replayed for reply in replies].count(False) == 1
    assert {tuple(sorted(reply.data.items())) for reply in replies} == {(("count", 1), ("id", name))}
    assert bench.count("things", name) == 1


def test_a_key_used_with_another_body_is_refused(bench: Bench) -> None:
    name = new_id("body")
    bench.add(name, key=name)
    problem = bench.refusal(lambda: bench.add(f"other {name}", key=name))
    assert isinstance(problem, Invalid)
    assert problem.code == "idempotency_key_reused"
    assert bench.count("things", f"other {name}") == 0
    assert bench.add(name, key=name).replayed


def test_two_people_with_the_same_key_do_not_meet(bench: Bench) -> None:
    name = new_id("two")
    hers = bench.add(f"{name} hers", key=name, user="ann")
    his = bench.add(f"{name} his", key=name, user="bob")
    assert not hers.replayed
    assert not his.replayed
    assert his.data["id"] == f"{name} his"


def test_a_caller_that_gave_up_finds_its_answer_under_the_key(bench: Bench) -> None:
    name = new_id("gave-up")
    assert bench.refusal(lambda: bench.add(name, key=name, timeout=0.3, sleep_seconds=1)).code == "no_answer_in_time"
    reply = until_answered(bench, name, sleep_seconds=1)
    assert reply.replayed
    assert bench.count("things", name) == 1


def test_a_service_killed_between_commit_and_reply_has_done_it_once(bench: Bench, service: Process) -> None:
    name = new_id("killed")
    with side_by_side(lambda _: until_answered(bench, name, more={"die": True}), [1], 1) as futures:
        eventually(lambda: not service.alive, MANY, "the service dies after its commit")
        assert service.child is not None
        assert service.child.returncode == -signal.SIGKILL
        assert bench.count("things", name) == 1
        service.start()
        reply = futures[0].result()
    assert reply.replayed
    assert bench.count("things", name) == 1
    eventually(lambda: bench.count("effects", name) == 1, MANY)


def test_what_no_key_protects_is_not_done_again_after_a_kill(bench: Bench, service: Process) -> None:
    name = new_id("hidden")
    with side_by_side(lambda _: bench.refusal(lambda: bench.hide(name, timeout=MANY, die=True)), [1], 1) as futures:
        eventually(lambda: not service.alive, MANY, "the service dies after its commit")
        service.start()
        problem = futures[0].result()
    assert (problem.status, problem.code) == (503, "perhaps_done")
    assert bench.count("things", name) == 1
    bench.hide(name)
    assert bench.count("things", name) == 2
