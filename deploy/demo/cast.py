"""The people of one seed: the operator applies the team's profile, then everybody is registered as in real life.

The first run founds the team, and its people get plain names. Later runs change nothing that exists: they register a
new organization and new people with fresh names and passwords, so that the story can be told again at any time.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deploy.demo.client import Ask, Login, Person
from deploy.demo.failure import must
from deploy.demo.mail import Post
from deploy.demo.teller import Teller

PROFILES = Path(__file__).resolve().parents[1] / "profiles"


@dataclass(frozen=True)
class World:
    """Where the story is played."""

    url: str
    operator: Person
    post: Post
    teller: Teller


@dataclass(frozen=True)
class Who:
    """A person as a seed names him."""

    user_name: str
    name: str
    role: str = "member"


@dataclass(frozen=True)
class Company:
    """A customer's organization, its mail domain, and what it holds."""

    name: str
    domain: str
    products: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What a seed needs before its story can begin."""

    team: str
    locale: str
    company: Company
    administrator: Who
    member: Who
    agent: Who


@dataclass(frozen=True)
class Place:
    """A person about to be registered: where, with which role, and his mail domain."""

    path: str
    role: str
    domain: str
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Stage:
    """A team with its people, ready to play. ``start`` is the place in the event feed where the story begins."""

    world: World
    plan: Plan
    profile: dict[str, Any]
    suffix: str
    organization: dict[str, Any] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    start: int = 0

    @property
    def base(self) -> str:
        """The team's path."""
        return f"/v1/teams/{self.plan.team}"

    @property
    def administrator(self) -> Person:
        return self.people["administrator"]

    @property
    def member(self) -> Person:
        return self.people["member"]

    @property
    def agent(self) -> Person:
        return self.people["agent"]

    @property
    def outsider(self) -> Person:
        """Somebody of another organization of the same team."""
        return self.people["outsider"]

    def register(self, by: Person, who: Who, place: Place) -> Person:
        """One person registers another, who can sign in from now on."""
        login = Login(who.user_name + self.suffix, secrets.token_urlsafe(12))
        body = {
            "user_name": login.user_name,
            "email": f"{login.user_name}@{place.domain}",
            "name": who.name,
            "password": login.password,
            "role": place.role,
            "locale": self.plan.locale,
            **place.more,
        }
        made = by.post(f"{self.base}{place.path}", body)["user"]
        must(made["user_name"] == login.user_name, f"{who.name} is registered as {login.user_name}", made)
        person = Person(self.world.url, login, self.world.teller)
        person.id, person.name, person.email = made["id"], made["name"], made["email"]
        person.sign_in()
        return person

    def arrive(self, person: Person) -> None:
        """Wait until cases, files and notifications have heard of this person, each by its own event."""
        for path in ("cases", "limits", "events"):
            person.get(f"{self.base}/{path}", soon=True)

    def logins(self) -> list[dict[str, str]]:
        """What a visitor needs to look around."""
        return [
            {
                "team": self.plan.team,
                "user_name": person.login.user_name,
                "password": person.login.password,
                "role": role,
            }
            for role, person in self.people.items()
            if role != "outsider"
        ]


def prepare(world: World, plan: Plan) -> Stage:
    """Team, organization and people of one seed."""
    profile = yaml.safe_load((PROFILES / f"{plan.team}.yaml").read_text("utf-8"))
    path = f"/v1/teams/{plan.team}/profile"
    with world.teller.does(f"The operator applies the profile of {profile['name']}.") as line:
        known = world.operator.look(path)
        founding = known.status == 404
        must(founding or known.status == 200, f"GET {path} tells the profile, or 404 before the first run", known.told)
        team = world.operator.put(path, {"profile": profile}, read=known.headers.get("etag", ""))
        line.more = f"{'The team is founded' if founding else 'The team is known'}, profile {team['profile_version']}."
    stage = Stage(world, plan, profile, "" if founding else f"-{secrets.token_hex(3)}")
    _register_people(stage)
    return stage


def _register_people(stage: Stage) -> None:
    plan, operator = stage.plan, stage.world.operator
    company, users = plan.company, "/organizations/{}/users"
    text = (
        f"{company.name} becomes a customer; {plan.administrator.name} administers it and registers {plan.member.name}."
    )
    with stage.world.teller.does(text) as line:
        wanted = {"name": company.name, "kind": "customer", "products": company.products}
        stage.organization = operator.post(f"{stage.base}/organizations", wanted)
        own = users.format(stage.organization["id"])
        place = Place(own, "administrator", company.domain)
        stage.people["administrator"] = stage.register(operator, plan.administrator, place)
        place = Place(own, "member", company.domain)
        stage.people["member"] = stage.register(stage.administrator, plan.member, place)
        place = Place("/agents", "agent", "support.example")
        stage.people["agent"] = stage.register(operator, plan.agent, place)
        other = operator.post(f"{stage.base}/organizations", {**wanted, "name": f"The neighbours of {company.name}"})
        place = Place(users.format(other["id"]), "member", "neighbour.example")
        stranger = Who(f"{plan.team}.neighbour", "Nobody You Know")
        stage.people["outsider"] = stage.register(operator, stranger, place)
        for person in stage.people.values():
            stage.arrive(person)
        line.more = f"{plan.agent.name} looks after them."
    stage.start = stage.agent.get(f"{stage.base}/events")["cursor"]


def refuse(stage: Stage, person: Person, ask: Ask, expected: tuple[int, str]) -> dict[str, Any]:
    """This must be refused with this status and code. Returns the problem."""
    ask = Ask(ask.method, stage.base + ask.path, ask.more)
    problem: dict[str, Any] = person.refused(ask, *expected)
    return problem
