"""What every test may use. The stack starts only when a test asks for it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from deploy.local.stack import Stack
from tests.parts import Parts, make_stack

pytest_plugins = ["tests.seed_marks", "tests.worlds"]

# The same examples in each run, and no deadline: neither luck nor a busy machine fails a change. Whoever looks for more
# asks for others: ``pytest --hypothesis-profile=search tests/unit``.
settings.register_profile("search", deadline=None)
settings.register_profile("ours", deadline=None, derandomize=True)
settings.load_profile("ours")

# ``make test`` runs two groups at a time (pytest-xdist): while the fault tests wait for something to break or to come
# back, the others work. Within a group the order stays, so each of the two worlds is built once.
GROUPS = {"fault": "fault", "journeys": "worlds", "security": "worlds", "load": "worlds"}


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]
    """Tests of one group go to one worker. (``--dist loadgroup`` does not: pytest 9.2 drops what it adds to names.)"""

    def _split_scope(self, nodeid: str) -> str:
        return GROUPS.get(nodeid.split("/")[1], "units")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    """For runs with ``-n``."""
    return ByFolder(config, log)


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
