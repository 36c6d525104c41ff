"""The command line of every service: ``python -m services.<name>``. Patches eventlet before anything else is loaded."""

# ruff: noqa: E402
from __future__ import annotations

import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")  # known, and decided: services/DECISIONS.md

import eventlet
import eventlet.event

eventlet.monkey_patch()

import importlib
import os
import signal
import sys
from typing import Any

import click
import orjson
import structlog
from kombu.exceptions import OperationalError
from sqlalchemy import text

from services.chassis import health, parked
from services.chassis.host import Host
from services.chassis.hosting import containers
from services.chassis.migrations import migrate
from services.chassis.settings import ServiceSettings, load, reference
from services.chassis.telemetry import set_up_logs
from services.chassis.unit_of_work import Work

log = structlog.get_logger("runner")
_PARKED = {"replay": parked.replay, "drop": parked.drop}


def main(package: str) -> None:
    """Run the command line of one service: ``accounts``, or the dotted name of a package elsewhere."""
    package = package if "." in package else f"services.{package}"
    _commands(package)(prog_name=f"python -m {package}")


def _commands(package: str) -> click.Group:
    service = importlib.import_module(f"{package}.service").Service
    name = service.name

    @click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
    @click.option("--role", type=click.Choice(["all", "rpc", "worker"]), default="all", help="What this process does.")
    @click.pass_context
    def group(context: click.Context, role: str) -> None:
        """Run the service (the default), or one of the commands below.

        Settings come from CASEWORK_* variables; `settings` lists them.
        """
        if context.invoked_subcommand is None:
            sys.exit(serve(service, role, package))

    @group.command("migrate", help="Bring the database to the newest schema.")
    def migrate_command() -> None:
        migrate(package, load(service.settings).database_url)

    @group.command("settings", help="The reference of all settings, as Markdown.")
    def settings_command() -> None:
        click.echo(reference(service.settings))

    @group.command("parked", help="Messages that could not be handled: list (default), replay or drop them.")
    @click.argument("what", type=click.Choice(["list", "replay", "drop"]), default="list")
    def parked_command(what: str) -> None:
        url = load(service.settings).amqp_url
        try:
            told = parked.listed(url, name) if what == "list" else [{what: _PARKED[what](url, name)}]
        except (OSError, OperationalError) as error:
            message = f"The message broker does not answer ({error}). Parked messages lie there: start it first."
            raise click.ClickException(message) from None
        for line in told:
            click.echo(orjson.dumps(line).decode())

    for extra, do in getattr(service, "subcommands", {}).items():
        group.add_command(_extra(extra, do, service))
    return group


def _extra(name: str, do: Any, service: Any) -> click.Command:
    def call(**options: Any) -> None:
        settings = load(service.settings)
        do(Work(settings.database_url, name=service.name), settings, **options)

    told = (do.__doc__ or "").strip().split("\n")[0]
    return click.Command(name, callback=call, params=getattr(do, "__click_params__", []), help=told)


def serve(service: Any, role: str, package: str) -> int:
    """Run one process of a service until SIGTERM or SIGINT; returns its exit code."""
    settings: ServiceSettings = load(service.settings)
    set_up_logs(service.name, level=settings.log_level, form=settings.log_format)
    migrate(package, settings.database_url)
    work = Work(settings.database_url, name=service.name, workers=settings.workers + 5)
    if hasattr(service, "prepare"):
        service.prepare(work, settings)
    host = Host(service, work, settings)
    running = containers(host, role, settings.workers)
    for container in running:
        container.start()
    if settings.health_port:
        health.serve(settings.health_host, settings.health_port, _probes(running, work))
    log.info("running", role=role, pid=os.getpid())
    code = _wait_for_the_end(running)
    log.info("stopping", code=code)
    _stop(running, settings.stop_seconds)
    host.close()
    work.close()
    return code


def _probes(running: list[Any], work: Work) -> dict[str, health.Probe]:
    def database() -> bool:
        with eventlet.Timeout(2), work.engine.connect() as db:
            db.execute(text("SELECT 1"))
        return True

    def broker() -> bool:
        consumers = [ext for container in running for ext in container.subextensions if hasattr(ext, "link")]
        return all(consumer.link.ready for consumer in consumers)

    return {"database": database, "broker": broker}


def _wait_for_the_end(running: list[Any]) -> int:
    """0 when we were asked to stop; 1 when a container died, so that the supervisor starts us again."""
    ended = eventlet.event.Event()

    def once(code: int) -> None:
        if not ended.ready():
            ended.send(code)

    def watch(container: Any) -> None:
        try:
            container.wait()
        except Exception:
            log.exception("a container died")
        once(1)

    for container in running:
        eventlet.spawn(watch, container)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: eventlet.spawn_n(once, 0))
    code: int = ended.wait()
    return code


def _stop(running: list[Any], seconds: int) -> None:
    """Stop all containers side by side; give up after ``seconds`` (the broker hands unfinished work to others)."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(1))  # asked twice: go now
    patience = eventlet.Timeout(seconds)
    try:
        for waiting in [eventlet.spawn(container.stop) for container in running]:
            waiting.wait()
    except eventlet.Timeout:
        log.error("some work did not finish in time", seconds=seconds)
    finally:
        patience.cancel()
