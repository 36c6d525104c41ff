"""Seed D: a customer portal with accounts, private cases and followers."""

from __future__ import annotations

import pytest

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.journeys.post import Post
from tests.journeys.test_comment_files import held
from tests.world import World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("D")


def ids(who: Person, scene: Scene, asked: str = "") -> list[str]:
    return [line["id"] for line in expect(who.get(f"{scene.path}/cases?limit=100{asked}"), 200)["data"]]


@pytest.mark.seed("D01")
def test_a_case_is_created_from_the_home_page(scene: Scene) -> None:
    account, reader = scene.team.organization(), scene.home.person(permissions=["case.read"])
    me = account.person()
    way = expect(me.get(f"{scene.path}/bootstrap"), 200)["create"]
    assert way["organization_ids"] == [account.id]
    [kind] = expect(me.get(way["types"]), 200)["data"]
    form = scene.team.form(kind["key"], organization_id=way["organization_ids"][0])
    made = expect(me.post(way["href"], form), 201)
    assert [line["id"] for line in expect(me.get(f"{scene.path}/bootstrap"), 200)["cases"]] == [made["id"]]
    assert expect(me.post(way["drafts"], {"type": kind["key"]}), 201)["organization_id"] == account.id
    assert expect(reader.get(f"{scene.path}/bootstrap"), 200)["create"] is None
    expect(reader.post(way["href"], form | {"organization_id": scene.home.id}), 403)


@pytest.mark.seed("D02")
def test_required_fields_are_marked_and_enforced(scene: Scene) -> None:
    scene.open()
    [kind] = expect(scene.customer.get(f"{scene.path}/profile"), 200)["profile"]["types"]
    required = [field["key"] for field in kind["form"] if field["required"]]
    assert required == ["product", "title", "description"]
    for name in required:
        form = {key: value for key, value in scene.team.form().items() if key != name}
        refused = expect(scene.customer.post(f"{scene.path}/cases", form), 422)
        assert [error["pointer"] for error in refused["errors"]] == [f"/{name}"]
    optional = [field["key"] for field in kind["form"] if not field["required"]]
    assert optional == ["private"]


@pytest.mark.seed("D03")
def test_account_product_subject_description_private_and_files_make_the_form(scene: Scene) -> None:
    me = scene.customer
    told = expect(me.get(f"{scene.path}/types/case/form?organization_id={scene.home.id}"), 200)["form"]["properties"]
    own = told.pop("fields")["properties"]
    drawn = sorted((told | own).items(), key=lambda one: int(one[1].get("x-order", -1)))
    labels = [field["title"] for _, field in drawn if "title" in field]
    assert labels == ["Product", "Subject", "Description", "Private"]
    assert own["private"]["type"] == "boolean"
    profile = expect(me.get(f"{scene.path}/profile"), 200)["profile"]
    assert profile["labels"]["organization"] == "Account"  # chosen first: it says which products there are
    assert profile["files"]["before_submit"] is True
    form = {"type": "case", "organization_id": scene.home.id, "product": "finance", "title": "Year end"}
    case, _ = scene.open(me, **form, description="The sums differ.", fields={"private": True})
    said = ("organization_id", "product", "title", "description", "visibility")
    assert [case[name] for name in said] == [scene.home.id, "finance", "Year end", "The sums differ.", "private"]


@pytest.mark.seed("D07")
def test_files_are_attached_while_the_case_is_created(world: World, scene: Scene) -> None:
    way = expect(scene.customer.get(f"{scene.path}/bootstrap"), 200)["create"]
    form = scene.team.form(title="With pictures", organization_id=scene.home.id, wants_files=True)
    draft = expect(scene.customer.post(way["drafts"], form), 201)
    here, there = f"{way['drafts']}/{draft['id']}", f"{scene.path}/cases/{draft['id']}"
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    expect(scene.customer.upload(f"{here}/files", "chosen.pdf", b"%PDF", "application/pdf"), 201)
    dropped = [("file", (name, b"\x89PNG", "image/png")) for name in ("one.png", "two.png")]  # several at once
    expect(scene.customer.http("POST", f"{here}/files", files=dropped), 201)
    assert expect(scene.customer.get(f"{here}/summary"), 200)["files"]["count"] == 3
    for nobody_yet in (scene.colleague, scene.agent):
        assert nobody_yet.get(f"{here}/tree").status == nobody_yet.get(there).status == 404
    case = expect(scene.customer.post(f"{here}/submit"), 201)
    assert (case["id"], case["title"]) == (draft["id"], "With pictures")
    world.settle(lambda: scene.agent.get(f"{there}/tree").status == 200)
    for reader in (scene.customer, scene.colleague, scene.agent):
        names = [file["name"] for file in expect(reader.get(f"{there}/tree"), 200)["files"]]
        assert names == ["chosen.pdf", "one.png", "two.png"]


@pytest.mark.seed("D04", "D05", "D13")
def test_the_account_is_one_of_mine_the_product_one_of_its_and_i_switch_at_any_time(scene: Scene) -> None:
    first = scene.team.organization(products=["payroll"])
    second = scene.team.organization(products=["finance"])
    me = first.person()
    second.join(me)
    accounts = expect(me.get(f"{scene.path}/organizations"), 200)["data"]
    assert {one["id"]: one["products"] for one in accounts} == {first.id: ["payroll"], second.id: ["finance"]}
    payroll, _ = scene.open(me, organization_id=first.id, product="payroll")
    finance, _ = scene.open(me, organization_id=second.id, product="finance")
    refused = expect(scene.refused(me, organization_id=first.id, product="finance"), 422)
    assert refused["code"] == "product_not_held"
    expect(scene.refused(me, organization_id=scene.home.id), 404)
    for _ in range(2):
        assert ids(me, scene, f"&organization_id={first.id}") == [payroll["id"]]
        assert ids(me, scene, f"&organization_id={second.id}") == [finance["id"]]
    expect(me.get(f"{scene.path}/cases?organization_id={scene.home.id}"), 404)
    for chosen in (first, second, first):
        place = {"team_id": scene.team.id, "organization_id": chosen.id}
        assert expect(me.put("/v1/me/context", place), 200)["contexts"] == [place]
        assert expect(me.get("/v1/me"), 200)["contexts"] == [place]
        told = expect(me.get(f"{scene.path}/cases"), 409)  # remembered for the client; nothing is done there by itself
        assert told["code"] == "organization_required"
    expect(me.put("/v1/me/context", {"team_id": scene.team.id, "organization_id": scene.home.id}), 404)


@pytest.mark.seed("D06")
def test_a_private_case_is_between_its_creator_and_the_vendor(world: World, scene: Scene, post: Post) -> None:
    start = expect(scene.administrator.get(f"{scene.path}/events"), 200)["cursor"]
    case, here = scene.open(fields={"private": True}, title="About my salary")
    assert case["visibility"] == "private"
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    expect(scene.customer.upload(f"{here}/files", "payslip.pdf", b"%PDF"), 201)
    expect(scene.agent.post(f"{here}/comments", {"body": "Between us."}), 201)
    for insider in (scene.customer, scene.agent):
        assert expect(insider.get(here), 200)["comments"][0]["body"] == "Between us."
        assert [file["name"] for file in expect(insider.get(f"{here}/tree"), 200)["files"]] == ["payslip.pdf"]
        assert case["id"] in ids(insider, scene)
    for outsider in (scene.colleague, scene.administrator, scene.stranger):
        expect(outsider.get(here), 404)
        expect(outsider.get(f"{here}/tree"), 404)
        expect(outsider.get(f"{here}/comments"), 404)
        assert case["id"] not in ids(outsider, scene)
    shared, _ = scene.open(title="For everybody")

    def heard() -> list[str]:
        lines = expect(scene.administrator.get(f"{scene.path}/events?after={start}"), 200)["data"]
        return [line["subject"] for line in lines]

    world.settle(lambda: shared["id"] in heard())
    assert case["id"] not in heard()
    post.wait(scene.customer, case, "Between us.")
    assert post.to(scene.administrator, case) == post.to(scene.colleague, case) == []
    refused = expect(scene.customer.post(f"{here}/followers", {"user_id": scene.colleague.id}), 409)
    assert refused["code"] == "private_case"


@pytest.mark.seed("D08")
def test_nothing_is_a_case_before_it_is_saved(world: World, scene: Scene) -> None:
    me = scene.home.person()
    start = expect(scene.agent.get(f"{scene.path}/events"), 200)["cursor"]
    before, _ = scene.open(me)
    half = {key: value for key, value in scene.team.form(title="Half done").items() if key != "description"}
    expect(me.post(f"{scene.path}/cases", half), 422)
    after, _ = scene.open(me)
    assert int(after["number"].removeprefix("ENT-")) == int(before["number"].removeprefix("ENT-")) + 1
    assert ids(me, scene, "&view=mine") == [after["id"], before["id"]]
    staff = expect(scene.agent.get(f"{scene.path}/cases?organization_id={scene.home.id}&limit=100"), 200)["data"]
    assert "Half done" not in [line["title"] for line in staff]

    def opened() -> list[str]:
        lines = expect(scene.agent.get(f"{scene.path}/events?after={start}"), 200)["data"]
        return [line["subject"] for line in lines if line["actor"] == me.id]

    world.settle(lambda: after["id"] in opened())
    assert opened() == [before["id"], after["id"]]


@pytest.mark.seed("D09", "D10")
def test_followers_are_added_informed_and_removed_again(world: World, scene: Scene, post: Post) -> None:
    case, here = scene.open()
    added = expect(scene.customer.post(f"{here}/followers", {"user_id": scene.colleague.id}), 201)
    assert [person["id"] for person in added["followers"]] == [scene.colleague.id]
    expect(scene.agent.post(f"{here}/comments", {"body": "While he follows."}), 201)
    post.wait(scene.colleague, case, "While he follows.")
    assert case["id"] in ids(scene.colleague, scene, "&view=followed")
    expect(scene.customer.http("DELETE", f"{here}/followers/{scene.colleague.id}"), 204)
    assert expect(scene.customer.get(here), 200)["followers"] == []
    expect(scene.agent.post(f"{here}/comments", {"body": "After he left."}), 201)
    post.wait(scene.customer, case, "After he left.")
    assert not [mail for mail in post.to(scene.colleague, case) if "After he left." in mail["text"]]
    assert case["id"] not in ids(scene.colleague, scene, "&view=followed")
    expect(scene.colleague.post(f"{here}/followers", {"user_id": scene.colleague.id}), 201)
    expect(scene.colleague.http("DELETE", f"{here}/followers/me"), 204)


@pytest.mark.seed("D11")
def test_a_follower_needs_a_profile_with_access_to_the_product(world: World, scene: Scene) -> None:
    without = scene.team.organization(products=["finance"])
    _, here = scene.open(product="payroll")
    gone = scene.home.person()
    page = expect(scene.administrator.get(f"{scene.home.users}?q={gone.user_name}"), 200)["data"]
    place = f"{scene.path}/memberships/{page[0]['id']}"
    expect(scene.administrator.patch(place, {"active": False}), 200)
    world.settle(lambda: gone.get(f"{scene.path}/cases").status == 404)
    nobody = "user_01m7x2c4e6g8j0k2m4n6p8q0r2"
    for person in (without.person().id, scene.stranger.id, gone.id, nobody):
        refused = expect(scene.customer.post(f"{here}/followers", {"user_id": person}), 422)
        assert refused["code"] == "follower_needs_product"
    assert expect(scene.customer.get(here), 200)["followers"] == []
    expect(scene.customer.post(f"{here}/followers", {"user_id": scene.colleague.id}), 201)


@pytest.mark.seed("D12")
def test_my_cases_show_title_and_status(scene: Scene) -> None:
    me = scene.home.person()
    _, here = scene.open(me, title="Wrong holiday pay")
    scene.open(me, title="New employee")
    expect(scene.agent.post(f"{here}/answer", {"body": "Corrected."}), 200)
    mine = expect(me.get(f"{scene.path}/cases?view=mine"), 200)["data"]
    assert [(line["title"], line["status"]) for line in mine] == [
        ("Wrong holiday pay", "answered"),
        ("New employee", "new"),
    ]


@pytest.mark.seed("D14")
def test_three_views_show_all_open_and_followed_cases(scene: Scene) -> None:
    account = scene.team.organization()
    me, other = account.person(), account.person()
    still, _ = scene.open(me)
    done, there = scene.open(me)
    followed, here = scene.open(other)
    expect(me.post(f"{there}/close"), 200)
    expect(me.post(f"{here}/followers", {"user_id": me.id}), 201)
    assert {"all", "open", "followed"} == set(scene.team.profile["views"])
    assert set(ids(me, scene, "&view=all")) == {still["id"], done["id"], followed["id"]}
    assert set(ids(me, scene, "&view=open")) == {still["id"], followed["id"]}
    assert ids(me, scene, "&view=followed") == [followed["id"]]


@pytest.mark.seed("D15", "D17")
def test_posts_and_status_stand_inside_the_case_for_everybody_with_access(scene: Scene) -> None:
    _, here = scene.open()
    expect(scene.customer.post(f"{here}/comments", {"body": "When will it be done?"}), 201)
    expect(scene.agent.post(f"{here}/comments", {"body": "Not for the customer.", "visibility": "internal"}), 201)
    expect(scene.agent.post(f"{here}/answer", {"body": "Tomorrow."}), 200)
    for reader in (scene.customer, scene.colleague, scene.administrator):
        read = expect(reader.get(here), 200)
        assert read["status"] == "answered"
        assert [post["body"] for post in read["comments"]] == ["When will it be done?", "Tomorrow."]
    assert len(expect(scene.technician.get(here), 200)["comments"]) == 3
    expect(scene.stranger.get(here), 404)


@pytest.mark.seed("D18", "D19")
def test_attached_files_are_listed_and_further_ones_uploaded(world: World, scene: Scene) -> None:
    _, here = scene.open()
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    expect(scene.customer.upload(f"{here}/files", "first.pdf", b"%PDF-1", "application/pdf"), 201)
    expect(scene.agent.upload(f"{here}/files", "second.png", b"\x89PNG", "image/png"), 201)
    for reader in (scene.customer, scene.colleague, scene.agent):
        listed = expect(reader.get(f"{here}/tree"), 200)["files"]
        assert [(file["name"], file["size"]) for file in listed] == [("first.pdf", 6), ("second.png", 4)]


@pytest.mark.seed("D16")
def test_a_post_takes_text_links_and_pictures(world: World, scene: Scene, post: Post) -> None:
    case, here = scene.open()
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    pictures = [held(scene.customer, here, f"step {number}.png") for number in (1, 2)]
    update = "It looks like https://example.org/help?page=3#top says:"
    asked = {"body": update, "file_ids": [picture["id"] for picture in pictures]}
    expect(scene.customer.post(f"{here}/comments", asked), 201)
    for reader in (scene.customer, scene.colleague, scene.agent):
        [shared] = expect(reader.get(here), 200)["comments"]
        assert (shared["body"], shared["file_ids"]) == (update, asked["file_ids"])
        for picture in pictures:
            told = expect(reader.get(f"{scene.path}/files/{picture['id']}"), 200)
            assert (told["name"], told["content_type"]) == (picture["name"], "image/png")
    expect(scene.stranger.get(f"{scene.path}/files/{pictures[0]['id']}"), 404)
    assert update in post.wait(scene.agent, case, update)["text"]
