"""The event stream: replay, then live, to everybody only what he may know of (S06)."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from gateway import live
from gateway.app import Gateway
from services.contracts.notifications import PrincipalsChanged
from tests.unit.gateway.fakes import TEAM, USER_ID, FakeClient, bearer

SSE = {"Accept": "text/event-stream"}
MINE = ["org:a", f"user:{USER_ID}"]


def line(cursor: int) -> dict[str, Any]:
    return {"cursor": cursor, "id": f"evt_{cursor}", "type": "case.opened", "team_id": "extend", "data": {}}


def page(*cursors: int, at: int = 0) -> dict[str, Any]:
    return {"data": [line(cursor) for cursor in cursors], "cursor": max([at, *cursors]), "principals": MINE}


def happened(cursor: int, *audience: str, team: str = "extend") -> bytes:
    data = {"team_id": team, "audience": list(audience), "line": line(cursor)}
    return orjson.dumps({"id": "evt_1", "type": "feed.appended", "version": 1, "data": data})


def membership(user_id: str, team: str = "extend", kind: str = "membership.changed") -> bytes:
    return orjson.dumps({"type": kind, "version": 1, "data": {"team_id": team, "user_id": user_id}})


def ids(answer: Any) -> list[bytes]:
    return [frame.split(b"\n")[0] for frame in answer.response if frame.startswith(b"id: ")]


def test_a_page_is_plain_json(http: Any, services: FakeClient) -> None:
    services.answers["list_feed"] = page(4, 5)
    answer = http.get(f"{TEAM}/events?after=3&limit=2", headers=bearer())
    assert answer.json["cursor"] == 5
    assert services.last.data == {"team_id": "extend", "after": 3, "limit": 2}


def test_a_stream_replays_and_then_goes_on_live(app: Gateway, http: Any, services: FakeClient) -> None:
    def feed(data: dict[str, Any]) -> dict[str, Any]:
        app.desk.hub.hear(happened(6, "org:a"))  # happens while we catch up, and is in the page too
        app.desk.hub.hear(happened(7, "org:a"))
        return page(5, 6, at=data["after"])

    services.answers["list_feed"] = feed
    answer = http.get(f"{TEAM}/events", headers=bearer() | SSE | {"Last-Event-ID": "4"}, buffered=False)
    assert answer.status_code == 200
    assert answer.content_type == "text/event-stream; charset=utf-8"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert services.last.data["after"] == 4
    stream = answer.response
    assert next(stream) == b"retry: 2000\n\n"
    assert [next(stream).split(b"\n")[0] for _ in range(3)] == [b"id: 5", b"id: 6", b"id: 7"]
    app.desk.hub.hear(happened(8, "org:b", "team:extend"))
    app.desk.hub.hear(happened(9, "org:a", team="mamut"))
    app.desk.hub.hear(happened(10, f"user:{USER_ID}"))
    frame = next(stream)
    assert frame.startswith(b"id: 10\nevent: case.opened\ndata: {")
    assert frame.endswith(b"}\n\n")
    answer.close()
    assert app.desk.hub.size == 0


def test_a_changed_membership_ends_the_streams_of_that_person(app: Gateway, http: Any, services: FakeClient) -> None:
    services.answers["list_feed"] = page()
    answer = http.get(f"{TEAM}/events", headers=bearer() | SSE, buffered=False)
    app.desk.hub.hear(membership("user_other"))
    app.desk.hub.hear(membership(USER_ID, team="mamut"))
    assert app.desk.hub.size == 1
    app.desk.hub.hear(happened(5, "org:a"))
    app.desk.hub.hear(membership(USER_ID))
    assert ids(answer) == []
    assert app.desk.hub.size == 0


def test_who_missed_much_gets_a_part_and_comes_back_for_the_rest(app: Gateway, http: Any, services: FakeClient) -> None:
    services.answers["list_feed"] = lambda data: page(*range(data["after"] + 1, data["after"] + live.PAGE + 1))
    answer = http.get(f"{TEAM}/events?after=0", headers=bearer() | SSE, buffered=False)
    assert ids(answer)[-1] == b"id: 1000"
    assert app.desk.hub.size == 0


def test_who_came_back_too_early_is_sent_back_once_more(app: Gateway, http: Any, services: FakeClient) -> None:
    services.answers["list_feed"] = page()  # notifications has not heard of the change yet: his old principals
    early = http.get(f"{TEAM}/events", headers=bearer() | SSE, buffered=False)
    app.desk.hub.hear(membership("user_other", kind=PrincipalsChanged.wire_name))
    app.desk.hub.hear(membership(USER_ID, team="mamut", kind=PrincipalsChanged.wire_name))
    assert app.desk.hub.size == 1
    app.desk.hub.hear(membership(USER_ID, kind=PrincipalsChanged.wire_name))
    app.desk.hub.hear(happened(5, "org:a"))
    assert ids(early) == []

    def changed_meanwhile(data: dict[str, Any]) -> dict[str, Any]:
        app.desk.hub.hear(membership(USER_ID, kind=PrincipalsChanged.wire_name))
        return page()

    services.answers["list_feed"] = changed_meanwhile
    meanwhile = http.get(f"{TEAM}/events", headers=bearer() | SSE, buffered=False)
    app.desk.hub.hear(happened(6, "org:a"))
    assert ids(meanwhile) == []


def test_a_stream_ends_with_its_token(app: Gateway, http: Any, services: FakeClient) -> None:
    services.answers["list_feed"] = page()
    answer = http.get(f"{TEAM}/events", headers=bearer(exp=int(time.time()) + 2) | SSE, buffered=False)
    assert set(answer.response) <= {live.GREETING, live.HEARTBEAT}
    assert app.desk.hub.size == 0


def test_a_silent_stream_beats(app: Gateway, http: Any, services: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.01)
    services.answers["list_feed"] = page()
    answer = http.get(f"{TEAM}/events", headers=bearer() | SSE, buffered=False)
    stream = answer.response
    assert [next(stream) for _ in range(3)] == [b"retry: 2000\n\n", b":\n\n", b":\n\n"]


def test_who_reads_too_slowly_is_sent_back_to_resume(app: Gateway, http: Any, services: FakeClient) -> None:
    services.answers["list_feed"] = page()
    answer = http.get(f"{TEAM}/events", headers=bearer() | SSE, buffered=False)
    for cursor in range(live.BUFFER + 1):
        app.desk.hub.hear(happened(cursor, "org:a"))
    assert app.desk.hub.size == 0
    assert ids(answer) == []


def test_a_lost_broker_ends_all_streams(app: Gateway, http: Any, services: FakeClient) -> None:
    services.answers["list_feed"] = page()
    answer = http.get(f"{TEAM}/events", headers=bearer() | SSE, buffered=False)
    app.desk.hub.lost()
    assert ids(answer) == []


def test_an_unreadable_event_harms_nobody(app: Gateway, http: Any, services: FakeClient) -> None:
    services.answers["list_feed"] = page()
    answer = http.get(f"{TEAM}/events", headers=bearer() | SSE, buffered=False)
    for body in (
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"type":"feed.appended"}',
        b'{"type":"feed.appended","data":{"team_id":[]}}',
    ):
        app.desk.hub.hear(body)
    app.desk.hub.hear(happened(1, "org:a"))
    stream = answer.response
    assert [next(stream), next(stream)][1].startswith(b"id: 1\n")


def test_a_person_has_a_bounded_number_of_streams(app: Gateway, http: Any, services: FakeClient) -> None:
    services.answers["list_feed"] = page()
    kept = [http.get(f"{TEAM}/events", headers=bearer() | SSE, buffered=False) for _ in range(live.STREAMS_PER_PERSON)]
    answer = http.get(f"{TEAM}/events", headers=bearer() | SSE)
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (429, "too_many_streams", "30")
    for one in kept:
        one.close()
    assert app.desk.hub.size == 0


def test_a_refused_stream_leaves_nothing_behind(app: Gateway, http: Any, services: FakeClient) -> None:
    services.answers["list_feed"] = ZeroDivisionError()
    assert http.get(f"{TEAM}/events", headers=bearer() | SSE).status_code == 500
    assert http.get(f"{TEAM}/events", headers=SSE).status_code == 401
    for odd in ("x", "-1", "9" * 30, "5 6", ""):
        answer = http.get(f"{TEAM}/events", headers=bearer() | SSE | {"Last-Event-ID": odd})
        assert (answer.status_code, answer.json["code"]) == (400, "last_event_id_invalid")
    assert app.desk.hub.size == 0


def test_a_head_opens_no_stream(app: Gateway, http: Any, services: FakeClient) -> None:
    services.answers["list_feed"] = page()
    assert http.head(f"{TEAM}/events", headers=bearer() | SSE).status_code == 200
    assert app.desk.hub.size == 0
