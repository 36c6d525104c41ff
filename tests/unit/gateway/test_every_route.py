"""What holds at each endpoint of the table, so that a new one has it too (S16, S25, S26, S35, S67, S74)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway import openapi
from gateway.app import Gateway, create_app
from gateway.routes import ROUTES
from gateway.table import Route, hints_of
from services.contracts.shapes import Id
from tests.unit.gateway.fakes import FakeClient, bearer, settings

EXAMPLES = {"team_id": "extend", "number": "EXT-000042", "session_id": "current", "key": "agent", "version": "1"}
PLAIN = [route for route in ROUTES if route.more.do is None]  # what is put together has tests of its own
WRITES = [route for route in PLAIN if not route.in_query]
SOMEBODY_ELSE = {
    "X-User-Id": "user_01m7x2c4e6g8j0k2m4n6p8q0r9",
    "X-Remote-User": "operator",
    "Remote-User": "operator",
    "X-Forwarded-User": "operator",
    "X-On-Behalf-Of": "operator",
    "From": "operator@example.org",
    "X-Company-Id": "org_01m7x2c4e6g8j0k2m4n6p8q0r9",
    "X-Original-URL": "/v1/me",
    "X-Rewrite-URL": "/v1/me",
    "X-HTTP-Method-Override": "DELETE",
    "X-HTTP-Method": "DELETE",
    "X-Method-Override": "DELETE",
    "X-Forwarded-For": "127.0.0.1",
    "X-Real-Ip": "127.0.0.1",
    "Cookie": "session=operator; access_token=operator",
}
ODD = ("%20", "%00", "null", "0", "[]", "{}", "case_01M7X2C4E6G8J0K2M4N6P8Q0R2", "..%2f..", "%ef%bc%91", "a" * 5000)
WRONG_PAGES = (
    *("limit=0", "limit=-1", "limit=1000000000", "limit=ten", "limit=5&limit=6"),
    *("cursor=", "cursor=b3Vycw", "offset=5"),
)
TOLD = {"id": "x", "team_id": "extend", "organization_id": "x", "case_id": "x", "file": {"id": "x"}}


@pytest.fixture(scope="module")
def app() -> Gateway:
    """One for all: making one takes longer than what is asked of it here."""
    return create_app(FakeClient(), replace(settings(), rate_limit=0, anonymous_rate_limit=0))


@pytest.fixture
def services(app: Gateway) -> FakeClient:
    client = app.desk.client
    assert isinstance(client, FakeClient)
    client.asked.clear()
    client.answers.clear()
    return client


def path_of(route: Route, **more: str) -> str:
    path = route.path
    for name in route.path_names:
        example = more.get(name) or EXAMPLES.get(name) or "case_01m7x2c4e6g8j0k2m4n6p8q0r2"
        path = path.replace("{" + name + "}", example)
    return path


def body_of(route: Route) -> dict[str, Any]:
    return openapi.example(route.message, route.own_names)


def ask(http: Any, route: Route, headers: dict[str, str], **more: Any) -> Any:
    if not route.in_query and "data" not in more:
        more["json"] = body_of(route)
    headers = bearer(op=True) | {"X-Request-Id": "the-same-in-both"} | headers
    return http.open(path_of(route), method=route.method, headers=headers, **more)


def short(route: Route) -> str:
    return route.name


@pytest.mark.parametrize("route", PLAIN, ids=short)
def test_no_header_but_the_token_makes_anybody_somebody(http: Any, services: FakeClient, route: Route) -> None:
    services.answers[route.verb] = TOLD
    plain, told = ask(http, route, {}), ask(http, route, SOMEBODY_ELSE)
    assert (plain.status_code, plain.get_data()) == (told.status_code, told.get_data())
    assert set(dict(plain.headers)) == set(dict(told.headers))
    assert len(services.asked) in (0, 2)
    if services.asked:
        first, second = services.asked
        assert (first.verb, first.data, first.context.actor) == (second.verb, second.data, second.context.actor)
        assert first.context.more == second.context.more


@pytest.mark.parametrize("route", PLAIN, ids=short)
def test_no_answer_believes_the_host_header(http: Any, services: FakeClient, route: Route) -> None:
    services.answers[route.verb] = TOLD
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example;proto=http"}
    for headers in (evil, evil | {"Authorization": "Bearer nonsense"}):
        answer = ask(http, route, headers)
        assert b"evil.example" not in answer.get_data()
        assert "evil.example" not in str(answer.headers)
        assert answer.headers.get("Location", "/").startswith("/")


@pytest.mark.parametrize("route", ROUTES, ids=short)
def test_what_is_fetched_changes_nothing(route: Route) -> None:
    assert route.message.reads or route.method not in ("GET", "HEAD")


@pytest.mark.parametrize("route", WRITES, ids=short)
def test_a_body_that_a_foreign_page_could_send_is_not_read(http: Any, services: FakeClient, route: Route) -> None:
    if not route.own_names:
        return  # nothing of a body is read; the bearer token alone keeps a foreign page out
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = ask(http, route, {"Origin": "https://evil.example"}, data='{"a":"b"}', content_type=kind)
        assert answer.status_code == 415
        assert not services.asked
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("route", PLAIN, ids=short)
def test_an_odd_id_is_nobodys(http: Any, services: FakeClient, route: Route) -> None:
    known = hints_of(route.message)
    more = {} if route.in_query else {"json": body_of(route)}
    for name in (one for one in route.path_names if known[one] is Id):
        for odd in ODD:
            answer = http.open(path_of(route, **{name: odd}), method=route.method, headers=bearer(op=True), **more)
            assert answer.status_code in (404, 405), (name, odd)
            assert not services.asked


@pytest.mark.parametrize("route", [route for route in PLAIN if route.paged], ids=short)
def test_pages_are_small_and_cursors_are_ours(http: Any, services: FakeClient, route: Route) -> None:
    for wrong in WRONG_PAGES:
        assert http.get(f"{path_of(route)}?{wrong}", headers=bearer(op=True)).status_code == 400, wrong
        assert not services.asked
