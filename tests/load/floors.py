"""What the stack costs at the least, measured on the same machine in the same run.

(a) an echo through the broker: caller + broker + service; (b) the request's own SQL from a bare client: client +
PostgreSQL; (c) an empty Flask request in the same gunicorn. Nothing of Casework runs meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from deploy.local import programs
from deploy.local.home import SetupError
from deploy.local.process import Command
from deploy.local.session import program_command
from tests.load.measure import Cell, Target, Worker, one_run, worker
from tests.load.rig import Rig
from tests.load.statements import Captured
from tests.parts import Parts

SQL_WORKERS = 10  # a service's own number: so many requests of it are in the database at a time
ECHO = "x" * 400  # about the size of a request


@dataclass(frozen=True)
class Pace:
    """How long and how often."""

    warm: float
    seconds: float
    runs: int


@dataclass
class Floor:
    """The three floors of one scenario at one concurrency, in CPU milliseconds a request."""

    echo: float
    sql: float
    empty: float

    @property
    def total(self) -> float:
        """All three."""
        return self.echo + self.sql + self.empty


def cell(name: str, concurrency: int, load: Worker, target: Target, pace: Pace) -> Cell:
    """Warm up, then the runs."""
    load.run(pace.warm)
    target.settle()
    return Cell(name, concurrency, [one_run(load, target, pace.seconds) for _ in range(pace.runs)])


def with_client(measured: Cell) -> float:
    """CPU of the parts and of the client that called them: in the stack the client's place is inside the gateway
    (echo) and inside the service (SQL)."""
    return measured.middle(lambda run: run.stack_ms + run.generator_ms)[0]


class Floors:
    """Measures the floors; make it when the programs have been stopped."""

    def __init__(self, rig: Rig, pace: Pace, tell: Callable[[str, str], None]) -> None:
        self.rig, self.pace, self.tell = rig, pace, tell
        self.cells: dict[str, Cell] = {}

    def echo(self, concurrencies: list[int]) -> None:
        """Floor (a), called from gevent greenlets as in the gateway, and from plain threads for comparison."""
        parts = Parts(self.rig.stack, "bench")
        environment = {
            "CASEWORK_AMQP_URL": parts.amqp(),
            "CASEWORK_DATABASE_URL": parts.database("sample"),
            "CASEWORK_HEALTH_PORT": str(self.rig.stack.ports.health("cases")),
            "CASEWORK_LOG_LEVEL": "WARNING",
        }
        argv = (programs.argv("cases")[0], "-m", "tests.sample", "--role", "rpc")
        command = Command("sample", argv, programs.with_shell(environment), grace=25.0)
        try:
            with self._program(command, self.rig.stack.ports.health("cases"), "/readyz"):
                roots = self._roots("sample", "broker", "postgresql")
                for concurrency in concurrencies:
                    for kind, green in (("gevent", True), ("threads", False)):
                        self.tell("floor: echo", f"{kind}, {concurrency} at a time")
                        plan = {"url": parts.amqp(), "green": green, "concurrency": concurrency, "text": ECHO}
                        with worker("echo_client", plan) as load:
                            self._keep(cell(f"echo {kind}", concurrency, load, Target(roots), self.pace))
        finally:
            parts.close()

    def empty(self, concurrencies: list[int]) -> None:
        """Floor (c): the gateway's gunicorn with an application that does nothing."""
        stack = self.rig.stack
        made = program_command(stack, "gateway", 0)
        argv = (*made.argv[:-1], "tests.load.empty_app:create_app()")
        port = stack.ports.gateway
        with self._program(replace(made, name="empty", argv=argv), port, "/"):
            for concurrency in concurrencies:
                self.tell("floor: empty", f"{concurrency} at a time")
                request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n\r\n"
                plan = {"host": "127.0.0.1", "port": port, "expected": 200, "requests": [request]}
                with worker("generator", plan | {"concurrency": concurrency}) as load:
                    self._keep(cell("empty", concurrency, load, Target(self._roots("empty")), self.pace))

    def sql(self, scenario: str, captured: Captured, cases: list[str], concurrencies: list[int]) -> None:
        """Floor (b): the statements of one scenario, BEGIN and COMMIT included."""
        dsn = self.rig.stack.database_url("cases").replace("+psycopg2", "")
        for concurrency in concurrencies:
            self.tell("floor: SQL", f"{scenario}, {concurrency} at a time")
            plan = {"dsn": dsn, "statements": captured.template, "cases": cases if captured.rotates else []}
            with worker("replay", plan | {"concurrency": min(concurrency, SQL_WORKERS)}) as load:
                found = cell(f"sql {scenario}", concurrency, load, Target(self._roots("postgresql")), self.pace)
            if found.errors:
                raise SetupError(f"The replay of {scenario} failed: {found.errors}")
            self._keep(found)

    def of(self, scenario: str, concurrency: int) -> Floor:
        """The floor of one scenario."""
        found = self.cells
        empty = found[f"empty {concurrency}"].stack_ms
        echo, sql = found[f"echo gevent {concurrency}"], found[f"sql {scenario} {concurrency}"]
        return Floor(with_client(echo), with_client(sql), empty)

    def _keep(self, found: Cell) -> None:
        self.cells[f"{found.scenario} {found.concurrency}"] = found

    def _roots(self, *names: str) -> dict[str, int]:
        return {name: self.rig.roots[name] for name in names}

    @contextmanager
    def _program(self, command: Command, port: int, path: str) -> Iterator[None]:
        self.rig.start(command, port)
        try:
            self.rig.wait_ready(command.name, path)
            yield
        finally:
            self.rig.stop_programs()
