"""GET ~/search: one search in all that a team has, in sections. Several services are asked at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from gateway.answers import json_answer
from gateway.bootstrap import together
from services.chassis.messages import Request, Shape, View
from services.contracts import accounts, cases
from services.contracts.shapes import Id, Query, Slug

if TYPE_CHECKING:
    from flask import Response

    from gateway.app import Call, Desk


class FoundView(View):
    """What was found: ``cases`` as ``~/cases?q=`` finds them (which goes on with pages), and ``people`` by name."""

    team_id: Slug
    cases: list[cases.CaseLine]
    people: list[accounts.MembershipView]


class FindAnything(Request[FoundView]):
    """Look for words in all that I may see in the team; at most so many (``limit``) of each kind."""

    team_id: Slug
    q: Query
    organization_id: Id | None = None
    limit: Annotated[int, Shape(min=1, max=25)] = 10


def tell(desk: Desk, call: Call) -> Response:
    """Raises whatever one of the services raises: somebody without a place in the team gets their 404."""
    data = desk.read(call)
    found, people = together(
        desk,
        call,
        ("cases", cases.ListCases.wire_name, data | {"limit": data.get("limit", 10)}),
        ("accounts", accounts.FindPeople.wire_name, data | {"limit": data.get("limit", 10)}),
    )
    return json_answer({"team_id": data["team_id"], "cases": found["data"], "people": people["data"]})
