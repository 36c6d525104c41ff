"""The real parts a test stands on: one private stack a session; a vhost, databases and a bucket a run; processes.

The servers live in ``build/test-stack`` and are stopped with the session. A developer who keeps
``CASEWORK_HOME=build/test-stack CASEWORK_PORT_BASE=9700 python -m deploy.local infra`` open saves the start each time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2

from deploy.local.ports import Ports
from deploy.local.stack import Stack

ROOT = Path(__file__).parent.parent
# With ``pytest -n 2`` each worker has a stack of its own; the first has the one of a run without workers.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
HOME = Path(os.environ.get("CASEWORK_TEST_HOME", f"{ROOT}/build/test-stack") + (f"-{WORKER}" if WORKER else ""))
PORT_BASE = int(os.environ.get("CASEWORK_TEST_PORT_BASE", "9700")) + 2000 * WORKER


def make_stack() -> Stack:
    """The session's stack, not started."""
    return Stack(HOME, Ports(PORT_BASE))


def eventually(check: Callable[[], Any], seconds: float = 10.0, what: str = "") -> Any:
    """The first true answer of ``check``; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {seconds} s: {what or check}; last answer {found!r}")
        time.sleep(0.02)


class Parts:
    """This run's own vhost and databases on the session's stack."""

    def __init__(self, stack: Stack, run: str) -> None:
        self.stack, self.run = stack, run
        self.vhost = f"run-{run}"
        stack.rabbitmq.declare_vhost(self.vhost)
        self._databases: list[str] = []

    def database(self, service: str) -> str:
        """A fresh database owned by the service's role (the superuser for ``sample``); its SQLAlchemy URL."""
        name = f"{service}_{self.run}"
        role = service if service != "sample" else "postgres"
        self.sql(f'DROP DATABASE IF EXISTS "{name}"')
        self.sql(f'CREATE DATABASE "{name}" OWNER "{role}"')
        self._databases.append(name)
        if service == "sample":
            return (
                self.stack.admin_dsn().replace("postgresql://", "postgresql+psycopg2://").rpartition("/")[0]
                + f"/{name}"
            )
        return self.stack.database_url(service, name)

    def amqp(self, user: str = "operator") -> str:
        """The broker address of a user in this run's vhost."""
        return self.stack.amqp_url(user, self.vhost)

    def sql(self, statement: str, url: str | None = None) -> list[Any]:
        """Run one statement (as superuser, outside a transaction); rows, if any."""
        dsn = (url or self.stack.admin_dsn()).replace("+psycopg2", "")
        db = psycopg2.connect(dsn)
        try:
            db.autocommit = True
            with db.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            db.close()

    def close(self) -> None:
        """Drop what this run made."""
        self.stack.rabbitmq.delete_vhost(self.vhost)
        for name in self._databases:
            self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Process:
    """One program of ours, started as the launcher would start it."""

    def __init__(self, argv: list[str], environment: dict[str, str], *, name: str, health_port: int) -> None:
        self.argv, self.name, self.health_port = argv, name, health_port
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("CASEWORK_", "SCALE_"))}
        port = {"CASEWORK_HEALTH_PORT": str(health_port)} if health_port else {}
        self.environment = {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environment, **port}
        logs = ROOT / "build" / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.log = logs / f"{name}.log"
        self.child: subprocess.Popen[bytes] | None = None

    def start(self, wait: bool = True) -> Process:
        """Start; returns when ``/readyz`` says 200."""
        with self.log.open("ab") as out:
            argv = [sys.executable, *self.argv]
            self.child = subprocess.Popen(argv, cwd=ROOT, env=self.environment, stdout=out, stderr=subprocess.STDOUT)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds: float = 30.0) -> None:
        """Fails with the log's end when the process dies or is not ready in time."""
        end = time.monotonic() + seconds
        while not self.ready():
            if not self.alive or time.monotonic() > end:
                raise AssertionError(f"{self.name} is not ready:\n{self.tail()}")
            time.sleep(0.05)

    def ready(self) -> bool:
        """What ``/readyz`` says right now."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    @property
    def alive(self) -> bool:
        """The process exists and has not ended."""
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.child is not None
        return self.child.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        if self.alive:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9, and wait for the end."""
        self.signal(signal.SIGKILL)
        if self.child:
            self.child.wait(10)

    def stop(self, seconds: float = 25.0) -> int:
        """SIGTERM; returns the exit code. Kills when it takes longer."""
        self.signal(signal.SIGTERM)
        assert self.child is not None
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop on SIGTERM:\n{self.tail()}") from None

    def tail(self, lines: int = 40) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
