"""The launcher: starts programs in order, waits until they are ready, restarts them, and leaves nothing behind."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from deploy.local.home import SetupError
from deploy.local.process import Child
from deploy.local.server import Progress, Server

FIRST_PAUSE, LONGEST_PAUSE, STEADY = 0.5, 15.0, 30.0  # seconds


@dataclass(frozen=True)
class Program:
    """One process to keep alive. `ready` is asked every 0.15 s until it says yes; `adopted` runs already."""

    name: str
    spawn: Callable[[], Child]
    ready: Callable[[], Awaitable[bool]]
    after: tuple[str, ...] = ()
    adopted: Child | None = None
    infrastructure: bool = False  # stopped after all others, by its stack


class Watcher(Progress, Protocol):
    """Progress that also hears of processes."""

    def process(self, name: str, pid: int, *, restarted: bool) -> None: ...


class Launcher:
    """Supervises programs on one event loop; create it inside the running loop, on the main thread."""

    def __init__(self, programs: list[Program], watcher: Watcher, crashed: Callable[[str], None]) -> None:
        """`crashed` is told the name of each program that ended by itself."""
        self._programs = programs
        self._watcher = watcher
        self._crashed = crashed
        self._children: dict[str, Child] = {}
        self._ready = {program.name: asyncio.Event() for program in programs}
        self._stopping = asyncio.Event()
        self._forced = False

    def catch_signals(self, kill_rest: Callable[[], None]) -> None:
        """First SIGINT, SIGTERM or SIGHUP: stop in order. Second: kill everything at once."""

        def on_signal() -> None:
            if self._stopping.is_set():
                self._forced = True
                self.kill()
                kill_rest()
            self._stopping.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, on_signal)

    async def run(self, when_ready: Callable[[], Awaitable[None]]) -> None:
        """Supervise until a signal comes, then stop the programs in reverse order."""
        tasks: list[asyncio.Task[object]] = [asyncio.create_task(self._supervise(each)) for each in self._programs]
        tasks.append(asyncio.create_task(self._announce(when_ready)))
        end: asyncio.Task[object] = asyncio.create_task(self._stopping.wait())
        try:
            waiting = {end, *tasks}
            while end in waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()  # a bug in a supervisor must end the launcher, not one program in silence
        finally:
            self._stopping.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(end, *tasks, return_exceptions=True)
            await self._stop_programs()

    async def _announce(self, when_ready: Callable[[], Awaitable[None]]) -> None:
        for event in self._ready.values():
            await event.wait()
        await when_ready()

    async def _supervise(self, program: Program) -> None:
        for name in program.after:
            await self._ready[name].wait()
        pause, adopted, restarted = FIRST_PAUSE, program.adopted, False
        while True:
            began = time.monotonic()
            how = await self._one_life(program, adopted, restarted)
            adopted, restarted = None, True
            if time.monotonic() - began > STEADY:
                pause = FIRST_PAUSE
            self._watcher.step(program.name, f"{how}; again in {pause:g} s")
            self._crashed(program.name)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _one_life(self, program: Program, adopted: Child | None, restarted: bool) -> str:
        """Start it and wait for its end; returns how it ended."""
        if adopted is None:
            self._watcher.step(program.name, "starting")
            try:
                child = program.spawn()
            except (SetupError, OSError) as error:
                return f"cannot start: {error}"
        else:
            child = adopted
        self._children[program.name] = child
        self._watcher.process(program.name, child.pid, restarted=restarted)
        probing = asyncio.create_task(self._probe(program))
        try:
            await ended(child)
        finally:
            probing.cancel()
        await asyncio.to_thread(child.bury)
        del self._children[program.name]
        return _how(child.exit_code)

    async def _probe(self, program: Program) -> None:
        while not await program.ready():
            await asyncio.sleep(0.15)
        self._watcher.done(program.name, "ready")
        self._ready[program.name].set()

    async def _stop_programs(self) -> None:
        """In reverse order; programs that wait for the same others end side by side."""
        waves: dict[tuple[str, ...], list[Child]] = {}
        for program in self._programs:
            if not program.infrastructure and program.name in self._children:
                waves.setdefault(program.after, []).append(self._children[program.name])
                self._watcher.step(program.name, "stopping")
        for wave in reversed(waves.values()):
            await asyncio.gather(*(asyncio.to_thread(child.stop) for child in wave))

    def kill(self) -> None:
        """SIGKILL to the group of every program."""
        for child in self._children.values():
            child.signal(signal.SIGKILL)


def _how(code: int | None) -> str:
    if code is None:
        return "ended"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


async def ended(child: Child) -> None:
    """Wait until a process has ended, without polling and without a thread."""
    try:
        handle = os.pidfd_open(child.pid)
    except ProcessLookupError:
        return
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def of_server(server: Server) -> Program:
    """A server of the stack, started already, to be kept alive."""

    async def ready() -> bool:
        if not await asyncio.to_thread(server.probe):
            return False
        await asyncio.to_thread(server.settle)
        return True

    return Program(server.name, server.launch, ready, adopted=server.child, infrastructure=True)


async def answers_http(port: int, path: str) -> bool:
    """Whether GET on 127.0.0.1 answers 200 within five seconds (a loaded machine is slow)."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            status = await reader.readline()
            writer.close()
            return b" 200 " in status
    except (OSError, TimeoutError):
        return False


async def answers_tcp(port: int) -> bool:
    """Whether something accepts connections."""
    try:
        async with asyncio.timeout(5):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
    except (OSError, TimeoutError):
        return False
