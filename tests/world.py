"""Two worlds for one journey: in memory through the real entrypoints, and over the real broker with real processes.

Both use the real database, object store and mail sink. What the memory world leaves out is the broker and the
processes: its client calls the service's line directly, and ``settle`` carries the outboxes by hand. So a journey that
passes there and fails over the broker points at the chassis, and one that fails in both points at the business.
"""

from __future__ import annotations

import base64
import importlib
import os
import re
import smtplib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import text

from deploy.local.stack import Stack
from services.chassis.actor import SYSTEM, Context
from services.chassis.entrypoints import ErrandLine, EventLine, TimerLine, event_lines, lines_of, rpc_lines
from services.chassis.migrations import migrate
from services.chassis.problems import Unavailable
from services.chassis.rpc import Reply
from services.chassis.settings import load
from services.chassis.unit_of_work import Work
from services.contracts.notifications import TakeMail
from tests.costs import Costs
from tests.parts import Parts, Process, eventually

SERVICES = ("accounts", "cases", "files", "notifications")
_PORT_OFFSETS = {"accounts": 170, "cases": 171, "files": 172, "notifications": 173, "gateway": 174, "mailroom": 175}


class Answered(Protocol):
    """What a journey needs of an HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any: ...


class HttpAnswer:
    """Status, headers (lower-case names) and body of one answer."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers.items()}

    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


class World(Protocol):
    """Where a journey takes place."""

    kind: str
    stack: Stack

    def http(self, method: str, path: str, **more: Any) -> HttpAnswer: ...

    def settle(self, check: Callable[[], Any] | None = None) -> Any: ...

    def take_mail(self, sender: str, recipient: str, raw: bytes) -> str: ...


def environment(parts: Parts, program: str, databases: dict[str, str]) -> dict[str, str]:
    """The program's variables for this run: its own vhost, databases and bucket prefix."""
    found = parts.stack.environment(program)
    found["CASEWORK_AMQP_URL"] = parts.amqp(program)
    if program in databases:
        found["CASEWORK_DATABASE_URL"] = databases[program]
    base = parts.stack.ports.base
    found["CASEWORK_PUBLIC_URL"] = f"http://127.0.0.1:{base + _PORT_OFFSETS['gateway']}"
    if program == "accounts":
        found["CASEWORK_OIDC_INSECURE"] = "true"  # the providers of the tests speak http on this machine
    if program == "gateway":
        found |= {"CASEWORK_RATE_LIMIT": "0", "CASEWORK_ANONYMOUS_RATE_LIMIT": "0"}  # tests/unit/gateway proves them
        found["CASEWORK_GATEWAY_PORT"] = str(base + _PORT_OFFSETS["gateway"])
    if program == "mailroom":
        found["CASEWORK_MAILROOM_PORT"] = str(base + _PORT_OFFSETS["mailroom"])
    return found


# --- in memory -------------------------------------------------------------------------------------------------------


class MemoryClient:
    """The gateway's client without a broker: it calls the service's own lines."""

    ready = True

    def __init__(self) -> None:
        self.works: dict[str, Work] = {}
        self.lines: dict[str, dict[str, Any]] = {}
        self.services: dict[str, Any] = {}
        self.moment: datetime | None = None
        self.heard: Callable[[bytes], None] = lambda body: None
        self.costs = Costs()

    def now(self) -> datetime:
        """The services' clock; ``moment`` stops it."""
        return self.moment or datetime.now(UTC)

    def call(self, service: str, verb: str, data: dict[str, Any], context: Context, timeout: float = 5.0) -> Reply:
        """As RpcClient.call; data and context cross a JSON border, as they would on the wire."""
        line = self.lines.get(service, {}).get(verb)
        if line is None:
            raise Unavailable("service_away", f"The {service} service cannot be reached right now.")
        with self.costs.of(service, line):
            answer = line.answer(self.works[service], Context.load(context.dump()), orjson.loads(orjson.dumps(data)))
        return Reply(orjson.loads(answer.body), answer.replayed)

    def wait_ready(self, seconds: float) -> bool:
        """There is nothing to wait for."""
        return True

    def carry(self) -> int:
        """Deliver every outbox row to whoever hears it; returns how many rows there were."""
        carried = 0
        for source, work in self.works.items():
            with work.writing() as unit:
                rows: list[Any] = list(unit.all(text("DELETE FROM outbox RETURNING id, type, body")))
            for row in sorted(rows, key=lambda row: int(row[0])):
                kind, body = str(row[1]), bytes(row[2])
                carried += 1
                self.heard(body)
                for name, service in self.services.items():
                    line: EventLine | None = event_lines(service).get((source, kind))
                    if line is not None:
                        line.apply(self.works[name], orjson.loads(body))
        return carried

    def run_timers(self) -> None:
        """One round of the timers that run every second or so; what they leave behind is carried afterwards."""
        for name, service in self.services.items():
            for line in lines_of(service).values():
                if isinstance(line, TimerLine) and line.seconds <= 1:
                    with self.works[name].writing() as unit:
                        line.do(unit)

    def run_errands(self) -> int:
        """One round of every errand; returns how many items they carried."""
        return sum(
            line.once(self.works[name])
            for name, service in self.services.items()
            for line in lines_of(service).values()
            if isinstance(line, ErrandLine)
        )


class MemoryWorld:
    """The gateway's Flask application on top of the services' lines, all in this process."""

    kind = "memory"

    def __init__(self, stack: Stack, client: MemoryClient, app: Any) -> None:
        self.stack, self.client, self.app = stack, client, app

    def http(self, method: str, path: str, **more: Any) -> HttpAnswer:
        """One request through the whole Flask application."""
        files = more.pop("files", None)
        if files:  # encoded by the same library as over the wire: names are spelled the same way
            made = requests.Request("POST", "http://memory", files=files, data=more.pop("form", {})).prepare()
            more |= {"data": made.body, "content_type": made.headers["Content-Type"]}
        self.client.costs.last = []
        answer = self.app.test_client().open(path, method=method, **more)
        return HttpAnswer(answer.status_code, dict(answer.headers), answer.get_data())

    def settle(self, check: Callable[[], Any] | None = None) -> Any:
        """Let everything that was said arrive; then the answer of ``check``, which must be true."""
        self.client.run_timers()
        for _ in range(20):
            if not self.client.carry() + self.client.run_errands():
                break
        return eventually(check, 5) if check else None

    def run(self, service: str, timer: str, rounds: int = 1) -> None:
        """Rounds of a timer that runs too seldom to be waited for. One takes so many things and no more, and other
        journeys left theirs, too."""
        line = lines_of(self.client.services[service])[timer]
        assert isinstance(line, TimerLine)
        for _ in range(rounds):
            with self.client.works[service].writing() as unit:
                line.do(unit)

    def take_mail(self, sender: str, recipient: str, raw: bytes) -> str:
        """A mail arrives, as the mailroom would hand it over; what became of it."""
        ask = TakeMail(sender=sender, recipient=recipient, raw=base64.b64encode(raw).decode())
        context = Context(actor=SYSTEM, request_id="mailroom")
        return str(self.client.call("notifications", TakeMail.wire_name, ask.dump(), context).data["outcome"])

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Inside the block it is this moment for the services (tokens are still judged by the real one)."""
        self.client.moment = moment
        try:
            yield
        finally:
            self.client.moment = None


@contextmanager
def memory_world(parts: Parts) -> Iterator[MemoryWorld]:
    """Databases, lines and the application; nothing of it outlives the block."""
    databases = {service: parts.database(service) for service in SERVICES}
    client = MemoryClient()
    before = dict(os.environ)
    try:
        for name in SERVICES:
            os.environ.update(environment(parts, name, databases))
            service = importlib.import_module(f"services.{name}.service").Service
            migrate(name, databases[name])
            settings = load(service.settings)
            work = Work(databases[name], name=name, workers=10, clock=client.now)
            client.costs.listen(work.engine)
            client.works[name], client.lines[name], client.services[name] = work, rpc_lines(service), service
            if hasattr(service, "prepare"):
                service.prepare(work, settings)
        os.environ.update(environment(parts, "gateway", databases))
        gateway = importlib.import_module("gateway.app")
        app = gateway.create_app(client=client)
        client.heard = app.desk.hub.hear
        yield MemoryWorld(parts.stack, client, app)
    finally:
        for work in client.works.values():
            work.close()
        os.environ.clear()
        os.environ.update(before)


# --- over the broker -------------------------------------------------------------------------------------------------


class BrokerWorld:
    """Four service processes, the gateway and the mailroom, as in production."""

    kind = "broker"

    def __init__(self, stack: Stack, processes: dict[str, Process], url: str, mailroom: int) -> None:
        self.stack, self.processes, self.url, self.mailroom = stack, processes, url, mailroom
        self._session = requests.Session()
        self._session.mount("http://", HTTPAdapter(pool_maxsize=64))  # races ask fifty times at once

    def http(self, method: str, path: str, **more: Any) -> HttpAnswer:
        """One request over the wire."""
        more.setdefault("allow_redirects", False)
        form = more.pop("form", None)
        if form:
            more["data"] = form
        answer = self._session.request(method, self.url + path, timeout=15, **more)
        return HttpAnswer(answer.status_code, dict(answer.headers), answer.content)

    def settle(self, check: Callable[[], Any] | None = None) -> Any:
        """Wait until ``check`` is true: events need some milliseconds."""
        if check is None:
            time.sleep(0.2)
            return None
        return eventually(check, 30)  # a busy machine is no failure

    def take_mail(self, sender: str, recipient: str, raw: bytes) -> str:
        """A mail arrives by SMTP; what became of it, or the mailroom's refusal."""
        lines = re.sub(rb"\r?\n", b"\r\n", raw)  # smtplib sends bytes as they are
        with smtplib.SMTP("127.0.0.1", self.mailroom, timeout=15) as room:
            room.ehlo()
            for code, said in (room.mail(sender), room.rcpt(recipient), room.data(lines)):
                if code != 250:
                    return f"{code} {said.decode()}"
            return said.decode().split()[-1]


@contextmanager
def broker_world(parts: Parts) -> Iterator[BrokerWorld]:
    """Start every program on this run's vhost and databases; stop them at the end."""
    databases = {service: parts.database(service) for service in SERVICES}
    base = parts.stack.ports.base
    processes: dict[str, Process] = {}
    for name in SERVICES:
        argv = ["-m", f"services.{name}", "--role", "all"]
        processes[name] = Process(
            argv, environment(parts, name, databases), name=f"world-{name}", health_port=base + _PORT_OFFSETS[name]
        )
    gunicorn = ["-m", "gunicorn", "-c", "gateway/gunicorn.conf.py", "gateway.app:create_app()"]
    port = base + _PORT_OFFSETS["gateway"]
    gateway = environment(parts, "gateway", databases) | {"CASEWORK_HEALTH_PORT": "0"}
    processes["gateway"] = Process(gunicorn, gateway, name="world-gateway", health_port=0)
    processes["gateway"].health_port = port
    mail = environment(parts, "mailroom", databases) | {"CASEWORK_HEALTH_PORT": "0"}
    processes["mailroom"] = Process(["-m", "gateway.mailroom"], mail, name="world-mailroom", health_port=0)
    try:
        for process in processes.values():
            process.start(wait=False)
        for name in (*SERVICES, "gateway"):
            processes[name].wait_ready(120)
        eventually(lambda: _listens(base + _PORT_OFFSETS["mailroom"]), 60, "the mailroom listens")
        yield BrokerWorld(parts.stack, processes, f"http://127.0.0.1:{port}", base + _PORT_OFFSETS["mailroom"])
    finally:
        for process in processes.values():
            process.kill()


def _listens(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=2):
            return True
    except (OSError, smtplib.SMTPException):
        return False
