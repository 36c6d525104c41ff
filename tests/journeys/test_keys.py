"""Signing keys change while everybody works on."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway import auth
from services.accounts import secrets
from services.accounts.commands.sessions import purge
from services.accounts.rules.sessions import ACCESS_SECONDS, KEY_PUBLISHED_BEFORE
from services.accounts.tables import signing_keys
from tests.journeys.cast import Cast, Person, expect
from tests.parts import ROOT
from tests.world import BrokerWorld, MemoryWorld, World

pytestmark = pytest.mark.journey


def published(world: World) -> list[str]:
    return [key["kid"] for key in expect(world.http("GET", "/v1/keys"), 200)["keys"]]


def signed_with(token: str) -> str:
    return str(auth._part(token.partition(".")[0])["kid"])


def signed_in(who: Person) -> dict[str, Any]:
    asked = {"login": who.user_name, "password": who.password}
    return dict(expect(who.world.http("POST", "/v1/sessions", json=asked), 201))


def refreshed(world: World, session: dict[str, Any]) -> dict[str, Any]:
    asked = {"refresh_token": session["refresh_token"]}
    return dict(expect(world.http("POST", "/v1/sessions/refresh", json=asked), 200))


def me(world: World, token: str) -> int:
    return int(world.http("GET", "/v1/me", headers={"Authorization": f"Bearer {token}"}).status)


@pytest.fixture
def keys(memory: MemoryWorld) -> Iterator[None]:
    """The keys of before are there again afterwards: the people of other journeys have tokens they signed."""
    work = memory.client.works["accounts"]
    with work.writing() as unit:
        before = [row._asdict() for row in unit.all(signing_keys.select())]
    yield
    with work.writing() as unit:
        unit.run(signing_keys.delete())
        unit.run(signing_keys.insert(), before)
    secrets._Safe.looked_at = None
    forget_what_was_proven(memory, auth.STALE_SECONDS + 1)


def forget_what_was_proven(memory: MemoryWorld, asked_ago: float) -> None:
    """As in a gateway process that has seen none of these tokens, and fetched keys so long ago."""
    tokens = memory.app.desk.tokens
    tokens._known.clear()
    tokens._asked_at = tokens._fetched_at = tokens._clock() - asked_ago


def test_a_gateway_knows_a_key_before_it_signs() -> None:
    assert timedelta(seconds=2 * auth.REFETCH_SECONDS) <= KEY_PUBLISHED_BEFORE


def test_sessions_go_on_through_a_rotation_and_the_old_key_goes_when_it_is_spent(
    memory: MemoryWorld, cast: Cast, keys: None
) -> None:
    who, now = cast.scene("E").customer, datetime.now(UTC)
    before, [old] = signed_in(who), published(memory)[-1:]
    told = expect(cast.operator.post("/v1/keys/rotate"), 200)
    new = told["keys"][-1]["kid"]
    assert {old, new} <= set(published(memory))
    assert signed_with(signed_in(who)["access_token"]) == old  # not before every gateway has it
    with memory.at(now + KEY_PUBLISHED_BEFORE + timedelta(seconds=31)):
        after = refreshed(memory, before)
    assert signed_with(after["access_token"]) == new
    with memory.client.works["accounts"].writing() as unit:
        purge(unit)
    assert {old, new} <= set(published(memory))
    forget_what_was_proven(memory, auth.REFETCH_SECONDS + 1)
    assert me(memory, before["access_token"]) == 200
    memory.app.desk.tokens._clock = lambda: now.timestamp() + 95  # the gateway's clock, as the token's
    try:
        assert me(memory, after["access_token"]) == 200
    finally:
        memory.app.desk.tokens._clock = time.time
    with memory.at(now + KEY_PUBLISHED_BEFORE + timedelta(seconds=ACCESS_SECONDS + 200)):
        with memory.client.works["accounts"].writing() as unit:
            purge(unit)
        assert old not in published(memory)
        assert new in published(memory)
        forget_what_was_proven(memory, auth.STALE_SECONDS + 1)
        assert me(memory, before["access_token"]) == 401
        refreshed(memory, after)


def test_a_stolen_key_is_dropped_at_once(memory: MemoryWorld, cast: Cast, keys: None) -> None:
    who = cast.scene("E").customer
    session = signed_in(who)
    told = expect(cast.operator.post("/v1/keys/rotate", {"drop_older_than_minutes": 0}), 200)
    [new] = [key["kid"] for key in told["keys"]]
    secrets._Safe.looked_at = None  # half a minute later
    again = refreshed(memory, session)
    assert signed_with(again["access_token"]) == new
    forget_what_was_proven(memory, auth.REFETCH_SECONDS + 1)
    assert me(memory, again["access_token"]) == 200
    assert me(memory, session["access_token"]) == 401


def test_only_operators_rotate_keys(cast: Cast) -> None:
    assert expect(cast.scene("E").agent.post("/v1/keys/rotate"), 403)["code"] == "operator_only"


def test_a_rotation_logs_nobody_out(world: World, cast: Cast) -> None:
    who = cast.scene("E").customer
    before, keys = signed_in(who), published(world)
    assert set(keys) < {key["kid"] for key in expect(cast.operator.post("/v1/keys/rotate"), 200)["keys"]}
    assert me(world, before["access_token"]) == 200
    assert me(world, refreshed(world, before)["access_token"]) == 200


def test_the_command_line_rotates_keys_too(broker: BrokerWorld) -> None:
    before = published(broker)
    environment = broker.processes["accounts"].environment
    argv = [sys.executable, "-m", "services.accounts", "rotate-keys"]
    subprocess.run(argv, check=True, timeout=60, env=environment, cwd=ROOT)
    assert len(published(broker)) == len(before) + 1
