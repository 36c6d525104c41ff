"""What people change about themselves: name, address, place of work, second factor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import text

from tests.journeys.cast import Cast, Person, expect, unique
from tests.journeys.test_passwords import NEW, letters, links, lose, reset, sign_in
from tests.world import HttpAnswer, MemoryWorld, World

pytestmark = pytest.mark.journey


@pytest.fixture
def person(cast: Cast) -> Person:
    """Somebody of his own for each journey."""
    return cast.scene("E").home.person()


def test_a_new_name_is_known_wherever_he_belongs(cast: Cast, world: World, person: Person) -> None:
    scene = cast.scene("E")
    scene.abroad.join(person)
    before = expect(person.get("/v1/me"), 200)
    assert (before["time_zone"], before["phone"], before["second_factor"]) == ("UTC", None, False)
    name = unique("Åsa ")
    body = {"name": name, "locale": "sv", "time_zone": "Europe/Stockholm", "phone": "+46 70 123 45 67"}
    answer = person.patch("/v1/me", body, headers={"If-Match": '"v1"'})
    assert answer.headers["etag"] == '"v2"'
    me = expect(answer, 200)
    assert (me["user"]["name"], me["user"]["locale"]) == (name, "sv")
    assert (me["time_zone"], me["phone"]) == ("Europe/Stockholm", "+46 70 123 45 67")
    assert {one["user"]["name"] for one in me["memberships"]} == {name}
    versions = {one["id"]: one["version"] for one in before["memberships"]}
    assert all(one["version"] == versions[one["id"]] + 1 for one in me["memberships"])
    _, here = scene.open(person, organization_id=scene.home.id)
    world.settle(lambda: name in scene.agent.get(here).body.decode())
    expect(person.patch("/v1/me", {"name": "Late"}, headers={"If-Match": '"v1"'}), 412)
    assert expect(person.patch("/v1/me", {"phone": None}), 200)["phone"] is None


def test_a_time_zone_is_one_that_exists(person: Person) -> None:
    for wrong in ("Europe/Atlantis", "../../etc/passwd", "/etc/localtime", "America"):
        refused = expect(person.patch("/v1/me", {"time_zone": wrong}), 422)
        assert refused["errors"][0]["pointer"] == "/time_zone"


def test_my_memberships_come_page_by_page(cast: Cast, person: Person) -> None:
    cast.scene("E").abroad.join(person)
    first = expect(person.get("/v1/me/memberships?limit=1"), 200)
    rest = expect(person.get(f"/v1/me/memberships?limit=1&cursor={first['next_cursor']}"), 200)
    assert rest["next_cursor"] is None
    places = {one["organization_id"] for one in first["data"] + rest["data"]}
    assert places == {cast.scene("E").home.id, cast.scene("E").abroad.id}


def test_the_chosen_place_is_remembered_for_each_team(cast: Cast, person: Person) -> None:
    scene = cast.scene("E")
    for place in (scene.home.id, scene.abroad.id):
        asked = {"team_id": scene.team.id, "organization_id": place}
        if place == scene.abroad.id:
            expect(person.put("/v1/me/context", asked), 404)
            scene.abroad.join(person)
        me = expect(person.put("/v1/me/context", asked), 200)
        assert me["contexts"] == [asked]
    expect(person.put("/v1/me/context", {"team_id": scene.team.id}), 404)
    expect(scene.agent.put("/v1/me/context", {"team_id": scene.team.id}), 200)


# --- another address (S27, S36) ---


def test_a_new_address_counts_when_its_owner_has_confirmed_it(world: World, person: Person) -> None:
    new = f"new-{person.email}"
    lost = lose(world, person.user_name, person.email)
    wrong = person.post("/v1/me/email", {"email": new, "password": "not his"})
    assert expect(wrong, 422)["errors"][0]["rule"] == "wrong"
    expect(person.post("/v1/me/email", {"email": new, "password": person.password}), 200)
    world.settle(lambda: len(links(world, new, "/email/confirm")) == 1)
    assert expect(person.get("/v1/me"), 200)["user"]["email"] == person.email
    [token] = links(world, new, "/email/confirm")
    expect(reset(world, token), 422)
    expect(world.http("POST", "/v1/email/confirm", json={"token": lost}), 422)
    expect(world.http("POST", "/v1/email/confirm", json={"token": token}), 200)
    expect(world.http("POST", "/v1/email/confirm", json={"token": token}), 422)
    me = expect(person.get("/v1/me"), 200)
    assert (me["user"]["email"], me["memberships"][0]["user"]["email"]) == (new, new)
    assert expect(reset(world, lost), 422)["errors"][0]["rule"] == "expired"
    world.settle(lambda: any(new in mail["text"] for mail in letters(world, person.email)))
    lose(world, new, new)


def test_an_address_somebody_has_is_not_told_and_not_taken(cast: Cast, world: World, person: Person) -> None:
    other = cast.scene("E").home.person()
    taken = {"email": other.email.upper(), "password": person.password}
    expect(person.post("/v1/me/email", taken), 200)
    world.settle(lambda: len(links(world, taken["email"], "/email/confirm")) == 1)
    [token] = links(world, taken["email"], "/email/confirm")
    refused = world.http("POST", "/v1/email/confirm", json={"token": token})
    assert expect(refused, 409)["code"] == "email_taken"
    for status in (200, 200, 429):
        expect(person.post("/v1/me/email", taken), status)


# --- codes ---


def with_code(world: World, person: Person, code: str | None) -> HttpAnswer:
    """Sign in with password and code."""
    body: dict[str, Any] = {"login": person.user_name, "password": person.password}
    return world.http("POST", "/v1/sessions", json=body | ({"code": code} if code else {}))


def set_up(person: Person, at: datetime) -> tuple[pyotp.TOTP, list[str]]:
    """Sign in with codes from now on: the app, and the recovery codes."""
    told = expect(person.post("/v1/me/totp"), 200)
    assert told["uri"].startswith("otpauth://totp/")
    assert told["secret"] in told["uri"]
    app = pyotp.TOTP(told["secret"])
    refused = person.post("/v1/me/totp/confirm", {"code": "000000" if app.at(at) != "000000" else "000001"})
    assert expect(refused, 422)["errors"][0]["pointer"] == "/code"
    codes = expect(person.post("/v1/me/totp/confirm", {"code": app.at(at)}), 200)["codes"]
    return app, codes


def test_who_signs_in_with_codes_needs_one_each_time(memory: MemoryWorld, person: Person) -> None:
    now = datetime.now(UTC)
    with memory.at(now):
        app, codes = set_up(person, now)
        assert len(set(codes)) == 10
        assert expect(person.get("/v1/me"), 200)["second_factor"] is True
        assert expect(with_code(memory, person, None), 401)["code"] == "code_required"
        assert expect(with_code(memory, person, app.at(now)), 401)["code"] == "wrong_code", "it was used to confirm"
    later = now + timedelta(seconds=60)
    with memory.at(later):
        expect(with_code(memory, person, app.at(later)), 201)
        assert expect(with_code(memory, person, app.at(later)), 401)["code"] == "wrong_code"
        expect(with_code(memory, person, codes[0].upper()), 201)
        expect(with_code(memory, person, codes[0]), 401)
        assert expect(person.post("/v1/me/totp"), 409)["code"] == "totp_on"


def test_wrong_codes_count_as_failures_and_missing_ones_do_not(memory: MemoryWorld, person: Person) -> None:
    now = datetime.now(UTC)
    with memory.at(now):
        _, codes = set_up(person, now)
        for _ in range(12):
            assert expect(with_code(memory, person, None), 401)["code"] == "code_required"
        answers = [with_code(memory, person, "aaaaaa").status for _ in range(11)]
        assert answers == [401] * 10 + [429]
        expect(with_code(memory, person, codes[0]), 429)


def test_codes_are_removed_with_password_and_code_only(memory: MemoryWorld, person: Person) -> None:
    now = datetime.now(UTC)
    with memory.at(now):
        _, codes = set_up(person, now)
        body = {"password": person.password, "code": codes[0]}
        assert expect(person.post("/v1/me/totp/remove", body | {"password": "not his"}), 422)["errors"][0]["rule"]
        expect(person.post("/v1/me/totp/remove", body | {"code": "aaaaaa"}), 422)
        expect(person.post("/v1/me/totp/remove", body), 200)
        expect(with_code(memory, person, None), 201)


def test_recovery_codes_are_renewed_by_a_code(memory: MemoryWorld, person: Person) -> None:
    renew, now = "/v1/me/totp/recovery-codes", datetime.now(UTC)
    with memory.at(now):
        assert expect(person.post(renew, {"code": "000000"}), 409)["code"] == "totp_off"
        _, old = set_up(person, now)
        new = expect(person.post(renew, {"code": old[0]}), 200)["codes"]
        assert len({*old, *new}) == 20
        expect(with_code(memory, person, old[1]), 401)
        expect(with_code(memory, person, new[0]), 201)
        refused = [person.post(renew, {"code": "aaaaaa"}).status for _ in range(11)]
        assert refused == [422] * 10 + [429], "who found his device does not try them all"


def test_an_operator_lets_in_who_lost_app_and_codes(memory: MemoryWorld, cast: Cast, person: Person) -> None:
    path, now = f"/v1/users/{person.id}/second-factor", datetime.now(UTC)
    with memory.at(now):
        set_up(person, now)
        expect(cast.scene("E").administrator.http("DELETE", path), 403)
        expect(cast.operator.http("DELETE", path), 204)
        expect(with_code(memory, person, None), 201)
        expect(cast.operator.http("DELETE", path), 204)
    memory.settle(lambda: person.get("/v1/me").status == 401)
    told = [mail["subject"] for mail in letters(memory, person.email)]
    assert told.count("Your second factor was removed") == 1
    [noted] = expect(cast.operator.get(f"/v1/audit?object={person.id}&action=totp.removed"), 200)["data"]
    assert noted["actor_id"] == cast.operator.id
    assert (
        expect(cast.operator.http("DELETE", f"/v1/users/{cast.operator.id}/second-factor"), 409)["code"] == "yourself"
    )
    missing = "user_01m7x2c4e6g8j0k2m4n6p8q0r9"
    expect(cast.operator.http("DELETE", f"/v1/users/{missing}/second-factor"), 404)


def test_a_mailed_password_does_not_get_past_the_codes(memory: MemoryWorld, person: Person) -> None:
    now = datetime.now(UTC)
    with memory.at(now):
        set_up(person, now)
        expect(reset(memory, lose(memory, person.user_name, person.email)), 200)
        assert expect(sign_in(memory, person, NEW), 401)["code"] == "code_required"


def test_a_case_written_while_the_new_name_arrived_gets_it_too(memory: MemoryWorld, cast: Cast) -> None:
    scene = cast.scene("E")
    person = scene.home.person()
    case, here = scene.open(person)
    name = unique("Nora ")
    expect(person.patch("/v1/me", {"name": name}), 200)
    memory.settle()
    work = memory.client.works["cases"]
    late = text("UPDATE cases SET owner_name = 'Old Name', contact_name = 'Old Name' WHERE id = :id")
    with work.writing() as unit:  # as a command would that had read the old name and commits only now
        unit.run(late, {"id": case["id"]})
    assert expect(scene.agent.get(here), 200)["owner"]["name"] == "Old Name"
    with memory.at(datetime.now(UTC) + timedelta(seconds=11)), work.writing() as unit:
        memory.client.services["cases"].settle_names.do(unit)
    shown = expect(scene.agent.get(here), 200)
    assert shown["owner"]["name"] == shown["contact"]["name"] == name


def test_a_new_name_stands_in_the_way_of_no_revocation(memory: MemoryWorld, cast: Cast) -> None:
    scene = cast.scene("E")
    person, name = scene.home.person(), unique("Nils ")
    case, here = scene.open(person, follower_ids=[scene.colleague.id])
    expect(scene.agent.post(f"{here}/followers", {"user_id": person.id}), 201)
    with memory.client.works["cases"].writing() as somebody:  # as if the cases that name him were too many for one go
        somebody.run(text("SELECT FROM cases WHERE id = :id FOR NO KEY UPDATE"), {"id": case["id"]})
        expect(person.patch("/v1/me", {"name": name}), 200)
        place = expect(scene.administrator.get(f"{scene.home.users}?q={person.user_name}"), 200)["data"][0]
        expect(scene.administrator.patch(f"{scene.path}/memberships/{place['id']}", {"active": False}), 200)
        memory.settle(lambda: person.get(here).status == 404)
    memory.settle(lambda: scene.agent.get(here).json()["contact"]["name"] == name)
    shown = expect(scene.agent.get(here), 200)
    [following] = [one["name"] for one in shown["followers"] if one["id"] == person.id]
    assert {shown["owner"]["name"], shown["created_by"]["name"], following} == {name}
