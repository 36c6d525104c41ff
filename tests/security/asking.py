"""What is sent to a route: generated from its message, so that a new endpoint is tried without a line here."""

from __future__ import annotations

import dataclasses
import re
import typing
from typing import Any

from gateway import openapi
from gateway.routes import ROUTES
from gateway.table import Route, hints_of
from services.chassis.messages import split_optional
from services.contracts.shapes import Id, Ids
from tests.security.stage import ALSO

# Where the generated body would be refused before anybody looks at what it names.
OVERRIDES: dict[str, dict[str, Any]] = {
    "PATCH ~/memberships/{membership_id}": {"role": "member"},
    "PATCH ~/organizations/{organization_id}/users/{user_id}": {"role": "member", "permissions": None},
    "PUT ~/profile": {"profile": {}},
    "POST ~/cases": {"contact": None},
    "GET ~/events": {"after": 0},
}


def short(route: Route) -> str:
    """The route as ``routes.py`` writes it."""
    return route.name.replace("/v1/teams/{team_id}", "~")


def path_things(route: Route) -> dict[str, str]:
    """The path's names, without the team, and under which name ``Stage`` knows what they stand for."""
    told = {}
    for part, name in re.findall(r"([\w-]+)/\{(\w+)\}", route.path):
        if name != "team_id":
            told[name] = ALSO.get(f"{part}/{name}") or ALSO.get(name, name)
    return told


def field_things(route: Route) -> dict[str, str]:
    """The same for the fields of body or query that hold an id or a list of them."""
    told = {}
    for name in sorted(route.own_names):
        kind = split_optional(hints_of(route.message)[name])[0]
        if kind in (Id, Ids):
            one = name.removesuffix("s") if kind is Ids else name
            told[name] = ALSO.get(one, one)
    return told


def fields(route: Route, ids: dict[str, str]) -> dict[str, Any]:
    """Body or query: what is required, and every id it may hold."""
    known = hints_of(route.message)
    told = {} if route.in_query else openapi.example(route.message, route.own_names)
    if route.in_query:
        required = frozenset(
            one.name
            for one in dataclasses.fields(route.message)
            if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        )
        if required & route.own_names:
            told = openapi.example(route.message, required & route.own_names)
    for name, thing in field_things(route).items():
        value = ids[thing]
        told[name] = [value] if split_optional(known[name])[0] is Ids else value
    return told | OVERRIDES.get(short(route), {})


def unknown_names(places: typing.Container[str]) -> list[str]:
    """A sentence for each name of a route that the stage has nothing for."""
    told = []
    for route in ROUTES:
        told += [
            f"{short(route)}: the isolation matrix has no {name!r}. Tell it in THINGS of tests/security/stage.py how "
            "to find one, or in ALSO what it is another word for."
            for name, thing in (path_things(route) | field_things(route)).items()
            if thing not in places
        ]
    return told
