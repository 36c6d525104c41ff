"""The system under load: a stack of its own (``build/bench-stack``) with the programs as ``make run`` starts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import amqp
import psycopg2

from deploy.local import programs
from deploy.local.home import CHECKOUT, SetupError
from deploy.local.ports import SERVICES, Ports, require_free
from deploy.local.process import Child, Command, sweep, wait_until
from deploy.local.rabbitmq import VHOST
from deploy.local.server import Progress
from deploy.local.session import program_command, wipe
from deploy.local.stack import Stack

HOME = Path(os.environ.get("CASEWORK_BENCH_HOME", CHECKOUT / "build" / "bench-stack"))
PORT_BASE = int(os.environ.get("CASEWORK_BENCH_PORT_BASE", "10700"))
START_SECONDS = 60.0
UNLIMITED = {"CASEWORK_RATE_LIMIT": "0", "CASEWORK_ANONYMOUS_RATE_LIMIT": "0"}  # a few people ask for thousands
_HEARING = ("cases", "files", "notifications")  # accounts hears nobody


class Rig:
    """Starts and stops everything that is measured."""

    def __init__(self, show: Progress) -> None:
        self.show = show
        self.stack = Stack(HOME, Ports(PORT_BASE))
        self.children: dict[str, Child] = {}
        self._ports: dict[str, int] = {}
        self._databases: dict[str, Any] = {}
        self._wire: Any = None

    @contextmanager
    def running(self) -> Iterator[Rig]:
        """An empty system while the block lasts: what an earlier bench left is thrown away first."""
        sweep(self.stack.home)
        wipe(self.stack)
        stack = self.stack = Stack(HOME, Ports(PORT_BASE))
        require_free([(stack.ports.gateway, "the API"), (stack.ports.mailroom, "inbound mail")], stack.ports.base)
        try:
            stack.start_infrastructure(self.show)
            yield self
        finally:
            self._hang_up()
            self.stop_programs()
            stack.stop()

    def start_programs(self, wrapped: dict[str, tuple[str, ...]] | None = None) -> None:
        """Start every program and wait until all are ready. ``wrapped`` programs run below these arguments."""
        for name in programs.PROGRAMS:
            for index in range(programs.instances(name)):
                command = program_command(self.stack, name, index)
                command = replace(command, environment={**command.environment, **UNLIMITED})
                if wrapped and name in wrapped:
                    command = replace(command, argv=(sys.executable, *wrapped[name], *command.argv[1:]))
                port = self.stack.ports.gateway if name == "gateway" else self.stack.ports.health(name, index)
                self.start(command, port if name != "mailroom" else 0)
        for name in list(self.children):
            self.wait_ready(name)

    def start(self, command: Command, port: int) -> Child:
        """Start one program; ``wait_ready`` asks this port (0: no question)."""
        self.show.step(command.name, "starting")
        child = self.children[command.name] = Child.spawn(command, self.stack.home)
        self._ports[command.name] = port
        return child

    def wait_ready(self, name: str, path: str = "/readyz") -> None:
        """Raises SetupError with the end of its log when a program does not come up."""
        child, port = self.children[name], self._ports[name]
        if port and not wait_until(lambda: not child.alive() or _answers(port, path), START_SECONDS):
            raise SetupError(f"{name} is not ready after {START_SECONDS:g} s:\n{self._log_end(name)}")
        if not child.alive():
            raise SetupError(f"{name} ended while starting:\n{self._log_end(name)}")
        self.show.done(name, "ready")

    def _log_end(self, name: str) -> str:
        lines = (self.stack.home.log / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-20:])

    def stop_programs(self) -> None:
        """Stop every program; the servers stay."""
        for child in self.children.values():
            child.ask_to_stop()
        for child in self.children.values():
            child.stop()
        self.children.clear()

    @property
    def servers(self) -> dict[str, int]:
        """Process ids of the servers by the name of their part."""
        names = {"rabbitmq": "broker", "postgres": "postgresql", "seaweedfs": "seaweedfs", "mailsink": "mail sink"}
        found = {names.get(one.name, one.name): one.child.pid for one in self.stack.servers if one.child is not None}
        mapper = self.stack.rabbitmq.mapper
        return found | ({"epmd": mapper.pid} if mapper is not None else {})

    @property
    def roots(self) -> dict[str, int]:
        """Process ids of all parts."""
        return {name: child.pid for name, child in self.children.items()} | self.servers

    def sql(self, database: str, statement: str) -> list[tuple[object, ...]]:
        """Run one statement as the superuser in a service's database."""
        if database not in self._databases:
            made = psycopg2.connect(self.stack.admin_dsn().rpartition("/")[0] + f"/{database}")
            made.autocommit = True
            self._databases[database] = made
        with self._databases[database].cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def backlog(self) -> dict[str, int]:
        """What is still to do after the requests were answered: events to send, events to hear, mails to send."""
        outbox = sum(int(str(self.sql(name, "SELECT count(*) FROM outbox")[0][0])) for name in SERVICES)
        mails = self.sql("notifications", "SELECT count(*) FROM mails WHERE next_try_at IS NOT NULL")
        return {"outbox": outbox, "events": self._queued(), "mails": int(str(mails[0][0]))}

    def settle(self, seconds: float) -> tuple[float, dict[str, int]]:
        """Wait until nothing is left to do; how long that took, and what was left when the patience ended."""
        began = time.monotonic()
        left = self.backlog()
        while any(left.values()) and time.monotonic() - began < seconds:
            time.sleep(0.25)
            left = self.backlog()
        waited = time.monotonic() - began
        return (waited if waited > 0.25 else 0.0), {name: count for name, count in left.items() if count}

    def _queued(self) -> int:
        if self._wire is None:
            at, secret = f"127.0.0.1:{self.stack.ports.rabbitmq}", self.stack.secrets.broker["operator"]
            self._wire = amqp.Connection(at, "operator", secret, virtual_host=VHOST)
            self._wire.connect()
        channel = self._wire.channel()
        try:
            return sum(channel.queue_declare(f"events-{name}", passive=True).message_count for name in _HEARING)
        finally:
            channel.close()

    def _hang_up(self) -> None:
        """Close what looked into the running system."""
        for database in self._databases.values():
            database.close()
        self._databases.clear()
        if self._wire is not None:
            self._wire.close()
            self._wire = None


def _answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def helper(module: str, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """A process of the bench itself, spoken to line by line."""
    argv = [sys.executable, "-m", f"tests.load.{module}", *arguments]
    shell = programs.with_shell(environment or {})
    return subprocess.Popen(argv, cwd=CHECKOUT, env=shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
