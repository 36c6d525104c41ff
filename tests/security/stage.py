"""Who tries, and what he tries to reach: two companies of one team, every value of the second one a canary."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.journeys.cast import PROFILES, Cast, Organization, Person, Team, expect, unique
from tests.journeys.providers import real_provider
from tests.journeys.test_bound_sessions import linked
from tests.journeys.test_oidc import door
from tests.parts import PORT_BASE
from tests.world import HttpAnswer

_PORTS = itertools.count(PORT_BASE + 188)
MISSING = "01m7x2c4e6g8j0k2m4n6p8q0r2"


class Canaries:
    """128-bit words and where each was put; one that turns up elsewhere tells which wall has the hole."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}

    def __call__(self, place: str) -> str:
        made = "c" + secrets.token_hex(16)
        self.places[made] = place
        return made

    def in_answer(self, answer: HttpAnswer) -> list[str]:
        """The places whose canary sings in this answer."""
        text = answer.body.decode("utf-8", "replace") + repr(answer.headers)
        return sorted(place for word, place in self.places.items() if word in text)


@dataclass
class Company:
    """A company with one of everything. ``things``: path name -> id."""

    organization: Organization
    member: Person
    colleague: Person
    administrator: Person
    things: dict[str, str] = field(default_factory=dict)


class Stage:
    """The team with its companies A (whose people try) and B (whose things they try to reach)."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.world, self.canary = cast, cast.world, Canaries()
        self.team: Team = cast.team(
            "C", features=["cases", "files", "followers", "knowledge", "callbacks"], types=_types()
        )
        self.agent, self.operator = self.team.agent, cast.operator
        self.a = self._company(lambda place: unique(place.split()[-1]))
        self.b = self._company(self.canary)
        shared = {name: find(self) for name, find in SHARED.items()}
        for company in (self.a, self.b):
            company.things |= shared | {name: find(self, company) for name, find in THINGS.items()}
        self.callers = dict(self._callers(cast))

    def _callers(self, cast: Cast) -> Iterator[tuple[str, Person | None]]:
        yield "anonymous", None
        yield "A1 member", self.a.member
        yield "A2 colleague", self.a.colleague
        yield "A3 administrator", self.a.administrator
        yield "A4 read-only", self.person(self.a.organization, permissions=["case.read"])
        yield "agent of another team", cast.scene("E").agent
        yield "B's former member", self._former()
        yield "revoked token of B", self._revoked()

    # --- people -------------------------------------------------------------------------------------------------------

    def person(self, where: Organization, word: Callable[[str], str] = unique, **more: Any) -> Person:
        """Register somebody and log him in."""
        asked: dict[str, Any] = {
            "user_name": word("user name"),
            "email": word("mail address") + "@example.org",
            "name": word("name of a person"),
            "password": secrets.token_urlsafe(12),
        }
        if word is unique:
            asked |= {"user_name": unique("someone"), "email": unique("mail") + "@example.org"}
        expect(self.operator.post(where.users, asked | more), 201)
        made = self.cast.sign_in(asked["user_name"], asked["password"], asked["email"])
        self.world.settle(lambda: self.team.knows(made, where.id))
        return made

    def keep(self, person: Person) -> None:
        """Log in anew when a call has ended the session."""
        self.world.settle(None)
        if person.get("/v1/me").status == 401:
            person.token = self.cast.sign_in(person.user_name, person.password, person.email).token

    def _former(self) -> Person:
        left = self.person(self.b.organization)
        [place] = [line for line in self.people(self.b) if line["user"]["id"] == left.id]
        expect(self.operator.patch(f"{self.team.path}/memberships/{place['id']}", {"active": False}), 200)
        here = f"{self.team.path}/cases/{self.b.things['case_id']}"
        self.world.settle(lambda: left.get(here).status in (401, 404) and left.get(here + "/tree").status in (401, 404))
        return left

    def _revoked(self) -> Person:
        ended = self.person(self.b.organization)
        expect(ended.http("DELETE", "/v1/sessions/current"), 204)
        self.world.settle(lambda: ended.get("/v1/me").status == 401)
        return ended

    def people(self, company: Company) -> list[dict[str, Any]]:
        """The memberships of a company."""
        found: list[dict[str, Any]] = expect(self.operator.get(company.organization.users), 200)["data"]
        return found

    # --- things -------------------------------------------------------------------------------------------------------

    def _company(self, word: Callable[[str], str]) -> Company:
        held = [product["key"] for product in self.team.profile["products"]]
        asked = {"name": word("name of the company"), "products": held}
        told = expect(self.operator.post(f"{self.team.path}/organizations", asked), 201)
        home = Organization(self.team, told["id"], told["name"])
        member, colleague = self.person(home, word), self.person(home, word)
        company = Company(home, member, colleague, self.person(home, word, role="administrator"))
        form = {"title": word("title of the case"), "description": word("description of the case")}
        case = self.team.open_case(company.member, **form, follower_ids=[company.colleague.id])
        here = f"{self.team.path}/cases/{case['id']}"
        expect(company.member.post(f"{here}/comments", {"body": word("text of a comment")}), 201)
        self.world.settle(lambda: company.member.get(f"{here}/tree").status == 200)
        folder = expect(company.member.post(f"{here}/folders", {"name": word("name of a folder")}), 201)
        content = word("content of a file").encode()
        sent = company.member.upload(f"{here}/files", word("name of a file") + ".txt", content)
        file = expect(sent, 201)["data"][0]
        company.things |= {
            "organization_id": home.id,
            "case_id": case["id"],
            "number": case["number"],
            "file_id": file["id"],
            "folder_id": folder["id"],
            "user_id": company.colleague.id,
        }
        return company

    def victim(self) -> dict[str, Any]:
        """Everything of B that its people and the team's staff can read."""
        path, things = self.team.path, self.b.things
        case = f"{path}/cases/{things['case_id']}"
        told: dict[str, Any] = {}
        for who, reads in (
            (
                self.agent,
                (case, f"{case}/comments", f"{case}/tree", f"{case}/mails", f"{path}/files/{things['file_id']}"),
            ),
            (self.operator, (f"{path}/organizations/{things['organization_id']}", self.b.organization.users)),
            (self.b.member, ("/v1/me", "/v1/me/api-tokens", "/v1/sessions")),
            (self.b.colleague, ("/v1/me",)),
        ):
            for read in reads:
                told[f"{who.user_name} {read}"] = expect(who.get(read), 200)
        # Who has left B, or come with an ended session, is one of the callers and may change what is his own.
        people = {self.b.member.id, self.b.colleague.id, self.b.administrator.id}
        users = told[f"{self.operator.user_name} {self.b.organization.users}"]
        users["data"] = [line for line in users["data"] if line["user"]["id"] in people]
        told[f"{self.b.member.user_name} /v1/sessions"] = sorted(
            one["id"] for one in told[f"{self.b.member.user_name} /v1/sessions"]["data"]
        )
        return told


def _types() -> list[dict[str, Any]]:
    """The seed's types, and one that needs a price."""
    kinds: list[dict[str, Any]] = yaml.safe_load((PROFILES / "selfservice.yaml").read_text(encoding="utf-8"))["types"]
    return [*kinds, kinds[0] | {"key": "change", "name": "Change", "charge": "quote_required"}]


Find = Callable[[Stage, Company], str]


def _membership(stage: Stage, company: Company) -> str:
    [place] = [line for line in stage.people(company) if line["user"]["id"] == company.colleague.id]
    return str(place["id"])


def _session(stage: Stage, company: Company) -> str:
    return str(expect(company.member.get("/v1/sessions"), 200)["data"][0]["id"])


def _token(stage: Stage, company: Company) -> str:
    asked = {"name": "Clock", "scopes": ["cases:read"]}
    return str(expect(company.member.post("/v1/me/api-tokens", asked), 201)["id"])


def _view(stage: Stage, company: Company) -> str:
    name = stage.canary("name of a view") if company is stage.b else "Mine"
    asked = {"name": name, "filters": {"view": "mine"}}
    return str(expect(company.member.post(f"{stage.team.path}/views", asked), 201)["id"])


def _identity(stage: Stage, company: Company) -> str:
    """Known at a provider: it takes a real one for a moment. Its keys are remembered by its address."""
    with real_provider(next(_PORTS)) as real:
        here = door(stage.cast, stage.team, real.issuer)
        linked(here, real, company.member)
    return str(expect(company.member.get("/v1/me/identities"), 200)["data"][0]["id"])


def _quote(stage: Stage, company: Company) -> str:
    here = f"{stage.team.path}/cases/{company.things['case_id']}"
    expect(stage.agent.post(f"{here}/reclassify", {"type": "change", "reason": "It needs a price."}), 200)
    asked = {"amount": "950.00", "currency": "SEK", "text": "Two days."}
    if company is stage.b:
        asked["text"] = stage.canary("text of a quote")
    return str(expect(stage.agent.post(f"{here}/quotes", asked), 201)["id"])


def _contract(stage: Stage, company: Company) -> str:
    path = f"{stage.team.path}/organizations/{company.organization.id}/contracts"
    held = [product["key"] for product in stage.team.profile["products"]]
    meant = {key["key"]: {"meaning": stage.canary("meaning of a priority")} for key in stage.team.profile["priorities"]}
    terms = {"products": held, "priorities": meant if company is stage.b else {}}
    return str(expect(stage.operator.post(path, {"terms": terms}), 201)["id"])


def _service_token(stage: Stage) -> str:
    asked = {"name": "Robot", "scopes": ["cases:read"]}
    return str(expect(stage.operator.post(f"{stage.team.path}/service-tokens", asked), 201)["id"])


def _provider(stage: Stage) -> str:
    asked = {
        "name": "Elsewhere",
        "issuer": "https://login.example.org",
        "client_id": "casework",
        "client_secret": secrets.token_urlsafe(16),
        "redirect_uris": ["https://portal.example.org/back"],
    }
    return str(expect(stage.operator.post(f"{stage.team.path}/identity-providers", asked), 201)["id"])


def _role(stage: Stage) -> str:
    asked = {"key": "night_watch", "name": "Night watch", "side": "staff", "permissions": ["case.read"]}
    return str(expect(stage.operator.post(f"{stage.team.path}/roles", asked), 201)["key"])


_NEWCOMER = {"name": "Cy Ny", "email": "cy@example.org"}


def _invitation(stage: Stage, company: Company) -> str:
    asked = {**_NEWCOMER, "organization_id": company.organization.id, "role": "member"}
    return str(expect(company.administrator.post(f"{stage.team.path}/invitations", asked), 201)["id"])


def _user_request(stage: Stage, company: Company) -> str:
    return str(expect(company.member.post(f"{company.organization.path}/user-requests", _NEWCOMER), 201)["id"])


def _contact(stage: Stage, company: Company) -> str:
    return str(expect(company.member.post(f"{company.organization.path}/contacts", _NEWCOMER), 201)["id"])


def _registration(stage: Stage) -> str:
    asked = {**_NEWCOMER, "user_name": unique("cy"), "password": secrets.token_urlsafe(12), "company": "Cy & Co"}
    return str(expect(stage.world.http("POST", f"{stage.team.path}/registrations", json=asked), 201)["id"])


def _comment(stage: Stage, company: Company) -> str:
    path = f"{stage.team.path}/cases/{company.things['case_id']}/comments"
    return str(expect(company.member.post(path, {"body": "One more word."}), 201)["id"])


def _job(stage: Stage) -> str:
    asked = {"action": "close", "case_ids": [f"case_{MISSING}"]}
    return str(expect(stage.agent.post(f"{stage.team.path}/cases/bulk", asked), 202)["id"])


def _link(stage: Stage, company: Company) -> str:
    other = stage.team.open_case(company.member)["id"]
    path = f"{stage.team.path}/cases/{company.things['case_id']}/links"
    return str(expect(stage.agent.post(path, {"other_id": other}), 201)["data"][0]["id"])


def _callback(stage: Stage, company: Company) -> str:
    asked = {"from_at": "2026-12-01T09:00:00Z", "until_at": "2026-12-01T10:00:00Z", "phone": "+46 70 123 45 67"}
    here = f"{stage.team.path}/cases/{company.things['case_id']}/callbacks"
    return str(expect(company.member.post(here, asked), 201)["id"])


def _draft(stage: Stage, company: Company) -> str:
    word = stage.canary if company is stage.b else unique
    form = stage.team.form(title=word("title of a draft"), wants_files=True)
    made = expect(company.member.post(f"{stage.team.path}/drafts", form), 201)
    stage.world.settle(lambda: company.member.get(f"{stage.team.path}/drafts/{made['id']}/tree").status == 200)
    return str(made["id"])


# A path name (or a field that holds an id) -> how to find the company's own. ``Stage._company`` knows the others.
THINGS: dict[str, Find] = {
    "callback_id": _callback,
    "quote_id": _quote,
    "contract_id": _contract,
    "membership_id": _membership,
    "invitation_id": _invitation,
    "user_request_id": _user_request,
    "noted_contact_id": _contact,
    "session_id": _session,
    "token_id": _token,
    "view_id": _view,
    "identity_id": _identity,
    "comment_id": _comment,
    "link_id": _link,
    "draft_id": _draft,
}


def _queue(stage: Stage) -> str:
    return str(expect(stage.operator.post(f"{stage.team.path}/queues", {"name": "Night watch"}), 201)["id"])


def _snippet(stage: Stage) -> str:
    asked = {"name": "Repair", "body": "Choose File, then Repair."}
    return str(expect(stage.agent.post(f"{stage.team.path}/snippets", asked), 201)["id"])


def _macro(stage: Stage) -> str:
    asked = {"name": "Close", "actions": [{"action": "close"}]}
    return str(expect(stage.agent.post(f"{stage.team.path}/macros", asked), 201)["id"])


# What belongs to the team and to no company: tried as the agent of another team, at a team that is not his.
SHARED: dict[str, Callable[[Stage], str]] = {
    "kind": lambda stage: "first_response",  # of a clock
    "key": _role,
    "type": lambda stage: str(stage.team.profile["types"][0]["key"]),
    "topic": lambda stage: str(stage.team.profile["topics"][0]["key"]),
    "priority": lambda stage: str(stage.team.profile["priorities"][0]["key"]),
    "calendar": lambda stage: str(next(iter(stage.team.profile["calendars"]))),
    "status": lambda stage: "open",
    "product": lambda stage: str(stage.team.profile["products"][0]["key"]),
    "queue_id": _queue,
    "snippet_id": _snippet,
    "macro_id": _macro,
    "version": lambda stage: "1",
    "registration_id": _registration,
    "service_token_id": _service_token,
    "provider_id": _provider,
    "job_id": _job,
    "tag": lambda stage: "urgent",
}
# Fields that name one of those by another word (behind a slash: only below this part of a path).
ALSO = {
    "drafts/case_id": "draft_id",
    "service-tokens/token_id": "service_token_id",
    "contacts/contact_id": "noted_contact_id",
    "products/key": "product",
    "types/key": "type",
    "topics/key": "topic",
    "priorities/key": "priority",
    "calendars/key": "calendar",
    "clock-policies/key": "kind",
    "statuses/key": "status",
    "assignee_id": "user_id",
    "agent_id": "user_id",
    "user": "user_id",
    "queue": "queue_id",
    "joins": "organization_id",
    "follower_id": "user_id",
    "owner_id": "user_id",
    "contact_id": "user_id",
    "actor": "user_id",
    "object_id": "case_id",
    "parent_id": "folder_id",
    "replacement_id": "user_id",
    "resource_id": "case_id",
    "other_id": "case_id",
    "into_id": "case_id",
}


def absent(real: str) -> str:
    """Something of the same form that does not exist."""
    prefix, found, rest = real.partition("_")
    if found and len(rest) == len(MISSING):
        return f"{prefix}_{MISSING}"
    head, found, _ = real.rpartition("-")
    return f"{head}-999999" if found else "nosuchthing"
