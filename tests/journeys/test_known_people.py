"""People who are known already: nobody takes them in without asking them, and who has left can come back (S36)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, Scene, expect, unique
from tests.journeys.post import Post
from tests.journeys.test_joining import PASSWORD, accept, invite
from tests.journeys.test_passwords import lose
from tests.journeys.test_permissions import give
from tests.world import HttpAnswer, MemoryWorld, World

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def scene(cast: Cast) -> Scene:
    return Scene(cast.team("E"))


def named(user_name: str, email: str) -> dict[str, Any]:
    return {"user_name": user_name, "email": email, "name": "Bo Ek", "password": PASSWORD}


def newcomer() -> dict[str, Any]:
    name = unique("bo")
    return named(name, f"{name}@vendor.example")


def refusal(answer: HttpAnswer) -> tuple[str, str]:
    told = expect(answer, 409)
    return told["code"], told["detail"]


def join(who: Person, token: str) -> HttpAnswer:
    return who.post("/v1/invitations/join", {"token": token})


def test_who_registered_somebody_does_not_come_along_to_other_places(
    world: World, cast: Cast, scene: Scene, post: Post
) -> None:
    asked, admin = newcomer(), scene.team.add_agent("admin")
    expect(scene.administrator.post(scene.home.users, asked), 201)
    squatter = cast.sign_in(asked["user_name"], PASSWORD, asked["email"])
    key = expect(squatter.post("/v1/me/api-tokens", {"name": "Back door", "scopes": ["cases:read"]}), 201)["token"]
    for who, path in ((admin, f"{scene.path}/agents"), (cast.operator, scene.abroad.users)):
        assert refusal(who.post(path, asked))[0] == "invite_instead"
    expect(invite(admin, scene, asked["email"], organization_id=None, role="agent"), 201)
    letter = post.secret(asked["email"], "invites you")
    assert refusal(join(squatter, letter))[0] == "address_unproven"

    body = {"token": lose(world, asked["user_name"], asked["email"]), "password": "a password of his own"}
    expect(world.http("POST", "/v1/password/reset", json=body), 200)
    world.settle(lambda: squatter.get("/v1/me").status == 401)
    back = {"Authorization": f"Bearer {key}"}
    world.settle(lambda: world.http("GET", "/v1/me", headers=back).status == 401)
    himself = cast.sign_in(asked["user_name"], body["password"], asked["email"])
    assert expect(join(himself, letter), 200)["role"] == "agent"


def test_somebody_from_elsewhere_is_asked_before_he_belongs_here(cast: Cast, scene: Scene) -> None:
    elsewhere, neighbour = cast.scene("A").customer, scene.stranger
    lead = scene.team.add_agent("lead")
    told = set()
    for person in (elsewhere, neighbour):
        both = named(person.user_name, person.email)
        fresh = newcomer()
        for asked in (both, fresh | {"email": person.email}, fresh | {"user_name": person.user_name}):
            told.add(refusal(scene.administrator.post(scene.home.users, asked)))
    told.add(refusal(lead.post(scene.home.users, named(elsewhere.user_name, elsewhere.email))))
    assert {code for code, _ in told} == {"invite_instead"}
    assert len(told) == 1
    assert len(expect(elsewhere.get("/v1/me/memberships"), 200)["data"]) == 1
    # Who sees him already may give him a place, and is told which name is taken.
    asked = named(neighbour.user_name, neighbour.email)
    assert expect(lead.post(scene.home.users, asked), 201)["user"]["id"] == neighbour.id
    assert refusal(lead.post(scene.home.users, asked))[0] == "already_member"
    assert refusal(lead.post(scene.home.users, newcomer() | {"email": neighbour.email}))[0] == "email_taken"


def test_nobody_tries_names_all_day(
    memory: MemoryWorld, cast: Cast, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.accounts import rules

    monkeypatch.setattr(rules.joining, "INVITATIONS_OF_A_PERSON", rules.joining.Limit(2, timedelta(days=1)))
    administrator, victim = scene.abroad.person("administrator"), cast.scene("A").customer
    for _ in range(2):
        refusal(administrator.post(scene.abroad.users, named(unique("try"), victim.email)))
    expect(administrator.post(scene.abroad.users, newcomer()), 429)


def test_who_has_left_comes_back_by_an_invitation(world: World, scene: Scene, post: Post) -> None:
    former = scene.home.person()
    where = f"{scene.home.users}/{former.id}"
    expect(scene.administrator.http("DELETE", where), 204)
    world.settle(lambda: not scene.team.knows(former, scene.home.id))
    expect(invite(scene.administrator, scene, former.email, role="administrator"), 201)
    token = post.secret(former.email, "invites you")
    back = expect(join(former, token), 200)
    assert (back["active"], back["role"], back["version"]) == (True, "administrator", 3)
    world.settle(lambda: scene.team.knows(former, scene.home.id))
    expect(scene.administrator.patch(where, {"active": False}), 200)


def test_a_letter_from_before_does_not_bring_him_back(cast: Cast, scene: Scene, post: Post) -> None:
    asked = newcomer()
    expect(invite(scene.administrator, scene, asked["email"]), 201)
    token = post.secret(asked["email"], "invites you")
    expect(cast.operator.post(scene.home.users, asked), 201)
    former = cast.sign_in(asked["user_name"], PASSWORD, asked["email"])
    expect(scene.administrator.http("DELETE", f"{scene.home.users}/{former.id}"), 204)
    assert expect(join(former, token), 404)["code"] == "invitation_gone"


def test_an_invitation_does_not_outlive_the_right_to_send_it(world: World, scene: Scene, post: Post) -> None:
    leaver, email = scene.home.person("administrator"), f"{unique('eva')}@example.org"
    expect(invite(leaver, scene, email, role="administrator"), 201)
    token = post.secret(email, "invites you")
    for change in ({"role": "member"}, {"role": "administrator", "active": False}):
        expect(give(scene, leaver, **change), 200)
        assert expect(accept(world, token), 404)["code"] == "invitation_gone"
    expect(give(scene, leaver, active=True), 200)
    expect(accept(world, token), 200)


def test_who_is_shut_out_or_no_person_is_not_the_one_who_remains(cast: Cast) -> None:
    scene, operator = Scene(cast.team("E")), cast.operator
    admin, other = (scene.team.add_agent("admin") for _ in range(2))
    robot = {"name": "Robot", "scopes": ["accounts:write"], "role": "admin"}
    expect(admin.post(f"{scene.path}/service-tokens", robot), 201)
    expect(operator.patch(f"/v1/users/{other.id}", {"active": False}), 200)
    assert refusal(give(scene, admin, role="agent"))[0] == "last_manager"

    last, shut_out = (scene.home.person("administrator") for _ in range(2))
    expect(operator.patch(f"/v1/users/{shut_out.id}", {"active": False}), 200)
    for who in (last, scene.team.add_agent("lead"), operator):
        where = f"{scene.home.users}/{last.id}"
        assert refusal(who.http("DELETE", where))[0] == "last_administrator"
    expect(operator.http("DELETE", f"{scene.home.users}/{shut_out.id}"), 204)
