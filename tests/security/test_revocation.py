"""What ends, ends everywhere and at once, also for a gateway that did not hear of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.journeys.streams import EventStream
from tests.parts import Process, eventually
from tests.world import BrokerWorld, World

pytestmark = pytest.mark.journey
SECOND = 1.0
SPARE_PORT = 178  # beside those of tests/world.py


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("C")


def _sign_out(scene: Scene, person: Person) -> None:
    expect(person.http("DELETE", "/v1/sessions/current"), 204)


def _shut_out(scene: Scene, person: Person) -> None:
    expect(scene.team.cast.operator.patch(f"/v1/users/{person.id}", {"active": False}), 200)


def _remove(scene: Scene, person: Person) -> None:
    [place] = expect(scene.administrator.get(f"{scene.home.users}?q={person.user_name}"), 200)["data"]
    expect(scene.administrator.patch(f"{scene.path}/memberships/{place['id']}", {"active": False}), 200)


@pytest.mark.parametrize("end", [_sign_out, _shut_out, _remove])
def test_within_a_second_nothing_is_open_any_more(
    broker: BrokerWorld, scene: Scene, end: Callable[[Scene, Person], None]
) -> None:
    person = scene.home.person()
    case, here = scene.open(person)
    broker.settle(lambda: person.get(f"{here}/tree").status == 200)
    with EventStream(broker, person, scene.path) as stream:
        end(scene, person)
        began = time.monotonic()
        doors = (here, f"{here}/tree", f"{scene.path}/events")
        eventually(lambda: all(person.get(door).status in (401, 404) for door in doors), SECOND)
        with pytest.raises(AssertionError, match="the stream ended"):
            stream.wait("never", case)
        assert time.monotonic() - began < SECOND


def test_a_revoked_api_token_is_refused_although_it_was_believed(world: World, scene: Scene) -> None:
    me = scene.home.person()
    made = expect(me.post("/v1/me/api-tokens", {"name": "Clock", "scopes": ["cases:read"]}), 201)
    program = Person(world, me.id, me.user_name, me.email, made["token"])
    expect(program.get(f"{scene.path}/cases"), 200)
    expect(me.http("DELETE", f"/v1/me/api-tokens/{made['id']}"), 204)
    world.settle(lambda: program.get(f"{scene.path}/cases").status == 401)
    expect(me.get(f"{scene.path}/cases"), 200)


# --- a gateway that did not hear of it -------------------------------------------------------------------------------


@pytest.fixture
def second(broker: BrokerWorld) -> Iterator[Callable[[], str]]:
    """Starts another gateway process; its address."""
    first, port = broker.processes["gateway"], broker.stack.ports.base + SPARE_PORT
    environment = first.environment | {"CASEWORK_GATEWAY_PORT": str(port)}
    process = Process(first.argv, environment, name="world-gateway-2", health_port=0)
    process.health_port = port

    def start() -> str:
        process.start()
        return f"http://127.0.0.1:{port}"

    yield start
    process.stop()  # gently: a killed master leaves its worker on the port for a while


def _status(url: str, person: Person, method: str = "GET", path: str = "/v1/me") -> int:
    headers = {"Authorization": f"Bearer {person.token}"}
    return requests.request(method, url + path, headers=headers, timeout=15).status_code


def test_a_gateway_that_starts_later_knows_what_has_ended(
    broker: BrokerWorld, scene: Scene, second: Callable[[], str]
) -> None:
    gone, here = scene.home.person(), scene.home.person()
    expect(gone.http("DELETE", "/v1/sessions/current"), 204)
    url = second()  # its first answer to /readyz was yes
    assert _status(url, gone) == 401
    assert _status(url, here) == 200


def test_a_gateway_that_was_cut_off_opens_to_no_stale_token(
    broker: BrokerWorld, scene: Scene, second: Callable[[], str], parts: Any
) -> None:
    gone, here = scene.home.person(), scene.home.person()
    other = second()
    assert _status(broker.url, gone) == 200
    workers = _family(broker.processes["gateway"].pid)
    try:
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        broker.stack.rabbitmq.rabbitmqctl("close_all_connections", "--vhost", parts.vhost, "the gateway is cut off")
        eventually(lambda: _status(other, gone, "DELETE", "/v1/sessions/current") == 204, 20)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    told: list[int] = []

    def back() -> bool:
        told.append(_status(broker.url, gone))
        return _status(broker.url, here) == 200

    eventually(back, 20)
    assert set(told) <= {401, 503}, "a token of an ended session opened something"
    assert _status(broker.url, gone) == 401


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]
