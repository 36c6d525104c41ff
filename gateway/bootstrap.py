"""GET ~/bootstrap: what an app needs when it starts, in one answer. Several services are asked at the same time; the
answer is told whole or not at all, and everything in it can be read by itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated, Any

from gateway.answers import etag_of, json_answer
from services.chassis.messages import Request, Shape, View
from services.contracts import accounts, cases, notifications
from services.contracts.shapes import Id, Slug, Version

if TYPE_CHECKING:
    from flask import Response

    from gateway.app import Call, Desk


class ProfileTag(View):
    """Which profile is in force; ``etag`` goes into If-None-Match of ``GET ~/profile``."""

    version: Version
    etag: str


class CreateView(View):
    """Where a case begins: the kinds of case with their forms (``types``), a draft to fill in and attach files to
    (``drafts``), or all in one request (``href``); for one of these of my organizations. For staff any will do."""

    href: str
    drafts: str
    types: str
    organization_ids: list[Id]


class BootstrapView(View):
    """Me, my organizations in the team (the first 100), the profile in force, the freshest of my cases (the others are
    at ``~/cases?view=mine``) and how many of these are ``unread``, my views, how I create a case (null: I may not), and
    where the event stream goes on from."""

    team_id: Slug
    me: accounts.MeView
    organizations: list[accounts.OrganizationView]
    profile: ProfileTag
    views: list[cases.OwnView]
    cases: list[cases.CaseLine]
    unread: Annotated[int, Shape(min=0)]
    create: CreateView | None
    event_cursor: int


class ReadBootstrap(Request[BootstrapView]):
    """Everything an app needs when it starts, in one answer."""

    team_id: Slug


def tell(desk: Desk, call: Call) -> Response:
    """Raises whatever one of the services raises: somebody without a place in the team gets their 404."""
    team = {"team_id": desk.read(call)["team_id"]}
    me, organizations, profile, mine, views, feed = together(
        desk,
        call,
        ("accounts", accounts.ReadMe.wire_name, {}),
        ("accounts", accounts.ListOrganizations.wire_name, {**team, "limit": 100}),
        ("accounts", accounts.ReadProfile.wire_name, team),
        ("cases", cases.ListCases.wire_name, {**team, "view": "mine"}),
        ("cases", cases.ListViews.wire_name, team),
        ("notifications", notifications.ListFeed.wire_name, {**team, "limit": 1}),
    )
    told = {
        **team,
        "me": me,
        "organizations": organizations["data"],
        "profile": {"version": profile["version"], "etag": etag_of(profile["version"])},
        "cases": mine["data"],
        "unread": sum(line["unread"] for line in mine["data"]),
        "views": views["data"],
        "create": _create(team["team_id"], me["memberships"], organizations["data"]),
        "event_cursor": feed["cursor"],
    }
    return json_answer(told)


def _create(team_id: str, places: list[dict[str, Any]], organizations: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The way to a new case, for whom it is open; that it is open is decided again by the service that is asked."""
    mine = [place for place in places if place["team_id"] == team_id and place["active"]]
    where = {place["organization_id"] for place in mine if "case.create" in place["permissions"]}
    if not where:
        return None
    path = f"/v1/teams/{team_id}"
    ids = [one["id"] for one in organizations if None in where or one["id"] in where]
    return {"href": f"{path}/cases", "drafts": f"{path}/drafts", "types": f"{path}/types", "organization_ids": ids}


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
