"""What a case may be, told as data: for clients that draw forms and pickers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.cases.rules.agreed import Agreed
from services.cases.rules.case import Policy
from services.cases.rules.form import ID, LINE_LENGTH, PHONE, TEXT_LENGTH, walk
from services.chassis.problems import NotFound

Schema = dict[str, Any]

# Form keys that OpenCase calls otherwise; the rest of its own places have the name of the key.
_PLACES = {"contact": "contact_id", "owner": "owner_id"}
_TOP = {
    *("title", "description", "topic", "priority", "product", "product_item", "product_range"),
    *("contact", "owner", "technical_information"),
}
_INFORMATION: Schema = {
    "type": "object",
    "properties": {
        "consent": {"type": "boolean"},
        "information": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
    },
    "required": ["consent"],
    "additionalProperties": False,
}
_KINDS: dict[str, Schema] = {
    "line": {"type": "string", "minLength": 1, "maxLength": LINE_LENGTH, "pattern": r"^[^\r\n]*$"},
    "text": {"type": "string", "minLength": 1, "maxLength": TEXT_LENGTH},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
    "phone": {"type": "string", "pattern": f"^{PHONE.pattern}$"},
    "user": {"type": "string", "pattern": f"^{ID.pattern}$"},
}


def type_of(profile: Policy, key: str) -> Mapping[str, Any]:
    """The type of this key. Raises NotFound."""
    found: Mapping[str, Any] | None = next((kind for kind in profile["types"] if kind["key"] == key), None)
    if found is None:
        raise NotFound()
    return found


def topics_below(profile: Policy, parent: str | None) -> list[dict[str, Any]]:
    """The topics of one level, each with its ``path``. Raises NotFound for a parent that is not there."""
    level, above = profile["topics"], ""
    for step in parent.split(".") if parent else []:
        topic = next((topic for topic in level if topic["key"] == step), None)
        if topic is None:
            raise NotFound()
        level, above = topic.get("children") or [], f"{above}{step}."
    return [{**topic, "path": above + topic["key"]} for topic in level]


def form_schema(profile: Policy, kind: Mapping[str, Any], agreed: Agreed, *, staff: bool) -> Schema:
    """The JSON Schema of the body that opens a case of this type for an organization."""
    top: dict[str, Schema] = {"type": {"const": kind["key"]}}
    own: dict[str, Schema] = {}
    required, own_required = ["type"], []
    # A customer who names no contact is meant himself.
    demanded = {"product": profile["product_required"], "topic": profile["topic_required"]}
    for order, field in enumerate(kind["form"]):
        key = field["key"]
        if key == "priority" and not staff and not profile["priority"]["customer_sets"]:
            continue
        told = _told(profile, field, agreed) | {"x-order": order}
        place = _PLACES.get(key, key)
        if key in _TOP:
            top[place] = told
            needed = staff if key == "contact" else field["required"] or demanded.get(key)
            required += [place] if needed else []
        else:
            own[key] = told
            own_required += [key] if field["required"] else []
    top["fields"] = {"type": "object", "properties": own, "required": own_required, "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": top,
        "required": [*required, *(["fields"] if own_required else [])],
    }


def _told(profile: Policy, field: Mapping[str, Any], agreed: Agreed) -> Schema:
    kind = field["kind"]
    told: Schema = {"title": field["label"], "x-kind": kind}
    if "help" in field:
        told["description"] = field["help"]
    if field["key"] == "technical_information":
        return told | _INFORMATION
    if kind == "choice":
        return told | {"type": "string", "enum": list(field["choices"])}
    if kind == "product":
        known = [(product["key"], product["name"]) for product in profile["products"]]
        return told | _choice([(key, name) for key, name in known if key in agreed.products])
    if kind == "priority":
        offered = [(priority["key"], agreed.meaning(priority)) for priority in profile["priorities"]]
        return told | _choice(offered) | {"default": profile["priority"]["default"]}
    if kind == "topic":
        leaves = [path for path, leaf in walk(profile["topics"]) if leaf]
        return told | {"type": "string", "enum": leaves}
    return told | _KINDS[kind]


def _choice(offered: list[tuple[str, str]]) -> Schema:
    """One of these, each with what it is called."""
    return {"type": "string", "oneOf": [{"const": key, "title": name} for key, name in offered]}
