"""What every endpoint does with a request and with its reply."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.chassis.problems import Conflict, Forbidden, NotFound, PreconditionFailed, Problem, Unavailable
from tests.unit.gateway.fakes import CASE, CASE_ID, TEAM, USER_ID, FakeClient, bearer

OPENING = {"type": "support", "title": "Help", "description": "It broke."}
VIEW = {"id": CASE_ID, "team_id": "extend", "version": 7, "comments_cursor": None}


def test_path_and_body_become_the_data_of_one_message(http: Any, services: FakeClient) -> None:
    services.answers["open_case"] = VIEW
    answer = http.post(f"{TEAM}/cases", json=OPENING, headers=bearer())
    assert answer.status_code == 201
    assert answer.headers["Location"] == CASE
    assert answer.headers["ETag"] == '"v7"'
    assert (services.last.service, services.last.verb) == ("cases", "open_case")
    assert services.last.data == {"team_id": "extend", **OPENING}


def test_the_context_carries_who_why_and_until_when(http: Any, services: FakeClient) -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    more = {"X-Request-Id": "client-made-1", "traceparent": trace, "Idempotency-Key": "once", "If-Match": '"v3"'}
    http.post(f"{CASE}/close", headers=bearer() | more)
    context = services.last.context
    assert context.actor.kind == "user"
    assert context.actor.user_id == USER_ID
    assert context.actor.session_id == "ses_1"
    assert (context.request_id, context.trace, context.key, context.if_match) == ("client-made-1", trace, "once", 3)
    assert 4000 < context.deadline_ms - time.time() * 1000 <= 5000


def test_an_insane_request_id_and_trace_are_replaced(http: Any, services: FakeClient) -> None:
    answer = http.get(CASE, headers=bearer() | {"X-Request-Id": "a b\t{}", "traceparent": "00-zz-1-01"})
    assert answer.headers["X-Request-Id"].startswith("req_")
    assert services.last.context.request_id == answer.headers["X-Request-Id"]
    assert services.last.context.trace == ""


def test_a_write_without_a_key_gets_one_and_a_read_gets_none(http: Any, services: FakeClient) -> None:
    http.post(f"{CASE}/close", headers=bearer())
    first = services.last.context.key
    http.post(f"{CASE}/close", headers=bearer())
    assert first.startswith("key_")
    assert first != services.last.context.key
    http.get(CASE, headers=bearer())
    assert services.last.context.key == ""


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "ümlaut"])
def test_an_odd_idempotency_key_is_refused(http: Any, services: FakeClient, key: str) -> None:
    answer = http.post(f"{CASE}/close", headers=bearer() | {"Idempotency-Key": key})
    assert (answer.status_code, answer.json["code"]) == (400, "idempotency_key_invalid")
    assert not services.asked


def test_a_replay_says_so(http: Any, services: FakeClient) -> None:
    services.replayed = True
    answer = http.post(f"{CASE}/close", headers=bearer() | {"Idempotency-Key": "once"})
    assert answer.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("header", "version"), [('"v7"', 7), ("v7", 7), ("7", 7), ("*", None), ('W/"v7"', 0), ('"other"', 0)]
)
def test_if_match_is_a_version(http: Any, services: FakeClient, header: str, version: int | None) -> None:
    http.patch(CASE, json={"title": "New"}, headers=bearer() | {"If-Match": header})
    assert services.last.context.if_match == version


def test_a_nonsense_if_match_is_refused(http: Any) -> None:
    answer = http.patch(CASE, json={"title": "New"}, headers=bearer() | {"If-Match": "a, b"})
    assert (answer.status_code, answer.json["code"]) == (400, "if_match_invalid")


@pytest.mark.parametrize("header", ['"v7"', 'W/"v7"', '"v1", "v7"', "*"])
def test_what_the_client_has_already_is_not_sent_again(http: Any, services: FakeClient, header: str) -> None:
    services.answers["read_case"] = VIEW
    answer = http.get(CASE, headers=bearer() | {"If-None-Match": header})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"v7"')
    assert http.get(CASE, headers=bearer() | {"If-None-Match": '"v6"'}).status_code == 200


def test_a_lost_update_brings_the_current_etag(http: Any, services: FakeClient) -> None:
    services.answers["change_case"] = PreconditionFailed("version_mismatch", "Changed.", extra={"etag": '"v9"'})
    answer = http.patch(CASE, json={"title": "New"}, headers=bearer() | {"If-Match": '"v7"'})
    assert (answer.status_code, answer.headers["ETag"], answer.json["etag"]) == (412, '"v9"', '"v9"')


def test_a_delete_answers_nothing(http: Any, services: FakeClient) -> None:
    answer = http.delete(f"{CASE}/followers/{USER_ID}", headers=bearer())
    assert (answer.status_code, answer.data) == (204, b"")


def test_me_as_a_follower_is_the_caller(http: Any, services: FakeClient) -> None:
    http.delete(f"{CASE}/followers/me", headers=bearer())
    assert services.last.data["user_id"] == USER_ID


@pytest.mark.parametrize(
    "kind", ["application/json", "application/merge-patch+json", "application/json; charset=utf-8"]
)
def test_a_patch_reads_both_json_types(http: Any, services: FakeClient, kind: str) -> None:
    assert http.patch(CASE, data=b'{"title":"New"}', content_type=kind, headers=bearer()).status_code == 200
    assert services.last.data["title"] == "New"


@pytest.mark.parametrize(
    ("problem", "status", "code"),
    [
        (Forbidden("not_allowed", "No."), 403, "not_allowed"),
        (NotFound(), 404, "not_found"),
        (Conflict("organization_required", extra={"choices": ["a"]}), 409, "organization_required"),
        (Unavailable("service_away", retry_after=7), 503, "service_away"),
        (Problem("boom", "secret stack"), 500, "internal_error"),
        (ZeroDivisionError("secret stack"), 500, "internal_error"),
    ],
)
def test_a_service_refusal_passes_through(
    http: Any, services: FakeClient, problem: Any, status: int, code: str
) -> None:
    services.answers["read_case"] = problem
    answer = http.get(CASE, headers=bearer())
    assert answer.content_type == "application/problem+json"
    told = answer.json
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code)
    assert told["type"].endswith(f"/docs#problem-{status}")
    assert told["instance"] == CASE
    assert told["request_id"] == answer.headers["X-Request-Id"]
    assert {"title", "detail"} <= told.keys()
    assert "secret" not in answer.text
    if code == "organization_required":
        assert told["choices"] == ["a"]
    if status == 503:
        assert answer.headers["Retry-After"] == "7"


def test_a_service_that_is_away_is_503_never_more(http: Any, services: FakeClient) -> None:
    assert http.get(CASE, headers=bearer()).status_code == 200
    services.ready = False
    answer = http.get(CASE, headers=bearer())
    assert (answer.status_code, answer.json["code"]) == (503, "broker_away")
    assert int(answer.headers["Retry-After"]) > 0


def test_anyone_may_sign_in_even_with_an_old_token(http: Any, services: FakeClient) -> None:
    services.answers["refresh_session"] = {"id": "ses_2", "access_token": "x"}
    answer = http.post("/v1/sessions/refresh", json={"refresh_token": "r"}, headers=bearer(exp=1))
    assert answer.status_code == 200
    assert services.last.context.actor.kind == "anonymous"


def test_only_operators_found_teams(http: Any, services: FakeClient) -> None:
    answer = http.put(f"{TEAM}/profile", json={"profile": {}}, headers=bearer())
    assert (answer.status_code, answer.json["code"]) == (403, "operator_only")
    assert not services.asked
    services.answers["apply_profile"] = {"id": "extend", "profile_version": 3}
    answer = http.put(f"{TEAM}/profile", json={"profile": {}}, headers=bearer(op=True))
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"v3"')
    assert services.last.context.actor.kind == "operator"


@pytest.mark.parametrize("path", [f"{TEAM}/cases/nonsense", "/v1/teams/UPPER/cases", f"{TEAM}/cases/%00", f"{CASE}%0a"])
def test_an_impossible_path_is_like_a_missing_thing(http: Any, services: FakeClient, path: str) -> None:
    services.answers["read_case"] = NotFound()
    answer, missing = http.get(path, headers=bearer()), http.get(CASE, headers=bearer())
    assert answer.status_code == missing.status_code == 404
    for told in (answer.json, missing.json):
        del told["request_id"], told["instance"]
    assert answer.json.keys() == missing.json.keys()
    assert (answer.json["detail"], answer.json["code"]) == (missing.json["detail"], missing.json["code"])
