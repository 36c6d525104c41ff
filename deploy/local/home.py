"""The state folder of one stack: where it lies, what lies in it, and who may reach it."""

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


class SetupError(Exception):
    """Something on this machine stops us; the text is one sentence for the person at the keyboard."""


@dataclass(frozen=True)
class Account:
    """An operating-system user that a server runs as."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The unprivileged user for servers that refuse root; None when we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise SetupError("PostgreSQL refuses to run as root, and this machine has neither a user postgres nor nobody.")


def reachable(path: Path, account: Account | None) -> bool:
    """Whether the account may walk down to `path` (which need not exist yet)."""
    if account is None:
        return True
    return all(_searchable(folder, account) for folder in path.resolve().parents if folder.exists())


def _searchable(folder: Path, account: Account) -> bool:
    info = folder.stat()
    if info.st_uid == account.uid:
        return bool(info.st_mode & stat.S_IXUSR)
    if info.st_gid == account.gid:
        return bool(info.st_mode & stat.S_IXGRP)
    return bool(info.st_mode & stat.S_IXOTH)


@dataclass(frozen=True)
class Home:
    """Paths below the state folder; `ensure()` makes the folders."""

    path: Path

    @classmethod
    def default(cls) -> "Home":
        """`CASEWORK_HOME`, else `var/` of this checkout."""
        return cls(Path(os.environ.get("CASEWORK_HOME") or CHECKOUT / "var").absolute())

    @property
    def run(self) -> Path:
        """Records of running processes, one JSON file each."""
        return self.path / "run"

    @property
    def log(self) -> Path:
        """One log file per process."""
        return self.path / "log"

    @property
    def secrets(self) -> Path:
        """The generated secrets, mode 0600."""
        return self.path / "secrets.json"

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that tell this state folder from any other on the machine."""
        return hashlib.sha256(str(self.path.resolve()).encode()).hexdigest()[:8]

    def ensure(self) -> "Home":
        """Make the folders. Raises SetupError where we may not write.

        Others may pass through the state folder (the database's user has to) and look into nothing.
        """
        try:
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            for folder in (self.run, self.log):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise SetupError(
                f"Cannot write the state folder {self.path} ({error.strerror}); set CASEWORK_HOME to a folder of yours."
            ) from error
        return self
