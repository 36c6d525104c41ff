"""A filled form in words, and what registering it would mean: for people who are about to send it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from services.cases.rules.agreed import Agreed
from services.cases.rules.case import Policy

# Where each field of a form stands in the body of POST ~/cases; all others are in ``fields``.
_PLACES = {
    "product": "product",
    "product_item": "product_item",
    "product_range": "product_range",
    "topic": "topic",
    "priority": "priority",
    "contact": "contact_id",
    "owner": "owner_id",
    "title": "title",
    "description": "description",
}
_BECAUSE = {
    "free": "It costs nothing.",
    "none": "Cases of this type are not charged.",
    "contract_rate": "It is charged at the rate of the contract.",
    "quote_required": "Work begins only after a quote was approved.",
}
By = Literal["contract", "team"]


class Told(NamedTuple):
    """A field as people read it: where it stands, what it is called, what it says."""

    pointer: str
    label: str
    text: str


def told_of(profile: Policy, form: Mapping[str, Any], people: Mapping[str, str]) -> list[Told]:
    """The form as it was filled in: the type, what its form asks for in its order, then whatever was said besides.
    ``people``: names of those whose ids may stand in it."""
    kind = next((kind for kind in profile["types"] if kind["key"] == form.get("type")), None)
    lines = [Told("/type", _label(profile, "type"), kind["name"])] if kind else []
    seen = set()
    for field in kind["form"] if kind else []:
        place = _PLACES.get(field["key"])
        value = form.get(place) if place else form.get("fields", {}).get(field["key"])
        pointer = f"/{place}" if place else f"/fields/{field['key']}"
        seen.add(pointer)
        if value not in (None, ""):
            lines.append(Told(pointer, field["label"], _text(profile, field["key"], value, people)))
    for key, place in _PLACES.items():
        if f"/{place}" not in seen and form.get(place):
            lines.append(Told(f"/{place}", _label(profile, key), _text(profile, key, form[place], people)))
    return lines


def _label(profile: Policy, key: str) -> str:
    return str(profile.get("labels", {}).get(key) or key.replace("_", " ").capitalize())


def _text(profile: Policy, key: str, value: Any, people: Mapping[str, str]) -> str:
    names: dict[str, Callable[[], Iterator[tuple[str, str]]]] = {
        "product": lambda: _names(profile["products"]),
        "priority": lambda: _names(profile["priorities"]),
        "topic": lambda: topic_names(profile["topics"]),
    }
    if key in names:
        return dict(names[key]()).get(value, str(value))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return people.get(str(value), str(value))


def _names(things: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    yield from ((thing["key"], thing["name"]) for thing in things)


def topic_names(topics: list[dict[str, Any]], above: tuple[str, str] = ("", "")) -> Iterator[tuple[str, str]]:
    """Every topic by its key and by its path, with the names on the way to it."""
    for topic in topics:
        path, name = above[0] + topic["key"], above[1] + topic["name"]
        yield from ((topic["key"], name), (path, name))
        yield from topic_names(topic.get("children") or [], (path + ".", name + " / "))


def promised_by(agreed: Agreed, priority: str | None, kind: str) -> By:
    """Who promises the target of this kind of clock."""
    terms = agreed.terms.get("priorities", {}).get(priority or "", {})
    return "contract" if (terms.get("targets") or {}).get(f"{kind}_seconds") is not None else "team"


def cost_of(agreed: Agreed, kind: Mapping[str, Any]) -> tuple[By, str]:
    """Who says what a case of this type costs, and that in a sentence."""
    by: By = "contract" if kind["key"] in agreed.terms.get("charges", {}) else "team"
    because = _BECAUSE.get(agreed.charge(kind), "")
    return by, f"{because} So says {'your contract' if by == 'contract' else 'the team'}."
