"""The contract as OpenAPI 3.1, told by the routes and the messages; nothing is written twice."""

from __future__ import annotations

import dataclasses
import typing
from functools import cache
from typing import Any

from gateway.routes import ROUTES
from gateway.table import Allow, Route, hints_of
from services.chassis.messages import Message, Request, split_optional
from services.chassis.openapi import openapi_of, openapi_schema
from services.chassis.problems import title_of

TAGS = {
    "accounts": "People, sessions, teams and organizations.",
    "cases": "Cases from the first word to the confirmation.",
    "files": "Folders and files of a case.",
    "notifications": "The event feed, and what was mailed.",
}
INTRODUCTION = (
    "Customer support for several product teams. Every answer carries `X-Request-Id`; every refusal is "
    "`application/problem+json` with a stable `code`. Send `Idempotency-Key` when you write, `If-Match` when you "
    "change what you read, and `traceparent` when you trace. Clients ignore fields and enum values they do not know."
)
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Why the answer is no (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string", "description": "For programs; never changes.", "examples": ["token_expired"]},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "JSON Pointer into the body"},
                    "parameter": {"type": "string", "description": "Name of the query parameter"},
                    "rule": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
ARRIVING: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "array", "items": {"type": "string", "contentMediaType": "application/octet-stream"}},
        "folder_id": {"type": "string"},
        "for_comment": {"type": "string", "enum": ["true", "false"]},
    },
}
ARRIVED: dict[str, Any] = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/FileView"}}},
}
ARRIVED_BY_KEY: dict[str, Any] = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "content_type", "size", "sha256"],
                "properties": {
                    **{name: {"type": "string"} for name in ("name", "content_type", "sha256")},
                    "size": {"type": "integer"},
                },
            },
        }
    },
}
_RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "Whole seconds."}}


@cache
def document(version: str, address: str) -> dict[str, Any]:
    """The whole contract. It is made once and never changed."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Casework",
            "version": version,
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": address.rstrip("/") or "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas() | {"Problem": PROBLEM},
            "responses": {str(status): _refusal(status) for status in _ALL_REFUSALS},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "access_key": {"type": "apiKey", "in": "header", "name": "X-Access-Key"},
            },
        },
        "security": SECURITY,
    }


def _operation_id(route: Route) -> str:
    """The verb; where a message has two endpoints, the less usual one says what is special about it."""
    if route.more.fixed:
        return "_of_".join([route.verb, *route.more.fixed.values()])
    if len([other for other in ROUTES if other.message is route.message]) > 1:
        if "/drafts/" in route.path:
            return f"{route.verb}_of_draft"
        if route.more.do:
            return f"{route.verb}_by_form"
        if "team_id" in route.own_names:
            return f"{route.verb}_of_installation"
    return route.verb


SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]


def operation(route: Route) -> dict[str, Any]:
    """One endpoint."""
    sentence = " ".join((route.message.__doc__ or "").split()).replace("``", "`")
    summary = ": ".join([sentence.split(". ")[0].rstrip("."), *route.more.fixed.values()])
    told: dict[str, Any] = {
        "operationId": _operation_id(route),
        "tags": [route.service],
        "summary": summary if len(summary) <= 120 else summary[:117] + "...",
        "description": sentence,
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.allow is Allow.ANYONE:
        told["security"] = []
    elif route.allow is Allow.WELCOME:
        told["security"] = [{}, *SECURITY]
    elif route.allow is Allow.KEY:
        told["security"] = [{"access_key": []}]
    if not route.in_query and (route.own_names or route.more.do):
        told["requestBody"] = _body(route)
    return told


def _parameters(route: Route) -> list[dict[str, Any]]:
    known = hints_of(route.message)
    places = [(name, "path") for name in known if name in route.path_names - route.more.fixed.keys()]
    places += [(name, "query") for name in known if route.in_query and name in route.own_names]
    required = {field.name for field in dataclasses.fields(route.message) if _is_required(field)}
    told = []
    for name, place in places:
        schema = _repaired(openapi_of(split_optional(known[name])[0] if place == "query" else known[name]))
        one: dict[str, Any] = {
            "name": name,
            "in": place,
            "required": place == "path" or name in required,
            "schema": schema,
        }
        if schema.get("type") == "array":
            one |= {"style": "form", "explode": False}
        told.append(one)
    if not route.message.reads or route.more.sends != "application/json":
        told.append(_header("Idempotency-Key", "The same key and body have one effect, for 24 hours.", 255))
    if route.method in ("PATCH", "PUT", "DELETE") or (route.version_field and not route.message.reads):
        match = _header("If-Match", "The ETag you read; 412 when somebody was faster.", 64)
        told.append(match | ({"required": True} if route.more.guarded else {}))
    if "organization_id" in route.own_names:
        told.append(_header("X-Organization", "The same as organization_id; 400 when the two differ.", 64))
        told.append(told[-1] | {"name": "organization", "in": "query"})
    if route.method == "GET" and route.version_field:
        told.append(_header("If-None-Match", "The ETag you have; 304 when it is still right.", 255))
    return told


def _is_required(field: Any) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _header(name: str, text: str, limit: int) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": text, "schema": {"type": "string", "maxLength": limit}}


def _body(route: Route) -> dict[str, Any]:
    if route.more.sends != "application/json":
        return {"required": True, "content": {route.more.sends: {"schema": ARRIVING}}}
    schema = _repaired(openapi_schema(route.message))
    schema["properties"] = {name: told for name, told in schema["properties"].items() if name in route.own_names}
    schema["required"] = [name for name in schema.get("required", []) if name in route.own_names]
    schema["additionalProperties"] = False
    schema.pop("description", None)
    needed = bool(schema["required"])
    if not needed:
        del schema["required"]
    content = {"application/json": {"schema": schema, "example": example(route.message, route.own_names)}}
    if route.method == "PATCH":
        content["application/merge-patch+json"] = content["application/json"]
    return {"required": needed, "content": content}


def example(message: type[Message], names: frozenset[str]) -> dict[str, Any]:
    """A body that would be read: the required fields, or the first one when none is."""
    fields = [field for field in dataclasses.fields(message) if field.name in names]  # type: ignore[arg-type]
    chosen = [field for field in fields if _is_required(field)] or fields[:1]
    return {field.name: _sample(hints_of(message)[field.name], field.name) for field in chosen}


def _sample(hint: Any, name: str) -> Any:
    inner = split_optional(hint)[0]
    if isinstance(inner, type) and issubclass(inner, Message):
        return example(inner, frozenset(hints_of(inner)))
    told = openapi_of(inner)
    given = told.get("examples") or told.get("enum")
    if given:
        return given[0]
    if told.get("minItems"):  # Annotated[list[Item], Shape(min=1)]
        return [_sample(typing.get_args(typing.get_args(inner)[0])[0], name)]
    by_kind = {"integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
    by_form = {"password": "correct horse battery", "date-time": "2026-12-01T09:00:00Z"}
    if name.startswith("until"):
        by_form["date-time"] = "2026-12-01T10:00:00Z"
    if told.get("pattern") == "[0-9a-f]{64}":
        return "0" * 64
    plain = by_kind.get(str(told.get("type")), "..." if name.endswith("token") else "text")
    return by_form.get(str(told.get("format")), plain)


def _responses(route: Route) -> dict[str, Any]:
    told: dict[str, Any] = {str(route.status): _success(route)}
    if route.more.do is not None and route.method == "GET" and route.version_field == "" and not route.paged:
        told = _special(route)
    if route.method == "GET" and route.version_field:
        told["304"] = {"description": "Not changed since the ETag you have."}
    for status in _refusals(route):
        told[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return told


def _success(route: Route) -> dict[str, Any]:
    if route.method == "DELETE":
        return {"description": "Done; also when it was done before."}
    schema: dict[str, Any] = {"$ref": f"#/components/schemas/{route.reply.__name__}"}
    if route.more.sends != "application/json":
        schema = ARRIVED_BY_KEY if route.allow is Allow.KEY else ARRIVED
    told: dict[str, Any] = {
        "description": _first_sentence(route.reply) if route.more.sends == "application/json" else "The files.",
        "content": {"application/json": {"schema": schema}},
    }
    headers = {}
    if route.more.made:
        headers["Location"] = {"schema": {"type": "string"}, "description": "Where it can be read."}
    if route.version_field:
        headers["ETag"] = {"schema": {"type": "string"}, "description": "The row version."}
    if route.paged:
        headers["Link"] = {"schema": {"type": "string"}, "description": 'The next page, rel="next".'}
    return told | ({"headers": headers} if headers else {})


def _special(route: Route) -> dict[str, Any]:
    if "url" in hints_of(route.reply):
        where = {"Location": {"schema": {"type": "string", "format": "uri"}}}
        return {"302": {"description": "The bytes are there, for a few minutes.", "headers": where}}
    told = _success(route)
    if "principals" not in hints_of(route.reply):
        return {"200": told}
    stream = {"schema": {"type": "string"}, "example": 'id: 7\nevent: case.opened\ndata: {"cursor":7}\n\n'}
    told["content"]["text/event-stream"] = stream
    return {"200": told}


def _first_sentence(message: type[Message]) -> str:
    return " ".join((message.__doc__ or "").split()).split(". ")[0].rstrip(".") + "."


_ALL_REFUSALS = (400, 401, 403, 404, 405, 409, 411, 412, 413, 415, 422, 428, 429, 500, 503)


def _refusals(route: Route) -> list[int]:
    told = {400, 429, 500, 503}
    if route.allow not in (Allow.ANYONE, Allow.KEY) or "login" in route.own_names or "refresh_token" in route.own_names:
        told.add(401)
    if route.allow is not Allow.ANYONE:
        told.add(403)
    if route.path_names or route.allow is Allow.KEY:
        told.add(404)
    if not route.message.reads:
        told |= {409, 412, 422, 428}
    if not route.in_query:
        told |= {413, 415}
    if route.more.sends != "application/json":
        told.add(411)
    return sorted(told)


def _refusal(status: int) -> dict[str, Any]:
    title = {411: "Send a Content-Length"}.get(status) or title_of(status)
    told: dict[str, Any] = {
        "description": title,
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
            }
        },
    }
    if status in (429, 503):
        told["headers"] = _RETRY
    if status == 429:
        told["headers"] = _RETRY | {name: {"schema": {"type": "string"}} for name in ("RateLimit", "RateLimit-Policy")}
    if status == 401:
        told["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return told


def _schemas() -> dict[str, Any]:
    found: dict[str, type[Message]] = {}
    for route in ROUTES:
        _collect(route.reply, found)
    return {name: _repaired(openapi_schema(found[name])) for name in sorted(found)}


def _collect(hint: Any, found: dict[str, type[Message]]) -> None:
    if isinstance(hint, type) and issubclass(hint, Message) and not issubclass(hint, Request):
        if (
            hint.__name__ in found
            and found[hint.__name__] is not hint
            and hints_of(found[hint.__name__]) != hints_of(hint)
        ):
            raise TypeError(f"two different views are called {hint.__name__}")
        if found.setdefault(hint.__name__, hint) is hint:
            for inner in hints_of(hint).values():
                _collect(inner, found)
        return
    for inner in typing.get_args(hint):
        _collect(inner, found)


def _repaired(schema: Any) -> Any:
    """A nullable enum has to name null among its values, or no validator lets it pass."""
    if isinstance(schema, list):
        return [_repaired(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: _repaired(value) for name, value in schema.items()}
    kinds = told.get("type")
    if isinstance(kinds, list) and "null" in kinds and isinstance(told.get("enum"), list) and None not in told["enum"]:
        told["enum"] = [*told["enum"], None]
    return told
