"""What a line of ``routes.py`` means: everything a request needs to know about its endpoint, worked out once."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any

from services.chassis.messages import Request, View, hints, split_optional

# mypy does not believe that a dataclass's class itself can be hashed
hints_of: Callable[[Any], dict[str, Any]] = hints


class Allow(Enum):
    """Who gets past the gateway; the services decide the rest. ``WELCOME``: with or without a token. ``KEY``: whoever
    shows an access key, which opens one thing and says nothing of who he is."""

    ANYONE = "anyone"
    WELCOME = "welcome"
    KEY = "key"
    SIGNED_IN = "signed_in"
    OPERATOR = "operator"


ANYONE, WELCOME, KEY, SIGNED_IN, OPERATOR = Allow.ANYONE, Allow.WELCOME, Allow.KEY, Allow.SIGNED_IN, Allow.OPERATOR


@dataclass(frozen=True, slots=True)
class More:
    """What only some endpoints need.

    ``made``: where to find what a POST created (the answer is 201); filled from the path and the reply.
    ``continues``: replies with a field of this name hand out a cursor of this list.
    ``do``: replaces read, ask and tell for what JSON cannot carry (files, streams, redirects).
    ``sends``: the content type of such a request.
    ``guarded``: whoever changes it must say which version he read (If-Match); without it the answer is 428.
    ``anywhere``: also for a session that counts in one team only, although the path names none; the service sees to it
    that he learns and changes nothing of other teams.
    ``setup``: also for a session that may only set up a second factor.
    ``session``: only for somebody who signed in; an API token is refused, whatever its scopes.
    ``fixed``: fields of the message that the path says without a placeholder; nobody sends them.
    ``later``: what is asked for is done afterwards (202); ``made`` is where to see how far it is.
    """

    made: str = ""
    continues: str = ""
    do: Callable[..., Any] | None = None
    sends: str = "application/json"
    guarded: bool = False
    session: bool = False
    later: bool = False
    anywhere: bool = False
    setup: bool = False
    fixed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One endpoint. ``path`` is written as OpenAPI does, ``rule`` as Flask does."""

    method: str
    path: str
    rule: str
    message: type[Request[Any]]
    service: str
    allow: Allow
    more: More
    verb: str
    path_names: frozenset[str]
    own_names: frozenset[str]
    readers: dict[str, Callable[[str], Any]]
    paged: bool
    version_field: str
    status: int
    scope: str
    cursors: list[tuple[str, Route]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Method and path, as logs and metrics call it."""
        return f"{self.method} {self.path}"

    @property
    def in_query(self) -> bool:
        """True when values come from the query, not from a body."""
        return self.method in ("GET", "DELETE")

    @property
    def reply(self) -> type[View]:
        """The view this endpoint answers with."""
        return self.message.reply


def route(line: str, message: type[Request[Any]], *, service: str, allow: Allow, **more: Any) -> Route:
    """One endpoint: ``route("POST ~/cases", OpenCase, service="cases", allow=SIGNED_IN)``; ``~`` is the team's path."""
    method, rule = line.split(" ", 1)
    rule = rule.replace("~", "/v1/teams/<team_id>")
    extra = More(**more)
    path_names = frozenset(re.findall(r"<(\w+)>", rule)) | extra.fixed.keys()
    known, told = hints_of(message), hints_of(message.reply)
    if not path_names <= known.keys():
        raise TypeError(f"{line}: {message.__name__} does not know {path_names - known.keys()}")
    version = next((name for name in ("version", "profile_version") if name in told), "")
    return Route(
        method=method,
        path=re.sub(r"<(\w+)>", r"{\1}", rule),
        rule=rule,
        message=message,
        service=service,
        allow=allow,
        more=extra,
        verb=message.wire_name,
        path_names=path_names,
        own_names=frozenset(known.keys() - path_names),
        readers={name: _reader(hint) for name, hint in known.items()},
        paged="next_cursor" in told and "cursor" in known,
        version_field=version,
        scope=f"{service}:{'read' if message.reads else 'write'}",
        status=202 if extra.later else 201 if extra.made else 204 if method == "DELETE" else 200,
    )


def link_cursors(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Tell every endpoint whose replies begin another endpoint's list (``continues``) about that list."""
    for target in routes:
        name = target.more.continues
        for one in routes:
            if name and name in hints_of(one.reply):
                one.cursors.append((name, target))
    return routes


def _reader(hint: Any) -> Callable[[str], Any]:
    """How a query parameter's text becomes the value its message wants. Raises ValueError."""
    inner = split_optional(hint)[0]
    if typing.get_origin(inner) is Annotated:
        inner = typing.get_args(inner)[0]
    if inner is int:
        return _read_int
    if inner is bool:
        return _read_bool
    if typing.get_origin(inner) is list:
        item = _reader(typing.get_args(inner)[0])
        return lambda text: [item(part) for part in text.split(",")] if text else []
    return str


def _read_int(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError("must be a whole number")
    return int(text)


def _read_bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"
