"""A private RabbitMQ node: own port mapper, own cookie, own users - beside any other broker of the machine."""

import base64
import hashlib
import json
import os
import secrets as randomness
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from deploy.local import broker_package
from deploy.local.home import SetupError
from deploy.local.ports import SERVICES, require_free
from deploy.local.process import Child, Command, wait_until
from deploy.local.secrets import BROKER_USERS
from deploy.local.server import Progress, Server

VHOST = "casework"
# Not the wrapper of the same name in sbin: that one switches to the system broker's user and home.
PROGRAMS = Path("/usr/lib/rabbitmq/bin")
LOOPBACK = "-kernel inet_dist_use_interface {127,0,0,1}"

Permissions = dict[str, list[dict[str, str]]]


def permissions(vhost: str) -> Permissions:
    """Who may do what in one vhost: `permissions` and `topic_permissions` in RabbitMQ's definitions format.

    A service writes its own events and replies; a client of the services (gateway, mailroom) writes requests only.
    """
    rights: list[dict[str, str]] = []
    topics: list[dict[str, str]] = []

    def grant(user: str, configure: str, write: str, read: str) -> None:
        rights.append({"user": user, "vhost": vhost, "configure": configure, "write": write, "read": read})

    def grant_topic(user: str, write: str) -> None:
        topics.append({"user": user, "vhost": vhost, "exchange": "nameko-rpc", "write": write, "read": ".*"})

    for name in SERVICES:
        own = rf"rpc-{name}|events-{name}|events-{name}\..*|parked-{name}"
        seen = rf"^(nameko-rpc|.*\.events|{own})$"
        grant(name, seen, rf"^(nameko-rpc|{name}\.events|{own})$", seen)
        grant_topic(name, r"^reply\..*")
    for name in ("gateway", "mailroom"):
        own = rf"(reply|live|{name}\.live)\..*"
        seen = rf"^(nameko-rpc|.*\.events|{own})$"
        grant(name, seen, rf"^(nameko-rpc|{own})$", seen)
        grant_topic(name, rf"^({'|'.join(SERVICES)})\..*")
    grant("operator", ".*", ".*", ".*")
    return {"permissions": rights, "topic_permissions": topics}


def definitions(passwords: dict[str, str], vhost: str) -> dict[str, object]:
    """A complete definitions file: users with hashed passwords, one vhost, the permissions."""
    users = [
        {
            "name": name,
            "password_hash": _hashed(passwords[name]),
            "tags": "administrator" if name == "operator" else "",
            "hashing_algorithm": "rabbit_password_hashing_sha256",
        }
        for name in BROKER_USERS
    ]
    return {"users": users, "vhosts": [{"name": vhost}], **permissions(vhost)}


def _hashed(password: str) -> str:
    """RabbitMQ's own format: base64(salt + sha256(salt + password)) with a salt of four bytes."""
    salt = randomness.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


class RabbitMQ(Server):
    """The broker. Its port mapper (epmd) is a process of its own, started before the node."""

    name = "rabbitmq"
    mapper: Child | None = None

    @property
    def folder(self) -> Path:
        return self.home.path / "rabbitmq"

    def listens(self) -> list[tuple[int, str]]:
        return [(self.ports.rabbitmq, "RabbitMQ"), (self.ports.rabbitmq_distribution, "RabbitMQ's node")]

    def prepare(self, progress: Progress) -> None:
        """Install the broker if it is missing (root only), and write cookie and configuration."""
        broker_package.ensure(PROGRAMS / "rabbitmq-server", lambda text: progress.step(self.name, text))
        for folder in (self.folder, self.folder / "home", self.folder / "data"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_private(self.folder / "home" / ".erlang.cookie", self.secrets.erlang_cookie, 0o400)
        _write_private(self.folder / "definitions.json", json.dumps(definitions(self.secrets.broker, VHOST), indent=1))
        _write_private(
            self.folder / "rabbitmq.conf",
            "\n".join(
                [
                    f"listeners.tcp.default = 127.0.0.1:{self.ports.rabbitmq}",
                    f"load_definitions = {self.folder / 'definitions.json'}",
                    "log.console = true",
                    "log.console.level = warning",
                    "log.file = false",
                    "vm_memory_high_watermark.absolute = 512MiB",
                    "disk_free_limit.absolute = 200MB",
                    "",
                ]
            ),
        )
        _write_private(self.folder / "advanced.config", "[].\n")
        _write_private(self.folder / "enabled_plugins", "[].\n")
        _write_private(self.folder / "rabbitmq-env.conf", "")

    def environment(self) -> dict[str, str]:
        """Everything that keeps this node apart from another one on the machine."""
        at = self.folder
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(at / "home"),
            "RABBITMQ_NODENAME": "casework@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.ports.rabbitmq),
            "RABBITMQ_DIST_PORT": str(self.ports.rabbitmq_distribution),
            "ERL_EPMD_PORT": str(self.ports.epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONFIG_FILE": str(at / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(at / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(at / "rabbitmq-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(at / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(at / "data"),
            "RABBITMQ_LOG_BASE": str(at / "log"),
            "RABBITMQ_PID_FILE": str(at / "node.pid"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(at / "generated"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(at / "feature_flags"),
            "RABBITMQ_SCHEMA_DIR": str(at / "schema"),
            # Two schedulers that do not spin: the node shares two cores with everything else.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none {LOOPBACK}",
            "RABBITMQ_CTL_ERL_ARGS": LOOPBACK,
        }

    def command(self) -> Command:
        # Orphaned, the start script must pass the end on to the node: SIGKILL would reach the script only.
        return Command(
            self.name, (str(PROGRAMS / "rabbitmq-server"),), self.environment(), orphan_signal=signal.SIGTERM
        )

    def _mapper_command(self) -> Command:
        program = shutil.which("epmd") or "/usr/bin/epmd"
        argv = (program, "-port", str(self.ports.epmd), "-address", "127.0.0.1")
        return Command("epmd", argv, self.environment())

    def launch(self) -> Child:
        """Start the port mapper, unless it survived, and then the node."""
        self.mapper = Child.find(self._mapper_command(), self.home) if self.mapper is None else self.mapper
        if self.mapper is None or not self.mapper.alive():
            require_free([(self.ports.epmd, "RabbitMQ's port mapper")], self.ports.base)
            self.mapper = Child.spawn(self._mapper_command(), self.home)
            wait_until(lambda: _answers(self.ports.epmd), 5)
        return super().launch()

    def probe(self) -> bool:
        return speaks_amqp(self.ports.rabbitmq)

    def stop(self, waited: float = 0.0) -> None:
        super().stop(waited)
        if self.mapper is not None and self.mapper.ours:
            self.mapper.stop()
        self.mapper = None

    def rabbitmqctl(self, *arguments: str, seconds: float = 60.0) -> str:
        """Run rabbitmqctl against this node and return its output. Raises SetupError with its words."""
        argv = [str(PROGRAMS / "rabbitmqctl"), "--quiet", *arguments]
        try:
            done = subprocess.run(
                argv, env=self.environment(), capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise SetupError(f"rabbitmqctl {arguments[0]} took longer than {seconds} seconds.") from error
        if done.returncode:
            raise SetupError(f"rabbitmqctl {arguments[0]} failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def declare_vhost(self, name: str) -> None:
        """Create another vhost with the same users and permissions (one call, about a second)."""
        path = self.folder / f"vhost-{name}.json"
        _write_private(path, json.dumps({"vhosts": [{"name": name}], **permissions(name)}))
        try:
            self.rabbitmqctl("import_definitions", str(path))
        finally:
            path.unlink()

    def delete_vhost(self, name: str) -> None:
        """Delete a vhost with all its queues."""
        self.rabbitmqctl("delete_vhost", name)

    def url(self, user: str, vhost: str) -> str:
        """An AMQP URL."""
        return f"amqp://{user}:{self.secrets.broker[user]}@127.0.0.1:{self.ports.rabbitmq}/{vhost}"


def speaks_amqp(port: int) -> bool:
    """Whether an AMQP 0-9-1 server greets us: the node listens only after its definitions are loaded."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1.0) as link:
            link.sendall(b"AMQP\x00\x00\x09\x01")
            return link.recv(1) == b"\x01"
    except OSError:
        return False


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def _write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file that only we may read; a read-only one is replaced too."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    fresh.replace(path)
