"""Who and what stands in the system before it is measured, and the requests of each scenario."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.journeys.cast import Cast, Organization, Person, Team, expect
from tests.load.rig import Rig
from tests.world import BrokerWorld

COMMENTS = 10
VARIANTS = 64
TEXT = "It stopped on Monday morning and the light on the left side keeps blinking; a restart did not help. "


@dataclass(frozen=True)
class Scenario:
    """One kind of request. ``floor`` names what the same work costs at the least (see ``floors.py``)."""

    name: str
    title: str
    expected: int
    build: Callable[[Scene], list[bytes]] = field(repr=False)


class Scene:
    """One team (profile extend), one organization, a customer, an agent, and their cases."""

    def __init__(self, rig: Rig, cases: int, *, hot: bool = False) -> None:
        self.rig, self.hot = rig, hot
        stack = rig.stack
        self.host = f"127.0.0.1:{stack.ports.gateway}"
        self.world = BrokerWorld(stack, {}, stack.public_url, stack.ports.mailroom)
        cast = Cast(self.world)
        self.team: Team = cast.team("E")
        self.organization: Organization = self.team.organization()
        self.customer: Person = self.organization.person()
        self.agent: Person = self.team.agent
        self.read_id: str = self._conversation()
        self.case_ids: list[str] = [self._case(number) for number in range(cases)]

    def close(self) -> None:
        """Hang up: gunicorn waits up to 20 s for kept connections when it is told to stop."""
        self.world._session.close()

    def _case(self, number: int) -> str:
        return str(self.team.open_case(self.customer, title=f"It stopped, number {number}", description=TEXT * 3)["id"])

    def _conversation(self) -> str:
        case_id = self._case(0)
        for number in range(COMMENTS):
            who = self.agent if number % 2 else self.customer
            expect(who.post(f"{self.team.path}/cases/{case_id}/comments", {"body": TEXT * 2}), 201)
        return case_id

    def sign_in(self) -> None:
        """A fresh access token: they last ten minutes."""
        customer = self.customer
        self.customer.token = self.team.cast.sign_in(customer.user_name, customer.password, customer.email).token

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        """One HTTP request as bytes, in the customer's name."""
        raw = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {self.team.path}{path} HTTP/1.1", f"Host: {self.host}", "Accept: application/json"]
        head.append(f"Authorization: Bearer {self.customer.token}")
        if body is not None:
            head += ["Content-Type: application/json", f"Content-Length: {len(raw)}"]
        return "\r\n".join([*head, "", ""]).encode() + raw


def _create(scene: Scene) -> list[bytes]:
    forms = [scene.team.form(title=f"It stopped again, {number}", description=TEXT * 3) for number in range(VARIANTS)]
    return [scene.request("POST", "/cases", form) for form in forms]


def _comment(scene: Scene) -> list[bytes]:
    ids = scene.case_ids[:1] if scene.hot else scene.case_ids
    return [scene.request("POST", f"/cases/{case_id}/comments", {"body": TEXT * 2}) for case_id in ids]


def _read(scene: Scene) -> list[bytes]:
    return [scene.request("GET", f"/cases/{scene.read_id}")]


def _list(scene: Scene) -> list[bytes]:
    return [scene.request("GET", "/cases?view=open&limit=25")]


# Reads first: what the writes leave behind must not make their lists longer.
SCENARIOS = {
    one.name: one
    for one in (
        Scenario("read", f"read case with {COMMENTS} comments", 200, _read),
        Scenario("list", "my open list", 200, _list),
        Scenario("comment", "comment", 201, _comment),
        Scenario("create", "create case", 201, _create),
    )
}
