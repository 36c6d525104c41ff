"""What the requests about cases cost (issue 4): one RPC each, and few statements. Each route about cases succeeds here,
most of them at their dearest; one that nobody asks for fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any

import pytest
import yaml

from gateway.routes import ROUTES
from gateway.table import Route
from tests.journeys.cast import PROFILES, Cast, Person, Scene, expect
from tests.world import HttpAnswer, MemoryWorld

pytestmark = pytest.mark.journey
READ = {"If-Match": '"v1"'}  # what was made just now

MACRO = {
    "name": "Hand over",
    "actions": [
        {"action": "comment", "body": "We look into it."},
        {"action": "assign", "assignee_id": "me"},
        {"action": "tag", "tag": "urgent"},
    ],
}


def later(**more: int) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat().replace("+00:00", "Z")


class Ground:
    """A team with everything a team can have, and one case that has everything too."""

    def __init__(self, world: MemoryWorld, cast: Cast) -> None:
        kinds: list[Any] = yaml.safe_load((PROFILES / "selfservice.yaml").read_text(encoding="utf-8"))["types"]
        kinds[0]["form"] += [
            {"key": "phone", "label": "Telephone", "kind": "phone", "required": False, "help": "Where?"},
            {"key": "callback_at", "label": "Callback", "kind": "datetime", "required": False, "help": "When?"},
        ]
        changes: dict[str, Any] = {
            "types": [*kinds, kinds[0] | {"key": "change", "name": "Change", "charge": "quote_required"}],
            "features": ["cases", "files", "followers", "callbacks", "quotes", "knowledge"],
            "routing": {"honour_preference": True, "assign": "immediately"},
            "intake": {"anonymous": True, "registration": "approval"},
            "access_key": "read_update",
            "close": {"by_customer": True, "confirm": True},
            "closed": {"comment_effect": "follow_up"},
            "visibility": {"default": "organization", "private_allowed": True, "private_count_for_admins": True},
        }
        self.world, self.scene = world, Scene(cast.team("C", **changes))
        self.agent, self.customer, self.path = self.scene.agent, self.scene.customer, self.scene.path
        self.colleague = self.scene.colleague
        self.operator = cast.operator
        self.things = {"team_id": self.scene.team.id, "type": kinds[0]["key"], "kind": "first_response"}
        self.things["queue_id"] = self.queue()
        self._fill()

    def _fill(self) -> None:
        case, here = self.scene.open(follower_ids=[self.colleague.id])
        self.things |= {"case_id": case["id"], "number": case["number"]}
        said = [expect(self.customer.post(f"{here}/comments", {"body": body}), 201) for body in ("One.", "Two.")]
        self.things["comment_id"] = said[0]["id"]
        expect(self.agent.put(f"{here}/tags/urgent"), 200)
        expect(self.agent.post(f"{here}/calls", {"minutes": 5, "summary": "He called."}), 201)
        expect(self.agent.post(f"{here}/links", {"other_id": self.scene.open()[0]["id"]}), 201)
        expect(self.agent.post(f"{self.case()}/merge", {"into_id": case["id"]}), 200)
        asked = {"action": "tag", "tag": "many", "case_ids": [case["id"]]}
        self.things["job_id"] = expect(self.agent.post(f"{self.path}/cases/bulk", asked), 202)["id"]
        self.things["view_id"] = self.view().rpartition("/")[2]
        self.things["draft_id"] = self.draft().rpartition("/")[2]
        self.world.settle(None)

    def queue(self) -> str:
        made = expect(self.operator.post(f"{self.path}/queues", {"name": "Hotline"}), 201)
        self.world.settle(None)
        return str(made["id"])

    def case(self, type_key: str = "", **more: Any) -> str:
        """A new one with a follower."""
        return self.scene.open(type_key=type_key, follower_ids=[self.colleague.id], **more)[1]

    def closed(self) -> str:
        here = self.case()
        expect(self.agent.post(f"{here}/answer", {"body": "Done.", "close": True}), 200)
        return here

    def quote(self) -> str:
        here = self.case("change")
        made = expect(self.agent.post(f"{here}/quotes", {"amount": "9", "currency": "SEK", "text": "Work."}), 201)
        return f"{here}/quotes/{made['id']}"

    def made(self, who: Person, path: str, body: Any) -> str:
        """Where it can be found that was made just now."""
        return f"{path}/{expect(who.post(path, body), 201)['id']}"

    def callback(self) -> str:
        return self.made(self.customer, f"{self.case()}/callbacks", self.window)

    def comment(self, here: str = "") -> str:
        return self.made(self.customer, f"{here or self.case()}/comments", {"body": "It is gren."})

    def snippet(self) -> str:
        return self.made(self.agent, f"{self.path}/snippets", {"name": "Bye", "body": "Goodbye."})

    def macro(self) -> str:
        return self.made(self.agent, f"{self.path}/macros", MACRO)

    def view(self) -> str:
        return self.made(self.customer, f"{self.path}/views", {"name": "Mine", "filters": {"view": "mine"}})

    def draft(self) -> str:
        return self.made(self.customer, f"{self.path}/drafts", self.form())

    def merged(self) -> str:
        here = self.case()
        expect(self.agent.post(f"{here}/merge", {"into_id": self.scene.open()[0]["id"]}), 200)
        return here

    def form(self, **more: Any) -> dict[str, Any]:
        """With everything that can come along."""
        told = {"consent": True, "information": {"system": "Linux"}}
        fields = {"callback_at": later(days=1), "phone": "+46 70 123 45 67"}
        return self.scene.team.form(technical_information=told, fields=fields, **more)

    def stranger(self) -> dict[str, Any]:
        return self.form(contact={"name": "Nora", "email": "nora@example.org", "phone": "+46 70 123 45 67"})

    def by_key(
        self, method: str, path: str, body: Any = None, *, closed: bool = False, file: bool = False
    ) -> HttpAnswer:
        """Through the door of somebody without a login."""
        made = expect(self.world.http("POST", f"{self.path}/cases", json=self.stranger()), 201)
        if closed:
            here = f"{self.path}/cases/{made['id']}"
            expect(self.agent.post(f"{here}/answer", {"body": "Done.", "close": True}), 200)
        more: dict[str, Any] = {"json": body} if not file else {"files": [("file", ("a.txt", b"a", "text/plain"))]}
        self.world.settle(None)
        return self.world.http(method, f"/v1/access{path}", headers={"X-Access-Key": made["access_key"]}, **more)

    def after_the_window(self, do: Callable[[], HttpAnswer]) -> HttpAnswer:
        with self.world.at(datetime.now(UTC) + timedelta(days=15)):
            return do()

    @cached_property
    def window(self) -> dict[str, str]:
        return {"from_at": later(hours=1), "until_at": later(hours=3), "phone": "+46 70 123 45 67"}

    def other(self) -> str:
        return str(self.scene.open()[0]["id"])

    def delete(self, who: Person, path: str) -> HttpAnswer:
        return who.http("DELETE", path, headers=READ if "/snippets/" in path else {})


def _on_a_closed_case(ground: Ground) -> HttpAnswer:
    """The window to open it is over: the first word begins another case, the second one stands there."""
    here = ground.closed()
    expect(ground.after_the_window(lambda: ground.customer.post(f"{here}/comments", {"body": "It is back."})), 201)
    return ground.after_the_window(lambda: ground.customer.post(f"{here}/comments", {"body": "It is back."}))


def _continued(ground: Ground) -> HttpAnswer:
    here = ground.closed()
    return ground.after_the_window(lambda: ground.customer.post(f"{here}/follow-up", {"description": "It is back."}))


def _escalated(ground: Ground) -> HttpAnswer:
    told = {"assignee_id": ground.scene.technician.id, "note": "Faster!"}
    return ground.agent.post(f"{ground.case()}/escalate", told)


def _taken(ground: Ground) -> HttpAnswer:
    queue, here = ground.queue(), ground.case()
    expect(ground.agent.put(f"{here}/queue", {"queue_id": queue}), 200)
    answer = ground.agent.post(f"{ground.path}/queues/{queue}/take-next")
    assert answer.json()["case"]
    return answer


def _unlinked(ground: Ground) -> HttpAnswer:
    here = ground.case()
    [link] = expect(ground.agent.post(f"{here}/links", {"other_id": ground.other()}), 201)["data"]
    return ground.delete(ground.agent, f"{here}/links/{link['id']}")


def _untagged(ground: Ground) -> HttpAnswer:
    here = ground.case()
    expect(ground.agent.put(f"{here}/tags/urgent"), 200)
    return ground.delete(ground.agent, f"{here}/tags/urgent")


def _split(ground: Ground) -> HttpAnswer:
    here = ground.case()
    said = [ground.comment(here).rpartition("/")[2] for _ in range(2)]
    return ground.agent.post(f"{here}/split", {"comment_ids": said, "title": "The door"})


def _all_at_once(ground: Ground) -> HttpAnswer:
    """The dearest macro: everything that asks for something, on a case with an open offer."""
    hand, other = ground.scene.technician.id, ground.scene.team.add_agent().id
    actions: list[dict[str, Any]] = [
        {"action": "comment", "body": "We look into it."},
        {"action": "comment", "body": "He is cross.", "visibility": "internal"},
        {"action": "review", "complexity": "complex"},
        {"action": "queue", "queue_id": ground.queue()},
        {"action": "escalate", "level": 2, "assignee_id": hand, "body": "Please."},
        {"action": "assign", "assignee_id": other},
        {"action": "reclassify", "type": "case", "priority": "high", "body": "It is none."},
        {"action": "tag", "tag": "later"},
        {"action": "untag", "tag": "urgent"},
        {"action": "close"},
    ]
    made = ground.made(ground.agent, f"{ground.path}/macros", {"name": "All", "actions": actions})
    here = ground.quote().partition("/quotes")[0]
    expect(ground.agent.put(f"{here}/tags/urgent"), 200)
    return ground.agent.post(f"{here}/macros/{made.rpartition('/')[2]}")


def _revoked(ground: Ground) -> HttpAnswer:
    here = ground.case()
    expect(ground.customer.post(f"{here}/access-keys"), 201)
    return ground.delete(ground.customer, f"{here}/access-keys")


Act = Callable[[Ground], HttpAnswer]
DRAFTS, CASES, CASE = "~/drafts", "~/cases", "~/cases/{case_id}"
HIDDEN = "GET ~/organizations/{organization_id}/hidden-cases"
ACTS: list[tuple[str, Act]] = [
    (f"POST {DRAFTS}", lambda g: g.customer.post(f"{g.path}/drafts", g.form())),
    (f"PUT {DRAFTS}/{{case_id}}", lambda g: g.customer.put(g.draft(), g.form(), headers=READ)),
    (f"DELETE {DRAFTS}/{{case_id}}", lambda g: g.delete(g.customer, g.draft())),
    (f"POST {DRAFTS}/{{case_id}}/submit", lambda g: g.customer.post(f"{g.draft()}/submit")),
    (f"POST {CASES}", lambda g: g.customer.post(f"{g.path}/cases", g.form(follower_ids=[g.colleague.id]))),
    (f"POST {CASES}", lambda g: g.world.http("POST", f"{g.path}/cases", json=g.stranger())),
    (f"PATCH {CASE}", lambda g: g.agent.patch(g.case(), {"title": "Other", "priority": "high"})),
    (f"POST {CASE}/comments", lambda g: g.customer.post(f"{g.case()}/comments", {"body": "And?"})),
    (f"POST {CASE}/comments", _on_a_closed_case),
    (
        f"PUT {CASE}/technical-info",
        lambda g: g.customer.put(f"{g.case()}/technical-info", {"consent": True, "information": {"system": "Linux"}}),
    ),
    (f"POST {CASE}/triage", lambda g: g.agent.post(f"{g.case()}/triage", {"complexity": "simple"})),
    (f"PUT {CASE}/assignee", lambda g: g.agent.put(f"{g.case()}/assignee", {"assignee_id": g.scene.technician.id})),
    (f"PUT {CASE}/queue", lambda g: g.agent.put(f"{g.case()}/queue", {"queue_id": g.queue()})),
    (f"POST {CASE}/escalate", _escalated),
    ("POST ~/queues/{queue_id}/take-next", _taken),
    (f"POST {CASE}/calls", lambda g: g.agent.post(f"{g.case()}/calls", {"minutes": 5, "summary": "He called."})),
    (f"POST {CASE}/callbacks", lambda g: g.customer.post(f"{g.case()}/callbacks", g.window)),
    (
        f"PATCH {CASE}/callbacks/{{callback_id}}",
        lambda g: g.agent.patch(g.callback(), {"state": "scheduled", "agent_id": g.scene.technician.id}),
    ),
    (f"DELETE {CASE}/callbacks/{{callback_id}}", lambda g: g.delete(g.customer, g.callback())),
    ("POST ~/snippets", lambda g: g.agent.post(f"{g.path}/snippets", {"name": "Bye", "body": "Goodbye."})),
    (
        "PATCH ~/snippets/{snippet_id}",
        lambda g: g.agent.patch(g.snippet(), {"body": "So long."}, headers=READ),
    ),
    ("DELETE ~/snippets/{snippet_id}", lambda g: g.delete(g.agent, g.snippet())),
    (
        f"POST {CASE}/snippets/{{snippet_id}}/preview",
        lambda g: g.agent.post(f"{g.case()}/snippets/{g.snippet().rpartition('/')[2]}/preview"),
    ),
    (
        f"POST {CASE}/reclassify",
        lambda g: g.agent.post(f"{g.quote().partition('/quotes')[0]}/reclassify", {"type": "case", "reason": "So."}),
    ),
    (
        f"POST {CASE}/quotes",
        lambda g: g.agent.post(g.quote().rpartition("/")[0], {"amount": "8", "currency": "SEK", "text": "Less."}),
    ),
    (f"POST {CASE}/quotes/{{quote_id}}/approve", lambda g: g.scene.administrator.post(f"{g.quote()}/approve")),
    (
        f"POST {CASE}/quotes/{{quote_id}}/decline",
        lambda g: g.scene.administrator.post(f"{g.quote()}/decline", {"reason": "Too much."}),
    ),
    (f"POST {CASE}/quotes/{{quote_id}}/withdraw", lambda g: g.agent.post(f"{g.quote()}/withdraw")),
    (f"POST {CASE}/answer", lambda g: g.agent.post(f"{g.case()}/answer", {"body": "Done.", "close": True})),
    (f"POST {CASE}/close", lambda g: g.agent.post(f"{g.case()}/close")),
    (f"POST {CASE}/cancel", lambda g: g.customer.post(f"{g.case()}/cancel", {"reason": "Found it."})),
    (f"POST {CASE}/reopen", lambda g: g.customer.post(f"{g.closed()}/reopen", {"feedback": "It is back."})),
    (
        f"PUT {CASE}/confirmation",
        lambda g: g.customer.put(
            f"{g.closed()}/confirmation", {"answer": "no", "feedback": "It is back.", "reopen": True}
        ),
    ),
    (f"PUT {CASE}/follow-up-at", lambda g: g.agent.put(f"{g.case()}/follow-up-at", {"follow_up_at": later(days=1)})),
    (
        f"POST {CASE}/followers",
        lambda g: g.customer.post(f"{g.scene.open()[1]}/followers", {"user_id": g.colleague.id}),
    ),
    (f"DELETE {CASE}/followers/{{user_id}}", lambda g: g.delete(g.customer, f"{g.case()}/followers/{g.colleague.id}")),
    (f"PATCH {CASE}/comments/{{comment_id}}", lambda g: g.customer.patch(g.comment(), {"body": "It is green."})),
    (f"DELETE {CASE}/comments/{{comment_id}}", lambda g: g.delete(g.customer, g.comment())),
    (
        f"POST {CASES}/bulk",
        lambda g: g.agent.post(
            f"{g.path}/cases/bulk", {"action": "queue", "queue_id": g.queue(), "case_ids": [g.other(), g.other()]}
        ),
    ),
    ("DELETE ~/jobs/{job_id}", lambda g: g.delete(g.agent, f"{g.path}/jobs/{g.things['job_id']}")),
    (f"PUT {CASE}/rating", lambda g: g.customer.put(f"{g.closed()}/rating", {"score": 5, "text": "Quick."})),
    (f"POST {CASE}/links", lambda g: g.agent.post(f"{g.case()}/links", {"other_id": g.other()})),
    (f"DELETE {CASE}/links/{{link_id}}", _unlinked),
    (f"PUT {CASE}/tags/{{tag}}", lambda g: g.agent.put(f"{g.case()}/tags/urgent")),
    (f"DELETE {CASE}/tags/{{tag}}", _untagged),
    (f"POST {CASE}/merge", lambda g: g.agent.post(f"{g.case()}/merge", {"into_id": g.other(), "reason": "The same."})),
    (f"POST {CASE}/unmerge", lambda g: g.agent.post(f"{g.merged()}/unmerge")),
    (f"POST {CASE}/split", _split),
    (f"POST {CASE}/follow-up", _continued),
    (f"PUT {CASE}/read-marker", lambda g: g.customer.put(f"{g.case()}/read-marker")),
    (f"DELETE {CASE}/read-marker", lambda g: g.delete(g.customer, f"{g.case()}/read-marker")),
    ("POST ~/views", lambda g: g.customer.post(f"{g.path}/views", {"name": "Mine", "filters": {"view": "mine"}})),
    ("PATCH ~/views/{view_id}", lambda g: g.customer.patch(g.view(), {"name": "Ours"})),
    ("DELETE ~/views/{view_id}", lambda g: g.delete(g.customer, g.view())),
    (f"POST {CASE}/access-keys", lambda g: g.customer.post(f"{g.case()}/access-keys")),
    (f"DELETE {CASE}/access-keys", _revoked),
    ("GET /v1/access", lambda g: g.by_key("GET", "")),
    ("POST /v1/access/comments", lambda g: g.by_key("POST", "/comments", {"body": "And?"})),
    (
        "PUT /v1/access/confirmation",
        lambda g: g.by_key(
            "PUT", "/confirmation", {"answer": "no", "feedback": "It is back.", "reopen": True}, closed=True
        ),
    ),
    (f"GET {CASES}", lambda g: g.customer.get(f"{g.path}/cases?q=stopped&limit=2&include=last_comment")),
    (f"GET {CASES}", lambda g: g.agent.get(f"{g.path}/cases?q=stoped&view=open")),
    (f"GET {CASES}", lambda g: g.agent.get(f"{g.path}/cases?assignee=me&sort=priority&view=open&include=last_comment")),
    (f"GET {CASE}/access-keys", lambda g: g.customer.get(f"{g.case()}/access-keys")),
    ("POST ~/macros", lambda g: g.agent.post(f"{g.path}/macros", MACRO)),
    ("PATCH ~/macros/{macro_id}", lambda g: g.agent.patch(g.macro(), {"name": "Other"}, headers=READ)),
    ("DELETE ~/macros/{macro_id}", lambda g: g.agent.http("DELETE", g.macro(), headers=READ)),
    (
        f"POST {CASE}/macros/{{macro_id}}",
        lambda g: g.agent.post(f"{g.case()}/macros/{g.macro().rpartition('/')[2]}"),
    ),
    (f"POST {CASE}/macros/{{macro_id}}", _all_at_once),
    (f"PUT {CASE}/owner", lambda g: g.agent.put(f"{g.case()}/owner", {"owner_id": g.colleague.id})),
    (f"PUT {CASE}/status", lambda g: g.agent.put(f"{g.case()}/status", {"status": "on_hold"})),
    (f"PUT {CASE}/visibility", lambda g: g.customer.put(f"{g.case()}/visibility", {"visibility": "participants"})),
    (f"PATCH {CASE}", lambda g: g.agent.patch(g.callback().partition("/callbacks")[0], {"callback_at": later(days=2)})),
    (f"GET {CASE}/access", lambda g: g.agent.get(f"{g.case()}/access?user={g.colleague.id}")),
    (f"GET {CASE}/access", lambda g: g.agent.get(f"{g.case()}/access?user={g.scene.stranger.id}")),
    (HIDDEN, lambda g: g.scene.administrator.get(f"{g.path}/organizations/{g.scene.home.id}/hidden-cases")),
    ("POST /v1/access/files", lambda g: g.by_key("POST", "/files", file=True)),
    ("GET ~/callbacks", lambda g: g.agent.get(f"{g.path}/callbacks?mine=true&from_at={later(hours=1)}")),
]


ELSEWHERE = {"GET /v1/access", f"GET {CASE}/access-keys", f"GET {CASE}/access", HIDDEN}


def short(route: Route) -> str:
    return route.name.replace("/v1/teams/{team_id}", "~")


def read(ground: Ground, route: Route) -> HttpAnswer:
    """The plain read of what has everything, by who may see it."""
    names = ground.things | ({"case_id": ground.things["draft_id"]} if "/drafts/" in route.path else {})
    own = "/drafts" in route.path or "/views" in route.path
    return (ground.customer if own else ground.agent).get(route.path.format(**names))


def test_every_request_about_cases_is_one_rpc_and_few_statements(memory: MemoryWorld, cast: Cast) -> None:
    ground, costs = Ground(memory, cast), memory.client.costs
    of = {short(route): route for route in ROUTES if route.service == "cases"}
    plain: dict[str, Act] = {
        name: partial(read, route=route)
        for name, route in of.items()
        if route.method == "GET" and name not in ELSEWHERE
    }
    wrong = []
    for name, act in [*ACTS, *plain.items()]:
        costs.broken.clear()
        answer = act(ground)
        wrong += costs.broken
        if answer.status not in (200, 201, 202, 204):
            wrong.append(f"{name}: {answer.status} {answer.body[:300]!r}")
        others = costs.last[1:] if of[name].more.do else []  # what is put together asks somebody else too
        if costs.last != [of[name].verb, *others]:
            wrong.append(f"{name} asked for {costs.last}")
    unknown = sorted(of.keys() - plain.keys() - {name for name, _ in ACTS})
    wrong += [f"{name}: nobody knows what it costs; tell how to ask for it in ACTS" for name in unknown]
    assert not wrong, "\n".join(wrong)
