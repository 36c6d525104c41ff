"""What a launcher tells other processes: who it is, and the state of each program (`run/launcher.json`)."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from deploy.local.home import Home, SetupError
from deploy.local.process import Identity, read_record, wait_until

Phase = Literal["starting", "running", "stopping", "failed"]


@dataclass
class Entry:
    """One program. `since` is in seconds since 1970."""

    name: str
    text: str = ""
    ready: bool = False
    pid: int = 0
    restarts: int = 0
    since: float = field(default_factory=time.time)


@dataclass
class Status:
    """The whole file."""

    launcher: Identity
    phase: Phase = "starting"
    text: str = ""
    programs: dict[str, Entry] = field(default_factory=dict)


def path_of(home: Home) -> Path:
    return home.run / "launcher.json"


def read(home: Home) -> Status | None:
    """The status of the last launcher, dead or alive; None if there was none."""
    try:
        found = json.loads(path_of(home).read_text())
    except (OSError, ValueError):
        return None
    programs = {name: Entry(**entry) for name, entry in found["programs"].items()}
    return Status(Identity(**found["launcher"]), found["phase"], found["text"], programs)


def running(home: Home) -> Status | None:
    """The status of a launcher that is alive."""
    found = read(home)
    return found if found is not None and found.launcher.alive() else None


def servers_alive(home: Home) -> list[str]:
    """Names of recorded processes that live, whoever started them."""
    entries = (read_record(path) for path in sorted(home.run.glob("*.process.json")))
    return [entry.name for entry in entries if entry is not None and entry.process.alive()]


@contextmanager
def only_launcher(home: Home) -> Iterator[None]:
    """Hold the lock of this state folder. Raises SetupError if another launcher has it.

    The kernel gives the lock back when its holder dies, however it dies.
    """
    with (home.run / "launcher.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SetupError("Casework is already running here; `python -m deploy.local status` shows it.") from error
        try:
            yield
        finally:
            found = read(home)
            if found is not None and found.launcher.pid == os.getpid() and found.phase != "failed":
                path_of(home).unlink(missing_ok=True)


class Reporter:
    """Keeps the status file up to date; speaks the `Progress` protocol, so servers report into it too."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.status = Status(Identity.of(os.getpid()))
        self._write()

    def phase(self, phase: Phase, text: str = "") -> None:
        self.status.phase, self.status.text = phase, text
        self._write()

    def step(self, name: str, text: str) -> None:
        self._change(name, text, ready=False)

    def done(self, name: str, text: str) -> None:
        self._change(name, text, ready=True)

    def process(self, name: str, pid: int, *, restarted: bool) -> None:
        """A program got a (new) process."""
        entry = self.status.programs.setdefault(name, Entry(name))
        entry.pid, entry.restarts = pid, entry.restarts + restarted
        self._write()

    def _change(self, name: str, text: str, *, ready: bool) -> None:
        entry = self.status.programs.setdefault(name, Entry(name))
        entry.text, entry.ready, entry.since = text, ready, time.time()
        self._write()

    def _write(self) -> None:
        fresh = path_of(self._home).with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self.status)))
        fresh.replace(path_of(self._home))


def wait_for_end(home: Home, seconds: float) -> bool:
    """Wait until no launcher of this state folder is alive."""
    return wait_until(lambda: running(home) is None, seconds, 0.1)
