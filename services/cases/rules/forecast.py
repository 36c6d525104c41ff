"""What a new team profile would mean for cases that are open: which of their values would be gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.cases.rules.case import Policy


@dataclass(frozen=True, slots=True)
class Upheaval:
    """What of the old profile the new one takes away or changes, as keys.

    ``types``, ``topics``, ``priorities`` and ``products`` are those that remain: what a case has besides is lost.
    """

    types: list[str]
    topics: list[str]
    priorities: list[str]
    products: list[str]
    statuses: list[str]
    clocks: list[str]
    fields: list[str]
    prefixes: list[str]


def upheaval(before: Policy, after: Policy) -> Upheaval:
    """Both profiles are complete (an old one may lack what came later)."""
    return Upheaval(
        types=_keys(after["types"]),
        topics=list(_topics(after["topics"])),
        priorities=_keys(after["priorities"]),
        products=_keys(after["products"]),
        statuses=sorted(_words(before) - _words(after)),
        clocks=_changed_clocks(before, after),
        fields=sorted(_editable(before) - _editable(after)),
        prefixes=[before["number"]["prefix"]] if before["number"]["prefix"] != after["number"]["prefix"] else [],
    )


def _words(profile: Policy) -> set[str]:
    """The statuses that the team has words of its own for."""
    return {*profile.get("statuses", {}), *_keys(profile.get("substatuses", []))}


def _keys(things: list[dict[str, Any]]) -> list[str]:
    return [thing["key"] for thing in things]


def _topics(topics: list[dict[str, Any]], above: str = "") -> Iterator[str]:
    """Every name a case may call a topic by: its key, and its path."""
    for topic in topics:
        yield topic["key"]
        yield above + topic["key"]
        yield from _topics(topic.get("children") or [], f"{above}{topic['key']}.")


def _editable(profile: Policy) -> set[str]:
    allowed = set(profile["fields"]["customer_editable"])
    return allowed if profile["priority"]["customer_sets"] else allowed - {"priority"}


def _changed_clocks(before: Policy, after: Policy) -> list[str]:
    """Kinds of clocks that begin, end, or run to another target or by other hours."""
    old, new = _clocks(before), _clocks(after)
    return sorted(kind for kind in old.keys() | new.keys() if old.get(kind) != new.get(kind))


def _clocks(profile: Policy) -> dict[str, Any]:
    return {
        clock["kind"]: (clock["target_seconds"], profile["calendars"].get(clock["calendar"]))
        for clock in profile["clocks"]
    }
