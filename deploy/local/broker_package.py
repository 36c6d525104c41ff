"""RabbitMQ has no wheel: where Debian's package is missing, root installs it, without starting the system broker."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.home import SetupError

PACKAGE = "rabbitmq-server"
POLICY = Path("/usr/sbin/policy-rc.d")


def ensure(program: Path, tell: Callable[[str], None]) -> None:
    """Make sure that `program` exists. Raises SetupError with what to do where we cannot."""
    if program.exists():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupError(
            f"RabbitMQ is missing: install the package {PACKAGE} (Debian, Ubuntu: "
            f"sudo apt-get install --no-install-recommends {PACKAGE}) and try again."
        )
    tell(f"installing the Debian package {PACKAGE} (about 53 MB; the system's own broker stays off)")
    with services_denied():
        if _apt("install", "-y", "--no-install-recommends", PACKAGE) != 0:
            tell("refreshing the package lists")
            _apt("update")
            if _apt("install", "-y", "--no-install-recommends", PACKAGE) != 0:
                raise SetupError(f"`apt-get install {PACKAGE}` failed; run it by hand to see why.")
    if not program.exists():
        raise SetupError(f"The package {PACKAGE} is installed but {program} is missing.")


@contextmanager
def services_denied(policy: Path = POLICY) -> Iterator[None]:
    """Keep freshly installed packages from starting their services; an existing policy of the machine is kept."""
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)


def _apt(*arguments: str) -> int:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    argv = ["apt-get", "-q", *arguments]
    done = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    return done.returncode
