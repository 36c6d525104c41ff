"""The sample service as real processes on the real broker and database, and a client to call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from services.chassis.rpc import RpcClient
from tests.fault.bench import Bench, Wire
from tests.parts import Parts, Process


@pytest.fixture(scope="session")
def sample_database(parts: Parts) -> str:
    """The sample service's database."""
    return parts.database("sample")


@pytest.fixture(scope="module")
def start(parts: Parts, sample_database: str) -> Iterator[Callable[..., Process]]:
    """Start processes of the sample service; they end with the module."""
    made: list[Process] = []

    def begin(role: str = "all", *, wait: bool = True, **more: str) -> Process:
        port = parts.stack.ports.base + 160 + len(made)
        environment = {
            "CASEWORK_AMQP_URL": parts.amqp(),
            "CASEWORK_DATABASE_URL": sample_database,
            "CASEWORK_RETRY_PAUSES": "0.2,0.4,0.6,0.8",
            **more,
        }
        argv = ["-m", "tests.sample", "--role", role]
        process = Process(argv, environment, name=f"sample-{role}-{port}", health_port=port)
        assert not process.ready(), f"another process answers on port {port}"
        made.append(process)
        return process.start(wait)

    yield begin
    for process in made:
        process.kill()


@pytest.fixture(scope="module")
def client(parts: Parts) -> Iterator[RpcClient]:
    """A caller, like the gateway's."""
    made = RpcClient(parts.amqp(), name="test")
    assert made.wait_ready(10)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bench(parts: Parts, sample_database: str, client: RpcClient) -> Bench:
    """Ask the sample service and look into its database."""
    return Bench(parts, sample_database, client)


@pytest.fixture
def wire(parts: Parts) -> Iterator[Wire]:
    """A plain AMQP connection."""
    made = Wire(parts.amqp())
    yield made
    made.close()
