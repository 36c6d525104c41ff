"""From a message's annotations to its JSON Schema (2020-12, as OpenAPI 3.1 uses it)."""

from __future__ import annotations

import typing
from dataclasses import MISSING
from datetime import date, datetime
from typing import Annotated, Any, Literal

from services.chassis.messages import ABSENT, Message, Shape, fields_of, hints, split_optional

_OPENAPI: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    Any: {},
}


def openapi_of(hint: Any) -> dict[str, Any]:
    """The JSON Schema (2020-12, as OpenAPI 3.1 uses it) of one annotation; messages become ``$ref``."""
    inner, nullable, _ = split_optional(hint)
    shape = None
    if typing.get_origin(inner) is Annotated:
        inner, shape = typing.get_args(inner)[0], typing.get_args(inner)[1]
    origin = typing.get_origin(inner)
    if origin is list:
        told: dict[str, Any] = {"type": "array", "items": openapi_of(typing.get_args(inner)[0])}
    elif origin is dict:
        told = {"type": "object", "additionalProperties": openapi_of(typing.get_args(inner)[1])}
    elif origin is Literal:
        told = {"type": "string", "enum": list(typing.get_args(inner))}
    elif isinstance(inner, type) and issubclass(inner, Message):
        told = {"$ref": f"#/components/schemas/{inner.__name__}"}
    else:
        told = dict(_OPENAPI[inner])
    if shape is not None:
        told |= _openapi_limits(told.get("type", ""), shape)
    if nullable:
        told = {"anyOf": [told, {"type": "null"}]} if "$ref" in told else told | {"type": [told.get("type"), "null"]}
    return told


def _openapi_limits(kind: str, shape: Shape) -> dict[str, Any]:
    low, high = {
        "string": ("minLength", "maxLength"),
        "array": ("minItems", "maxItems"),
        "object": ("minProperties", "maxProperties"),
    }.get(kind, ("minimum", "maximum"))
    told = {low: shape.min, high: shape.max, "pattern": shape.pattern, "format": shape.format}
    found: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    if shape.example is not None:
        found["examples"] = [shape.example]
    return found


def openapi_schema(cls: type[Message]) -> dict[str, Any]:
    """One message as a JSON Schema object with description, required list and defaults."""
    properties, required = {}, []
    for field in fields_of(cls):
        properties[field.name] = openapi_of(hints(cls)[field.name])
        if field.default is MISSING and field.default_factory is MISSING:
            required.append(field.name)
        else:
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            if default is not None and default is not ABSENT:
                properties[field.name]["default"] = default
    told: dict[str, Any] = {"type": "object", "properties": properties}
    if cls.__doc__ and not cls.__doc__.startswith(cls.__name__ + "("):
        told["description"] = " ".join(cls.__doc__.split())
    if required:
        told["required"] = required
    return told
