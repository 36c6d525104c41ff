"""What every test may use. The stack starts only when a test asks for it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from deploy.local.stack import Stack
from tests.parts import Parts, make_stack

pytest_plugins = ["tests.seed_marks", "tests.worlds"]


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
