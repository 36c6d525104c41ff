"""A Problem is the same on both sides of the wire."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.chassis import problems
from services.chassis.problems import Invalid, NotFound, Problem, Unavailable, title_of

KINDS = [kind for kind in vars(problems).values() if isinstance(kind, type) and issubclass(kind, Problem)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_problem_survives_the_wire(kind: type[Problem]) -> None:
    errors = [{"pointer": "/title", "rule": "length", "detail": "Too long."}]
    sent = kind("some_code", "A sentence; å.", errors=errors, retry_after=7, extra={"etag": '"v3"'})
    got = Problem.from_data(orjson.loads(orjson.dumps(sent.as_data())))
    assert type(got) is kind
    assert vars(got) == vars(sent)
    assert got.title == kind.title


def test_every_kind_has_a_status_of_its_own() -> None:
    assert len({kind.status for kind in KINDS}) == len(KINDS)
    assert all(title_of(kind.status) == kind.title for kind in KINDS)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"status": 418, "code": "teapot"},
        {"status": "503"},
        {"exc_type": "ValueError", "exc_args": ["x"], "value": "from a stock nameko service"},
        {"errors": None, "extra": None, "detail": None},
    ],
)
def test_what_is_not_ours_becomes_an_internal_error(data: dict[str, Any]) -> None:
    got = Problem.from_data(data)
    assert type(got) is Problem
    assert got.status == 500
    assert (got.errors, got.extra) == ([], {})


def test_a_missing_thing_and_a_foreign_one_are_the_same_answer() -> None:
    assert NotFound().as_data() == NotFound().as_data()
    assert NotFound().code == "not_found"


def test_unavailable_always_says_when_to_come_again() -> None:
    assert Unavailable("away").retry_after == 2
    assert Unavailable("away", retry_after=9).retry_after == 9


def test_a_field_is_named_by_a_pointer() -> None:
    assert Invalid.field("/title", "length", "Too long.").errors == [
        {"pointer": "/title", "rule": "length", "detail": "Too long."}
    ]
