"""A foreign thing and a missing one are the same answer, at every endpoint that names one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from gateway.routes import ROUTES
from gateway.table import Route
from tests.journeys.cast import Cast, Person, Scene, expect
from tests.world import HttpAnswer, World

pytestmark = pytest.mark.journey
MISSING = "01m7x2c4e6g8j0k2m4n6p8q0r2"
NAMED = ("case_id", "file_id", "number", "organization_id", "membership_id")
# What a caller who may do everything would send; an endpoint that is new here has to be added.
BODIES: dict[str, dict[str, Any]] = {
    "PATCH ~/cases/{case_id}": {"title": "Mine now"},
    "POST ~/cases/{case_id}/comments": {"body": "Let me in"},
    "POST ~/cases/{case_id}/triage": {"complexity": "simple"},
    "PUT ~/cases/{case_id}/assignee": {"assignee_id": None},
    "POST ~/cases/{case_id}/answer": {"body": "Let me in"},
    "POST ~/cases/{case_id}/close": {},
    "POST ~/cases/{case_id}/cancel": {"reason": "Let me in"},
    "POST ~/cases/{case_id}/reopen": {"feedback": "Let me in"},
    "PUT ~/cases/{case_id}/confirmation": {"answer": "yes"},
    "POST ~/cases/{case_id}/followers": {"user_id": f"user_{MISSING}"},
    "POST ~/cases/{case_id}/folders": {"name": "Let me in"},
    "POST ~/cases/{case_id}/files": {},
    "POST ~/uploads/{file_id}/complete": {"sha256": "0" * 64},
    "POST ~/organizations/{organization_id}/users": {
        "user_name": "intruder",
        "email": "intruder@example.org",
        "name": "In Truder",
        "password": "let-me-in-please",
    },
    "PATCH ~/memberships/{membership_id}": {"active": False},
}


def _named(route: Route) -> str:
    return next((name for name in NAMED if name in route.path_names), "")


def _short(route: Route) -> str:
    return route.name.replace("/v1/teams/{team_id}", "~")


@dataclass(frozen=True)
class Things:
    """What belongs to the home organization and nobody else."""

    scene: Scene
    found: dict[str, str]

    def ask(self, who: Person, route: Route, thing: str) -> HttpAnswer:
        """Call the endpoint for this thing."""
        path = route.path.replace("{team_id}", self.scene.team.id).replace("{" + _named(route) + "}", thing)
        path = path.replace("{user_id}", self.scene.colleague.id)
        if route.more.sends != "application/json":
            return who.upload(path, "letmein.txt", b"let me in")
        if route.in_query:
            return who.http(route.method, path)
        return who.http(route.method, path, json=BODIES[_short(route)])

    def version(self) -> str:
        """The case's ETag as staff see it: unchanged when nobody got through."""
        return self.scene.agent.get(f"{self.scene.path}/cases/{self.found['case_id']}").headers["etag"]


@pytest.fixture(scope="module")
def things(cast: Cast, world: World) -> Things:
    scene = cast.scene("C")
    case, here = scene.open(follower_ids=[scene.colleague.id])
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    file = expect(scene.customer.upload(f"{here}/files", "secret.txt", b"secret"), 201)["data"][0]
    places = expect(scene.administrator.get(scene.home.users), 200)["data"]
    found = {
        "case_id": case["id"],
        "number": case["number"],
        "file_id": file["id"],
        "organization_id": scene.home.id,
        "membership_id": places[0]["id"],
    }
    return Things(scene, found)


@pytest.mark.parametrize("route", [route for route in ROUTES if _named(route)], ids=_short)
def test_a_foreign_thing_and_a_missing_one_are_the_same(things: Things, route: Route) -> None:
    name = _named(route)
    mine = things.found[name]
    missing = "ROB-999999" if name == "number" else mine.partition("_")[0] + "_" + MISSING
    before = things.version()
    answers = [things.ask(things.scene.stranger, route, thing) for thing in (mine, missing)]
    told = []
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = expect(answer, 404)
        problem.pop("request_id"), problem.pop("instance")
        told.append(problem)
    assert told[0] == told[1]
    hidden, absent = ({*answer.headers} for answer in answers)
    assert hidden == absent
    assert things.version() == before


def test_an_upload_into_a_foreign_case_is_as_missing(things: Things) -> None:
    asked = {"name": "letmein.txt", "size": 1}
    stranger, path = things.scene.stranger, f"{things.scene.path}/uploads"
    told = []
    for case_id in (things.found["case_id"], f"case_{MISSING}"):
        problem = expect(stranger.post(path, asked | {"case_id": case_id}), 404)
        told.append({name: value for name, value in problem.items() if name != "request_id"})
    assert told[0] == told[1]


def test_somebody_of_no_team_finds_nothing_there(cast: Cast, things: Things) -> None:
    outsider = cast.scene("E").customer
    for path in ("cases", "events", "organizations", "agents", f"cases/{things.found['case_id']}"):
        here = outsider.get(f"{things.scene.path}/{path}")
        nowhere = outsider.get(f"/v1/teams/no-such-team/{path}")
        assert (here.status, nowhere.status) in ((404, 404), (200, 200)), path
        if here.status == 200:
            assert here.json()["data"] == nowhere.json()["data"] == []
