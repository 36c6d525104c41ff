"""Ended sessions and tokens: refused at once, forgotten in time, and nobody is believed on old knowledge."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest

from gateway import revocations
from gateway.app import Gateway
from gateway.revocations import Revocations
from services.chassis.problems import Unauthenticated, Unavailable
from tests.unit.gateway.fakes import TEAM, USER_ID, FakeClient, bearer

SSE = {"Accept": "text/event-stream"}
LATER = "2999-01-01T00:00:00Z"


def ended(session_id: str, user_id: str = USER_ID, until: str = LATER) -> bytes:
    data = {"session_id": session_id, "user_id": user_id, "until": until}
    return orjson.dumps({"type": "session.ended", "version": 1, "data": data})


def revoked(token_id: str, user_id: str = USER_ID) -> bytes:
    data = {"token_id": token_id, "user_id": user_id}
    return orjson.dumps({"type": "token.revoked", "version": 1, "data": data})


@pytest.fixture
def made() -> tuple[Revocations, FakeClient, list[float]]:
    client, now = FakeClient(), [1000.0]
    return Revocations(client, 5.0, clock=lambda: now[0]), client, now


def test_a_token_of_an_ended_session_is_refused_although_it_was_believed(app: Gateway, http: Any) -> None:
    headers = bearer(sid="ses_9")
    assert http.get("/v1/me", headers=headers).status_code == 200
    app.desk.hub.hear(ended("ses_other"))
    assert http.get("/v1/me", headers=headers).status_code == 200
    app.desk.hub.hear(ended("ses_9"))
    refused = http.get("/v1/me", headers=headers)
    assert (refused.status_code, refused.json["code"]) == (401, "session_ended")
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert http.get("/v1/me", headers=bearer(sid="ses_10")).status_code == 200


@pytest.mark.parametrize("end", [ended("ses_1"), revoked("ses_1")])
def test_an_end_ends_that_persons_streams(app: Gateway, http: Any, services: FakeClient, end: bytes) -> None:
    services.answers["list_feed"] = {"data": [], "cursor": 0, "principals": [f"user:{USER_ID}"]}
    mine = http.get(f"{TEAM}/events", headers=bearer() | SSE, buffered=False)
    his = http.get(f"{TEAM}/events", headers=bearer(sub="user_his", sid="ses_2") | SSE, buffered=False)
    app.desk.hub.hear(end)
    assert app.desk.hub.size == 1
    assert list(mine.response) == [b"retry: 2000\n\n"]
    assert http.get(f"{TEAM}/events", headers=bearer() | SSE).status_code == 401
    his.close()


def test_a_session_that_ends_while_its_stream_opens_gets_no_stream(
    app: Gateway, http: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    join = app.desk.hub.join

    def late(*given: Any) -> Any:
        app.desk.hub.hear(ended("ses_1"))  # heard after the token was judged, and before the stream could hear of it
        return join(*given)

    monkeypatch.setattr(app.desk.hub, "join", late)
    assert http.get(f"{TEAM}/events", headers=bearer() | SSE).status_code == 401
    assert app.desk.hub.size == 0


def test_ends_are_forgotten_when_no_token_of_them_can_be_alive(
    made: tuple[Revocations, FakeClient, list[float]],
) -> None:
    ends, _, now = made
    for number in range(5000):
        now[0] += 1
        ends.end(f"ses_{number}", now[0] + 600)
    assert len(ends) <= 601
    ends.check("ses_1")
    with pytest.raises(Unauthenticated):
        ends.check("ses_4999")
    ends.end("ses_past", now[0] - 1)
    ends.check("ses_past")


def test_while_an_end_may_have_passed_unheard_nobody_is_believed(
    made: tuple[Revocations, FakeClient, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "WAIT_SECONDS", 0.01)
    ends, client, _ = made
    client.answers["read_revocations"] = {"data": [{"session_id": "ses_7", "until": LATER}]}
    doubt = ends.doubt()
    with pytest.raises(Unavailable):
        ends.check("ses_1")
    assert ends.settle(doubt)
    ends.check("ses_1")
    with pytest.raises(Unauthenticated):
        ends.check("ses_7")


def test_an_answer_from_before_the_latest_loss_ends_no_doubt(
    made: tuple[Revocations, FakeClient, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "WAIT_SECONDS", 0.01)
    ends, client, _ = made
    first = ends.doubt()
    later: list[int] = []

    def answer(_: dict[str, Any]) -> dict[str, Any]:
        later.append(ends.doubt())  # lost again while accounts answers
        return {"data": []}

    client.answers["read_revocations"] = answer
    assert not ends.settle(first)
    assert not ends.complete
    client.answers["read_revocations"] = {"data": []}
    assert ends.settle(later[0])
    assert ends.complete


def test_accounts_is_asked_until_it_answers(
    made: tuple[Revocations, FakeClient, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "PAUSE_SECONDS", 0.01)
    ends, client, _ = made
    client.ready = False
    settled = threading.Thread(target=ends.settle, args=(ends.doubt(),))
    settled.start()
    assert not ends.complete
    client.ready = True
    client.answers["read_revocations"] = {"data": []}
    settled.join(5)
    assert ends.complete


def test_a_process_that_has_not_heard_of_every_end_is_not_ready(app: Gateway, http: Any) -> None:
    assert http.get("/readyz").status_code == 200
    app.desk.hub.lost()
    assert http.get("/readyz").status_code == 503
    assert http.get("/livez").status_code == 200


def test_what_was_believed_before_a_loss_is_asked_again(app: Gateway, http: Any, services: FakeClient) -> None:
    http.get("/v1/me", headers=bearer())
    assert app.desk.tokens._known
    services.answers["read_revocations"] = {"data": []}
    assert app.desk.tokens.revocations.settle(app.desk.tokens.revocations.doubt())
    assert not app.desk.tokens._known
