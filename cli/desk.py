"""What every command has at hand: the API, and how to show things to people and to programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from cli.api import Api


class Desk:
    """Made once per call; ``as_json``: machine output, one JSON document on stdout."""

    def __init__(self, api: Api, as_json: bool) -> None:
        self.api, self.as_json = api, as_json
        self._out, self._err = Console(), Console(stderr=True)

    def show(self, told: Any, sentence: str) -> None:
        """One thing: the whole of it for programs, a sentence for people."""
        click.echo(_json(told) if self.as_json else sentence)

    def table(self, rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> None:
        """A list; for people these columns of it (``user.name`` looks inside)."""
        found = list(rows)
        if self.as_json:
            click.echo(_json(found))
            return
        table = Table(*[column.rpartition(".")[2].replace("_", " ") for column in columns], box=None, pad_edge=False)
        for row in found:
            table.add_row(*[Text(_cell(row, column)) for column in columns])  # Text: what people wrote is no markup
        if not self._out.is_terminal:  # a pipe gets whole lines
            self._out.width = 1000
        if found:
            self._out.print(table, highlight=False)
        else:
            click.echo("Nothing.")

    def progress(self) -> Progress:
        """A bar on stderr; nothing at all when that is no terminal."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        return Progress(*columns, console=self._err, disable=not sys.stderr.isatty(), transient=True)


def _cell(row: dict[str, Any], column: str) -> str:
    value: Any = row
    for name in column.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return _json(value) if isinstance(value, dict) else str(value)


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def example(text: str) -> str:
    """The epilog of a command."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in text.strip().split("\n"))


pass_desk = click.make_pass_decorator(Desk)
