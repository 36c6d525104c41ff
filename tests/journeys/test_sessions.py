"""Sessions: how they begin, and that they end at once and everywhere."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlalchemy import text

from services.chassis.actor import Context
from tests.journeys.cast import Cast, Person, expect
from tests.journeys.statements import heard
from tests.world import HttpAnswer, MemoryWorld, World

pytestmark = pytest.mark.journey


def sign_in(world: World, person: Person, **more: Any) -> dict[str, Any]:
    """Another session of this person."""
    body = {"login": person.user_name, "password": person.password}
    return dict(expect(world.http("POST", "/v1/sessions", json=body, **more), 201))


def refresh(world: World, session: dict[str, Any]) -> HttpAnswer:
    """Use the session's refresh token."""
    return world.http("POST", "/v1/sessions/refresh", json={"refresh_token": session["refresh_token"]})


def on(person: Person, session: dict[str, Any]) -> Person:
    """The same person at this session's device."""
    return Person(person.world, person.id, person.user_name, person.email, session["access_token"], person.password)


def told(memory: MemoryWorld, kind: str) -> list[dict[str, Any]]:
    """The data of every event of this kind that accounts has said and nobody has carried yet."""
    with memory.client.works["accounts"].writing() as unit:
        rows = unit.all(text("SELECT body FROM outbox WHERE type = :kind ORDER BY id"), {"kind": kind})
    return [orjson.loads(bytes(row.body))["data"] for row in rows]


@pytest.fixture
def person(cast: Cast) -> Person:
    """Somebody of his own for each journey, because sessions end here."""
    return cast.scene("E").home.person()


def test_a_sign_in_is_six_statements_and_only_the_count_may_be_lost(memory: MemoryWorld, person: Person) -> None:
    sign_in(memory, person)  # the first one of a process looks which key signs
    with heard(memory, "accounts") as said:
        sign_in(memory, person)
    assert [one.split()[0] for one in said] == ["SELECT", "INSERT", "BEGIN", "SELECT", "WITH", "COMMIT"]
    with memory.client.works["accounts"].reading(Context()) as unit:  # on the connection that counted
        assert unit.all(text("SHOW synchronous_commit"))[0][0] == "on"


def test_logging_out_ends_the_session_and_no_other(world: World, person: Person) -> None:
    here, there = sign_in(world, person), sign_in(world, person)
    expect(on(person, here).http("DELETE", "/v1/sessions/current"), 204)
    assert expect(refresh(world, here), 401)["code"] == "session_ended"
    expect(refresh(world, there), 200)
    expect(on(person, there).http("DELETE", f"/v1/sessions/{here['id']}"), 204)


def test_logging_out_everywhere_can_leave_this_device_out(world: World, person: Person) -> None:
    here, there = sign_in(world, person), sign_in(world, person)
    expect(on(person, here).http("DELETE", "/v1/sessions?keep=current"), 204)
    left = expect(on(person, here).get("/v1/sessions"), 200)["data"]
    assert [line["id"] for line in left] == [here["id"]]
    expect(refresh(world, there), 401)
    here = expect(refresh(world, here), 200)
    expect(on(person, here).http("DELETE", "/v1/sessions?keep=all"), 400)
    expect(on(person, here).http("DELETE", "/v1/sessions"), 204)
    expect(refresh(world, here), 401)


def test_every_session_that_ends_is_told_once(memory: MemoryWorld, person: Person) -> None:
    here, there = sign_in(memory, person), sign_in(memory, person)
    memory.settle()
    me = on(person, here)
    expect(me.http("DELETE", "/v1/sessions?keep=current"), 204)
    ended = told(memory, "session.ended")
    assert {one["session_id"] for one in ended} >= {there["id"]}
    assert len(ended) == 2  # the one the cast signed him in with, too
    assert {one["user_id"] for one in ended} == {person.id}
    expect(me.http("DELETE", f"/v1/sessions/{there['id']}"), 204)
    assert len(told(memory, "session.ended")) == 2


def test_a_refresh_token_that_comes_back_ends_the_session_for_both(memory: MemoryWorld, person: Person) -> None:
    first = sign_in(memory, person)
    second = expect(refresh(memory, first), 200)
    memory.settle()
    expect(refresh(memory, first), 401)
    expect(refresh(memory, second), 401)
    assert [one["session_id"] for one in told(memory, "session.ended")] == [first["id"]]


def test_a_sign_in_makes_a_new_session_whatever_was_there_before(world: World, person: Person) -> None:
    """S33 of the security rows."""
    before = sign_in(world, person)
    given = {
        "Authorization": f"Bearer {before['access_token']}",
        "Cookie": f"session={before['id']}; refresh_token={before['refresh_token']}",
    }
    after = sign_in(world, person, headers=given)
    for name in ("id", "access_token", "refresh_token"):
        assert after[name] != before[name]
    lost = world.http("GET", "/v1/me", headers={"Cookie": given["Cookie"]})
    expect(lost, 401)


def test_a_person_who_is_shut_out_is_out_at_once(cast: Cast, world: World, person: Person) -> None:
    """S32 of the security rows."""
    session = sign_in(world, person)
    path = f"/v1/users/{person.id}"
    found = expect(cast.operator.get(f"/v1/users?q={person.user_name}"), 200)["data"]
    assert [(one["user"]["id"], one["active"]) for one in found] == [(person.id, True)]
    shut = expect(cast.operator.patch(path, {"active": False}, headers={"If-Match": '"v1"'}), 200)
    assert (shut["active"], shut["version"]) == (False, 2)
    expect(cast.operator.patch(path, {"active": True}, headers={"If-Match": '"v1"'}), 412)
    expect(refresh(world, session), 401)
    body = {"login": person.user_name, "password": person.password}
    assert expect(world.http("POST", "/v1/sessions", json=body), 401)["code"] == "wrong_credentials"
    expect(cast.operator.patch(path, {"active": True}), 200)
    sign_in(world, person)


def test_only_operators_see_and_shut_out_people(cast: Cast, person: Person) -> None:
    scene = cast.scene("E")
    for who in (person, scene.agent, scene.administrator):
        expect(who.get("/v1/users"), 403)
        expect(who.patch(f"/v1/users/{scene.colleague.id}", {"active": False}), 403)
    refused = cast.operator.patch(f"/v1/users/{cast.operator.id}", {"active": False})
    assert expect(refused, 409)["code"] == "yourself"


def test_people_are_found_page_by_page_in_order_of_their_names(cast: Cast, person: Person) -> None:
    cast.scene("E").home.person()
    names: list[str] = []
    path = "/v1/users?limit=2&q=person"
    while path:
        answer = cast.operator.get(path)
        names += [one["user"]["name"].casefold() for one in expect(answer, 200)["data"]]
        path = answer.headers.get("link", "").partition(">")[0].lstrip("<")
    assert names == sorted(names)
    assert len(names) == len(set(names)) >= 2
