"""An errand's round: item by item, and what a stop or a long round leaves over is given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pytest

from services.chassis import entrypoints
from services.chassis.entrypoints import ErrandLine, errand
from services.chassis.unit_of_work import Work


class Round:
    """A Work without a database, and an errand with three items."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @contextmanager
    def writing(self) -> Iterator[None]:
        yield
        self.told.append("commit")

    @contextmanager
    def noting(self) -> Iterator[None]:
        yield

    def run(self, item: int) -> int:
        if item == 2:
            raise ValueError("broken")
        return item

    def finish(self, _unit: Any, item: int, outcome: int | Exception) -> None:
        self.told.append(f"{item} {type(outcome).__name__}")

    def give_back(self, _unit: Any, items: Sequence[int]) -> None:
        self.told.append(f"back {list(items)}")

    def once(self, stopping: Callable[[], bool] = lambda: False, *, gives: bool = True) -> int:
        back = self.give_back if gives else None
        line: ErrandLine = errand(
            seconds=1, take=lambda _unit: [1, 2, 3], run=self.run, finish=self.finish, give_back=back
        )
        return line.once(cast(Work, self), stopping)


def test_every_item_is_carried_and_its_outcome_or_error_written_down() -> None:
    round_ = Round()
    assert round_.once() == 3
    assert round_.told == ["commit", "1 int", "2 ValueError", "3 int"]


def test_a_stop_is_heard_between_two_items_and_the_rest_is_given_back() -> None:
    round_ = Round()
    assert round_.once(lambda: "1 int" in round_.told) == 1
    assert round_.told == ["commit", "1 int", "back [2, 3]", "commit"]


def test_a_long_round_ends_and_leaves_the_rest_to_its_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrypoints, "LONGEST_ROUND_SECONDS", -1)
    round_ = Round()
    assert round_.once(gives=False) == 0
    assert round_.told == ["commit"]
