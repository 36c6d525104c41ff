"""What a profile means where it says nothing: the defaults of the schema, and those that follow from the rest."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from services import contracts

Profile = dict[str, Any]
_KINDS = {"title": "line", "topic": "topic", "product": "product", "priority": "priority", "description": "text"}


@cache
def schema() -> dict[str, Any]:
    """The schema of a profile; every key with a ``default``, or with a ``$comment`` on where its default comes from."""
    text = Path(contracts.__file__).with_name("profile.schema.json").read_text("utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def complete(profile: Profile) -> Profile:
    """The profile with every default filled in, in a new document. It must keep to the schema. Doing it twice is
    doing it once: what is there is never changed."""
    full: Profile = _filled(schema(), profile)
    full["number"].setdefault("prefix", _prefix(full["team"]))
    full.setdefault("access_key", "read_update" if full["intake"]["anonymous"] else "off")
    least_urgent = max(full["priorities"], key=lambda priority: int(priority["rank"]))
    full["priority"].setdefault("default", least_urgent["key"])
    _enable(full)
    for kind in full["types"]:
        kind.setdefault("form", _form(full))
    return full


def _filled(shape: dict[str, Any], value: Any) -> Any:
    shape = _resolved(shape)
    if isinstance(value, list):
        return [_filled(shape.get("items", {}), item) for item in value]
    if not isinstance(value, dict):
        return value
    named, others = shape.get("properties", {}), shape.get("additionalProperties") or {}
    full = {name: _filled(named.get(name, others), inner) for name, inner in value.items()}
    for name, part in named.items():
        if name not in full and "default" in part:
            full[name] = deepcopy(part["default"])
        elif name not in full and part.get("type") == "object":
            full[name] = _filled(part, {})
    return full


def _resolved(shape: dict[str, Any]) -> dict[str, Any]:
    reference = str(shape.get("$ref", ""))
    return schema()["$defs"][reference.removeprefix("#/$defs/")] | shape if reference else shape


def _prefix(team_id: str) -> str:
    """``extend``: EXT. A short name of one letter and a dash gets a second letter."""
    return ("".join(letter for letter in team_id.upper() if letter.isalnum()) + "C")[:3]


def _enable(full: Profile) -> None:
    """Chat and followers are on where the features name them; without features, where nobody switched them off."""
    for name in ("followers", "chat"):
        full[name].setdefault("enabled", "features" not in full or name in full["features"])
    on = [name for name in ("followers", "chat") if full[name]["enabled"]]
    full.setdefault("features", ["cases", "files", "knowledge", *on])


def _form(full: Profile) -> list[Profile]:
    """The plain form: a title, what the team wants to know of every case, and the description."""
    asked = {
        "title": True,
        "topic": full["topic_required"],
        "product": full["product_required"],
        "priority": full["priority"]["customer_sets"] and len(full["priorities"]) > 1,
        "description": True,
    }
    return [
        {
            "key": key,
            "label": full["labels"].get(key, key.capitalize()),
            "kind": _KINDS[key],
            "required": key != "priority",
        }
        for key, wanted in asked.items()
        if wanted
    ]
