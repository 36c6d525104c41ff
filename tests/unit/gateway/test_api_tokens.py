"""API tokens at the gateway: asked about once a minute, bounded, gone when they are revoked."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway import auth
from gateway.auth import BELIEVED_SECONDS, Tokens
from gateway.routes import ROUTES
from gateway.table import Allow
from services.chassis.problems import Unauthenticated
from tests.unit.gateway.fakes import CASE, TEAM, USER_ID, FakeClient, bearer

TOKEN = "cwp_" + "a" * 43
TOKEN_ID = "tok_01m7x2c4e6g8j0k2m4n6p8q0r2"
FOR_PEOPLE = re.compile(r"/v1/sessions|password|api-tokens|service-tokens|/v1/me/identities|identity-providers|factor")


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def known(*scopes: str) -> dict[str, Any]:
    until = datetime(2100, 1, 1, tzinfo=UTC).isoformat()
    return {"token_id": TOKEN_ID, "user_id": USER_ID, "operator": False, "scopes": list(scopes), "expires_at": until}


def asked_for_tokens(client: FakeClient) -> list[dict[str, Any]]:
    return [one.data for one in client.asked if one.verb == "use_token"]


def test_accounts_hears_the_hash_once_a_minute_and_never_the_token() -> None:
    clock, client = Clock(), FakeClient({"use_token": known("cases:read")})
    tokens = Tokens(client, 5.0, clock)
    for _ in range(2):
        tokens.identity(f"Bearer {TOKEN}")
    identity = tokens.identity(f"Bearer {TOKEN}")
    assert (identity.actor.user_id, identity.actor.session_id, identity.scopes) == (
        USER_ID,
        TOKEN_ID,
        frozenset({"cases:read"}),
    )
    assert asked_for_tokens(client) == [{"token_hash": hashlib.sha256(TOKEN.encode()).hexdigest()}]
    clock.now += BELIEVED_SECONDS
    tokens.identity(f"Bearer {TOKEN}")
    assert len(asked_for_tokens(client)) == 2


def test_a_revoked_token_is_refused_at_once_even_if_an_older_answer_believes_it() -> None:
    client = FakeClient({"use_token": known("cases:read")})
    tokens = Tokens(client, 5.0, Clock())
    tokens.revocations.end_token(TOKEN_ID)  # heard while the answer was on its way
    with pytest.raises(Unauthenticated):
        tokens.identity(f"Bearer {TOKEN}")


def test_a_gateway_that_lost_the_broker_asks_again() -> None:
    client = FakeClient({"use_token": known("cases:read"), "read_revocations": {"data": []}})
    tokens = Tokens(client, 5.0, Clock())
    tokens.identity(f"Bearer {TOKEN}")
    tokens.revocations.settle(tokens.revocations.doubt())
    client.answers["use_token"] = Unauthenticated("token_invalid")
    with pytest.raises(Unauthenticated):
        tokens.identity(f"Bearer {TOKEN}")


def test_what_nobody_knows_is_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "CACHE_SIZE", 5)
    client = FakeClient({"use_token": Unauthenticated("token_invalid")})
    tokens = Tokens(client, 5.0, Clock())
    for number in range(20):
        for _ in range(2):
            with pytest.raises(Unauthenticated):
                tokens.identity(f"Bearer cwp_{number:043}")
    assert len(asked_for_tokens(client)) == 20
    assert len(tokens._believed) == 5


def test_an_access_token_costs_accounts_nothing(http: Any, services: FakeClient) -> None:
    for _ in range(3):
        assert http.get(CASE, headers=bearer()).status_code == 200
    assert {one.service for one in services.asked} == {"cases"}


@pytest.mark.parametrize(
    ("scopes", "asked", "status"),
    [
        (["cases:read"], f"GET {CASE}", 200),
        (["cases:write"], f"GET {CASE}", 403),
        (["cases:read"], f"POST {CASE}/close", 403),
        (["cases:write"], f"POST {CASE}/close", 200),
        (["accounts:read"], f"GET {TEAM}/organizations", 200),
        ([], "GET /v1/me", 403),
    ],
)
def test_a_route_needs_its_scope(http: Any, services: FakeClient, scopes: list[str], asked: str, status: int) -> None:
    method, path = asked.split()
    services.answers["use_token"] = known(*scopes)
    body: dict[str, Any] = {"json": {}} if method == "POST" else {}
    answer = http.open(path, method=method, headers={"Authorization": f"Bearer {TOKEN}"}, **body)
    assert answer.status_code == status
    if status == 403:
        assert answer.json["code"] == "scope_missing"
        assert answer.json["scope"].split(":")[0] in ("cases", "accounts")
        assert {one.verb for one in services.asked} == {"use_token"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_what_concerns_somebodys_own_access_needs_a_session(route: Any) -> None:
    if FOR_PEOPLE.search(route.path) and route.allow is not Allow.ANYONE:
        assert route.more.session, route.name
