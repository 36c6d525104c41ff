"""Which port is whose. Everything hangs on one number, so that two stacks live side by side."""

import errno
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from deploy.local.home import SetupError

DEFAULT_BASE = 8400
SPAN = 160
EPHEMERAL = 32768  # from here on the kernel hands ports to clients, and a reconnecting client may take ours
SERVICES = ("accounts", "cases", "files", "notifications")
MOST_INSTANCES = 10


class PortTakenError(SetupError):
    """Another program holds a port of ours."""


@dataclass(frozen=True)
class Ports:
    """All ports of one stack, as offsets from `base`."""

    base: int = DEFAULT_BASE

    def __post_init__(self) -> None:
        if not 1024 <= self.base <= EPHEMERAL - SPAN:
            raise SetupError(f"CASEWORK_PORT_BASE must lie between 1024 and {EPHEMERAL - SPAN}, not {self.base}.")

    @classmethod
    def from_environment(cls) -> "Ports":
        """The base from `CASEWORK_PORT_BASE` (default 8400). Raises SetupError on anything but a number."""
        text = os.environ.get("CASEWORK_PORT_BASE") or str(DEFAULT_BASE)
        if not text.isdecimal():
            raise SetupError(f"CASEWORK_PORT_BASE must be a number, not {text!r}.")
        return cls(int(text))

    @property
    def gateway(self) -> int:
        return self.base

    @property
    def s3(self) -> int:
        return self.base + 1

    @property
    def mail_page(self) -> int:
        return self.base + 2

    @property
    def smtp_sink(self) -> int:
        return self.base + 25

    @property
    def mailroom(self) -> int:
        return self.base + 26

    @property
    def postgres(self) -> int:
        return self.base + 32

    @property
    def rabbitmq(self) -> int:
        return self.base + 72

    @property
    def rabbitmq_distribution(self) -> int:
        return self.base + 73

    @property
    def epmd(self) -> int:
        return self.base + 74

    def seaweedfs(self, index: int) -> int:
        """Port number `index` (0 to 9) of SeaweedFS's inner servers."""
        return self.base + 80 + index

    def health(self, program: str, index: int = 0) -> int:
        """The health port of one instance of a program."""
        if not 0 <= index < MOST_INSTANCES:
            raise SetupError(f"At most {MOST_INSTANCES} instances of {program} fit into the port plan.")
        order = (*SERVICES, "gateway", "mailroom")
        return self.base + 100 + order.index(program) * MOST_INSTANCES + index


def require_free(ports: Iterable[tuple[int, str]], base: int) -> None:
    """Raise PortTakenError, naming the first of the (port, purpose) pairs that another program holds."""
    for port, purpose in ports:
        if is_taken(port):
            raise PortTakenError(
                f"Port {port} on 127.0.0.1, wanted for {purpose}, is taken by another program. "
                f"`ss -ltnp 'sport = :{port}'` shows which; or move all of Casework: "
                f"CASEWORK_PORT_BASE={9400 if base != 9400 else 10400} make run"
            )


def is_taken(port: int) -> bool:
    """Whether somebody listens on the port (on this or on every address)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise SetupError(f"Port {port} cannot be used here: {error.strerror}.") from error
    return False
