"""No pattern of any message can be made to run long: each reads a megabyte of the worst letters in no time."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from services import contracts
from services.chassis.messages import Message, Shape, hints

SIZE = 1_000_000
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


def patterns() -> list[str]:
    found: set[str] = set()
    for module in pkgutil.iter_modules(contracts.__path__):
        for value in vars(importlib.import_module(f"{contracts.__name__}.{module.name}")).values():
            hinted = hints(value).values() if isinstance(value, type) and issubclass(value, Message) else [value]
            found |= {shape.pattern for hint in hinted for shape in shapes_in(hint) if shape.pattern}
    return sorted(found)


def seconds_for(pattern: str, text: str) -> float:
    began = time.perf_counter()
    re.compile(rf"(?:{pattern})\Z").match(text)
    return time.perf_counter() - began


@pytest.mark.timeout(60)
@pytest.mark.parametrize("pattern", patterns())
def test_a_pattern_reads_a_megabyte_of_anything_in_no_time(pattern: str) -> None:
    for letters in EVIL:
        for end in ("", "!", "\x00"):
            text = (letters * (SIZE // len(letters))) + end
            assert seconds_for(pattern, text) < 2, f"{letters!r} ... {end!r}"
            assert seconds_for(pattern, "a" + text) < 2, f"a, {letters!r} ... {end!r}"


@pytest.mark.timeout(60)
def test_this_test_would_see_a_pattern_that_runs_long() -> None:
    assert seconds_for(r"(a+)+b", "a" * 28) > 100 * seconds_for(r"[a]+b", "a" * 28)
