"""Methods, headers and odd addresses (S16, S35, S74), and what every answer carries."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.app import Gateway
from gateway.routes import ROUTES
from tests.unit.gateway.fakes import CASE, TEAM, FakeClient, bearer

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


@pytest.mark.parametrize(
    "path", [CASE, f"{TEAM}/cases", "/nowhere", "/livez", f"{CASE}/answer", f"{TEAM}/cases?limit=x"]
)
@pytest.mark.parametrize("signed_in", [True, False])
def test_every_answer_is_safe_and_named(http: Any, path: str, signed_in: bool) -> None:
    answer = http.get(path, headers=bearer() if signed_in else {})
    for name, value in SECURITY.items():
        assert answer.headers.getlist(name) == [value]
    assert answer.headers["X-Request-Id"].startswith("req_")
    assert "Permissions-Policy" in answer.headers
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "name",
    [
        *("X-User-Id", "X-Remote-User", "X-On-Behalf-Of", "X-Company-Id", "X-Forwarded-User", "X-Original-URL"),
        *(
            "X-HTTP-Method-Override",
            "X-Method-Override",
            "X-Rewrite-Url",
            "X-Forwarded-Host",
            "X-Organization",
            "Forwarded",
        ),
    ],
)
def test_a_header_makes_nobody_and_nothing_else(http: Any, services: FakeClient, name: str) -> None:
    for value in ("user_admin", "DELETE", "/v1/me", "host=evil"):
        answer = http.get(CASE, headers=bearer() | {name: value})
        plain = http.get(CASE, headers=bearer())
        assert answer.data == plain.data
        told = [dict(one.headers) for one in (answer, plain)]
        assert told[0].keys() == told[1].keys()
        assert services.asked[-1].verb == services.asked[-2].verb == "read_case"
        assert services.asked[-1].context.actor == services.asked[-2].context.actor
        assert http.get(CASE, headers={name: value}).status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://support.example.org.evil.example"])
def test_no_other_origin_is_allowed(http: Any, services: FakeClient, origin: str) -> None:
    for answer in (
        http.get(CASE, headers=bearer() | {"Origin": origin}),
        http.options(CASE, headers={"Origin": origin, "Access-Control-Request-Method": "PATCH"}),
        http.post(
            f"{CASE}/comments", data='{"body":"x"}', content_type="text/plain", headers=bearer() | {"Origin": origin}
        ),
    ):
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    assert services.last.verb == "read_case"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PROPFIND", "TRACE", "CONNECT"])
def test_a_method_that_is_not_there_is_405_with_allow(http: Any, services: FakeClient, method: str) -> None:
    answer = http.open(CASE, method=method, headers=bearer())
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, PATCH"
    assert answer.content_type == "application/problem+json"
    assert not services.asked


def test_options_tells_the_methods(http: Any) -> None:
    answer = http.options(CASE)
    assert (answer.status_code, answer.headers["Allow"], answer.data) == (204, "GET, HEAD, OPTIONS, PATCH", b"")
    assert http.options("/nowhere").status_code == 404


def test_head_is_get_without_a_body(http: Any, services: FakeClient) -> None:
    services.answers["read_case"] = {"id": "case", "version": 7}
    get, head = http.get(CASE, headers=bearer()), http.head(CASE, headers=bearer())
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert head.headers["ETag"] == '"v7"'
    head = http.head(CASE)
    assert (head.status_code, head.data) == (401, b"")


@pytest.mark.parametrize(
    "path",
    [
        *("//v1/me", "/v1//me", "/v1/me/", "/v1/me;a", "/v1/me;a=b", "/v1/me.json", "/V1/me", "/v1/ME", "/v1/%2e/me"),
        *(
            "/v1/./me",
            "/v1/x/../me",
            "/v0/me",
            "/v2/me",
            "/health",
            "/healthz",
            "/metrics",
            "/.git/config",
            "/static/x",
        ),
    ],
)
def test_an_odd_address_is_not_found(http: Any, services: FakeClient, path: str) -> None:
    answer = http.get(path, headers=bearer())
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert not services.asked


def test_no_address_is_open_by_mistake(app: Gateway) -> None:
    open_ones = {route.name for route in ROUTES if route.allow.value == "anyone"}
    assert open_ones == {
        "POST /v1/sessions",
        "POST /v1/sessions/refresh",
        "POST /v1/sessions/oidc",
        "POST /v1/teams/{team_id}/sign-in/{provider_id}",
        "POST /v1/password/lost",
        "POST /v1/password/reset",
        "POST /v1/email/confirm",
        "POST /v1/invitations/accept",
        "POST /v1/teams/{team_id}/registrations",
        "POST /v1/teams/{team_id}/registrations/confirm",
        "POST /v1/teams/{team_id}/registrations/{registration_id}/status",
        "POST /v1/operators/first",
        "GET /v1/keys",
        "GET /v1/teams/{team_id}/profile",
    }
    pages = {rule.rule for rule in app.url_map.iter_rules()} - {route.rule for route in ROUTES}
    assert pages == {
        "/v1",
        "/version",
        "/v1/openapi.json",
        "/docs",
        "/docs/profile",
        "/case/<number>",
        "/livez",
        "/readyz",
    }


def test_without_a_token_every_other_endpoint_is_401(http: Any, services: FakeClient) -> None:
    closed = [route for route in ROUTES if route.allow.value not in ("anyone", "welcome", "key")]
    assert len(closed) > 150
    for route in closed:
        path = route.path.replace("{team_id}", "extend").replace("{", "").replace("}", "")
        answer = http.open(path, method=route.method)
        assert (answer.status_code, answer.json["code"]) == (401, "token_missing"), route.name
    assert not services.asked


def test_health_tells_what_is_missing(http: Any, services: FakeClient) -> None:
    assert http.get("/livez").json == {"alive": True}
    assert http.get("/readyz").json["ready"] is True
    services.ready = False
    assert http.get("/livez").status_code == 200
    answer = http.get("/readyz")
    assert (answer.status_code, answer.json["missing"]) == (503, ["broker", "accounts"])
    assert http.get("/v1").json["links"]["contract"] == "/v1/openapi.json"
    assert http.get("/version").json["version"]


def test_measurements_stand_beside_the_public_port(app: Gateway) -> None:
    from werkzeug.test import Client

    from gateway.health import aside

    app.test_client().get(CASE, headers=bearer())
    beside = Client(aside(app.desk))
    assert "casework_http_seconds" in beside.get("/metrics").text
    assert beside.get("/readyz").status_code == 200
    assert beside.get("/v1/me").status_code == 404
