"""Whose case it is, and who sees it: what changes holds at once, everywhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.cases.commands.following import add_follower
from services.chassis.actor import Actor, Context
from services.contracts import cases as c
from tests.journeys.cast import Cast, Person, Scene, expect
from tests.journeys.post import Post
from tests.journeys.statements import heard
from tests.parts import eventually
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("A")


@pytest.fixture
def portal(cast: Cast) -> Scene:
    return cast.scene("D")


def rights(who: Person, path: str) -> set[str]:
    return {one for one in expect(who.get(path), 200)["permissions"] if one.startswith("case.change_")}


@pytest.mark.seed("A09", "A10", "A12")
def test_an_administrator_hands_a_case_over_to_a_colleague(scene: Scene) -> None:
    case, here = scene.open(scene.administrator)
    mine = f"{scene.path}/cases?view=owned&limit=100"
    assert scene.colleague.get(here).status == 404  # of participants, and he is none yet
    assert rights(scene.administrator, here) == {"case.change_owner", "case.change_visibility"}
    refused = expect(scene.administrator.put(f"{here}/owner", {"owner_id": scene.stranger.id}), 422)
    assert [(one["pointer"], one["rule"]) for one in refused["errors"]] == [("/owner_id", "member")]
    for _ in range(2):  # twice is once
        changed = expect(scene.administrator.put(f"{here}/owner", {"owner_id": scene.colleague.id}), 200)
        assert (changed["owner"]["id"], changed["version"]) == (scene.colleague.id, case["version"] + 1)
    assert case["id"] in [line["id"] for line in expect(scene.colleague.get(mine), 200)["data"]]
    assert rights(scene.colleague, here) == {"case.change_visibility"}
    told = expect(scene.colleague.put(f"{here}/owner", {"owner_id": scene.administrator.id}), 403)
    assert (told["code"], told["rule"]) == ("not_permitted", "role_lacks_permission")
    [line] = [one for one in expect(scene.agent.get(f"{here}/history"), 200)["data"] if one["field"] == "owner"]
    assert (line["before"]["id"], line["after"]["id"]) == (scene.administrator.id, scene.colleague.id)
    expect(scene.agent.put(f"{here}/owner", {"owner_id": scene.customer.id}), 200)
    assert scene.colleague.get(here).status == 404
    assert expect(scene.customer.get(here), 200)["owner"]["id"] == scene.customer.id


@pytest.mark.seed("A10")
def test_without_colleagues_or_without_the_field_nobody_hands_over(scene: Scene, portal: Scene) -> None:
    alone = scene.team.organization().person("administrator")
    _, here = scene.open(alone)
    assert expect(alone.put(f"{here}/owner", {"owner_id": alone.id}), 403)["code"] == "owner_not_offered"
    _, there = portal.open(portal.administrator)
    told = expect(portal.administrator.put(f"{there}/owner", {"owner_id": portal.customer.id}), 403)
    assert told["rule"] == "team_policy_forbids"
    assert rights(portal.administrator, there) == {"case.change_visibility"}


@pytest.mark.seed("D06")
def test_closing_a_case_to_others_holds_everywhere_at_once(world: World, portal: Scene, post: Post) -> None:
    start = expect(portal.colleague.get(f"{portal.path}/events"), 200)["cursor"]
    case, here = portal.open()
    world.settle(lambda: portal.colleague.get(f"{here}/tree").status == 200)
    file = expect(portal.customer.upload(f"{here}/files", "pay.pdf", b"%PDF"), 201)["data"][0]
    world.settle(lambda: case["id"] in _heard(portal.colleague, portal, start))
    expect(portal.colleague.put(f"{here}/visibility", {"visibility": "private"}), 403)
    expect(portal.customer.post(f"{here}/followers", {"user_id": portal.colleague.id}), 201)
    closed = expect(portal.customer.put(f"{here}/visibility", {"visibility": "private"}), 200)
    assert closed["visibility"] == "private"
    expect(portal.agent.post(f"{here}/comments", {"body": "Between us."}), 201)
    for path in (here, f"{here}/comments", f"{here}/history", f"{here}/audience"):
        expect(portal.colleague.get(path), 404)
    world.settle(lambda: portal.colleague.get(f"{here}/tree").status == 404)
    expect(portal.colleague.get(f"{portal.path}/files/{file['id']}/content"), 404)
    world.settle(lambda: case["id"] not in _heard(portal.colleague, portal, start))  # nor what was told before
    assert case["id"] in _heard(portal.customer, portal, start)
    post.wait(portal.customer, case, "Between us.")
    assert not [mail for mail in post.to(portal.colleague, case) if "Between us." in mail["text"]]
    assert _deeds(portal, case) == [("case_visibility.changed", "private")]


@pytest.mark.seed("D06")
def test_only_its_creator_opens_a_private_case_up_again(world: World, portal: Scene) -> None:
    _, here = portal.open(fields={"private": True})
    assert rights(portal.agent, here) == set()
    for visibility in ("participants", "organization"):
        refused = expect(portal.agent.put(f"{here}/visibility", {"visibility": visibility}), 403)
        assert refused["rule"] == "not_yours"
    expect(portal.administrator.put(f"{here}/visibility", {"visibility": "organization"}), 404)
    owner = {"owner_id": portal.colleague.id}
    assert expect(portal.agent.put(f"{here}/owner", owner), 409)["code"] == "private_case"
    expect(portal.customer.put(f"{here}/visibility", {"visibility": "participants"}), 200)
    expect(portal.colleague.get(here), 404)
    expect(portal.customer.put(f"{here}/visibility", {"visibility": "organization"}), 200)
    expect(portal.colleague.get(here), 200)
    world.settle(lambda: portal.colleague.get(f"{here}/tree").status == 200)
    told = expect(portal.customer.put(f"{here}/visibility", {"visibility": "everybody"}), 422)
    assert [one["pointer"] for one in told["errors"]] == ["/visibility"]
    expect(portal.agent.put(f"{here}/visibility", {"visibility": "private"}), 200)  # closing is always possible


def test_what_staff_do_among_themselves_hides_nothing_from_the_customer(memory: MemoryWorld, cast: Cast) -> None:
    scene = cast.scene("D")
    _, here = scene.open()
    memory.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    said = expect(scene.agent.post(f"{here}/comments", {"body": "Hm.", "visibility": "internal"}), 201)
    expect(scene.agent.patch(f"{here}/comments/{said['id']}", {"body": "Aha."}), 200)
    expect(scene.agent.put(f"{here}/tags/urgent"), 200)
    memory.settle()
    expect(scene.customer.get(f"{here}/tree"), 200)


def test_who_follows_is_told_to_who_sees_the_case(portal: Scene) -> None:
    _, here = portal.open()
    assert expect(portal.colleague.get(f"{here}/followers"), 200) == {"data": []}
    expect(portal.customer.post(f"{here}/followers", {"user_id": portal.colleague.id}), 201)
    told = [one["id"] for one in expect(portal.agent.get(f"{here}/followers"), 200)["data"]]
    assert told == [portal.colleague.id]
    expect(portal.stranger.get(f"{here}/followers"), 404)


def test_an_administrator_hears_how_many_cases_he_does_not_see_where_the_team_tells_it(cast: Cast) -> None:
    team = cast.team(
        "D", visibility={"default": "organization", "private_allowed": True, "private_count_for_admins": True}
    )
    scene = Scene(team)
    count = f"{scene.path}/organizations/{scene.home.id}/hidden-cases"
    assert expect(scene.administrator.get(count), 200) == {"count": 0, "more": False}
    scene.open()
    for who in (scene.customer, scene.administrator):
        scene.open(who, fields={"private": True})
    assert expect(scene.administrator.get(count), 200) == {"count": 1, "more": False}  # his own he sees
    assert expect(scene.customer.get(count), 403)["code"] == "not_permitted"
    expect(scene.stranger.get(count), 404)
    expect(scene.agent.get(count), 404)


def test_it_is_no_business_of_his_elsewhere(portal: Scene) -> None:
    count = f"{portal.path}/organizations/{portal.home.id}/hidden-cases"
    assert expect(portal.administrator.get(count), 403)["code"] == "not_offered"


@pytest.mark.seed("D17")
def test_before_it_is_sent_i_know_who_will_read_it(world: World, portal: Scene, post: Post) -> None:
    case, here = portal.open()
    expect(portal.customer.post(f"{here}/followers", {"user_id": portal.colleague.id}), 201)

    def told(who: Person, visibility: str = "public") -> tuple[str, bool, list[str], list[str], bool]:
        view: dict[str, Any] = expect(who.get(f"{here}/audience?visibility={visibility}"), 200)
        people, mailed = ([one["id"] for one in view[name]] for name in ("people", "mailed"))
        return view["visibility"], view["organization"], people, mailed, view["staff_mailed"]

    both = [portal.customer.id, portal.colleague.id]
    assert told(portal.customer) == ("organization", True, both, [portal.colleague.id], True)
    assert told(portal.agent) == ("organization", True, both, both, False)
    assert told(portal.agent, "internal") == ("organization", False, [], [], False)
    assert told(portal.agent, "participants") == ("participants", False, both, both, False)
    assert told(portal.agent, "private") == ("private", False, both[:1], both[:1], False)
    assert expect(portal.customer.get(f"{here}/audience?visibility=internal"), 403)["code"] == "not_permitted"
    expect(portal.agent.post(f"{here}/comments", {"body": "As foretold."}), 201)
    for person in (portal.customer, portal.colleague):
        post.wait(person, case, "As foretold.")
    for who, what, rule in (
        (portal.customer, "case.read", "granted"),
        (portal.customer, "case.answer", "staff_only"),
        (portal.stranger, "case.read", "not_a_member"),
    ):
        answer = expect(portal.agent.get(f"{here}/access?user={who.id}&action={what}"), 200)
        assert (answer["allowed"], answer["rule"]) == (rule == "granted", rule)
    expect(portal.customer.get(f"{here}/access?user={portal.customer.id}"), 404)


@pytest.mark.seed("D11")
def test_who_loses_the_product_sees_nothing_by_following(memory: MemoryWorld, cast: Cast) -> None:
    scene = cast.scene("A")
    account = scene.team.organization(products=["business", "payroll"])
    me, follower = account.person(), account.person()
    _, here = scene.open(me, product="payroll")
    expect(me.post(f"{here}/followers", {"user_id": follower.id}), 201)
    memory.settle(lambda: follower.get(f"{here}/tree").status == 200)

    def holding(*products: str) -> tuple[int, int, int]:
        """The organization holds these from now on; what its follower gets of the case, its files and its audience."""
        expect(scene.team.cast.operator.patch(account.path, {"products": list(products)}), 200)
        memory.settle()
        memory.settle()
        told = expect(me.get(f"{here}/audience"), 200)
        return follower.get(here).status, follower.get(f"{here}/tree").status, len(told["people"])

    assert holding("business") == (404, 404, 1)
    refused = expect(me.post(f"{here}/followers", {"user_id": account.person().id}), 422)
    assert (refused["code"], refused["errors"][0]["rule"]) == ("follower_needs_product", "entitled")
    assert expect(me.get(here), 200)["followers"][0]["id"] == follower.id  # remembered, for when it comes back
    assert holding("payroll") == (200, 200, 2)


def test_who_got_the_first_follower_while_the_product_left_tells_it_after_all(memory: MemoryWorld, cast: Cast) -> None:
    scene, work = cast.scene("A"), memory.client.works["cases"]
    account = scene.team.organization(products=["business", "payroll"])
    me, follower = account.person(), account.person()
    case, here = scene.open(me, product="payroll")
    expect(scene.team.cast.operator.patch(account.path, {"products": ["business"]}), 200)
    memory.settle()
    late = text("INSERT INTO followers (case_id, user_id, name) VALUES (:case_id, :user_id, 'F')")
    with work.writing() as uow:  # as a command would that had read the old products and commits only now
        uow.run(late, {"case_id": case["id"], "user_id": follower.id})
    with memory.at(datetime.now(UTC) + timedelta(seconds=11)), work.writing() as uow:
        memory.client.services["cases"].tell_audiences.do(uow)
    assert expect(scene.agent.get(here), 200)["version"] == case["version"] + 1


def test_who_waited_for_the_case_knows_who_stands_around_it_now(memory: MemoryWorld, cast: Cast) -> None:
    scene, work = cast.scene("D"), memory.client.works["cases"]
    case, here = scene.open(visibility="participants")
    about = {"team_id": scene.team.id, "case_id": case["id"]}
    follower, agent = scene.colleague.id, scene.agent
    with ThreadPoolExecutor(1) as pool:
        with work.writing(Context(actor=Actor("user", scene.customer.id))) as uow:
            add_follower(uow, c.AddFollower(**about, user_id=follower))
            later = pool.submit(agent.patch, here, {"title": "While the case was held"})
            with work.reading(Context()) as other:
                eventually(lambda: other.all(text("SELECT 1 FROM pg_locks WHERE NOT granted")), 2)
        told = expect(later.result(), 200)
    assert [one["id"] for one in told["followers"]] == [follower]
    memory.settle()
    expect(scene.colleague.get(f"{here}/tree"), 200)  # the change's event named him among the readers


def test_what_it_costs_to_share_and_to_save(memory: MemoryWorld, cast: Cast) -> None:
    scene = cast.scene("C")
    _, here = scene.open(product_item="Welder 4")
    who, colleague, stranger = scene.agent, scene.colleague.id, scene.stranger.id
    saved = {"topic": "quality", "product_item": "Welder 5", "contact_id": colleague, "priority": "high"}
    asked: list[tuple[str, str, Any]] = [
        ("PUT", "/owner", {"owner_id": colleague}),
        ("PUT", "/visibility", {"visibility": "participants"}),
        ("PATCH", "", saved),
        ("GET", "/audience", None),
        ("GET", f"/access?user={stranger}", None),
    ]
    for method, path, body in asked:
        more = {"json": body, "headers": {"Idempotency-Key": f"share{path}"}} if body else {}
        with heard(memory) as said:
            expect(who.http(method, here + path, **more), 200)
        assert len(said) <= (8 if body else 3), said


def _heard(who: Person, scene: Scene, after: int) -> list[str]:
    lines = expect(who.get(f"{scene.path}/events?after={after}&limit=100"), 200)["data"]
    return [line["subject"] for line in lines]


def _deeds(scene: Scene, case: dict[str, Any]) -> list[tuple[str, str]]:
    """What the record says of who sees the case."""

    def look() -> list[tuple[str, str]]:
        asked = f"{scene.path}/audit?object={case['id']}&limit=100"
        found = expect(scene.team.cast.operator.get(asked), 200)["data"]
        return [(one["action"], one["detail"]["visibility"]) for one in found if "visibility_before" in one["detail"]]

    found: list[tuple[str, str]] = scene.team.cast.world.settle(look)
    return found
