"""What lists can be asked for, and how the words of a search are read."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from services.cases import rules
from services.chassis.problems import Malformed
from services.contracts import cases as c

NOW = datetime(2026, 11, 1, tzinfo=UTC)
WIDE = {"type": "problem"}, {"priority": "high"}, {"product": "orders"}, {"assignee": "none"}, {"contact": "me"}


def ask(**more: Any) -> c.ListCases:
    return c.ListCases(team_id="extend", **more)


def offered(staff: bool, **more: Any) -> bool:
    try:
        rules.walk_of(ask(**more), NOW, staff=staff)
    except Malformed as problem:
        if problem.code != "not_offered":
            raise
        return False
    return True


def test_every_view_can_be_asked_for_by_latest_change() -> None:
    for view, staff in itertools.product(get_args(c.Found), (True, False)):
        assert offered(staff, view=view)


@pytest.mark.parametrize("narrow", WIDE)
def test_what_only_narrows_needs_a_base_or_a_short_period(narrow: dict[str, Any]) -> None:
    assert not offered(True, **narrow)
    assert not offered(True, view="closed", **narrow)
    assert not offered(True, status=["closed"], **narrow)
    assert offered(True, view="open", **narrow)
    assert offered(True, organization_id="org_01m7x2c4e6g8j0k2m4n6p8q0r2", **narrow)
    assert offered(False, **narrow)  # a customer's base is his organization
    assert offered(True, updated_after=NOW - timedelta(days=92), **narrow)
    assert not offered(True, updated_after=NOW - timedelta(days=93), **narrow)
    assert not offered(True, created_after=NOW - timedelta(days=9), **narrow)  # not the time of the order
    assert offered(True, created_after=NOW - timedelta(days=9), sort="-created_at", **narrow)


def test_priority_orders_open_cases_only() -> None:
    assert offered(True, sort="priority", view="open")
    assert offered(True, sort="priority", status=["new", "open"])
    assert not offered(True, sort="priority")
    assert not offered(False, sort="priority", status=["open", "closed"])
    assert not offered(True, sort="priority", view="mine")
    assert offered(True, sort="due", view="open", queue="queue_01m7x2c4e6g8j0k2m4n6p8q0r2")
    assert not offered(True, sort="due", queue="queue_01m7x2c4e6g8j0k2m4n6p8q0r2")


def test_statuses_of_the_whole_team_are_walked_one_by_one() -> None:
    walk = rules.walk_of(ask(status=["new", "closed", "new"]), NOW, staff=True)
    assert (walk.base, walk.statuses) == ("team", ("new", "closed"))
    assert rules.walk_of(ask(status=["new"]), NOW, staff=False).statuses == ()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Printer JAM", ["printer", "jam"]),
        ("EXT-000042", ["ext", "000042"]),
        ("ada@example.org", ["ada", "example", "org"]),
        ("Å_ä'ö) | & :* \\", ["å", "ä", "ö"]),
        ("' -- ;", []),
        (" ".join("abcdefghijkl"), list("abcdefgh")),
    ],
)
def test_only_letters_and_digits_of_a_search_count(typed: str, words: list[str]) -> None:
    assert rules.words_of(typed) == words


def test_numbers_and_short_words_are_not_guessed() -> None:
    assert rules.may_be_misspelt(["printr"])
    assert not rules.may_be_misspelt(["ext", "000042"])


def excerpt(text: str, query: str, stems: dict[tuple[str, str], str] | None = None, language: str = "en") -> str:
    """The excerpt of one text, what was found in brackets."""
    wanted = rules.sought(query)
    [quote] = rules.quoted([(text, language)], wanted)
    pieces = rules.excerpt(quote, wanted, stems or {})
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces)


def test_a_word_is_marked_by_its_lexemes_alone() -> None:
    stems = {("en", "printing"): "print", ("en", "dying"): "die", ("en", "dice"): "dice"}
    asked = "( 'printer' | 'print' ) & ( 'die':* | 'dö' )"
    assert excerpt("The Printer printing <b>dying</b>!", asked, stems) == "The [Printer] [printing] <b>[dying]</b>!"
    assert excerpt("Dice and reprinter, DIESEL, dö", asked, stems) == "Dice and reprinter, [DIESEL], [dö]"
    assert excerpt("dying", asked, stems, "sv") == "dying"
    assert excerpt("jam jams Årjam årlig", "'jam' & 'år':*") == "[jam] jams [Årjam] [årlig]"


def test_an_excerpt_is_at_most_two_passages_cut_between_words() -> None:
    filler = "so much to say " * 40
    told = excerpt(f"{filler}printer {filler}printer {filler}printer", "'printer':*")
    assert told.count("[printer]") == 2
    assert told.count(" ... ") == 1
    assert set(told.replace("[printer]", "").split()) == {"so", "much", "to", "say", "..."}
    assert excerpt(filler, "'printer':*") == filler[:107]  # found elsewhere: how it begins
    far = f"{filler}one {filler}one {filler}one two {filler}"
    assert excerpt(far, "'one' & 'two'").count("[one] [two]") == 1  # both, rather than the first one twice
    near = excerpt(f"one {filler[:119]} two {filler}", "'one' & 'two'")
    assert near.startswith("[one] so")
    assert (near.count("[two]"), near.count(" ... ")) == (1, 0)  # two passages that meet are one
    assert excerpt("x" * 3000 + " jam", "'jam'") == "[jam]"
    assert excerpt("", "'jam'") == ""
