"""GET ~/bootstrap: what an app needs when it starts, in one answer. Several services are asked at the same time; the
answer is told whole or not at all, and everything in it can be read by itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from gateway.answers import etag_of, json_answer
from services.chassis.messages import Request, View
from services.contracts import accounts, cases, notifications
from services.contracts.shapes import Slug, Version

if TYPE_CHECKING:
    from flask import Response

    from gateway.app import Call, Desk


class ProfileTag(View):
    """Which profile is in force; ``etag`` goes into If-None-Match of ``GET ~/profile``."""

    version: Version
    etag: str


class BootstrapView(View):
    """Me, my organizations in the team (the first 100), the profile in force, the freshest of my cases (the others are
    at ``~/cases?view=mine``), and where the event stream goes on from."""

    team_id: Slug
    me: accounts.MeView
    organizations: list[accounts.OrganizationView]
    profile: ProfileTag
    cases: list[cases.CaseLine]
    event_cursor: int


class ReadBootstrap(Request[BootstrapView]):
    """Everything an app needs when it starts, in one answer."""

    team_id: Slug


def tell(desk: Desk, call: Call) -> Response:
    """Raises whatever one of the services raises: somebody without a place in the team gets their 404."""
    team = {"team_id": desk.read(call)["team_id"]}
    me, organizations, profile, mine, feed = together(
        desk,
        call,
        ("accounts", accounts.ReadMe.wire_name, {}),
        ("accounts", accounts.ListOrganizations.wire_name, {**team, "limit": 100}),
        ("accounts", accounts.ReadProfile.wire_name, team),
        ("cases", cases.ListCases.wire_name, {**team, "view": "mine"}),
        ("notifications", notifications.ListFeed.wire_name, {**team, "limit": 1}),
    )
    told = {
        **team,
        "me": me,
        "organizations": organizations["data"],
        "profile": {"version": profile["version"], "etag": etag_of(profile["version"])},
        "cases": mine["data"],
        "event_cursor": feed["cursor"],
    }
    return json_answer(told)


def together(desk: Desk, call: Call, *asked: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Ask all of these (service, verb, data) at once; their replies in this order. Raises the first one's refusal."""
    context = desk.context(call)
    replies: list[Any] = [None] * len(asked)

    def ask(number: int) -> None:
        service, verb, data = asked[number]
        try:
            replies[number] = desk.client.call(service, verb, data, context, desk.timeout).data
        except Exception as error:  # raised below, where somebody answers for it
            replies[number] = error

    others = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(1, len(asked))]
    for one in others:
        one.start()
    ask(0)
    for one in others:
        one.join()
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies
