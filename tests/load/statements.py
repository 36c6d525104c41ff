"""What SQL a request really runs: PostgreSQL itself writes it down for a moment, with values and durations."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.load.rig import Rig

_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \S+ \S+ \[(\d+)\] \S+@(\S+) LOG:  duration: ([\d.]+) ms  statement: (.*)$")
_HEAD = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ ")
_ID = r"[a-z]+_[0-9a-hjkmnp-tv-z]{26}"
_MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+\+00:00"
_SLOT = re.compile(rf"{_ID}|{_MOMENT}")
WATCH_SECONDS = 1.5

Part = str | list[Any]


@dataclass(frozen=True)
class Statement:
    """One statement as the server saw it."""

    application: str
    database: str
    milliseconds: float
    text: str

    @property
    def shape(self) -> str:
        """The statement without its values."""
        bare = re.sub(r"E?'(?:[^']|'')*'", "?", self.text)
        return " ".join(re.sub(r"\b\d+\b", "?", bare).split())


@dataclass
class Captured:
    """The SQL of one scenario: of the request itself, and of what its events set off (polling taken off)."""

    request: list[Statement]
    template: list[list[Part]]
    afterwards: dict[str, int]
    elsewhere: dict[str, int]
    rotates: bool

    @property
    def round_trips(self) -> int:
        """Statements of the request, BEGIN and COMMIT among them."""
        return len(self.request)


class Ear:
    """Listens to the server's log while the block lasts."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._log = rig.stack.home.log / "postgres.log"

    def __enter__(self) -> Ear:
        self._set("log_min_duration_statement = 0")
        return self

    def __exit__(self, *_: object) -> None:
        self._set("log_min_duration_statement = -1")

    def _set(self, setting: str) -> None:
        self._rig.sql("postgres", f"ALTER SYSTEM SET {setting}")
        self._rig.sql("postgres", "SELECT pg_reload_conf()")
        time.sleep(0.3)

    def hear(self, do: Callable[[], Any], seconds: float = WATCH_SECONDS) -> list[Statement]:
        """Every statement of our programs from ``do()`` on, for so long."""
        applications = self._applications()
        start = self._log.stat().st_size
        do()
        time.sleep(seconds)
        applications |= self._applications()
        with self._log.open("rb") as file:
            file.seek(start)
            return _parsed(file.read().decode("utf-8", "replace"), applications)

    def _applications(self) -> dict[str, str]:
        who = self._rig.sql(
            "postgres", "SELECT pid, application_name FROM pg_stat_activity WHERE application_name <> ''"
        )
        return {str(pid): str(name) for pid, name in who}


def _parsed(text: str, applications: dict[str, str]) -> list[Statement]:
    entries: list[list[str]] = []
    for line in text.splitlines():
        if _HEAD.match(line) or not entries:
            entries.append([line])
        else:
            entries[-1].append(line.removeprefix("\t"))
    found = []
    for lines in entries:
        match = _ENTRY.match(lines[0])
        if match and match[2] != "postgres" and match[1] in applications:
            whole = "\n".join([match[4], *lines[1:]])
            found.append(Statement(applications[match[1]], match[2], float(match[3]), whole))
    return found


def capture(ear: Ear, send: Callable[[int], Any], rotating: str) -> Captured:
    """Send the request twice and compare. ``rotating`` is the case that a replay replaces by others in turn ('' none).

    Raises RuntimeError when the two did not run the same statements: something else was going on.
    """
    idle = ear.hear(lambda: None)
    for _ in range(4):
        first, second = ear.hear(lambda: send(0)), ear.hear(lambda: send(0))
        mine, again = _own(first), _own(second)
        if mine and [one.shape for one in mine] == [one.shape for one in again]:
            break
    else:
        raise RuntimeError("two equal requests ran different statements; is something else going on?")
    known = set(re.findall(_ID, "\n".join(one.text for one in again)))
    moments = set(re.findall(_MOMENT, "\n".join(one.text for one in again)))
    numbers: dict[str, int] = {}
    template = [_parts(one.text, known, moments, (rotating, numbers)) for one in mine]
    others = [one for one in first if one not in mine]
    return Captured(mine, template, _more(others, idle, _who), _more(others, idle, _line), bool(rotating))


def _more(others: list[Statement], idle: list[Statement], key: Callable[[Statement], str]) -> dict[str, int]:
    """How many of each kind there were beyond what also runs when nobody asks."""
    counts = Counter(key(one) for one in others)
    counts.subtract(key(one) for one in idle)
    return {name: count for name, count in counts.items() if count > 0}


def _line(one: Statement) -> str:
    return f"{_who(one)}: {one.shape}"


def _own(statements: list[Statement]) -> list[Statement]:
    return [one for one in statements if one.application == "cases"]


def _who(one: Statement) -> str:
    return f"{one.database} relay" if one.application == "relay" else one.database


def _parts(text: str, known: set[str], moments: set[str], more: tuple[str, dict[str, int]]) -> list[Part]:
    """The statement cut at what changes from one request to the next: new identifiers, moments, the rotating case."""
    rotating, numbers = more
    parts: list[Part] = []
    end = 0
    for match in _SLOT.finditer(text):
        word = match[0]
        slot: list[Any]
        if rotating and word == rotating:
            slot = ["case"]
        elif word in known or word in moments:
            continue
        elif word[0].isdigit():
            slot = ["now"]
        else:
            slot = ["fresh", numbers.setdefault(word, len(numbers)), word.partition("_")[0]]
        parts += [text[end : match.start()], slot]
        end = match.end()
    return [*parts, text[end:]]
