"""What people may do: roles are data, and a right that is taken away is gone everywhere at once."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import pytest

from gateway.routes import ROUTES
from tests.journeys.cast import Cast, Person, Scene, expect, unique
from tests.security.asking import fields, short
from tests.world import HttpAnswer, World

pytestmark = pytest.mark.journey
ANY = {"If-Match": "*"}  # whichever version there is
NOBODY = "user_01m7x2c4e6g8j0k2m4n6p8q0r2"


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("E")


class Absent(dict[str, Any]):
    """Ids; what is not among them has one that nothing has."""

    def __missing__(self, name: str) -> str:
        return f"{name.removesuffix('_id')[:8].replace('_', '')}_{NOBODY.removeprefix('user_')}"


def place_of(scene: Scene, person: Person) -> dict[str, Any]:
    """The person's membership, as the operator sees it."""
    lines = expect(scene.team.cast.operator.get(f"{scene.path}/agents?limit=100"), 200)["data"]
    staff = {line["id"]: line["membership"] for line in lines}
    if person.id in staff:
        return dict(staff[person.id])
    users = expect(scene.team.cast.operator.get(f"{scene.home.users}?q={person.user_name}"), 200)["data"]
    return dict(next(one for one in users if one["user"]["id"] == person.id))


def give(scene: Scene, person: Person, **changes: Any) -> HttpAnswer:
    """Change the person's membership, by the operator."""
    where = f"{scene.path}/memberships/{place_of(scene, person)['id']}"
    return scene.team.cast.operator.patch(where, changes)


def test_every_team_has_its_roles_from_the_first_day(scene: Scene) -> None:
    admin = scene.team.add_agent("admin")
    roles = {one["key"]: one for one in expect(admin.get(f"{scene.path}/roles"), 200)["data"]}
    assert {*roles} >= {"member", "administrator", "agent", "lead", "developer", "admin", "reader"}
    assert roles["reader"]["side"] == "staff"
    assert roles["member"]["may"] == ["role.manage"]
    own = expect(scene.customer.get(f"{scene.path}/roles"), 200)["data"]
    assert {one["key"] for one in own} >= {"member", "administrator", "partner"}
    assert {one["side"] for one in own} == {"customer"}
    assert own[0]["may"] == []


def test_a_role_is_made_given_changed_and_removed(world: World, scene: Scene) -> None:
    admin, roles = scene.team.add_agent("admin"), f"{scene.path}/roles"
    key = unique("triage")
    body = {"key": key, "name": "Triage", "side": "staff", "permissions": ["case.read_all", "case.review"]}
    expect(admin.post(roles, body), 201)
    assert expect(admin.post(roles, body), 409)["code"] == "role_exists"
    triager = scene.team.add_agent(key)
    _, here = scene.open()
    expect(triager.post(f"{here}/triage", {"complexity": "simple"}), 200)
    expect(triager.post(f"{here}/answer", {"body": "No"}), 403)
    read = next(one for one in expect(admin.get(f"{roles}?limit=100"), 200)["data"] if one["key"] == key)
    wider, now = (
        {"permissions": ["case.read_all", "case.answer"]},
        {"headers": {"If-Match": f'"v{read["version"] + 1}"'}},
    )
    assert expect(admin.patch(f"{roles}/{key}", wider), 428)["code"] == "if_match_required"
    expect(admin.patch(f"{roles}/{key}", wider, headers={"If-Match": '"v99"'}), 412)
    expect(admin.patch(f"{roles}/{key}", wider, headers={"If-Match": f'"v{read["version"]}"'}), 200)
    world.settle(lambda: triager.post(f"{here}/triage", {"complexity": "simple"}).status == 403)
    expect(triager.post(f"{here}/answer", {"body": "Yes"}), 200)
    assert expect(admin.http("DELETE", f"{roles}/{key}", **now), 409)["code"] == "role_in_use"
    expect(give(scene, triager, role="reader"), 200)
    expect(admin.http("DELETE", f"{roles}/{key}", **now), 204)
    expect(admin.http("DELETE", f"{roles}/{key}", **now), 204)
    assert expect(admin.http("DELETE", f"{roles}/member", headers=ANY), 409)["code"] == "built_in"


def test_an_unknown_permission_is_named_and_nobody_gives_what_he_does_not_hold(scene: Scene) -> None:
    admin, roles = scene.team.add_agent("admin"), f"{scene.path}/roles"
    body = {"key": unique("odd"), "name": "Odd", "side": "customer", "permissions": ["case.read", "case.answer"]}
    refused = expect(admin.post(roles, body), 422)
    assert [error["pointer"] for error in refused["errors"]] == ["/permissions/1"]
    body |= {"side": "staff", "permissions": ["case.fly"]}
    assert expect(admin.post(roles, body), 422)["errors"][0]["detail"].startswith("case.fly ")
    keeper = scene.team.add_agent("reader")
    expect(give(scene, keeper, permissions=["role.manage", "user.read"]), 200)
    refused = expect(keeper.post(roles, body | {"permissions": ["case.answer", "user.read"]}), 403)
    assert (refused["code"], refused["permissions"]) == ("more_than_you_hold", ["case.answer"])
    refused = expect(
        keeper.patch(
            f"{scene.path}/memberships/{place_of(scene, keeper)['id']}", {"role": "admin", "permissions": None}
        ),
        403,
    )
    assert refused["code"] == "more_than_you_hold"
    expect(scene.agent.post(roles, body), 403)


def test_somebody_can_always_manage_the_roles(cast: Cast) -> None:
    scene = Scene(cast.team("E"))
    admin = scene.team.add_agent("admin")
    where = f"{scene.path}/memberships/{place_of(scene, admin)['id']}"
    for change in ({"active": False}, {"role": "agent"}, {"permissions": ["case.read"]}):
        assert expect(admin.patch(where, change), 409)["code"] == "last_manager"
    left = [one for one in place_of(scene, admin)["permissions"] if one != "role.manage"]
    assert (
        expect(admin.patch(f"{scene.path}/roles/admin", {"permissions": left}, headers=ANY), 409)["code"]
        == "last_manager"
    )
    other = scene.team.add_agent("admin")
    expect(admin.patch(where, {"role": "agent"}), 200)
    expect(other.get(f"{scene.path}/roles"), 200)


def test_two_administrators_cannot_remove_each_other_at_once(cast: Cast) -> None:
    scene = Scene(cast.team("E"))
    people = [scene.home.person("administrator") for _ in range(2)]

    def remove(pair: tuple[Person, Person]) -> int:
        return pair[0].http("DELETE", f"{scene.home.users}/{pair[1].id}").status

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(remove, [(people[0], people[1]), (people[1], people[0])]))
    assert answers[0] == 204
    assert answers[1] in (403, 404)
    rest = expect(cast.operator.get(scene.home.users), 200)["data"]
    assert [one["active"] for one in rest].count(True) == 1


def test_an_administrator_manages_his_people_and_gives_no_more_than_he_has(world: World, scene: Scene) -> None:
    person = scene.home.person()
    where = f"{scene.home.users}/{person.id}"
    _, here = scene.open()
    expect(scene.customer.patch(where, {"role": "administrator"}), 403)
    expect(scene.stranger.patch(where, {"active": False}), 404)
    expect(scene.administrator.patch(f"{scene.home.users}/{NOBODY}", {"active": False}), 404)
    refused = expect(scene.administrator.patch(where, {"permissions": ["case.answer"]}), 422)
    assert refused["errors"][0]["pointer"] == "/permissions/0"
    assert expect(scene.administrator.patch(where, {"role": "agent"}), 422)["errors"][0]["pointer"] == "/role"
    told = expect(scene.administrator.patch(where, {"permissions": ["case.read"]}), 200)
    assert (told["permissions"], told["own_permissions"], told["may"]) == (["case.read"], True, ["user.manage"])
    world.settle(lambda: person.post(f"{here}/comments", {"body": "Hm"}).status == 403)
    assert not expect(scene.administrator.patch(where, {"permissions": None}), 200)["own_permissions"]
    world.settle(lambda: person.post(f"{here}/comments", {"body": "Hm"}).status == 201)
    expect(scene.administrator.http("DELETE", where), 204)
    expect(scene.administrator.http("DELETE", where), 204)
    world.settle(lambda: person.get(here).status == 404)
    expect(person.get(f"{scene.path}/events"), 404)


@pytest.mark.seed("A10")
def test_owners_are_offered_to_an_administrator_with_colleagues_only(cast: Cast) -> None:
    scene = Scene(cast.team("A"))
    alone, pick = scene.administrator, f"{scene.home.users}?pick=owner"
    assert expect(alone.get(pick), 403)["code"] == "owner_not_offered"
    assert expect(scene.refused(alone, owner_id=alone.id), 403)["code"] == "owner_not_offered"
    colleague = scene.colleague
    assert {one["user"]["id"] for one in expect(alone.get(pick), 200)["data"]} == {alone.id, colleague.id}
    assert expect(colleague.get(pick), 403)["code"] == "owner_not_offered"
    expect(colleague.get(f"{scene.home.users}?pick=contact"), 200)
    scene.team.open_case(alone, owner_id=colleague.id)


def test_customers_see_names_of_the_staff_and_nothing_more(scene: Scene) -> None:
    _ = scene.agent
    lines = expect(scene.customer.get(f"{scene.path}/agents"), 200)["data"]
    assert scene.agent.id in {line["id"] for line in lines}
    assert {name for line in lines for name, value in line.items() if value is not None} == {"id", "name", "available"}
    expect(scene.home.person(permissions=["case.read"]).get(f"{scene.path}/agents"), 403)
    assert expect(scene.agent.get(f"{scene.path}/agents"), 200)["data"][0]["membership"]["user"]["email"]


def test_queues_say_who_works_on_what(world: World, scene: Scene) -> None:
    lead, queues = scene.team.add_agent("lead"), f"{scene.path}/queues"
    expect(scene.agent.post(queues, {"name": "Labels"}), 403)
    topic = unique("labels")
    made = expect(lead.post(queues, {"name": "Labels", "topics": [topic]}), 201)
    assert made["permissions"] == ["queue.manage"]
    here = f"{queues}/{made['id']}"
    expect(lead.put(f"{here}/agents/{scene.customer.id}", {}), 422)
    expect(lead.put(f"{here}/agents/{scene.agent.id}", {"level": 3}), 422)
    told = expect(lead.put(f"{here}/agents/{scene.agent.id}", {"level": 2, "types": ["bug"]}), 200)
    assert told["agents"] == [{"user_id": scene.agent.id, "level": 2, "products": [], "types": ["bug"]}]
    assert expect(lead.put(f"{here}/agents/{scene.agent.id}", {"level": 2, "types": ["bug"]}), 200) == told
    found = expect(scene.customer.get(f"{scene.path}/agents?topic={topic}"), 200)["data"]
    assert [line["id"] for line in found] == [scene.agent.id]
    expect(lead.patch(here, {"name": "Printing"}, headers={"If-Match": f'"v{made["version"]}"'}), 412)
    assert expect(lead.patch(here, {"name": "Printing"}, headers=ANY), 200)["agents"] == told["agents"]
    expect(lead.patch(here, {"name": "Press"}), 428)
    expect(scene.customer.get(queues), 403)
    expect(lead.http("DELETE", f"{here}/agents/{scene.agent.id}"), 204)
    assert expect(scene.customer.get(f"{scene.path}/agents?topic={topic}"), 200)["data"] == []
    expect(lead.http("DELETE", here, headers=ANY), 204)
    expect(lead.http("DELETE", here, headers=ANY), 204)
    assert made["id"] not in {one["id"] for one in expect(lead.get(queues), 200)["data"]}


def test_who_is_away_is_not_available_and_names_a_replacement(scene: Scene) -> None:
    agent, other = scene.team.add_agent(), scene.agent
    asked = {"team_id": scene.team.id, "state": "away", "replacement_id": other.id}
    told = expect(agent.put("/v1/me/availability", asked), 200)
    assert (told["away"], told["replacement_id"]) == (True, other.id)
    here = {
        line["id"] for line in expect(scene.customer.get(f"{scene.path}/agents?available=true&limit=100"), 200)["data"]
    }
    assert other.id in here
    assert agent.id not in here
    expect(agent.put("/v1/me/availability", asked | {"replacement_id": agent.id}), 422)
    expect(agent.put("/v1/me/availability", asked | {"until": "2020-01-01T00:00:00Z"}), 422)
    expect(scene.customer.put("/v1/me/availability", asked), 403)
    back = expect(agent.put("/v1/me/availability", {"team_id": scene.team.id, "state": "present"}), 200)
    assert (back["away"], back["replacement_id"]) == (False, None)
    expect(scene.team.cast.operator.patch(f"/v1/users/{agent.id}", {"active": False}), 200)
    lines = expect(other.get(f"{scene.path}/agents?available=true&limit=100"), 200)["data"]
    assert agent.id not in {line["id"] for line in lines}  # who is shut out is not there


def test_a_decision_is_explained_by_the_service_that_makes_it(world: World, scene: Scene) -> None:
    case, here = scene.open()
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    file = expect(scene.customer.upload(f"{here}/files", "a.txt", b"a"), 201)["data"][0]

    def told(person: Person, action: str, resource_id: str) -> str:
        asked = {"user_id": person.id, "action": action, "resource_id": resource_id}
        answer = expect(scene.agent.post("/v1/authorize", asked), 200)
        assert answer["allowed"] == (answer["rule"] == "granted")
        assert answer["because"].endswith(".")
        return str(answer["rule"])

    assert told(scene.customer, "case.comment", case["id"]) == "granted"
    assert told(scene.customer, "case.answer", case["id"]) == "staff_only"
    assert told(scene.stranger, "case.comment", case["id"]) == "not_a_member"
    assert told(scene.agent, "case.confirm", case["id"]) == "customer_only"
    assert told(scene.home.person(permissions=["case.create"]), "case.comment", case["id"]) == "role_lacks_permission"
    assert told(scene.customer, "file.remove", file["id"]) == "granted"
    assert told(scene.colleague, "file.remove", file["id"]) == "not_yours"
    assert told(scene.stranger, "file.read", file["id"]) == "not_a_member"
    assert told(scene.administrator, "user.manage", scene.home.id) == "granted"
    assert told(scene.customer, "user.manage", scene.home.id) == "role_lacks_permission"
    assert told(scene.customer, "case.fly", case["id"]) == "unknown_permission"
    operator, gone = scene.team.cast.operator, scene.home.person("administrator")
    assert told(operator, "organization.manage", scene.home.id) == "granted"
    assert (told(operator, "case.create", scene.home.id), told(operator, "case.read", case["id"])) == (
        "not_a_member",
        "not_a_member",
    )
    assert "case.create" not in expect(operator.get(scene.home.path), 200)["permissions"]
    expect(operator.patch(f"/v1/users/{gone.id}", {"active": False}), 200)
    assert told(gone, "user.manage", scene.home.id) == "not_a_member"
    for who in (scene.customer, scene.team.cast.scene("A").agent):
        for thing in (case["id"], file["id"], scene.home.id, "case_01m7x2c4e6g8j0k2m4n6p8q0r2"):
            asked = {"user_id": scene.customer.id, "action": "case.read", "resource_id": thing}
            expect(who.post("/v1/authorize", asked), 404)


@pytest.mark.parametrize("right", ["case.read", "case.comment", "file.add"])
def test_a_right_that_is_taken_away_is_gone_everywhere_at_once(world: World, scene: Scene, right: str) -> None:
    person = scene.home.person()
    _, here = scene.open(person)
    world.settle(lambda: person.get(f"{here}/tree").status == 200)
    rest = [one for one in place_of(scene, person)["permissions"] if one != right]
    expect(give(scene, person, permissions=rest), 200)
    if right == "case.comment":
        world.settle(lambda: person.post(f"{here}/comments", {"body": "Hm"}).status == 403)
        expect(person.get(here), 200)
    if right == "file.add":
        world.settle(lambda: person.upload(f"{here}/files", "a.txt", b"a").status == 403)
        expect(person.get(f"{here}/tree"), 200)
    if right == "case.read":
        world.settle(lambda: person.get(here).status == 404)
        world.settle(lambda: person.get(f"{here}/tree").status == 404)
        expect(scene.agent.post(f"{here}/comments", {"body": "Still there?"}), 201)
        world.settle(lambda: not expect(person.get(f"{scene.path}/events?after=0"), 200)["data"])


# What is his own and changes no case (a draft is its maker's alone), and what a key opens instead of a person.
OWN = ("/drafts", "/views", "/read-marker", "/v1/access")
UPLOADS = ("POST ~/cases/{case_id}/files", "POST ~/uploads/{file_id}/complete")  # multipart; the uploader's alone


@pytest.mark.parametrize("service", ["cases", "files"])
def test_a_reader_changes_nothing_by_any_route(world: World, scene: Scene, service: str) -> None:
    reader = scene.team.add_agent("reader")
    case, here = scene.open()
    world.settle(lambda: reader.get(f"{here}/tree").status == 200)
    file = expect(scene.customer.upload(f"{here}/files", "a.txt", b"a"), 201)["data"][0]
    before = (expect(reader.get(here), 200), expect(reader.get(f"{here}/tree"), 200))
    assert before[0]["permissions"] == []
    ids = {"team_id": scene.team.id, "organization_id": scene.home.id, "case_id": case["id"], "file_id": file["id"]}
    ids["user_id"] = scene.colleague.id
    tried, done = 0, list[tuple[str, int]]()
    for route in ROUTES:
        if route.message.reads or route.service != service or short(route) in UPLOADS:
            continue
        if any(part in route.path for part in OWN):
            continue
        path = route.path
        for name, value in ids.items():
            path = path.replace("{" + name + "}", value)
        if "{" in path:
            continue  # what lies deeper is not there for anybody
        body = fields(route, Absent(ids | {"folder_id": None, "follower_id": ids["user_id"]}))
        more = {} if route.in_query else {"json": body}
        if short(route) == "POST ~/cases":
            more = {"json": scene.team.form(contact_id=scene.customer.id, organization_id=scene.home.id)}
        status = reader.http(route.method, path, **more).status
        if status != 403:
            done.append((short(route), status))
        tried += 1
    assert not done
    assert tried >= 3
    expect(reader.upload(f"{here}/files", "b.txt", b"b"), 403)
    assert (expect(reader.get(here), 200), expect(reader.get(f"{here}/tree"), 200)) == before
