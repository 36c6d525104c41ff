"""No pattern of any message can be made to run long: each reads any amount of the worst letters in no time."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import time
import typing
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any

import pytest

from services import contracts
from services.chassis.messages import Message, Shape, hints
from services.chassis.problems import Invalid

SIZE = 200_000  # what tries every pair of letters takes hours at this length
EVIL = (
    "a",
    " ",
    "a ",
    "-",
    ".",
    "a.",
    "a-",
    "@",
    "a@",
    "a@a.",
    "/",
    "0",
    "0-",
    "_",
    "\n",
    "\u00e5",
    ":",
    "%",
    "\\",
    "(",
)


def shapes_in(hint: Any) -> Iterator[Shape]:
    for part in typing.get_args(hint):
        if isinstance(part, Shape):
            yield part
        else:
            yield from shapes_in(part)


def probes() -> list[type[Message]]:
    """A message of one field for every limited shape that any contract knows."""
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(contracts.__path__):
        for value in vars(importlib.import_module(f"{contracts.__name__}.{module.name}")).values():
            told = isinstance(value, type) and issubclass(value, Message) and dataclasses.is_dataclass(value)
            hinted = hints(value).values() if told else [value]
            for shape in (shape for hint in hinted for shape in shapes_in(hint) if shape.pattern):
                found[str(shape.pattern)] = Annotated[str, shape]
    return [type("Probe", (Message,), {"__annotations__": {"value": hint}}) for hint in found.values()]


def seconds_for(probe: type[Message], text: str) -> float:
    began = time.perf_counter()
    with suppress(Invalid):
        probe.load({"value": text})
    return time.perf_counter() - began


@pytest.mark.timeout(60)
@pytest.mark.parametrize("probe", probes(), ids=lambda probe: str(next(shapes_in(hints(probe)["value"])).pattern)[:40])
def test_a_field_with_a_pattern_reads_much_of_anything_in_no_time(probe: type[Message]) -> None:
    for letters in EVIL:
        for begin in ("", "a", "a@", "a/"):
            for end in (" ", "\x01"):
                text = begin + (letters * (SIZE // len(letters))) + end
                assert seconds_for(probe, text) < 2, f"{begin!r} {letters!r} ... {end!r}"


class Slow(Message):
    """What must not be: a pattern that tries everything, and no limit of length before it."""

    value: Annotated[str, Shape(pattern="(a+)+b")]


@pytest.mark.timeout(60)
def test_this_test_would_see_a_pattern_that_runs_long() -> None:
    assert seconds_for(Slow, "a" * 26) > 100 * seconds_for(Slow, "b" * 26)
