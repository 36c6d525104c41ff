"""Child processes that cannot outlive us.

Three nets: the kernel signals each child when we die (PR_SET_PDEATHSIG, one generation only), a guard process clears
whole process groups when our pipe to it breaks (`guard.py`), and the next start sweeps what both have missed.
Children write straight into log files, so no child ever blocks on a reader of ours.
"""

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.home import CHECKOUT, Account, Home

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)  # loaded here: nothing may be imported between fork and exec


@dataclass(frozen=True)
class Command:
    """What to run. `grace` is in seconds; `orphan_signal` is what the kernel sends should we die first."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    stop_signal: int = signal.SIGTERM
    orphan_signal: int = signal.SIGKILL
    grace: float = 10.0


def started_at(pid: int) -> int | None:
    """The start time of a living process in clock ticks since boot; None for a dead one or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


@dataclass(frozen=True)
class Identity:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> "Identity":
        return cls(pid, started_at(pid) or 0)

    def alive(self) -> bool:
        return self.started != 0 and started_at(self.pid) == self.started


def _leash(orphan_signal: int) -> Callable[[], None]:
    parent = os.getpid()

    def fasten() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, orphan_signal, 0, 0, 0)
        if os.getppid() != parent:  # the parent died between fork and here
            os._exit(1)

    return fasten


class Child:
    """One running process (the leader of its own group), started by us or by another process of this checkout.

    Start children from a thread that lives as long as they do: the kernel's death signal follows the thread.
    """

    def __init__(
        self, command: Command, home: Home, identity: Identity, popen: "subprocess.Popen[bytes] | None"
    ) -> None:
        self.command = command
        self.identity = identity
        self._popen = popen
        self._record = record_path(home, command.name)

    @classmethod
    def spawn(cls, command: Command, home: Home) -> "Child":
        """Start the command with its output appended to `log/NAME.log`, and write its record."""
        account = command.account
        with (home.log / f"{command.name}.log").open("ab") as log:
            popen = subprocess.Popen(
                command.argv,
                env=dict(command.environment),
                cwd=CHECKOUT if account is None else "/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=_leash(command.orphan_signal),  # noqa: PLW1509 - it only calls the kernel
            )
        child = cls(command, home, Identity.of(popen.pid), popen)
        owner = Identity.of(os.getpid())
        entry = {
            "name": command.name,
            "pid": popen.pid,
            "started": child.identity.started,
            "owner": owner.pid,
            "owner_started": owner.started,
            "stop_signal": int(command.stop_signal),
        }
        fresh = child._record.with_suffix(".new")
        fresh.write_text(json.dumps(entry))
        fresh.replace(child._record)
        return child

    @classmethod
    def find(cls, command: Command, home: Home) -> "Child | None":
        """The process of this name that another process of this checkout keeps running, if any."""
        entry = read_record(record_path(home, command.name))
        if entry is None or not entry.process.alive() or not entry.owner.alive():
            return None
        return cls(command, home, entry.process, None)

    @property
    def pid(self) -> int:
        return self.identity.pid

    @property
    def ours(self) -> bool:
        """Whether this Python process started it (and so has to stop it)."""
        return self._popen is not None

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and for processes that are not ours."""
        return self._popen.poll() if self._popen else None

    def alive(self) -> bool:
        return self._popen.poll() is None if self._popen else self.identity.alive()

    def signal(self, number: int) -> None:
        """Send a signal to the whole group; silent when nobody is left."""
        _signal_group(self.pid, number)

    def ask_to_stop(self) -> None:
        """Send the stop signal to the leader only: it knows its own children best."""
        if self.alive():
            os.kill(self.pid, signal.SIGCONT)  # a stopped process would never read its SIGTERM
            os.kill(self.pid, self.command.stop_signal)

    def bury(self) -> None:
        """Kill what is left of the group, reap the leader, wait for its ports, forget the record."""
        _signal_group(self.pid, signal.SIGKILL)
        if self._popen:
            self._popen.wait()
        wait_until(lambda: not group_alive(self.pid), 5.0)
        self._record.unlink(missing_ok=True)

    def stop(self, waited: float = 0.0) -> None:
        """Ask, wait for the grace less `waited` seconds, then kill the group. Blocks."""
        if not waited:
            self.ask_to_stop()
        wait_until(lambda: not self.alive(), self.command.grace - waited)
        self.bury()


@dataclass(frozen=True)
class Record:
    """A line of the run folder: which process, started by whom."""

    name: str
    process: Identity
    owner: Identity
    stop_signal: int


def record_path(home: Home, name: str) -> Path:
    return home.run / f"{name}.process.json"


def read_record(path: Path) -> Record | None:
    """The record in a file; None if there is none."""
    try:
        entry = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return Record(
        entry["name"],
        Identity(entry["pid"], entry["started"]),
        Identity(entry["owner"], entry["owner_started"]),
        entry["stop_signal"],
    )


def sweep(home: Home, patience: float = 3.0) -> list[str]:
    """Stop every recorded process whose owner is dead; returns their names. `patience` is in seconds."""
    found = [(path, read_record(path)) for path in sorted(home.run.glob("*.process.json"))]
    orphans = [(path, entry) for path, entry in found if entry is not None and not entry.owner.alive()]
    for _, entry in orphans:
        if entry.process.alive():
            os.kill(entry.process.pid, signal.SIGCONT)
            os.kill(entry.process.pid, entry.stop_signal)
    wait_until(lambda: not any(entry.process.alive() for _, entry in orphans), patience)
    for path, entry in orphans:
        _signal_group(entry.process.pid, signal.SIGKILL)
        path.unlink(missing_ok=True)
    return [entry.name for _, entry in orphans]


def group_alive(group: int) -> bool:
    """Whether a process group has a member that is more than a zombie."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] not in "ZX":
            return True
    return False


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Poll a condition; False when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return
