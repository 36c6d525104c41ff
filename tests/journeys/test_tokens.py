"""API tokens: a program acts for a person or for itself, within its scopes, until it is told to stop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, Scene, expect, unique
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey
MINE = "/v1/me/api-tokens"


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("E")


def program(who: Person, *scopes: str, **more: Any) -> tuple[Person, dict[str, Any]]:
    """A new personal token, and somebody who comes with it."""
    made = expect(who.post(MINE, {"name": unique("script"), "scopes": scopes, **more}), 201)
    return Person(who.world, who.id, who.user_name, who.email, made["token"]), made


def integration(scene: Scene, cast: Cast, *scopes: str, role: str = "agent") -> tuple[Person, dict[str, Any]]:
    """A new service token, and the integration that has it."""
    asked = {"name": unique("Bridge "), "scopes": scopes, "role": role}
    made = expect(cast.operator.post(f"{scene.path}/service-tokens", asked), 201)
    return Person(cast.world, made["user_id"], "", "", made["token"]), made


def test_a_personal_token_does_what_its_person_may_within_its_scopes(scene: Scene) -> None:
    case, here = scene.open()
    reader, made = program(scene.customer, "cases:read")
    assert made["token"].startswith("cwp_")
    assert made["prefix"] == made["token"][:8]
    assert expect(reader.get(here), 200)["id"] == case["id"]
    refused = expect(reader.post(f"{here}/comments", {"body": "No."}), 403)
    assert (refused["code"], refused["scope"]) == ("scope_missing", "cases:write")
    assert expect(reader.get("/v1/me"), 403)["scope"] == "accounts:read"
    assert expect(reader.get(f"{scene.path}/limits"), 403)["scope"] == "files:read"
    writer, _ = program(scene.customer, "cases:write", "notifications:read")
    expect(writer.post(f"{here}/comments", {"body": "Yes."}), 201)
    expect(writer.get(f"{scene.path}/events"), 200)
    foreign, _ = program(scene.stranger, "cases:read", "cases:write")
    expect(foreign.get(here), 404)


def test_the_token_is_told_once_and_stored_as_a_hash(scene: Scene, memory: MemoryWorld) -> None:
    _, made = program(scene.customer, "cases:read")
    listed = expect(scene.customer.get(MINE), 200)["data"]
    [line] = [one for one in listed if one["id"] == made["id"]]
    assert made["token"] not in str(listed)
    assert line["prefix"] == made["prefix"]
    assert line["scopes"] == ["cases:read"]
    again = scene.customer.post(
        MINE, {"name": "twice", "scopes": ["cases:read"]}, headers={"Idempotency-Key": "k" * 20}
    )
    other = scene.customer.post(
        MINE, {"name": "twice", "scopes": ["cases:read"]}, headers={"Idempotency-Key": "k" * 20}
    )
    assert expect(again, 201)["token"] != expect(other, 201)["token"]
    with memory.client.works["accounts"].writing() as unit:
        for table in ("api_tokens", "inbox", "audit_entries"):
            stored = unit.db.exec_driver_sql(f"SELECT t::text FROM {table} t").scalars().all()  # noqa: S608
            assert not [row for row in stored if made["token"] in row or made["token"][8:] in row]


def test_a_token_lives_ninety_days_and_at_most_a_year(scene: Scene) -> None:
    _, made = program(scene.customer, "cases:read")
    life = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert life == timedelta(days=90)
    for days in (-1, 366):
        asked = {"name": "x", "scopes": ["cases:read"], "expires_at": _in(days)}
        problem = expect(scene.customer.post(MINE, asked), 422)
        assert problem["errors"][0]["pointer"] == "/expires_at"
    expect(scene.customer.post(MINE, {"name": "x", "scopes": ["cases:read"], "expires_at": _in(364)}), 201)
    for scopes in ([], ["cases:all"], ["*"]):
        expect(scene.customer.post(MINE, {"name": "x", "scopes": scopes}), 422)


def _in(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def test_a_revoked_token_opens_nothing(world: World, scene: Scene) -> None:
    _, here = scene.open()
    reader, made = program(scene.customer, "cases:read")
    expect(reader.get(here), 200)
    expect(scene.stranger.http("DELETE", f"{MINE}/{made['id']}"), 404)
    expect(reader.get(here), 200)
    expect(scene.customer.http("DELETE", f"{MINE}/{made['id']}"), 204)
    if isinstance(world, MemoryWorld):  # nobody carries fleeting events there
        _reconnect(world)
    problem = expect(world.settle(lambda: _refused(reader, here)), 401)
    assert problem["code"] in ("session_ended", "token_invalid")
    expect(scene.customer.http("DELETE", f"{MINE}/{made['id']}"), 404)
    assert made["id"] not in str(expect(scene.customer.get(MINE), 200))


def _reconnect(world: MemoryWorld) -> None:
    """As when the gateway has been without the broker."""
    known = world.app.desk.tokens.revocations
    known.settle(known.doubt())


def _refused(who: Person, path: str) -> Any:
    answer = who.get(path)
    return answer if answer.status == 401 else None


def test_a_token_makes_no_tokens_and_manages_no_sessions(scene: Scene, cast: Cast) -> None:
    every = [
        f"{service}:{right}"
        for service in ("accounts", "cases", "files", "notifications")
        for right in ("read", "write")
    ]
    robot, made = program(cast.operator, *every)
    expect(robot.get("/v1/me"), 200)
    for method, path, body in (
        ("GET", MINE, None),
        ("POST", MINE, {"name": "child", "scopes": ["cases:read"]}),
        ("DELETE", f"{MINE}/{made['id']}", None),
        ("POST", f"{scene.path}/service-tokens", {"name": "child", "scopes": ["cases:read"]}),
        ("GET", "/v1/sessions", None),
        ("DELETE", "/v1/sessions/current", None),
    ):
        answer = robot.http(method, path, **({"json": body} if body else {}))
        assert expect(answer, 403)["code"] == "session_needed", path


def test_an_integration_is_a_member_of_staff_that_cannot_sign_in(world: World, scene: Scene, cast: Cast) -> None:
    _, here = scene.open()
    bridge, made = integration(scene, cast, "cases:read", "cases:write", "accounts:read")
    assert made["token"].startswith("cws_")
    world.settle(lambda: bridge.get(here).status == 200)
    expect(bridge.post(f"{here}/comments", {"body": "Seen by the bridge."}), 201)
    me = expect(bridge.get("/v1/me"), 200)
    assert [place["role"] for place in me["memberships"]] == ["agent"]
    assert not me["operator"]
    for login in (me["user"]["user_name"], me["user"]["email"]):
        for password in ("", made["token"], "password"):
            answer = world.http("POST", "/v1/sessions", json={"login": login, "password": password or "x"})
            assert answer.status == 401
    assert expect(scene.agent.get(f"{scene.path}/service-tokens"), 403)["code"] == "not_permitted"
    expect(scene.customer.get(f"{scene.path}/service-tokens"), 403)
    expect(cast.scene("C").customer.get(f"{scene.path}/service-tokens"), 404)
    listed = expect(cast.operator.get(f"{scene.path}/service-tokens"), 200)["data"]
    assert made["id"] in [line["id"] for line in listed]
    gone = f"{scene.path}/service-tokens/{made['id']}"
    expect(scene.agent.http("DELETE", gone), 403)
    expect(cast.operator.http("DELETE", gone), 204)
    if isinstance(world, MemoryWorld):
        _reconnect(world)
    world.settle(lambda: _refused(bridge, here))


def test_an_integration_that_is_deactivated_loses_its_token(world: World, scene: Scene, cast: Cast) -> None:
    bridge, made = integration(scene, cast, "cases:read", "accounts:read")
    [place] = expect(bridge.get("/v1/me"), 200)["memberships"]
    expect(cast.operator.patch(f"{scene.path}/memberships/{place['id']}", {"active": False}), 200)
    if isinstance(world, MemoryWorld):
        _reconnect(world)
    world.settle(lambda: _refused(bridge, "/v1/me"))
    assert made["id"] not in str(expect(cast.operator.get(f"{scene.path}/service-tokens"), 200))


def test_an_integration_leaves_when_its_token_expires(memory: MemoryWorld, scene: Scene, cast: Cast) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    asked = {"name": "Bridge", "scopes": ["accounts:read"], "expires_at": soon.isoformat()}
    made = expect(cast.operator.post(f"{scene.path}/service-tokens", asked), 201)
    one = f"{scene.path}/service-tokens/{made['id']}"
    with memory.at(soon):
        memory.run("accounts", "end_expired_tokens")
    memory.settle()
    staff = expect(cast.operator.get(f"{scene.path}/agents?limit=100"), 200)["data"]
    assert [line["membership"]["active"] for line in staff if line["id"] == made["user_id"]] == [False]
    expect(cast.operator.http("DELETE", one), 204)
    expect(cast.operator.http("DELETE", one), 204)


def test_the_last_use_is_noted_about_once_a_minute(scene: Scene, memory: MemoryWorld) -> None:
    _, here = scene.open()
    reader, made = program(scene.customer, "cases:read")
    asked: list[str] = []
    real = memory.client.call

    def call(service: str, verb: str, *more: Any) -> Any:
        asked.append(f"{service} {verb}")
        return real(service, verb, *more)

    memory.client.call = call  # type: ignore[method-assign, assignment]
    try:
        for _ in range(5):
            expect(reader.get(here), 200)
            expect(scene.customer.get(here), 200)
    finally:
        memory.client.call = real  # type: ignore[method-assign]
    assert [one for one in asked if one.startswith("accounts")] == ["accounts use_token"]
    [line] = [one for one in expect(scene.customer.get(MINE), 200)["data"] if one["id"] == made["id"]]
    assert line["last_used_at"] is not None
