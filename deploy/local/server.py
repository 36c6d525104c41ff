"""What the servers have in common: prepare, start, probe, settle, stop - and the faults that tests inject."""

import signal
from abc import ABC, abstractmethod
from typing import Protocol

from deploy.local.home import Home, SetupError
from deploy.local.ports import Ports, require_free
from deploy.local.process import Child, Command, wait_until
from deploy.local.secrets import Secrets


class Progress(Protocol):
    """Whoever shows the user what happens."""

    def step(self, name: str, text: str) -> None:
        """`name` is doing `text` now."""

    def done(self, name: str, text: str) -> None:
        """`name` is ready."""


class Silent:
    """Shows nothing."""

    def step(self, name: str, text: str) -> None:
        return None

    def done(self, name: str, text: str) -> None:
        return None


class Server(ABC):
    """One server of the infrastructure, as one process group (`child`)."""

    name: str
    start_seconds = 60.0

    def __init__(self, home: Home, ports: Ports, secrets: Secrets) -> None:
        self.home = home
        self.ports = ports
        self.secrets = secrets
        self.child: Child | None = None

    @abstractmethod
    def listens(self) -> list[tuple[int, str]]:
        """(port, what it is for), for the message about a taken port."""

    @abstractmethod
    def prepare(self, progress: Progress) -> None:
        """Write folders and configuration. Blocks; raises SetupError."""

    @abstractmethod
    def command(self) -> Command:
        """What to run."""

    @abstractmethod
    def probe(self) -> bool:
        """Whether the server does its work right now; takes at most about a second."""

    def settle(self) -> None:  # noqa: B027 - most servers have nothing to settle
        """Create what must exist inside the server, once it is ready. May run many times."""

    def find(self) -> bool:
        """Adopt the server if another process of this checkout runs it already."""
        self.child = Child.find(self.command(), self.home)
        return self.child is not None

    def launch(self) -> Child:
        """Start the prepared server without waiting. Raises PortTakenError."""
        require_free(self.listens(), self.ports.base)
        self.child = Child.spawn(self.command(), self.home)
        return self.child

    def start(self) -> None:
        """Start the server again after `stop` or `kill`, and wait until it works."""
        self.launch()
        self.wait_ready()
        self.settle()

    def wait_ready(self, seconds: float | None = None) -> None:
        """Block until `probe` succeeds. Raises SetupError with the end of the log if it never does."""
        if not wait_until(lambda: self.probe() or not self.alive(), seconds or self.start_seconds, 0.1):
            raise self.failure("did not become ready")
        if not self.alive():
            raise self.failure("ended while starting")

    def alive(self) -> bool:
        return self.child is not None and self.child.alive()

    def ask_to_stop(self) -> None:
        """Begin the polite end; a process that another launcher owns is left alone."""
        if self.child is not None and self.child.ours:
            self.child.ask_to_stop()

    def stop(self, waited: float = 0.0) -> None:
        """End it: ask, wait for the grace (less the seconds `waited` since an earlier `ask_to_stop`), kill."""
        if self.child is not None and self.child.ours:
            self.child.stop(waited)
        self.child = None

    def kill(self) -> None:
        """kill -9 of the whole group, as a crash would."""
        if self.child is not None:
            self.child.bury()

    def suspend(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing answers."""
        if self.child is not None:
            self.child.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """End `suspend`."""
        if self.child is not None:
            self.child.signal(signal.SIGCONT)

    def failure(self, what: str) -> SetupError:
        """An error that shows the last lines of the server's log."""
        log = self.home.log / f"{self.name}.log"
        tail = log.read_text(errors="replace").splitlines()[-8:] if log.exists() else []
        return SetupError("\n  ".join([f"{self.name} {what}; the end of {log}:", *tail]))
