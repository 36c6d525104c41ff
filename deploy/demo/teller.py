"""Tells the story on the terminal (stderr) and counts what was seen; stdout stays free for the last line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from rich.console import Console
from rich.text import Text

from deploy.demo.failure import Failure

Found = TypeVar("Found")
LOOK_SECONDS = 0.1
QUIET_SECONDS = 4.0  # how long a wait may last before it is mentioned


@dataclass
class Tally:
    """What was really observed."""

    cases: int = 0
    comments: int = 0
    files: int = 0
    refused: int = 0
    mails: int = 0
    events: int = 0


@dataclass
class Line:
    """One sentence of the story; ``more`` is added once it is known."""

    text: str
    more: str = ""


@dataclass
class Teller:
    """Sentences, one by one. ``step`` is what happens at the moment, for the sentence of a failure."""

    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    tally: Tally = field(default_factory=Tally)
    chapter: str = ""
    step: str = ""

    def open(self, chapter: str, text: str) -> None:
        """The head of one seed's paragraph."""
        self.chapter, self.step = chapter, ""
        self.console.print()
        self.console.print(Text(chapter, style="bold cyan"))
        self.say(text)

    def say(self, text: str, style: str = "") -> None:
        """A sentence that stands for itself."""
        self.console.print(Text(text, style=style), soft_wrap=True)

    @contextmanager
    def does(self, text: str) -> Iterator[Line]:
        """One act: named while it happens, told when it is done."""
        line = Line(text)
        self.step = f"{self.chapter}: {text}" if self.chapter else text
        with self.console.status(Text(text)):
            yield line
        told = Text.assemble(("  + ", "green"), text)
        if line.more:
            told.append(f" {line.more}", style="dim")
        self.console.print(told, soft_wrap=True)
        self.step = ""

    def waiting(self, text: str) -> None:
        """Something takes its time; say so."""
        self.console.print(Text(f"    ... {text}", style="yellow"), soft_wrap=True)

    def until(self, what: str, look: Callable[[], Found | None], seconds: float = 60.0) -> Found:
        """The first answer of ``look`` that is not None. Raises Failure when it does not come in time."""
        began = time.monotonic()
        mentioned = False
        while True:
            found = look()
            if found is not None:
                return found
            spent = time.monotonic() - began
            if spent > seconds:
                raise Failure(f"{what} within {seconds:.0f} s", "nothing until then")
            if spent > QUIET_SECONDS and not mentioned:
                self.waiting(f"still waiting for {what}")
                mentioned = True
            time.sleep(LOOK_SECONDS)
