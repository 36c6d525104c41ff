"""What every test may use. The stack starts only when a test asks for it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.local.stack import Stack
from tests.parts import Parts, make_stack

TESTS = Path(__file__).parent
pytest_plugins = ["tests.seed_marks", "tests.worlds"]

# The same examples in each run, and no deadline: neither luck nor a busy machine fails a change. Whoever looks for more
# asks for others: ``pytest --hypothesis-profile=search tests/unit``.
settings.register_profile("search", deadline=None)
settings.register_profile("ours", deadline=None, derandomize=True)
settings.load_profile("ours")

# ``make test`` runs two groups at a time (pytest-xdist): while the fault tests wait for something to break or to come
# back, the others work. Within a group the order stays, so each of the two worlds is built once.
GROUPS = {"fault": "fault", "journeys": "worlds", "security": "worlds", "load": "worlds"}


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put each test into the group of its folder."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        item.add_marker(pytest.mark.xdist_group(GROUPS.get(folder, "units")))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The session's own PostgreSQL, RabbitMQ, SeaweedFS and mail sink."""
    made = make_stack()
    made.start_infrastructure()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def parts(stack: Stack) -> Iterator[Parts]:
    """This run's own vhost and databases."""
    made = Parts(stack, f"{int(time.time()) % 1_000_000}{os.getpid() % 1000}")
    yield made
    made.close()
