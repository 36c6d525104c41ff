"""`Stack`: the real servers below one state folder, for the launcher and for the tests alike.

stack = Stack(home=tmp_path, ports=Ports(9400))
stack.start_infrastructure()
engine = create_engine(stack.database_url("cases"))
stack.rabbitmq.kill(); stack.rabbitmq.start()
stack.stop()
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from deploy.local import programs
from deploy.local.home import CHECKOUT, Home
from deploy.local.mailserver import MailSink
from deploy.local.ports import Ports
from deploy.local.postgres import Postgres
from deploy.local.process import sweep, wait_until
from deploy.local.rabbitmq import VHOST, RabbitMQ
from deploy.local.seaweedfs import S3, SeaweedFS
from deploy.local.secrets import Secrets
from deploy.local.server import Progress, Server, Silent


class Stack:
    """One PostgreSQL, one RabbitMQ, one SeaweedFS and one mail sink; `home` is the state folder."""

    def __init__(self, home: Path, ports: Ports) -> None:
        self.home = Home(home.absolute()).ensure()
        self.ports = ports
        self.secrets = Secrets.of(self.home)
        self.rabbitmq = RabbitMQ(self.home, ports, self.secrets)
        self.seaweedfs = SeaweedFS(self.home, ports, self.secrets)
        self.mailsink = MailSink(self.home, ports, self.secrets)
        self.postgres = Postgres(self.home, ports, self.secrets)
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def servers(self) -> tuple[Server, ...]:
        """In the order of starting: the slowest first."""
        return (self.rabbitmq, self.seaweedfs, self.mailsink, self.postgres)

    def start_infrastructure(self, progress: Progress | None = None, wait_for: tuple[str, ...] = ()) -> None:
        """Start the servers side by side (about six seconds) and wait until each does its work.

        With `wait_for`, only until those do; whoever calls must see to the others (the launcher supervises them).

        A server that another process of this state folder runs is used as it is, and `stop` leaves it alone.
        Call it from a thread that lives as long as the stack. Raises SetupError (PortTakenError among them).
        """
        shown = progress or Silent()
        for name in sweep(self.home):
            shown.step(name, "cleared what a killed run left")
        self.guard()
        try:
            self._start([server for server in self.servers if not server.find()], shown, wait_for)
        except BaseException:
            self.stop()
            raise

    def _start(self, servers: list[Server], shown: Progress, wait_for: tuple[str, ...]) -> None:
        for server in servers:
            server.prepare(shown)
            shown.step(server.name, "starting")
            server.launch()
        waiting = [server for server in servers if not wait_for or server.name in wait_for]
        wait_until(lambda: not self._still_waiting(waiting, shown), max(s.start_seconds for s in self.servers), 0.1)
        for server in waiting:
            raise server.failure("did not become ready")

    @staticmethod
    def _still_waiting(waiting: list[Server], shown: Progress) -> list[Server]:
        for server in list(waiting):
            if not server.alive():
                raise server.failure("ended while starting")
            if server.probe():
                server.settle()
                shown.done(server.name, "ready")
                waiting.remove(server)
        return waiting

    def guard(self) -> None:
        """Start the process that clears our children should this process be killed. Harmless to repeat."""
        if self._guard is None or self._guard.poll() is not None:
            argv = [sys.executable, "-m", "deploy.local.guard", str(self.home.path), str(os.getpid())]
            self._guard = subprocess.Popen(
                argv,
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Stop what this process started, all at once: none of them needs another one to end well."""
        asked = time.monotonic()
        for server in self.servers:
            server.ask_to_stop()
        for server in reversed(self.servers):
            server.stop(time.monotonic() - asked)
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None

    def kill(self) -> None:
        """SIGKILL to everything that this process started; `stop` still has to follow."""
        for server in self.servers:
            if server.child is not None and server.child.ours:
                server.child.signal(signal.SIGKILL)

    @property
    def public_url(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self.ports.gateway}"

    @property
    def mail_api(self) -> str:
        """The mail sink's page; its JSON API is below `/api/messages`."""
        return f"http://127.0.0.1:{self.ports.mail_page}"

    @property
    def s3(self) -> S3:
        """Endpoint URL, keys and bucket of the object store."""
        return self.seaweedfs.s3

    def database_url(self, service: str, database: str | None = None) -> str:
        """An SQLAlchemy URL: a service's role in its own or in a test's database."""
        return self.postgres.url(service, database or service)

    def admin_dsn(self) -> str:
        """A libpq URL of the superuser."""
        return self.postgres.admin_dsn()

    def amqp_url(self, user: str, vhost: str = VHOST) -> str:
        """An AMQP URL for a service, `gateway`, `mailroom` or `operator`."""
        return self.rabbitmq.url(user, vhost)

    def environment(self, program: str, index: int = 0) -> dict[str, str]:
        """The variables of one program (see `programs.with_shell` for what a child process needs besides)."""
        return programs.environment(self, program, index)
