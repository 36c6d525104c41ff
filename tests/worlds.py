"""A pytest plugin: a journey asks for ``world`` and runs twice, in memory through the real entrypoints and over the
real broker. Here, and not beside the journeys, so that all of a session share the two worlds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.cast import Cast
from tests.journeys.post import Post
from tests.parts import Parts
from tests.world import BrokerWorld, MemoryWorld, World, broker_world, memory_world


@pytest.fixture(scope="session", params=["memory", "broker"])
def world(request: pytest.FixtureRequest, parts: Parts) -> Iterator[World]:
    """The whole system, one way or the other."""
    make = memory_world if request.param == "memory" else broker_world
    with make(parts) as made:
        yield made


@pytest.fixture(scope="session")
def cast(world: World) -> Cast:
    """Founds teams, organizations and people in this world."""
    return Cast(world)


@pytest.fixture(scope="session")
def post(world: World) -> Post:
    """The mail of this world."""
    return Post(world)


@pytest.fixture
def broker(world: World) -> BrokerWorld:
    """The world over the real broker; in memory there is nothing to see for this journey."""
    if not isinstance(world, BrokerWorld):
        pytest.skip("only over the real broker")
    return world


@pytest.fixture
def memory(world: World) -> MemoryWorld:
    """The world in memory, where the clock can be set."""
    if not isinstance(world, MemoryWorld):
        pytest.skip("only in memory, where the clock can be set")
    return world
