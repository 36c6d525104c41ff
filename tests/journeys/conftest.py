"""A journey asks for ``world`` and runs twice: in memory through the real entrypoints, and over the real broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.cast import Cast
from tests.parts import Parts
from tests.world import World, broker_world, memory_world


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
