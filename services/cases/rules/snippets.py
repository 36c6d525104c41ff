"""Prepared answers: words with places to fill in. Nothing in them is ever evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.cases.rules.case import Reader

PLACES = ("contact.name", "case.number", "case.title", "agent.name", "team.name")
_PLACE = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)+)\}")


def unknown_places(body: str) -> list[str]:
    """The places of a body that nothing can be filled into."""
    return sorted({name for name in _PLACE.findall(body) if name not in PLACES})


def values_of(reader: Reader) -> dict[str, str]:
    """What each place says on this case, for this agent."""
    case = reader.case
    said = (case.contact_name, case.number, case.title, reader.standing.name, str(reader.policy["name"]))
    return dict(zip(PLACES, said, strict=True))


def filled_in(body: str, values: Mapping[str, str]) -> str:
    """The body with its places filled in, in one pass: what is filled in is never read as a place again."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), body)
