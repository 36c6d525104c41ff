"""Signing in at a provider: the right people come in, by the right door, and nobody else (S36)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, Scene, Team, expect, unique
from tests.journeys.providers import Hostile, Provider, hostile_provider, real_provider
from tests.parts import PORT_BASE
from tests.world import HttpAnswer, MemoryWorld, World

pytestmark = pytest.mark.journey
BACK = "https://portal.example.org/signed-in"
DOMAIN = "acme.example"
ANY = {"If-Match": "*"}  # whichever version there is


@pytest.fixture(scope="module")
def real() -> Iterator[Provider]:
    with real_provider(PORT_BASE + 185) as made:
        yield made


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    with hostile_provider(PORT_BASE + 186) as made:
        yield made


@dataclass
class Door:
    """A team's provider, and the way through it."""

    world: World
    scene: Scene | Team
    line: dict[str, Any]

    def begin(self) -> dict[str, Any]:
        path = f"{self.scene.path}/sign-in/{self.line['id']}"
        return dict(expect(self.world.http("POST", path, json={"redirect_uri": BACK}), 200))

    def finish(self, state: str, code: str) -> HttpAnswer:
        return self.world.http("POST", "/v1/sessions/oidc", json={"state": state, "code": code})

    def enter(self, provider: Provider, subject: str) -> HttpAnswer:
        begun = self.begin()
        return self.finish(begun["state"], provider.visit(begun["authorization_url"], subject))


def door(cast: Cast, scene: Scene | Team, issuer: str, **more: Any) -> Door:
    asked = {
        "name": "Acme",
        "issuer": issuer,
        "client_id": "casework",
        "client_secret": "not-to-be-shown",
        "redirect_uris": [BACK],
    }
    made = expect(cast.operator.post(f"{scene.path}/identity-providers", asked | more), 201)
    return Door(cast.world, scene, made)


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("E")


@pytest.fixture
def open_door(cast: Cast, scene: Scene, real: Provider) -> Door:
    return door(cast, scene, real.issuer, joins=scene.home.id, domains=[DOMAIN])


def test_somebody_with_a_verified_address_becomes_a_member_and_is_known_again(
    world: World, open_door: Door, scene: Scene, real: Provider
) -> None:
    name = unique("ann")
    real.knows(name, email=f"{name}@{DOMAIN}", email_verified=True, name="Ann Acme", preferred_username=name)
    session = expect(open_door.enter(real, name), 201)
    ann = Person(world, session["user"]["id"], name, session["user"]["email"], session["access_token"])
    assert session["user"]["user_name"] == name
    assert session["user"]["email"] == f"{name}@{DOMAIN}"
    places = expect(ann.get("/v1/me"), 200)["memberships"]
    assert [(place["organization_id"], place["role"]) for place in places] == [(scene.home.id, "member")]
    world.settle(lambda: scene.team.knows(ann, scene.home.id))
    scene.team.open_case(ann)
    assert expect(open_door.enter(real, name), 201)["user"]["id"] == ann.id
    assert world.http("POST", "/v1/sessions", json={"login": name, "password": "password"}).status == 401


@pytest.mark.parametrize("verified", [False, None, "true"])
def test_an_address_nobody_verified_opens_nothing(open_door: Door, real: Provider, scene: Scene, verified: Any) -> None:
    name = unique("eve")
    real.knows(name, email=f"{name}@{DOMAIN}", email_verified=verified)
    assert expect(open_door.enter(real, name), 403)["code"] == "email_not_verified"
    real.knows(name, email=scene.customer.email, email_verified=verified)  # not even whether it is known
    assert expect(open_door.enter(real, name), 403)["code"] == "email_not_verified"
    found = expect(scene.administrator.get(f"{scene.home.users}?q={name}"), 200)["data"]
    assert found == []


def test_another_domain_is_not_let_in(cast: Cast, open_door: Door, scene: Scene, real: Provider) -> None:
    for domain in ("evil.example", f"sub.{DOMAIN}", f"{DOMAIN}.evil.example"):
        name = unique("eve")
        real.knows(name, email=f"{name}@{domain}", email_verified=True)
        assert expect(open_door.enter(real, name), 403)["code"] == "not_invited"
    name = unique("eve")
    real.knows(name, email=f"{name}@{DOMAIN}", email_verified=True)
    assert expect(door(cast, scene, real.issuer).enter(real, name), 403)["code"] == "not_invited"


def test_an_account_is_never_taken_over_but_its_owner_may_link_it(
    world: World, cast: Cast, scene: Scene, real: Provider
) -> None:
    here = door(cast, scene, real.issuer, joins=scene.home.id, domains=["example.org"])
    who, subject = scene.home.person(), unique("sub")
    real.knows(subject, email=who.email, email_verified=True)
    assert expect(here.enter(real, subject), 409)["code"] == "account_exists"
    begun = here.begin()
    proof = {"state": begun["state"], "code": real.visit(begun["authorization_url"], subject)}
    expect(world.http("POST", "/v1/me/identities", json=proof), 401)
    once = {"Idempotency-Key": unique("key")}
    for _ in range(2):  # the answer of the first is there for who did not hear it
        assert expect(who.post("/v1/me/identities", proof, headers=once), 201)["subject"] == subject
    assert expect(who.post("/v1/me/identities", proof), 401)["code"] == "state_unknown"
    assert expect(here.enter(real, subject), 201)["user"]["id"] == who.id
    begun = here.begin()
    proof = {"state": begun["state"], "code": real.visit(begun["authorization_url"], subject)}
    assert expect(scene.colleague.post("/v1/me/identities", proof), 409)["code"] == "identity_taken"


def test_a_state_is_good_once_and_for_ten_minutes(memory: MemoryWorld, open_door: Door, real: Provider) -> None:
    name = unique("bob")
    real.knows(name, email=f"{name}@{DOMAIN}", email_verified=True)
    begun = open_door.begin()
    code = real.visit(begun["authorization_url"], name)
    assert expect(open_door.finish("x" * 43, code), 401)["code"] == "state_unknown"
    with memory.at(datetime.now(UTC) + timedelta(minutes=11)):
        assert expect(open_door.finish(begun["state"], code), 401)["code"] == "state_unknown"
    begun = open_door.begin()
    assert expect(open_door.finish(begun["state"], "wrong"), 401)["code"] == "sign_in_refused"
    assert expect(open_door.finish(begun["state"], code), 401)["code"] == "state_unknown"


def test_the_way_there_has_pkce_and_a_nonce_and_leads_back_to_a_known_address(open_door: Door, scene: Scene) -> None:
    url = open_door.begin()["authorization_url"]
    for part in ("code_challenge_method=S256", "code_challenge=", "nonce=", "state=", "response_type=code"):
        assert part in url
    path = f"{scene.path}/sign-in/{open_door.line['id']}"
    for address in (BACK + "/", "https://evil.example/", BACK + "?x=1"):
        problem = expect(open_door.world.http("POST", path, json={"redirect_uri": address}), 422)
        assert problem["errors"][0]["pointer"] == "/redirect_uri"


def forgeries() -> dict[str, dict[str, Any]]:
    now = int(time.time())
    claims: dict[str, dict[str, Any]] = {
        "another issuer": {"iss": "https://evil.example"},
        "another audience": {"aud": "somebody-else"},
        "no audience": {"aud": None},
        "two audiences without azp": {"aud": ["casework", "somebody-else"]},
        "another azp": {"azp": "somebody-else"},
        "expired": {"exp": now - 600},
        "no exp": {"exp": None},
        "exp as text": {"exp": "9999999999"},
        "made tomorrow": {"iat": now + 86_400},
        "another nonce": {"nonce": "x" * 43},
        "no nonce": {"nonce": None},
        "no subject": {"sub": None},
        "a subject that is a number": {"sub": 7},
    }
    signatures = ("none", "HS256", "stranger", "unknown kid", "jwk")
    return claims | {f"signed: {how}": {"signed": how} for how in signatures}


@pytest.mark.parametrize("what", list(forgeries()))
def test_a_forged_id_token_proves_nothing(cast: Cast, scene: Scene, hostile: Hostile, what: str) -> None:
    here = _hostile_door(cast, scene, hostile)
    begun = here.begin()
    verified = {"email": f"{unique('m')}@{DOMAIN}", "email_verified": True}
    code = hostile.code(begun["authorization_url"], **verified | forgeries()[what])
    assert expect(here.finish(begun["state"], code), 401)["code"] == "sign_in_refused"


def test_the_same_token_without_forgery_is_believed(cast: Cast, scene: Scene, hostile: Hostile) -> None:
    here = _hostile_door(cast, scene, hostile)
    begun = here.begin()
    email = f"{unique('m')}@{DOMAIN}"
    code = hostile.code(begun["authorization_url"], email=email, email_verified=True, sub=unique("s"))
    assert expect(here.finish(begun["state"], code), 201)["user"]["email"] == email


@pytest.mark.parametrize(
    ("code", "status"), [("redirect", 401), ("huge", 401), ("refused", 401), ("broken", 503)], ids=str
)
def test_a_provider_that_misbehaves_lets_nobody_in(
    cast: Cast, scene: Scene, hostile: Hostile, code: str, status: int
) -> None:
    here = _hostile_door(cast, scene, hostile)
    expect(here.finish(here.begin()["state"], code), status)


def _hostile_door(cast: Cast, scene: Scene, hostile: Hostile) -> Door:
    if not hasattr(scene, "_hostile"):
        made = door(cast, scene, hostile.issuer, joins=scene.home.id, domains=[DOMAIN])
        scene._hostile = made  # type: ignore[attr-defined]
    found: Door = scene._hostile  # type: ignore[attr-defined]
    return found


def test_providers_are_set_up_by_who_may_and_their_secret_is_never_shown(
    cast: Cast, open_door: Door, scene: Scene
) -> None:
    listed = f"{scene.path}/identity-providers"
    mine = f"{listed}/{open_door.line['id']}"
    admin = scene.team.add_agent("admin")
    told = expect(admin.get(listed), 200)
    assert open_door.line["id"] in [line["id"] for line in told["data"]]
    assert "not-to-be-shown" not in str(told) + str(open_door.line)
    assert "secret" not in str(told)
    for who, status in ((scene.customer, 403), (scene.agent, 403), (cast.scene("C").customer, 404)):
        expect(who.get(listed), status)
        expect(who.patch(mine, {"active": False}, headers=ANY), status)
        expect(who.http("DELETE", mine, headers=ANY), status)
    abroad = cast.scene("C").team.add_agent("admin")
    there = f"{cast.scene('C').path}/identity-providers/{open_door.line['id']}"
    expect(abroad.patch(there, {}, headers=ANY), 404)
    expect(admin.patch(mine, {"active": False}), 428)
    changed = expect(admin.patch(mine, {"active": False}, headers={"If-Match": '"v1"'}), 200)
    assert changed["version"] == 2
    expect(admin.patch(mine, {"name": "x"}, headers={"If-Match": '"v1"'}), 412)
    path = f"{scene.path}/sign-in/{open_door.line['id']}"
    expect(scene.team.cast.world.http("POST", path, json={"redirect_uri": BACK}), 404)
    expect(admin.http("DELETE", mine, headers={"If-Match": '"v1"'}), 412)
    expect(admin.http("DELETE", mine, headers={"If-Match": '"v2"'}), 204)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", "http://idp.example.org"),
        ("issuer", "https://user:secret@idp.example.org"),
        ("issuer", "file:///etc/passwd"),
        ("redirect_uris", ["http://portal.example.org/"]),
        ("redirect_uris", ["javascript:alert(1)"]),
        ("domains", ["@acme.example"]),
        ("joins", "org_01m7x2c4e6g8j0k2m4n6p8q0r2"),
    ],
)
def test_an_unsafe_provider_is_refused(cast: Cast, scene: Scene, field: str, value: Any) -> None:
    asked: dict[str, Any] = {
        "name": "Acme",
        "issuer": "https://idp.example.org",
        "client_id": "casework",
        "client_secret": "s",
        "redirect_uris": [BACK],
    }
    problem = expect(cast.operator.post(f"{scene.path}/identity-providers", asked | {field: value}), 422)
    assert problem["errors"][0]["pointer"].startswith(f"/{field}")


def test_nobody_comes_in_by_a_provider_where_nobody_belongs_or_is_served(
    cast: Cast, scene: Scene, real: Provider
) -> None:
    team = cast.team("B")
    [nobodys] = expect(cast.operator.get(f"{team.path}/organizations"), 200)["data"]
    assert nobodys["kind"] == "anonymous"
    asked = {"name": "Acme", "issuer": real.issuer, "client_id": "c", "client_secret": "s", "redirect_uris": [BACK]}
    problem = expect(cast.operator.post(f"{team.path}/identity-providers", asked | {"joins": nobodys["id"]}), 422)
    assert problem["errors"][0]["pointer"] == "/joins"
    gone, name = scene.team.organization(), unique("eve")
    here = door(cast, scene, real.issuer, joins=gone.id, domains=[DOMAIN])
    expect(cast.operator.http("DELETE", gone.path), 204)
    real.knows(name, email=f"{name}@{DOMAIN}", email_verified=True)
    assert expect(here.enter(real, name), 403)["code"] == "not_invited"
