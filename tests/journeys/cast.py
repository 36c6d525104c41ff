"""The people of a journey. Everything they do goes over HTTP, as a client would do it."""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from deploy.local.programs import OPERATOR
from tests.world import HttpAnswer, World

PROFILES = Path(__file__).parents[2] / "deploy" / "profiles"
SEEDS = {"A": "mamut", "B": "casemanager", "C": "selfservice", "D": "enterprise", "E": "extend"}
_numbers = itertools.count(1)
TOKEN_SECONDS = 480  # a token lasts ten minutes


def unique(word: str) -> str:
    """A name nobody in this run has."""
    return f"{word}{next(_numbers)}x{secrets.token_hex(3)}"


def expect(answer: HttpAnswer, status: int) -> Any:
    """The body, when the status is as expected; otherwise fails with the whole answer."""
    assert answer.status == status, f"expected {status}, got {answer.status}: {answer.body[:800]!r}"
    return answer.json() if answer.body else None


@dataclass
class Person:
    """Somebody with a token."""

    world: World
    id: str
    user_name: str
    email: str
    token: str
    password: str = field(repr=False, default="")
    since: float = field(repr=False, default_factory=time.monotonic)

    def http(self, method: str, path: str, **more: Any) -> HttpAnswer:
        """One request with my token; on a slow machine people stay for longer than one lasts."""
        if self.password and time.monotonic() - self.since > TOKEN_SECONDS:
            self.since = time.monotonic()
            asked = {"login": self.user_name, "password": self.password}
            answer = self.world.http("POST", "/v1/sessions", json=asked)
            self.token = answer.json()["access_token"] if answer.status == 201 else self.token
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        return self.world.http(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> HttpAnswer:
        """GET."""
        return self.http("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> HttpAnswer:
        """POST with a JSON body."""
        return self.http("POST", path, json=body if body is not None else {}, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> HttpAnswer:
        """PUT with a JSON body."""
        return self.http("PUT", path, json=body if body is not None else {}, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> HttpAnswer:
        """PATCH with a JSON body."""
        return self.http("PATCH", path, json=body if body is not None else {}, **more)

    def upload(
        self, path: str, name: str, content: bytes, kind: str = "application/octet-stream", **form: str
    ) -> HttpAnswer:
        """POST one file as multipart."""
        return self.http("POST", path, files=[("file", (name, content, kind))], form=form)


@dataclass
class Team:
    """A team with its profile; ``path`` is where its resources live."""

    cast: Cast
    id: str
    profile: dict[str, Any]

    @property
    def path(self) -> str:
        """``/v1/teams/<id>``."""
        return f"/v1/teams/{self.id}"

    def form(self, type_key: str = "", **values: Any) -> dict[str, Any]:
        """A body for POST ~/cases with every required field of the type's form filled; ``values`` win."""
        kinds = {kind["key"]: kind for kind in self.profile["types"]}
        chosen = kinds[type_key] if type_key else self.profile["types"][0]
        body: dict[str, Any] = {
            "type": chosen["key"],
            "title": "It stopped",
            "description": "Since Monday.",
            "fields": {},
        }
        for field_ in chosen["form"]:
            if field_["required"] and field_["key"] not in ("title", "description"):
                self._fill(body, field_)
        fields = body["fields"] | values.pop("fields", {})
        return body | {"fields": fields} | values

    def _fill(self, body: dict[str, Any], wanted: dict[str, Any]) -> None:
        key, kind = wanted["key"], wanted["kind"]
        leaf = next((topic for topic in self.profile["topics"]), None)
        while leaf and leaf.get("children"):
            leaf = leaf["children"][0]
        standard = {
            "topic": leaf and leaf["key"],
            "priority": self.profile["priority"]["default"],
            "product": self.profile["products"] and self.profile["products"][0]["key"],
        }
        custom = {
            "bool": True,
            "choice": (wanted.get("choices") or [""])[0],
            "phone": "+46 70 123 45 67",
            "datetime": "2026-12-01T09:00:00Z",
            "user": self.agent.id,
        }
        if key in standard:
            body[key] = standard[key]
        elif key in ("product_item", "product_range"):
            body[key] = "as described"
        elif key != "contact":
            body["fields"][key] = custom.get(kind, "as described")

    @cached_property
    def agent(self) -> Person:
        """One of the team's staff."""
        return self.add_agent()

    def add_agent(self, role: str = "agent") -> Person:
        """Register somebody of the staff and log him in."""
        asked = _person()
        expect(self.cast.operator.post(f"{self.path}/agents", asked | {"role": role}), 201)
        agent = self.cast.sign_in(asked["user_name"], asked["password"], asked["email"])
        self.cast.world.settle(lambda: self.knows(agent))
        return agent

    def knows(self, person: Person, organization_id: str = "") -> bool:
        """Whether the services have heard that this person belongs here (files hears it together with the case)."""
        asked = f"?organization_id={organization_id}" if organization_id else ""
        return person.get(f"{self.path}/cases{asked}").status != 404 and person.get(f"{self.path}/events").status == 200

    def apply(self, profile: dict[str, Any]) -> None:
        """Another profile from now on."""
        read = {"If-Match": self.cast.operator.get(f"{self.path}/profile").headers["etag"]}
        expect(self.cast.operator.put(f"{self.path}/profile", {"profile": profile}, headers=read), 200)

    def organization(self, products: list[str] | None = None, kind: str = "customer") -> Organization:
        """A customer that holds these products (default: all of the profile)."""
        held = products if products is not None else [product["key"] for product in self.profile["products"]]
        body = {"name": unique("Company "), "kind": kind, "products": held}
        made = expect(self.cast.operator.post(f"{self.path}/organizations", body), 201)
        return Organization(self, made["id"], made["name"])

    def open_case(self, who: Person, type_key: str = "", **values: Any) -> dict[str, Any]:
        """Register a case as this person (waiting until the services know him); the case's view."""
        body = self.form(type_key, **values)

        def known() -> HttpAnswer | None:
            answer = who.post(f"{self.path}/cases", body)
            return None if answer.status in (403, 404) else answer

        return dict(expect(self.cast.world.settle(known), 201))


@dataclass
class Organization:
    """A customer of a team."""

    team: Team
    id: str
    name: str

    def person(self, role: str = "member", permissions: list[str] | None = None) -> Person:
        """Register a person and log him in; returns when the services know him."""
        asked: dict[str, Any] = _person() | {"role": role}
        if permissions is not None:
            asked["permissions"] = permissions
        cast = self.team.cast
        expect(cast.operator.post(self.users, asked), 201)
        person = cast.sign_in(asked["user_name"], asked["password"], asked["email"])
        cast.world.settle(lambda: self.team.knows(person, self.id))
        return person

    def join(self, person: Person, role: str = "member") -> None:
        """Give somebody who is registered already a place here too."""
        asked = {"user_name": person.user_name, "email": person.email, "name": person.user_name}
        expect(self.team.cast.operator.post(self.users, asked | {"password": "unused123", "role": role}), 201)
        self.team.cast.world.settle(lambda: self.team.knows(person, self.id))

    @property
    def path(self) -> str:
        """Where it is found."""
        return f"{self.team.path}/organizations/{self.id}"

    @property
    def users(self) -> str:
        """Where its people are registered and found."""
        return f"{self.team.path}/organizations/{self.id}/users"


class Scene:
    """What most journeys of a seed need: its team with two customers, and people who come when they are called."""

    def __init__(self, team: Team) -> None:
        self.team, self.path = team, team.path
        self.home, self.abroad = team.organization(), team.organization()

    @cached_property
    def administrator(self) -> Person:
        """Administrates the home organization."""
        return self.home.person("administrator")

    @cached_property
    def customer(self) -> Person:
        """An ordinary person of the home organization."""
        return self.home.person()

    @cached_property
    def colleague(self) -> Person:
        """Another one."""
        return self.home.person()

    @cached_property
    def stranger(self) -> Person:
        """Belongs to the other organization."""
        return self.abroad.person()

    @property
    def agent(self) -> Person:
        """One of the team's staff."""
        return self.team.agent

    @cached_property
    def technician(self) -> Person:
        """Another one of the staff."""
        return self.team.add_agent()

    def open(self, who: Person | None = None, type_key: str = "", **values: Any) -> tuple[dict[str, Any], str]:
        """A case of the customer (or ``who``), and where it lives."""
        case = self.team.open_case(who or self.customer, type_key, **values)
        return case, f"{self.path}/cases/{case['id']}"

    def refused(self, who: Person, type_key: str = "", **values: Any) -> HttpAnswer:
        """The answer to a case that should not come about."""
        return who.post(f"{self.path}/cases", self.team.form(type_key, **values))


class Cast:
    """Founds what a journey needs."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._scenes: dict[str, Scene] = {}

    def scene(self, seed: str) -> Scene:
        """The one scene of this seed, shared by all journeys of this world."""
        if seed not in self._scenes:
            self._scenes[seed] = Scene(self.team(seed))
        return self._scenes[seed]

    @cached_property
    def operator(self) -> Person:
        """Who runs the installation."""
        return self.sign_in(OPERATOR, self.world.stack.secrets.operator_password, "")

    def sign_in(self, login: str, password: str, email: str) -> Person:
        """Log in."""
        answer = self.world.http("POST", "/v1/sessions", json={"login": login, "password": password})
        told = expect(answer, 201)
        return Person(self.world, told["user"]["id"], login, email, told["access_token"], password)

    def team(self, seed: str, **changes: Any) -> Team:
        """A new team with the seed's profile under a name of its own (with top-level changes, if wished)."""
        profile = yaml.safe_load((PROFILES / f"{SEEDS[seed]}.yaml").read_text(encoding="utf-8"))
        profile |= {"team": unique(SEEDS[seed])} | changes
        made = expect(self.operator.put(f"/v1/teams/{profile['team']}/profile", {"profile": profile}), 200)
        return Team(self, made["id"], profile)


def _person() -> dict[str, str]:
    name = unique("person")
    password = secrets.token_urlsafe(12)
    return {"user_name": name, "email": f"{name}@example.org", "name": name.title(), "password": password}
