"""Pages and their signed cursors (S67)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gateway.cursors import GOOD_SECONDS, Cursors
from gateway.routes import ROUTES
from services.chassis.actor import Actor
from services.chassis.problems import Malformed
from tests.unit.gateway.fakes import CASE, CASE_ID, TEAM, FakeClient, bearer

PAGE = {"data": [], "next_cursor": "2026-01-01|case_1"}
OTHER = {"sub": "user_01m7x2c4e6g8j0k2m4n6p8q0rz"}


def first_cursor(http: Any, services: FakeClient, query: str = "?view=mine") -> str:
    services.answers |= {"list_cases": PAGE, "list_comments": PAGE}
    answer = http.get(f"{TEAM}/cases{query}", headers=bearer())
    cursor: str = answer.json["next_cursor"]
    assert answer.headers["Link"].startswith(f"<{TEAM}/cases{query}")
    assert answer.headers["Link"].endswith(f'cursor={cursor}>; rel="next"')
    return cursor


def test_a_cursor_leads_to_the_next_page(http: Any, services: FakeClient) -> None:
    cursor = first_cursor(http, services)
    assert "case_1" not in cursor
    answer = http.get(f"{TEAM}/cases?limit=5&cursor={cursor}&view=mine", headers=bearer())
    assert answer.status_code == 200
    assert services.last.data["cursor"] == PAGE["next_cursor"]
    assert answer.headers["Link"].count("cursor=") == 1


def test_the_last_page_has_no_link(http: Any, services: FakeClient) -> None:
    services.answers["list_cases"] = {"data": [], "next_cursor": None}
    answer = http.get(f"{TEAM}/cases", headers=bearer())
    assert answer.json["next_cursor"] is None
    assert "Link" not in answer.headers


def test_a_cursor_of_another_list_filter_or_person_is_refused(http: Any, services: FakeClient) -> None:
    cursor = first_cursor(http, services)
    for path, who in (
        (f"{TEAM}/cases?view=all&cursor={cursor}", {}),
        (f"{TEAM}/cases?cursor={cursor}", {}),
        (f"{CASE}/comments?cursor={cursor}", {}),
        (f"/v1/teams/mamut/cases?view=mine&cursor={cursor}", {}),
        (f"{TEAM}/cases?view=mine&cursor={cursor}", OTHER),
    ):
        answer = http.get(path, headers=bearer(**who))
        assert (answer.status_code, answer.json["code"]) == (400, "cursor_invalid")


def test_an_edited_cursor_is_refused(http: Any, services: FakeClient) -> None:
    cursor = first_cursor(http, services)
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    edited = []
    for place in (0, 15, 16, 20, len(raw) - 1):
        changed = raw.copy()
        changed[place] ^= 1
        edited.append(base64.urlsafe_b64encode(changed).rstrip(b"=").decode())
    for wrong in (*edited, cursor[:-3], cursor + "A", "", "x", "null", "1", "é", "A" * 4000):
        answer = http.get(f"{TEAM}/cases?view=mine&cursor={wrong}", headers=bearer())
        assert (answer.status_code, answer.json["code"]) == (400, "cursor_invalid")


def test_a_cursor_is_good_for_a_day() -> None:
    now = [1000.0]
    cursors = Cursors("secret", lambda: now[0])
    route = next(route for route in ROUTES if route.paged)
    actor = Actor("user", "user_1", "ses_1")
    cursor = cursors.sign(route, actor, {"team_id": "extend"}, "åäö")
    now[0] += GOOD_SECONDS
    assert cursors.open(route, actor, {"team_id": "extend", "limit": 3}, cursor) == "åäö"
    now[0] += 1
    with pytest.raises(Malformed, match="older than a day"):
        cursors.open(route, actor, {"team_id": "extend"}, cursor)
    with pytest.raises(Malformed, match="does not belong"):
        Cursors("other secret", lambda: now[0]).open(route, actor, {"team_id": "extend"}, cursor)


def test_the_comments_cursor_of_a_case_continues_its_comments(http: Any, services: FakeClient) -> None:
    services.answers["read_case"] = {"id": CASE_ID, "team_id": "extend", "version": 1, "comments_cursor": "50"}
    services.answers["list_comments"] = {"data": [], "next_cursor": None}
    cursor = http.get(CASE, headers=bearer()).json["comments_cursor"]
    assert http.get(f"{CASE}/comments?cursor={cursor}", headers=bearer()).status_code == 200
    assert services.last.data["cursor"] == "50"
