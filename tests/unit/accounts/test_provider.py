"""Providers that lead to ourselves: whatever a name means when it is looked up, the open connection is looked at."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from services.accounts import provider
from services.chassis.problems import Unavailable


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(5)
        yield made


@pytest.fixture
def insecure(request: pytest.FixtureRequest) -> Iterator[None]:
    before = provider.insecure()
    provider.allow_insecure(request.param)
    yield
    provider.allow_insecure(before)


@pytest.mark.parametrize("insecure", [False], indirect=True)
@pytest.mark.usefixtures("insecure")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "[::ffff:127.0.0.1]"])
def test_nothing_is_said_to_our_own_machine(listening: socket.socket, host: str) -> None:
    with pytest.raises(provider.Refused, match="our own"):
        provider._Line().ask(f"https://{host}:{listening.getsockname()[1]}/.well-known/openid-configuration")
    opened, _ = listening.accept()
    with opened:
        assert opened.recv(1) == b""


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1%eth0", "::1", "::", "224.0.0.1", "::ffff:7f00:1"])
def test_addresses_of_our_own(address: str) -> None:
    assert provider._is_ours(address)


def test_addresses_of_others() -> None:
    assert not any(map(provider._is_ours, ["192.0.2.1", "10.0.0.7", "2001:db8::1"]))


@pytest.mark.parametrize("insecure", [True], indirect=True)
@pytest.mark.usefixtures("insecure")
@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]
)
def test_who_speaks_a_byte_at_a_time_is_hung_up_on(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    def drip() -> None:
        opened, _ = listening.accept()
        with opened, suppress(OSError):
            opened.sendall(said)
            for _ in range(100):
                opened.sendall(b" ")
                time.sleep(0.1)

    dripping = threading.Thread(target=drip)
    dripping.start()
    monkeypatch.setattr(provider, "ALL_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(Unavailable, check=lambda problem: problem.code == "provider_away"):
        provider.authorization_endpoint(f"http://127.0.0.1:{listening.getsockname()[1]}")
    assert time.monotonic() - began < 3
    dripping.join(5)
    assert not dripping.is_alive()


@pytest.mark.parametrize("insecure", [True], indirect=True)
@pytest.mark.usefixtures("insecure")
def test_slow_providers_take_only_so_many_workers(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "ALL_SECONDS", 0.5)
    monkeypatch.setattr(provider, "_ROOM", threading.Semaphore(2))
    silent = f"http://127.0.0.1:{listening.getsockname()[1]}"

    def ask(_: int) -> str:
        with pytest.raises(Unavailable) as refused:
            provider.authorization_endpoint(silent)
        return refused.value.code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(ask, range(6))) == ["provider_away"] * 2 + ["provider_busy"] * 4
    assert ask(0) == "provider_away"
