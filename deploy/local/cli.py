"""The command line of `python -m deploy.local`."""

import os
import shlex
import signal
import subprocess
import sys
import time
from typing import Any

import click

from deploy.local import programs, status, welcome
from deploy.local.board import Board
from deploy.local.home import CHECKOUT, Home, SetupError
from deploy.local.logs import Follower, Painter, tail
from deploy.local.ports import Ports
from deploy.local.rabbitmq import VHOST
from deploy.local.session import Options, Session, wipe
from deploy.local.stack import Stack

EXAMPLES = """
\b
Examples:
  python -m deploy.local run                    everything, in the foreground
  SCALE_CASES=3 python -m deploy.local run      three processes of cases
  CASEWORK_PORT_BASE=9400 python -m deploy.local up
  python -m deploy.local logs -f cases
  eval "$(python -m deploy.local env cases)" && python -m services.cases --role all
"""
UP_SECONDS, DOWN_SECONDS = 600, 60


class Sentences(click.Group):
    """Shows a SetupError as its one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SetupError as error:
            raise click.ClickException(str(error)) from error


def stack() -> Stack:
    """The stack of this checkout."""
    return Stack(Home.default().path, Ports.from_environment())


@click.group(cls=Sentences, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Casework on this machine: PostgreSQL, RabbitMQ, SeaweedFS, a mail sink, four services and the gateway.

    Ports start at CASEWORK_PORT_BASE (8400); data and secrets lie in CASEWORK_HOME (var/ of the checkout).
    """


@main.command()
@click.option("--no-demo", is_flag=True, help="Leave the system empty.")
@click.option("--detached", is_flag=True, hidden=True)
def run(no_demo: bool, detached: bool) -> None:
    """Run everything in the foreground; Ctrl-C stops it all."""
    running = status.running(Home.default())
    if running is not None and not detached:
        click.echo(f"Casework is already running here (pid {running.launcher.pid}).")
        click.echo(welcome.text(stack()))
        return
    Session(stack(), Options(detached=detached, demo=not no_demo)).run()


@main.command()
def infra() -> None:
    """Run only the servers, in the foreground: for services started by hand or by a debugger."""
    Session(stack(), Options(servers_only=True)).run()


@main.command()
@click.option("--no-demo", is_flag=True, help="Leave the system empty.")
def up(no_demo: bool) -> None:
    """Start everything in the background and wait until it is ready."""
    ours = stack()
    if status.running(ours.home) is None:
        status.path_of(ours.home).unlink(missing_ok=True)
        argv = [sys.executable, "-m", "deploy.local", "run", "--detached", *(["--no-demo"] if no_demo else [])]
        with (ours.home.log / "launcher.log").open("ab") as log:
            child = subprocess.Popen(
                argv, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        with Board() as board:
            _watch(ours.home, child, board)
    click.echo(welcome.text(ours))
    click.echo("`python -m deploy.local down` stops it, `logs -f` shows what it says.")


def _watch(home: Home, child: "subprocess.Popen[bytes]", board: Board) -> None:
    """Show the launcher's progress until it is ready. Raises SetupError with its own words if it fails."""
    deadline = time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline:
        found = status.read(home)
        for entry in found.programs.values() if found else ():
            (board.done if entry.ready else board.step)(entry.name, entry.text)
        if found is not None and found.phase == "running":
            return
        if child.poll() is not None:
            reason = found.text if found is not None and found.phase == "failed" else ""
            raise SetupError(reason or "\n  ".join(["The launcher ended:", *tail(home.log / "launcher.log", 8)]))
        time.sleep(0.2)
    raise SetupError(f"Not ready after {UP_SECONDS} s; it goes on trying: `python -m deploy.local status` shows what.")


@main.command()
def down() -> None:
    """Stop what `up` (or a `run` in another terminal) has started."""
    home = Home.default().ensure()
    found = status.running(home)
    if found is None:
        click.echo("Casework is not running here.")
        return
    click.echo("Stopping ...", err=True)
    os.kill(found.launcher.pid, signal.SIGTERM)
    if not status.wait_for_end(home, DOWN_SECONDS):
        os.kill(found.launcher.pid, signal.SIGKILL)  # its guard clears the children
        raise SetupError(f"The launcher did not stop within {DOWN_SECONDS} s and was killed with everything it ran.")
    click.echo("Casework is stopped.")


@main.command("status")
def show_status() -> None:
    """Show every process: ready or not, since when, how often restarted. Exit code 1 if it is not running."""
    found = status.running(Home.default())
    if found is None:
        click.echo("Casework is not running here.")
        raise SystemExit(1)
    click.echo(f"launcher, pid {found.launcher.pid}: {found.phase}")
    for entry in found.programs.values():
        age = time.time() - entry.since
        restarts = f", {entry.restarts} restarts" if entry.restarts else ""
        click.echo(f"  {entry.name:<16} {entry.pid or '':<8} {entry.text} ({age:.0f} s{restarts})")


@main.command()
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.argument("name", default="")
def logs(follow: bool, name: str) -> None:
    """Show the last log lines of every process, or of NAME and its instances."""
    home = Home.default().ensure()
    painter, follower = Painter(), Follower(home.log, name)
    files = follower.files()
    if not files and not follow:
        raise SetupError(f"There are no logs{f' of {name}' if name else ''} yet.")
    for path in files:
        painter.show([(path.stem, line) for line in tail(path, 40 if name else 10)])
    try:
        while follow:
            time.sleep(0.2)
            painter.show(follower.poll())
    except KeyboardInterrupt:
        return


@main.command()
def parked() -> None:
    """Show the messages that services have set aside because they failed."""
    ours = stack()
    found = ours.rabbitmq.rabbitmqctl("list_queues", "--no-table-headers", "-p", VHOST, "name", "messages")
    counts = dict(line.split() for line in found.splitlines() if line.startswith("parked-"))
    for queue, count in sorted(counts.items()):
        click.echo(f"{queue:<22} {count}")
        if count != "0":
            program = queue.removeprefix("parked-")
            environment = programs.with_shell(ours.environment(program))
            argv = [sys.executable, "-m", f"services.{program}", "parked", "list"]
            subprocess.run(argv, cwd=CHECKOUT, env=environment, check=False)
    if not counts:
        click.echo("There are no queues of parked messages: the services have not run yet.")


@main.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """Delete all data and secrets of this checkout's stack. Refuses while it runs."""
    ours = stack()
    if not yes:
        click.confirm(f"Delete all data below {ours.home.path}?", abort=True)
    for path in wipe(ours):
        click.echo(f"deleted {path}")


@main.command()
@click.argument("program", type=click.Choice(programs.PROGRAMS))
def env(program: str) -> None:
    """Print the environment of PROGRAM as export lines, to run it by hand beside `infra`."""
    ours = stack()
    for name, value in ours.environment(program).items():
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo(f"# then: {shlex.join(programs.argv(program))}")
