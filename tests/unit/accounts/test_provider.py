"""Providers that lead to ourselves: whatever a name means when it is looked up, the open connection is looked at."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from services.accounts import provider


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(5)
        yield made


@pytest.fixture
def strict() -> Iterator[None]:
    before = provider.insecure()
    provider.allow_insecure(False)
    yield
    provider.allow_insecure(before)


@pytest.mark.usefixtures("strict")
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
