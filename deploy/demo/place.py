"""Where the demo is played: the environment says it, or this checkout's own stack is found or started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from deploy.demo.failure import Failure

READY_SECONDS = 120.0
NEEDED = (
    "CASEWORK_URL",
    "CASEWORK_OPERATOR_NAME",
    "CASEWORK_OPERATOR_PASSWORD",
    "CASEWORK_SMTP_SINK_API",
    "CASEWORK_MAILROOM",
)


@dataclass(frozen=True)
class Place:
    """Everything the demo needs to know of the system."""

    url: str
    operator_name: str
    operator_password: str
    sink: str
    mailroom: str
    logins: Path | None


@contextmanager
def found() -> Iterator[Place]:
    """The place; a stack that was started for it is stopped afterwards, one that was found goes on."""
    if os.environ.get("CASEWORK_URL"):
        yield _of(os.environ)
        return
    from deploy.local import cli, programs, status

    stack = cli.stack()
    started = status.running(stack.home) is None
    if started:
        _local("up", "--no-demo")
    try:
        yield _of(programs.demo_environment(stack))
    finally:
        if started:
            _local("down")


def _of(given: Mapping[str, str]) -> Place:
    missing = [name for name in NEEDED if not given.get(name)]
    if missing:
        raise Failure(f"the environment has {', '.join(NEEDED)}", f"{', '.join(missing)} not set")
    path = given.get("CASEWORK_DEMO_LOGINS")
    url, operator, password, sink, mailroom = (given[name] for name in NEEDED)
    return Place(url, operator, password, sink, mailroom, Path(path) if path else None)


def _local(*words: str) -> None:
    """Start or stop this checkout's stack, as a person would; what it says goes to stderr."""
    argv = [sys.executable, "-m", "deploy.local", *words]
    done = subprocess.run(argv, stdout=sys.stderr, check=False)
    if done.returncode:
        raise Failure(f"`python -m deploy.local {' '.join(words)}` succeeds", f"exit code {done.returncode}")


def wait_ready(url: str) -> None:
    """Wait until the gateway and everything behind it is ready. Raises Failure with what is not."""
    end, told = time.monotonic() + READY_SECONDS, "no answer"
    while time.monotonic() < end:
        try:
            reply = requests.get(f"{url.rstrip('/')}/readyz", timeout=5)
            told = f"{reply.status_code} {reply.text[:500]}"
            if reply.status_code == 200:
                return
        except requests.RequestException as error:
            told = f"{type(error).__name__}: {error}"
        time.sleep(0.2)
    raise Failure(f"{url}/readyz says 200 within {READY_SECONDS:.0f} s", told)
