"""What can only be done on the server itself: parked messages lie on the broker, and the API does not reach there."""

from __future__ import annotations

import os
import subprocess
import sys

import click

from cli.desk import example

SERVICES = ("accounts", "cases", "files", "notifications")


@click.command(epilog=example("casework parked list cases\ncasework parked replay cases"))
@click.argument("what", type=click.Choice(["list", "replay", "drop"]))
@click.argument("service", type=click.Choice(SERVICES))
def parked(what: str, service: str) -> None:
    """Messages that were set aside because they failed.

    Works on a server of the installation only, while its message broker runs, with the service's environment
    (CASEWORK_AMQP_URL and the rest): it runs `python -m services.SERVICE parked WHAT` there. In a container:
    `docker compose exec SERVICE python -m ...`.
    """
    if "CASEWORK_AMQP_URL" not in os.environ:
        raise click.UsageError(
            "CASEWORK_AMQP_URL is not set: parked messages are seen from a server of the installation only.\n"
            f'On a machine started with `make up`: eval "$({sys.executable} -m deploy.local env {service})"'
        )
    if what == "drop":
        click.confirm(f"Throw all parked messages of {service} away?", abort=True, err=True)
    done = subprocess.run([sys.executable, "-m", f"services.{service}", "parked", what], check=False)
    sys.exit(min(done.returncode, 1))
