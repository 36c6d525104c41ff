"""What stands before every endpoint: limits, client addresses, origins, the organization header, If-Match demanded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway import limits, routes
from gateway.app import create_app
from gateway.limits import Addresses, Limiter, Policy
from gateway.origins import Origins
from services.chassis.problems import TooManyRequests
from tests.unit.gateway.fakes import CASE, CASE_ID, TEAM, FakeClient, bearer, settings

ORG = "org_01m7x2c4e6g8j0k2m4n6p8q0r2"
OTHER_ORG = "org_01m7x2c4e6g8j0k2m4n6p8q0r3"
PAGE = "https://portal.example.org"


def made(client: FakeClient | None = None, **changes: Any) -> Any:
    return create_app(client or FakeClient(), replace(settings(), **changes)).test_client()


# --- limits ----------------------------------------------------------------------------------------------------------


def taken(limiter: Limiter, caller: str = "user_1") -> dict[str, str]:
    environ: dict[str, Any] = {}
    limiter.take(caller, environ)
    return dict(environ.get(limits.HEADERS, ()))


def test_a_bucket_holds_its_quota_and_refills_evenly() -> None:
    now = [100.0]
    limiter = Limiter(Policy("default", 60), lambda: now[0])
    told = [taken(limiter)["RateLimit"] for _ in range(60)]
    assert (told[0], told[-1]) == ('"default";r=59;t=1', '"default";r=0;t=60')
    with pytest.raises(TooManyRequests) as refused:
        taken(limiter)
    assert (refused.value.retry_after, refused.value.extra["reason"]) == (1, "default")
    assert taken(limiter, "user_2")["RateLimit"].startswith('"default";r=59')
    now[0] += 1
    assert taken(limiter)["RateLimit"].startswith('"default";r=0')
    with pytest.raises(TooManyRequests):
        taken(limiter)
    now[0] += 3600
    assert taken(limiter)["RateLimit"] == '"default";r=59;t=1'


def test_refused_requests_cost_nothing_more() -> None:
    now = [100.0]
    limiter = Limiter(Policy("default", 1), lambda: now[0])
    taken(limiter)
    for _ in range(1000):
        with pytest.raises(TooManyRequests, check=lambda refused: refused.retry_after == 60):
            taken(limiter)
    now[0] += 60
    taken(limiter)


def test_callers_are_forgotten_beyond_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CALLERS", 100)
    limiter = Limiter(Policy("default", 60))
    for number in range(1000):
        taken(limiter, f"user_{number}")
        if number < 60:
            taken(limiter, "faithful")
        elif number % 50 == 0:
            with pytest.raises(TooManyRequests):
                taken(limiter, "faithful")
    assert len(limiter) == 100
    with pytest.raises(TooManyRequests):  # who keeps asking is not forgotten
        taken(limiter, "faithful")


def test_every_answer_tells_what_is_left_and_the_last_refuses() -> None:
    http = made(rate_limit=3)
    answers = [http.get(CASE, headers=bearer()) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert {one.headers["RateLimit-Policy"] for one in answers} == {'"default";q=3;w=60'}
    assert [one.headers["RateLimit"].split(";")[1] for one in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert (answers[3].json["code"], answers[3].json["reason"]) == ("too_many_requests", "default")
    assert 0 < int(answers[3].headers["Retry-After"]) <= 20
    assert http.get(CASE, headers=bearer(sub="user_other")).status_code == 200
    assert "RateLimit" not in http.get("/livez").headers


def test_wrong_tokens_and_anonymous_writes_count_for_the_address() -> None:
    http = made(rate_limit=2, anonymous_rate_limit=1)
    assert [http.get(CASE).status_code for _ in range(3)] == [401, 401, 429]
    body = {"login": "ada", "password": "wrong"}
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    answers = [http.post("/v1/sessions", json=body, environ_overrides=elsewhere) for _ in range(2)]
    assert answers[0].status_code != 429
    assert (answers[1].status_code, answers[1].json["reason"]) == (429, "anonymous")


def test_a_forged_address_buys_no_second_bucket() -> None:
    http = made(rate_limit=1)
    forged = [{"X-Forwarded-For": f"198.51.100.{one}", "Forwarded": f"for=10.0.0.{one}"} for one in range(3)]
    assert [http.get(CASE, headers=one).status_code for one in forged] == [401, 429, 429]


def test_zero_is_no_limit() -> None:
    http = made(rate_limit=0, anonymous_rate_limit=0)
    answers = [http.get(CASE, headers=bearer()) for _ in range(5)]
    assert {one.status_code for one in answers} == {200}
    assert not [name for name in dict(answers[0].headers) if name.startswith("RateLimit")]


def test_clients_over_ipv4_at_an_ipv6_socket_count_one_by_one() -> None:
    http = made(rate_limit=1)
    peers = ["::ffff:192.0.2.1", "::ffff:192.0.2.2", "::ffff:192.0.2.1", "192.0.2.2"]
    answers = [http.get(CASE, environ_overrides={"REMOTE_ADDR": peer}) for peer in peers]
    assert [answer.status_code for answer in answers] == [401, 401, 429, 429]


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "told", "found"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # not a proxy of ours: its word counts for nothing
        ("10.0.0.2", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # what the client itself wrote stands left
        ("10.0.0.2", "1.1.1.1, 198.51.100.1, 10.0.0.3", "198.51.100.1"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("10.0.0.2", "nonsense", "10.0.0.2"),
        ("10.0.0.2", "198.51.100.1, nonsense, 10.0.0.3", "10.0.0.3"),
        ("10.0.0.2", "10.0.0.4", "10.0.0.4"),
        ("::ffff:10.0.0.2", "2001:db8::7", "2001:db8::7"),
        ("::ffff:203.0.113.9", "198.51.100.1", "203.0.113.9"),
    ],
)
def test_only_our_proxies_are_believed_about_the_client(peer: str, told: str, found: str) -> None:
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": told}
    assert Addresses("10.0.0.0/8, 192.168.0.0/16").of(environ) == found
    assert Addresses("").of(environ) == peer.removeprefix("::ffff:")


def test_an_ipv6_customer_is_one_caller() -> None:
    assert limits.caller_of("2001:db8:1:2::7") == limits.caller_of("2001:db8:1:2:ffff::1")
    assert limits.caller_of("2001:db8:1:2::7") != limits.caller_of("2001:db8:1:3::7")
    assert limits.caller_of("192.0.2.1") == "192.0.2.1"


def test_the_services_hear_the_address_of_who_is_not_signed_in() -> None:
    client = FakeClient()
    http = made(client, trusted_proxies="127.0.0.1/32")
    http.post("/v1/sessions", json={"login": "a", "password": "b"}, headers={"X-Forwarded-For": "198.51.100.1"})
    assert client.last.context.more["ip"] == "198.51.100.1"


# --- origins ---------------------------------------------------------------------------------------------------------


def allowed(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name.startswith("Access-Control")}


def test_a_named_origin_may_ask_and_read() -> None:
    http = made(cors_origins=f"{PAGE}, http://localhost:5173")
    question = {"Origin": PAGE, "Access-Control-Request-Method": "PATCH"}
    answer = http.options(CASE, headers=question)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    read = http.get(CASE, headers=bearer() | {"Origin": PAGE})
    assert allowed(read)["Access-Control-Allow-Origin"] == PAGE
    assert "ETag" in allowed(read)["Access-Control-Expose-Headers"]
    for one in (answer, read, http.get(CASE, headers={"Origin": PAGE}), http.get(CASE)):
        assert "Origin" in one.headers.getlist("Vary")
        assert "Access-Control-Allow-Credentials" not in one.headers


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "*",
        PAGE + ".evil.example",
        "https://evil.example",
        PAGE.upper(),
        PAGE + ":444",
        "http://portal.example.org",
        "",
    ],
)
def test_a_twin_of_a_named_origin_may_nothing(origin: str) -> None:
    http = made(cors_origins=PAGE)
    for answer in (
        http.options(CASE, headers={"Origin": origin, "Access-Control-Request-Method": "GET"}),
        http.get(CASE, headers=bearer() | {"Origin": origin}),
    ):
        assert not allowed(answer)
        assert "Origin" in answer.headers.getlist("Vary")


@pytest.mark.parametrize("wrong", ["*", "null", "portal.example.org", "https://*.example.org", PAGE + "/"])
def test_a_setting_that_would_open_more_than_one_page_does_not_start(wrong: str) -> None:
    with pytest.raises(ValueError, match="an origin is written as"):
        Origins(wrong)


# --- the organization header, If-Match demanded ----------------------------------------------------------------------


def test_the_organization_header_says_the_same_as_the_field() -> None:
    client = FakeClient({"list_cases": {"data": [], "next_cursor": None}})
    http = made(client)
    header = bearer() | {"X-Organization": ORG}
    assert http.get(f"{TEAM}/cases", headers=header).status_code == 200
    assert client.last.data["organization_id"] == ORG
    assert http.get(f"{TEAM}/cases?organization_id={ORG}", headers=header).status_code == 200
    for answer in (
        http.get(f"{TEAM}/cases?organization_id={OTHER_ORG}", headers=header),
        http.get(f"{TEAM}/organizations/{OTHER_ORG}", headers=header),
    ):
        assert (answer.status_code, answer.json["code"]) == (400, "organization_differs")
    assert http.get(f"{TEAM}/cases", headers=bearer() | {"X-Organization": "x' OR 1"}).status_code == 400
    assert http.get(f"{TEAM}/cases?organization={ORG}", headers=bearer()).status_code == 200
    assert client.last.data["organization_id"] == ORG
    assert http.get(f"{TEAM}/cases?organization={OTHER_ORG}", headers=header).json["code"] == "organization_differs"
    assert http.get(f"{CASE}?organization={ORG}", headers=bearer()).json["code"] == "parameter_invalid"
    http.get(CASE, headers=header)
    assert client.last.data == {"team_id": "extend", "case_id": CASE_ID}


def test_a_guarded_document_is_not_changed_blindly(monkeypatch: pytest.MonkeyPatch) -> None:
    route = next(one for one in routes.ROUTES if one.name == "PATCH /v1/teams/{team_id}/cases/{case_id}")
    object.__setattr__(route.more, "guarded", True)
    client = FakeClient()
    http = made(client)
    try:
        refused = http.patch(CASE, json={"title": "Blind"}, headers=bearer())
        assert (refused.status_code, refused.json["code"]) == (428, "if_match_required")
        assert not client.asked
        assert http.patch(CASE, json={"title": "Seen"}, headers=bearer() | {"If-Match": '"v3"'}).status_code == 200
    finally:
        object.__setattr__(route.more, "guarded", False)
