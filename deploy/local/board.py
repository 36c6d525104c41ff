"""What the person at the keyboard sees while things start: live lines on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import Progress as Live
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Board:
    """Progress on stderr; use as a context manager. stdout stays free for what was asked for."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        columns = (
            SpinnerColumn(finished_text="[green]+"),
            TextColumn("{task.fields[name]:<14}"),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
        )
        self._live = Live(*columns, console=self.console, disable=not self.console.is_terminal)
        self._tasks: dict[str, TaskID] = {}
        self._began = time.monotonic()
        self._said: dict[str, str] = {}

    def __enter__(self) -> "Board":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def step(self, name: str, text: str) -> None:
        self._show(name, text, finished=False)

    def done(self, name: str, text: str) -> None:
        self._show(name, text, finished=True)

    def note(self, text: str) -> None:
        """A line that stays."""
        self.console.print(text, markup=False, soft_wrap=True)

    def _show(self, name: str, text: str, *, finished: bool) -> None:
        if self._said.get(name) == text:
            return
        self._said[name] = text
        if not self.console.is_terminal:
            print(f"{time.monotonic() - self._began:6.1f} s  {name:<14} {text}", file=sys.stderr, flush=True)
            return
        if name not in self._tasks:
            self._tasks[name] = self._live.add_task(text, total=1, name=name)
        self._live.update(self._tasks[name], description=text, completed=1 if finished else 0)
