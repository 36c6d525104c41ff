"""One run of the launcher, from the first check to the last dead child."""

import asyncio
import importlib.util
import shutil
import signal
import sys
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from deploy.local import programs, status, welcome
from deploy.local.board import Board
from deploy.local.home import SetupError
from deploy.local.launcher import Launcher, Program, answers_http, answers_tcp, ended, of_server
from deploy.local.logs import Follower, Painter, tail
from deploy.local.ports import require_free
from deploy.local.process import Child, Command
from deploy.local.stack import Stack

LOOK_SECONDS = 0.2
TRIM_EVERY = 300  # looks
DEMO_SECONDS = 300
# They write about their own affairs; `logs rabbitmq` shows it, the merged screen does not.
TALKATIVE = ("rabbitmq", "epmd", "seaweedfs")
# What a program cannot start without. The broker is not among them: programs connect to it when it is there, and so
# start side by side with it (it takes the longest).
NEEDS = {"files": ("postgres", "seaweedfs"), "gateway": (), "mailroom": ()}


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    servers_only: bool = False
    detached: bool = False
    demo: bool = True


class Progress:
    """Tells the board and the status file the same."""

    def __init__(self, board: Board, reporter: status.Reporter) -> None:
        self._board, self._reporter = board, reporter

    def step(self, name: str, text: str) -> None:
        self._board.step(name, text)
        self._reporter.step(name, text)

    def done(self, name: str, text: str) -> None:
        self._board.done(name, text)
        self._reporter.done(name, text)

    def process(self, name: str, pid: int, *, restarted: bool) -> None:
        self._reporter.process(name, pid, restarted=restarted)


class Session:
    """Holds the lock, the stack and the launcher of one run."""

    def __init__(self, stack: Stack, options: Options) -> None:
        self._stack = stack
        self._options = options
        self._home = stack.home
        self._running = False
        self._interrupted = False

    def run(self) -> None:
        """Run until a signal. Raises SetupError when it cannot start."""
        with status.only_launcher(self._home):
            self._reporter = status.Reporter(self._home)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, self._on_signal)
            try:
                self._run()
            except SetupError as error:
                self._reporter.phase("failed", str(error))
                raise
            except KeyboardInterrupt:
                self._reporter.phase("failed", "stopped while starting")

    def _run(self) -> None:
        with Board() as self._board:
            self._progress = Progress(self._board, self._reporter)
            wanted = [] if self._options.servers_only else self._programs()
            try:
                wait_for = () if self._options.servers_only else ("postgres",)
                self._stack.start_infrastructure(self._progress, wait_for)
                if self._interrupted:
                    return
                # Children must be started on this thread: the kernel ties their death signal to it.
                asyncio.run(self._supervise(wanted))
            finally:
                self._board.note("stopping the servers")
                self._stack.stop()

    async def _supervise(self, wanted: list[Program]) -> None:
        servers = [of_server(server) for server in self._stack.servers]
        self._follower = Follower(self._home.log)
        launcher = Launcher([*servers, *wanted], self._progress, self._on_crash)
        launcher.catch_signals(self._stack.kill)
        if self._interrupted:
            return
        printing = asyncio.create_task(self._print_logs())
        try:
            await launcher.run(self._when_ready)
        finally:
            printing.cancel()
            self._reporter.phase("stopping")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Before the event loop runs. The exception may end in a finaliser, where Python drops it; the mark stays."""
        self._interrupted = True
        raise KeyboardInterrupt

    def _programs(self) -> list[Program]:
        """All programs of Casework, their ports checked."""
        stack = self._stack
        require_free([(stack.ports.gateway, "the API"), (stack.ports.mailroom, "inbound mail")], stack.ports.base)
        found = []
        for name in programs.PROGRAMS:
            for index in range(programs.instances(name)):
                found.append(self._program(name, index, NEEDS.get(name, ("postgres",))))
        return found

    def _program(self, name: str, index: int, after: tuple[str, ...]) -> Program:
        command = program_command(self._stack, name, index)
        ports = self._stack.ports

        def ready() -> Awaitable[bool]:
            if name == "mailroom":
                return answers_tcp(ports.mailroom)
            return answers_http(ports.gateway if name == "gateway" else ports.health(name, index), "/readyz")

        return Program(command.name, lambda: Child.spawn(command, self._home), ready, after)

    def _on_crash(self, name: str) -> None:
        """While starting, nobody sees the logs yet: show why a program ended."""
        if not self._running:
            for line in tail(self._home.log / f"{name}.log", 12):
                self._board.note(f"    {name}: {line}")

    async def _when_ready(self) -> None:
        if self._options.demo and not self._options.servers_only:
            await play_demo(self._stack, self._progress)
        self._running = True
        self._reporter.phase("running")
        self._board.__exit__(None, None, None)
        if self._options.detached:
            return
        print(servers_text(self._stack) if self._options.servers_only else welcome.text(self._stack))
        print("Ctrl-C stops everything. The logs follow.\n", flush=True)
        self._follower = Follower(self._home.log)

    async def _print_logs(self) -> None:
        painter, looks = Painter(), 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            looks += 1
            if self._running and not self._options.detached:
                painter.show([(name, line) for name, line in self._follower.poll() if name not in TALKATIVE])
            if looks % TRIM_EVERY == 0:
                self._follower.trim()


def program_command(stack: Stack, name: str, index: int) -> Command:
    """How one instance is started; the second instance of cases is called `cases.2`."""
    environment = programs.with_shell(stack.environment(name, index))
    title = name if index == 0 else f"{name}.{index + 1}"
    return Command(title, programs.argv(name), environment, grace=25.0)


async def play_demo(stack: Stack, progress: Progress) -> None:
    """Fill the system once with the demo's story; a failure is shown and tried again at the next start."""
    played = stack.home.path / "demo-played"
    if played.exists() or importlib.util.find_spec("deploy.demo") is None:
        return
    argv = (sys.executable, "-m", "deploy.demo")
    command = Command("demo", argv, programs.with_shell(programs.demo_environment(stack)))
    progress.step("demo", "playing the demo")
    follower = Follower(stack.home.log, "demo")
    child = Child.spawn(command, stack.home)
    end = asyncio.create_task(ended(child))
    try:
        async with asyncio.timeout(DEMO_SECONDS):
            while not end.done():
                await asyncio.wait([end], timeout=LOOK_SECONDS)
                for _, line in follower.poll():
                    progress.step("demo", line)
    except TimeoutError:
        progress.step("demo", f"took longer than {DEMO_SECONDS} s")
    finally:
        end.cancel()
        await asyncio.to_thread(child.bury)
    if child.exit_code == 0:
        played.touch()
        progress.done("demo", "played")
    else:
        progress.done("demo", f"did not succeed; {stack.home.log / 'demo.log'} tells why; the next start tries again")


def servers_text(stack: Stack) -> str:
    """Where the servers are, for `infra`."""
    ports = stack.ports
    return (
        f"\nPostgreSQL 127.0.0.1:{ports.postgres}   RabbitMQ 127.0.0.1:{ports.rabbitmq}   S3 {stack.s3.endpoint}   "
        f"SMTP 127.0.0.1:{ports.smtp_sink}   mail {stack.mail_api}\n"
        "`python -m deploy.local env cases` prints what a program needs to know.\n"
    )


def wipe(stack: Stack) -> list[Path]:
    """Delete everything that a stack has written, and nothing else. Raises SetupError while it runs."""
    if status.running(stack.home) is not None or status.servers_alive(stack.home):
        raise SetupError("Casework is running here; stop it first: `python -m deploy.local down`.")
    folders = [
        stack.postgres.data,
        *(stack.home.path / name for name in ("rabbitmq", "seaweedfs", "mail", "log", "run")),
    ]
    files = [stack.home.path / name for name in ("secrets.json", "demo-played", "demo-logins.json")]
    gone = [path for path in (*folders, *files) if path.exists()]
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return gone
