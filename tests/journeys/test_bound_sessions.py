"""Who a team's provider let in is in this team only, brings his second factor, and needs an invitation (S36)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest

from gateway.routes import ROUTES
from gateway.table import SIGNED_IN
from tests.journeys.cast import Cast, Person, Scene, Team, expect, unique
from tests.journeys.providers import Provider, real_provider
from tests.journeys.test_oidc import ANY, DOMAIN, Door, door
from tests.journeys.test_passwords import NEW, lose, reset, sign_in
from tests.parts import PORT_BASE
from tests.world import HttpAnswer, MemoryWorld, World

pytestmark = pytest.mark.journey
EVERYWHERE = [route for route in ROUTES if "team_id" not in route.path_names and route.allow is SIGNED_IN]
EVERYWHERE.sort(key=lambda route: route.name == "DELETE /v1/sessions")  # last, for it ends the session they all use


@pytest.fixture(scope="module")
def real() -> Iterator[Provider]:
    with real_provider(PORT_BASE + 187) as made:
        yield made


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("E")


@pytest.fixture
def here(cast: Cast, scene: Scene, real: Provider) -> Door:
    return door(cast, scene, real.issuer, joins=scene.home.id, domains=[DOMAIN])


def linked(here: Door, real: Provider, who: Person) -> str:
    """The name by which the provider knows this person from now on."""
    subject = unique("sub")
    real.knows(subject, email=who.email, email_verified=True)
    begun = here.begin()
    proof = {"state": begun["state"], "code": real.visit(begun["authorization_url"], subject)}
    expect(who.post("/v1/me/identities", proof), 201)
    return subject


def entered(here: Door, real: Provider, who: Person) -> tuple[Person, dict[str, Any]]:
    """The same person with a session of the provider, and that session."""
    session = expect(here.enter(real, linked(here, real, who)), 201)
    return Person(here.world, who.id, who.user_name, who.email, session["access_token"], who.password), session


@pytest.fixture
def both(cast: Cast, scene: Scene) -> Person:
    """Somebody with a place in two teams."""
    who = scene.home.person()
    cast.scene("C").home.join(who)
    return who


def test_a_teams_provider_opens_no_other_team(cast: Cast, here: Door, real: Provider, both: Person) -> None:
    world, scene = here.world, cast.scene("E")
    bound, session = entered(here, real, both)
    assert session["team_id"] == scene.team.id
    other = cast.scene("C").path
    for _ in range(2):
        expect(bound.get(f"{scene.path}/cases"), 200)
        expect(both.get(f"{other}/cases"), 200)
        for path in ("cases", "organizations", "events", "bootstrap", "limits", "topics"):
            refused = bound.get(f"{other}/{path}")
            missing = bound.get(f"/v1/teams/{unique('none')}/{path}")
            assert (refused.status, plain(refused)) == (404, plain(missing))
        assert expect(bound.post(f"{other}/cases", cast.scene("C").team.form()), 404)["code"] == "not_found"
        me = expect(bound.get("/v1/me"), 200)
        assert {place["team_id"] for place in me["memberships"]} == {scene.team.id}
        assert [team["id"] for team in expect(bound.get("/v1/teams"), 200)["data"]] == [scene.team.id]
        places = expect(bound.get("/v1/me/memberships"), 200)["data"]
        assert {place["team_id"] for place in places} == {scene.team.id}
        assert len({place["team_id"] for place in expect(both.get("/v1/me/memberships"), 200)["data"]}) == 2
        again = world.http("POST", "/v1/sessions/refresh", json={"refresh_token": session["refresh_token"]})
        session = expect(again, 200)
        bound.token = session["access_token"]
    stream = bound.get(f"{other}/events", headers={"Accept": "text/event-stream"})
    assert stream.status == 404


def plain(answer: HttpAnswer) -> dict[str, Any]:
    """A problem without what names this one request."""
    return {name: value for name, value in answer.json().items() if name not in ("instance", "request_id")}


@pytest.mark.parametrize("route", EVERYWHERE, ids=lambda route: route.name)
def test_what_counts_in_every_team_is_refused_unless_it_is_said_to_be_harmless(
    cast: Cast, here: Door, real: Provider, scene: Scene, route: Any
) -> None:
    if not hasattr(scene, "_bound"):
        scene._bound = entered(here, real, scene.home.person())[0]  # type: ignore[attr-defined]
    bound: Person = scene._bound  # type: ignore[attr-defined]
    path = route.path.format(**dict.fromkeys(route.path_names, "idn_01m7x2c4e6g8j0k2m4n6p8q0r2"))
    answer = bound.http(route.method, path, **({} if route.in_query else {"json": {}}))
    refused = answer.status == 403 and answer.json()["code"] == "session_bound"
    assert refused != route.more.anywhere
    assert not route.more.anywhere or route.name in HARMLESS


HARMLESS = {
    "GET /v1/sessions",
    "DELETE /v1/sessions",
    "DELETE /v1/sessions/{session_id}",
    "GET /v1/me",
    "GET /v1/me/memberships",
    "PUT /v1/me/context",
    "GET /v1/me/products",
    "PUT /v1/me/availability",
}


def test_who_has_no_password_is_told_how_to_get_one(cast: Cast, real: Provider) -> None:
    team = cast.team("E", sign_in={"staff_second_factor": "required"})
    home, name = team.organization(), unique("uno")
    here = door(cast, team, real.issuer, joins=home.id, domains=[DOMAIN])
    real.knows(name, email=f"{name}@{DOMAIN}", email_verified=True, preferred_username=name)
    world, user = cast.world, expect(here.enter(real, name), 201)["user"]
    asked = {field: user[field] for field in ("user_name", "email", "name")} | {"password": "never-used-by-him"}
    expect(cast.operator.post(f"{team.path}/agents", asked), 201)
    session = expect(here.enter(real, name), 201)
    assert session["second_factor_needed"] is True
    uno = Person(world, user["id"], name, user["email"], session["access_token"], NEW)
    told = expect(uno.get(f"{team.path}/cases"), 403)
    assert told["routes"][:2] == ["POST /v1/password/lost", "POST /v1/sessions"]
    assert expect(uno.post("/v1/me/totp"), 403)["routes"] == told["routes"][:2]
    expect(reset(world, lose(world, name, uno.email)), 200)
    session = expect(sign_in(world, uno, NEW), 201)
    uno.token = session["access_token"]
    expect(uno.post("/v1/me/totp"), 200)


def test_other_teams_cannot_be_named_in_a_body_either(cast: Cast, here: Door, real: Provider, both: Person) -> None:
    bound, _ = entered(here, real, both)
    other = cast.scene("C")
    place = {"team_id": other.team.id, "organization_id": other.home.id}
    expect(both.put("/v1/me/context", place), 200)
    assert all(line["team_id"] != other.team.id for line in expect(bound.get("/v1/me"), 200)["contexts"])
    expect(bound.put("/v1/me/context", place), 404)
    expect(bound.put("/v1/me/availability", {"team_id": other.team.id, "state": "away"}), 404)
    assert {line["team_id"] for line in expect(bound.get("/v1/me/products"), 200)["data"]} <= {cast.scene("E").team.id}


def test_a_provider_makes_nobody_an_operator(cast: Cast, here: Door, real: Provider) -> None:
    bound, _ = entered(here, real, cast.operator)
    asked = {"profile": cast.scene("E").team.profile}
    assert expect(bound.put(f"{here.scene.path}/profile", asked), 403)["code"] == "operator_only"
    assert expect(bound.get("/v1/users"), 403)["code"] == "session_bound"
    expect(bound.get(f"{here.scene.path}/cases"), 404)
    assert expect(cast.operator.get("/v1/me"), 200)["operator"] is True


def test_it_ends_only_sessions_like_itself(here: Door, real: Provider, scene: Scene) -> None:
    who = scene.home.person()
    bound, session = entered(here, real, who)
    assert [line["id"] for line in expect(bound.get("/v1/sessions"), 200)["data"]] == [session["id"]]
    [own] = [line["id"] for line in expect(who.get("/v1/sessions"), 200)["data"] if line["current"]]
    expect(bound.http("DELETE", f"/v1/sessions/{own}"), 404)
    expect(bound.http("DELETE", "/v1/sessions"), 204)
    expect(who.get("/v1/me"), 200)
    here.world.settle(lambda: bound.get("/v1/me").status == 401)


def test_who_signs_in_with_codes_needs_one_at_the_provider_too(
    memory: MemoryWorld, here: Door, real: Provider, scene: Scene
) -> None:
    who, now = scene.home.person(), datetime.now(UTC)
    subject = linked(here, real, who)
    app = with_app(memory, who, now)
    later = now + timedelta(seconds=60)
    with memory.at(later):
        begun = here.begin()
        code = real.visit(begun["authorization_url"], subject)
        assert expect(here.finish(begun["state"], code), 401)["code"] == "code_required"
        assert expect(here.finish(begun["state"], "another"), 401)["code"] == "state_unknown"
        assert expect(finish(here, begun, code, "000000"), 401)["code"] == "wrong_code"
        assert expect(finish(here, begun, code, app.at(later)), 201)["team_id"] == scene.team.id
        assert expect(finish(here, begun, code, app.at(later)), 401)["code"] == "state_unknown"


def test_a_sign_in_at_a_provider_takes_five_codes_and_ten_minutes(
    memory: MemoryWorld, here: Door, real: Provider, scene: Scene
) -> None:
    who, now = scene.home.person(), datetime.now(UTC)
    subject = linked(here, real, who)
    app = with_app(memory, who, now)
    begun = here.begin()
    code = real.visit(begun["authorization_url"], subject)
    wrong = "000000" if app.at(now) != "000000" else "000001"
    assert expect(finish(here, begun, code, wrong), 401)["code"] == "wrong_code"
    for _ in range(4):
        assert expect(finish(here, begun, code, wrong), 401)["code"] == "wrong_code"
    assert expect(finish(here, begun, code, wrong), 401)["code"] == "state_unknown"
    begun = here.begin()
    code = real.visit(begun["authorization_url"], subject)
    assert expect(here.finish(begun["state"], code), 401)["code"] == "code_required"
    late = now + timedelta(minutes=11)
    with memory.at(late):
        assert expect(finish(here, begun, code, app.at(late)), 401)["code"] == "state_unknown"


def test_who_governs_a_provider_cannot_try_all_codes(
    memory: MemoryWorld, here: Door, real: Provider, scene: Scene
) -> None:
    who, now = scene.home.person(), datetime.now(UTC)
    subject = linked(here, real, who)
    app = with_app(memory, who, now)
    wrong = "000000" if app.at(now) != "000000" else "000001"
    answers = []
    for _ in range(11):
        begun = here.begin()
        code = real.visit(begun["authorization_url"], subject)
        answers.append(finish(here, begun, code, wrong).status)
    assert answers == [401] * 10 + [429]
    expect(memory.http("POST", "/v1/sessions", json={"login": who.user_name, "password": who.password}), 401)


def with_app(memory: MemoryWorld, who: Person, now: datetime) -> pyotp.TOTP:
    with memory.at(now):
        app = pyotp.TOTP(expect(who.post("/v1/me/totp"), 200)["secret"])
        expect(who.post("/v1/me/totp/confirm", {"code": app.at(now)}), 200)
    return app


def finish(here: Door, begun: dict[str, Any], code: str, totp: str) -> HttpAnswer:
    body = {"state": begun["state"], "code": code, "totp_code": totp}
    return here.world.http("POST", "/v1/sessions/oidc", json=body)


def test_who_is_invited_comes_in_by_the_verified_address(
    world: World, cast: Cast, scene: Scene, real: Provider
) -> None:
    closed = door(cast, scene, real.issuer)
    name = unique("ina")
    email = f"{name}@elsewhere.example"
    real.knows(name, email=email, email_verified=True, preferred_username=name)
    assert expect(closed.enter(real, name), 403)["code"] == "not_invited"
    invite(scene.team, email, organization_id=None, role="agent")
    assert expect(closed.enter(real, name), 403)["code"] == "not_invited", "nobody becomes staff in this way"
    asked = {"email": email, "name": "Ina", "role": "administrator", "organization_id": scene.abroad.id}
    invite(scene.team, **asked)
    invite(cast.scene("C").team, email, organization_id=cast.scene("C").home.id, role="member")
    real.knows(name, email=email, email_verified=False)
    assert expect(closed.enter(real, name), 403)["code"] == "email_not_verified"
    real.knows(name, email=email, email_verified=True, preferred_username=name)
    session = expect(closed.enter(real, name), 201)
    ina = Person(world, session["user"]["id"], name, email, session["access_token"])
    [place] = expect(ina.get("/v1/me"), 200)["memberships"]
    assert (place["organization_id"], place["role"]) == (scene.abroad.id, "administrator")
    open_ones = expect(cast.operator.get(f"{scene.path}/invitations?limit=100"), 200)["data"]
    assert [one["role"] for one in open_ones if one["email"] == email] == ["agent"]


def test_whom_the_issuer_knows_from_one_team_comes_into_another_like_anybody(
    world: World, cast: Cast, here: Door, real: Provider
) -> None:
    name, other, third = unique("ola"), cast.scene("C"), cast.scene("D")
    email = f"{name}@{DOMAIN}"
    real.knows(name, email=email, email_verified=True, preferred_username=name)
    expect(here.enter(real, name), 201)

    def places(door: Door) -> list[tuple[str, str]]:
        session = expect(door.enter(real, name), 201)
        ola = Person(world, session["user"]["id"], name, email, session["access_token"])
        return [(line["organization_id"], line["role"]) for line in expect(ola.get("/v1/me"), 200)["memberships"]]

    closed = door(cast, other, real.issuer)
    assert places(closed) == []
    leaver = other.team.add_agent("lead")
    asked = {"email": email, "name": "Ola", "organization_id": other.home.id, "role": "member"}
    expect(leaver.post(f"{other.path}/invitations", asked), 201)
    expect(cast.operator.patch(f"/v1/users/{leaver.id}", {"active": False}), 200)
    assert places(closed) == [], "an invitation does not outlive its sender, and keeps nobody out"
    invite(other.team, email, organization_id=other.home.id, role="administrator")
    assert places(closed) == [(other.home.id, "administrator")]
    open_one = door(cast, third, real.issuer, joins=third.home.id, domains=[DOMAIN])
    assert places(open_one) == [(third.home.id, "member")]
    [place] = expect(third.administrator.get(f"{third.home.users}?q={name}"), 200)["data"]
    expect(third.administrator.http("DELETE", f"{third.home.users}/{place['user']['id']}"), 204)
    assert places(open_one) == [], "who was removed does not come in again by himself"
    assert places(here) == [(cast.scene("E").home.id, "member")]


def test_an_invitation_keeps_nobody_out_who_is_in(
    world: World, cast: Cast, here: Door, real: Provider, scene: Scene
) -> None:
    asked = {"user_name": unique("una"), "name": "Una", "password": "known-to-somebody-else"}
    asked["email"] = f"{asked['user_name']}@{DOMAIN}"
    expect(scene.administrator.post(scene.home.users, asked), 201)
    una = cast.sign_in(asked["user_name"], asked["password"], asked["email"])
    subject = linked(here, real, una)
    invite(scene.team, una.email, organization_id=scene.abroad.id, role="member")
    una.token = expect(here.enter(real, subject), 201)["access_token"]
    assert [line["organization_id"] for line in expect(una.get("/v1/me"), 200)["memberships"]] == [scene.home.id]
    other = cast.scene("C")
    elsewhere = door(cast, other, real.issuer, joins=other.home.id, domains=[DOMAIN])
    assert expect(elsewhere.enter(real, subject), 409)["code"] == "address_unproven"
    expect(reset(world, lose(world, una.user_name, una.email)), 200)
    una.token = expect(sign_in(world, una, NEW), 201)["access_token"]
    una.token = expect(here.enter(real, linked(here, real, una)), 201)["access_token"]
    assert len(expect(una.get("/v1/me"), 200)["memberships"]) == 2


def test_a_session_ends_with_the_provider_it_began_at(cast: Cast, here: Door, real: Provider, scene: Scene) -> None:
    other = door(cast, scene, real.issuer, joins=scene.home.id, domains=[DOMAIN])
    who = scene.home.person()
    subject = linked(here, real, who)
    mine = f"{scene.path}/identity-providers"

    def alive(session: dict[str, Any]) -> bool:
        his = {"Authorization": f"Bearer {session['access_token']}"}
        return here.world.http("GET", "/v1/me", headers=his).status == 200

    def refreshed(session: dict[str, Any]) -> HttpAnswer:
        asked = {"refresh_token": session["refresh_token"]}
        return here.world.http("POST", "/v1/sessions/refresh", json=asked)

    first, second = (expect(one.enter(real, subject), 201) for one in (here, other))
    expect(cast.operator.patch(f"{mine}/{here.line['id']}", {"active": False}, headers=ANY), 200)
    assert expect(refreshed(first), 401)["code"] == "session_ended"
    here.world.settle(lambda: not alive(first))
    assert alive(second)
    expect(cast.operator.http("DELETE", f"{mine}/{other.line['id']}", headers=ANY), 204)
    assert expect(refreshed(second), 401)["code"] == "session_ended"
    here.world.settle(lambda: not alive(second))
    expect(who.get("/v1/me"), 200)


def invite(team: Team, email: str, **asked: Any) -> None:
    body = {"email": email, "name": "Ina"} | {name: value for name, value in asked.items() if value is not None}
    expect(team.cast.operator.post(f"{team.path}/invitations", body), 201)


def test_a_person_sees_and_removes_where_he_signs_in(here: Door, real: Provider, scene: Scene) -> None:
    who = scene.home.person()
    subject = linked(here, real, who)
    bound = expect(here.enter(real, subject), 201)
    [line] = expect(who.get("/v1/me/identities"), 200)["data"]
    assert line["subject"] == subject
    expect(scene.colleague.http("DELETE", f"/v1/me/identities/{line['id']}"), 404)
    expect(who.http("DELETE", f"/v1/me/identities/{line['id']}"), 204)
    assert expect(who.get("/v1/me/identities"), 200)["data"] == []
    his = {"Authorization": f"Bearer {bound['access_token']}"}
    here.world.settle(lambda: here.world.http("GET", "/v1/me", headers=his).status == 401)
    assert expect(here.enter(real, subject), 403)["code"] == "not_invited"
    expect(who.get("/v1/me"), 200)
