"""A message that cannot be read harms nobody: it is refused or parked, counted, and the next one is handled."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from services.chassis.ids import new_id
from tests.fault.bench import MANY, Bench, Wire
from tests.fault.poisons import EVENTS, GOOD, REQUESTS, Poison
from tests.parts import Process, eventually

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module", autouse=True)
def service(start: Callable[..., Process]) -> Iterator[Process]:
    process = start(CASEWORK_RETRY_PAUSES="0.1,0.1,0.1,0.1")
    pid = process.pid
    yield process
    assert process.alive, "something killed it"
    assert process.pid == pid


@pytest.fixture(autouse=True)
def _nothing_parked(wire: Wire) -> None:
    wire.empty("parked-sample")


def headers_of(message: Any) -> dict[str, Any]:
    return dict(message.properties.get("application_headers") or {})


def counted(process: Process, name: str, *labels: str) -> float:
    """The sum of a counter's lines that hold all these labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{process.health_port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name) and all(it in line for it in labels))


def goes_well(bench: Bench) -> None:
    name = new_id("well")
    bench.add(name)
    eventually(lambda: bench.count("effects", name) == 1, MANY, "good messages are still handled")


@pytest.mark.parametrize("poison", REQUESTS, ids=lambda poison: poison.name)
def test_an_unreadable_request_is_refused_or_parked(bench: Bench, wire: Wire, poison: Poison, service: Process) -> None:
    properties = dict(poison.properties)
    if poison.answered:
        properties |= {"reply_to": wire.reply_to, "correlation_id": new_id("poison")}
    wire.put("nameko-rpc", poison.routing_key, poison.body, raw=poison.raw, **properties)
    if poison.answered:
        reply = wire.take(wire.reply_to)
        assert reply.properties["correlation_id"] == properties["correlation_id"]
        error = orjson.loads(reply.body)["error"]
        assert error["code"] == poison.becomes
        assert 400 <= error["status"] < 500
    else:
        message = wire.take("parked-sample")
        assert headers_of(message)["x-reason"] == poison.becomes
        assert message.body == poison.body
    assert bench.echo() == "hello"
    assert wire.size("rpc-sample") == 0
    assert service.alive


@pytest.mark.parametrize("poison", EVENTS, ids=lambda poison: poison.name)
def test_an_unreadable_event_is_parked(bench: Bench, wire: Wire, poison: Poison, service: Process) -> None:
    before = counted(service, "casework_parked_total", f'reason="{poison.becomes}"')
    wire.put("sample.events", poison.routing_key, poison.body, raw=poison.raw, **poison.properties)
    message = wire.take("parked-sample")
    assert headers_of(message)["x-reason"] == poison.becomes
    assert headers_of(message)["x-routing-key"] == poison.routing_key
    assert (message.body or b"") == poison.body
    eventually(lambda: counted(service, "casework_parked_total", f'reason="{poison.becomes}"') == before + 1, 5)
    assert wire.size("parked-sample") == 0, "parked once"
    assert bench.count("effects", "poison") == 0
    assert service.alive


def test_an_event_nobody_here_hears_is_parked(bench: Bench, wire: Wire) -> None:
    wire.put("", "events-sample", b'{"id": "evt_x", "type": "thing.gone", "version": 1, "data": {}}')
    assert headers_of(wire.take("parked-sample"))["x-reason"] == "unknown_event"
    goes_well(bench)


def test_an_event_cannot_pass_itself_off_as_another(bench: Bench, wire: Wire) -> None:
    claims = {"x-exchange": "sample.events", "x-routing-key": "thing.added"}
    wire.channel.queue_bind("events-sample", "sample.events", "thing.forged")
    wire.put("sample.events", "thing.forged", GOOD, application_headers=claims)
    parked = headers_of(wire.take("parked-sample"))
    assert (parked["x-reason"], parked["x-routing-key"]) == ("unknown_event", "thing.forged")
    wire.channel.queue_unbind("events-sample", "sample.events", "thing.forged")
    goes_well(bench)


def test_an_event_that_only_a_newer_version_hears_is_parked_and_goes_on_coming(bench: Bench, wire: Wire) -> None:
    wire.channel.queue_bind("events-sample", "sample.events", "thing.invented")
    for _ in range(2):  # the binding is the newer version's: the older one beside it must leave it alone
        wire.put("sample.events", "thing.invented", GOOD)
        assert headers_of(wire.take("parked-sample"))["x-reason"] == "unknown_event"
        goes_well(bench)
    wire.channel.queue_unbind("events-sample", "sample.events", "thing.invented")


@pytest.mark.parametrize(
    ("exchange", "key"), [("nameko-rpc", "sample."), ("sample.events", "")], ids=["request", "event"]
)
def test_a_routing_key_that_is_no_text_is_parked(bench: Bench, wire: Wire, exchange: str, key: str) -> None:
    wire.channel.queue_bind("events-sample", "sample.events", "#")
    wire.put_key(exchange, key.encode() + b"\xff\xfe", GOOD)
    assert headers_of(wire.take("parked-sample"))["x-reason"] in ("no_reply_to", "unknown_event")
    wire.channel.queue_unbind("events-sample", "sample.events", "#")
    goes_well(bench)


def test_a_flood_of_poison_is_all_counted_and_good_messages_pass(bench: Bench, wire: Wire, service: Process) -> None:
    prefix = new_id("flood")
    for number in range(300):
        wire.put("nameko-rpc", "sample.read_echo", b"\x00" * number)
        wire.put("sample.events", "thing.added", b"{" * number)
        if number % 30 == 0:
            bench.add(f"{prefix} {number}")
    eventually(lambda: wire.size("parked-sample") == 600, MANY, "every one of them is parked")
    eventually(lambda: len(bench.rows_like("effects", prefix)) == 10, MANY, "the good ones pass")
    assert service.alive
    wire.empty("parked-sample")
