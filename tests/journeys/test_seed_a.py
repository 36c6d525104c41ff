"""Seed A: a support centre whose customers register requests for the products they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.cast import Cast, Scene, expect
from tests.journeys.post import Post
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("A")


@pytest.mark.seed("A01")
def test_a_request_needs_a_product_that_the_company_holds(cast: Cast, scene: Scene) -> None:
    held, other = (product["key"] for product in scene.team.profile["products"][:2])
    buyer = scene.team.organization(products=[held])
    person = buyer.person()
    offered = expect(person.get(f"{scene.path}/organizations/{buyer.id}"), 200)["products"]
    assert offered == [held]
    scene.team.open_case(person, product=held)
    for product in (other, "never_heard_of"):
        refused = expect(scene.refused(person, product=product), 422)
        assert (refused["code"], refused["errors"][0]["pointer"]) == ("product_not_held", "/product")
    assert len(expect(person.get(f"{scene.path}/cases"), 200)["data"]) == 1


@pytest.mark.seed("A02")
def test_the_support_view_lists_my_requests_with_their_status(scene: Scene) -> None:
    me = scene.home.person()
    first, here = scene.open(me, title="First")
    second, _ = scene.open(me, title="Second")
    scene.open(scene.colleague, title="Not mine")
    expect(scene.agent.post(f"{here}/close"), 200)
    listed = expect(me.get(f"{scene.path}/cases?view=mine"), 200)["data"]
    assert [(line["id"], line["status"]) for line in listed] == [(first["id"], "closed"), (second["id"], "new")]


@pytest.mark.seed("A03", "A04")
def test_who_belongs_to_several_companies_chooses_one_before_he_reads_the_list(scene: Scene) -> None:
    both = scene.home.person()
    ours, _ = scene.open(both, title="For the first company")
    scene.abroad.join(both)
    companies = {scene.home.id, scene.abroad.id}
    memberships = expect(both.get("/v1/me"), 200)["memberships"]
    assert {membership["organization_id"] for membership in memberships} == companies
    for answer in (both.get(f"{scene.path}/cases?view=mine"), both.post(f"{scene.path}/cases", scene.team.form())):
        refused = expect(answer, 409)
        assert refused["code"] == "organization_required"
        assert {choice["id"]: choice["name"] for choice in refused["choices"]} == {
            scene.home.id: scene.home.name,
            scene.abroad.id: scene.abroad.name,
        }
    theirs, _ = scene.open(both, organization_id=scene.abroad.id)
    for company, case in ((scene.home, ours), (scene.abroad, theirs)):
        listed = expect(both.get(f"{scene.path}/cases?view=mine&organization_id={company.id}"), 200)["data"]
        assert [line["id"] for line in listed] == [case["id"]]


@pytest.mark.seed("A05")
def test_who_belongs_to_one_company_chooses_nothing(scene: Scene) -> None:
    case, _ = scene.open(scene.customer)
    assert case["organization_id"] == scene.home.id
    assert case["id"] in [line["id"] for line in expect(scene.customer.get(f"{scene.path}/cases"), 200)["data"]]


@pytest.mark.seed("A06")
def test_the_category_comes_from_a_closed_list(scene: Scene) -> None:
    scene.open()
    profile = expect(scene.customer.get(f"{scene.path}/profile"), 200)["profile"]
    leaves = [leaf["key"] for topic in profile["topics"] for leaf in topic["children"]]
    assert leaves
    case, _ = scene.open(topic=leaves[-1])
    assert case["topic"] == leaves[-1]
    for wrong in ("gardening", None):
        refused = expect(scene.refused(scene.customer, topic=wrong), 422)
        assert [error["pointer"] for error in refused["errors"]] == ["/topic"]


@pytest.mark.seed("A07")
def test_the_type_comes_from_a_closed_list(scene: Scene) -> None:
    profile = expect(scene.customer.get(f"{scene.path}/profile"), 200)["profile"]
    assert len(profile["types"]) > 1
    for kind in profile["types"]:
        case, _ = scene.open(type_key=kind["key"])
        assert case["type"] == kind["key"]
    refused = expect(scene.refused(scene.customer, type="complaint"), 422)
    assert [error["pointer"] for error in refused["errors"]] == ["/type"]
    untyped = {name: value for name, value in scene.team.form().items() if name != "type"}
    missing = expect(scene.customer.post(f"{scene.path}/cases", untyped), 422)
    assert [error["pointer"] for error in missing["errors"]] == ["/type"]


@pytest.mark.seed("A08")
def test_subject_and_description_are_two_fields_and_both_are_needed(scene: Scene) -> None:
    case, here = scene.open(title="No tax report", description="The menu is grey.")
    read = expect(scene.customer.get(here), 200)
    assert (read["title"], read["description"]) == ("No tax report", "The menu is grey.")
    assert case["number"].startswith("MAM-")
    for name in ("title", "description"):
        form = {key: value for key, value in scene.team.form().items() if key != name}
        refused = expect(scene.customer.post(f"{scene.path}/cases", form), 422)
        assert [error["pointer"] for error in refused["errors"]] == [f"/{name}"]


@pytest.mark.seed("A09", "A12")
def test_an_administrator_names_an_owner_who_finds_the_request_in_his_list(scene: Scene) -> None:
    owner = scene.home.person()
    case, here = scene.open(scene.administrator, owner_id=owner.id)
    assert case["owner"]["id"] == owner.id
    assert case["created_by"]["id"] == scene.administrator.id
    listed = expect(owner.get(f"{scene.path}/cases?view=owned"), 200)["data"]
    assert [line["id"] for line in listed] == [case["id"]]
    assert expect(owner.get(here), 200)["owner"]["id"] == owner.id
    assert case["id"] not in [
        line["id"] for line in expect(scene.administrator.get(f"{scene.path}/cases?view=owned"), 200)["data"]
    ]


def test_only_an_administrator_with_colleagues_may_name_an_owner(scene: Scene) -> None:
    scene.open(scene.administrator, owner_id=scene.colleague.id)
    scene.open(scene.customer)
    refused = expect(scene.refused(scene.customer, owner_id=scene.colleague.id), 403)
    assert refused["code"] == "owner_not_offered"
    alone = scene.team.organization()
    lonely = alone.person("administrator")
    scene.team.open_case(lonely)
    assert expect(scene.refused(lonely, owner_id=lonely.id), 403)["code"] == "owner_not_offered"
    foreign = expect(scene.refused(scene.administrator, owner_id=scene.stranger.id), 422)
    assert [error["pointer"] for error in foreign["errors"]] == ["/owner_id"]


@pytest.mark.seed("A11")
def test_an_ordinary_user_owns_what_he_files(scene: Scene) -> None:
    case, _ = scene.open(scene.customer)
    assert case["owner"]["id"] == scene.customer.id
    listed = expect(scene.customer.get(f"{scene.path}/cases?view=owned"), 200)["data"]
    assert case["id"] in [line["id"] for line in listed]


@pytest.mark.seed("A13")
def test_an_administrator_registers_further_users_of_the_company(cast: Cast, scene: Scene) -> None:
    asked = {"user_name": "new-" + scene.home.id[-20:], "name": "New Hand", "password": "a-good-password"}
    asked["email"] = asked["user_name"] + "@example.org"
    assert expect(scene.customer.post(scene.home.users, asked), 403)["code"] == "not_permitted"
    expect(scene.administrator.post(scene.abroad.users, asked), 404)
    made = expect(scene.administrator.post(scene.home.users, asked), 201)
    assert (made["organization_id"], made["role"]) == (scene.home.id, "member")
    found = expect(scene.administrator.get(f"{scene.home.users}?q=New%20Hand"), 200)["data"]
    assert [membership["user"]["user_name"] for membership in found] == [asked["user_name"]]
    newcomer = cast.sign_in(asked["user_name"], asked["password"], asked["email"])
    scene.team.open_case(newcomer)


@pytest.mark.seed("A17")
def test_sending_without_a_file_works_even_after_declaring_documents(world: World, scene: Scene) -> None:
    case, here = scene.open(fields={"needs_documents": True})
    assert case["fields"]["needs_documents"] is True
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    assert expect(scene.customer.get(f"{here}/tree"), 200)["files"] == []
    listed = expect(scene.agent.get(f"{scene.path}/cases?view=open&organization_id={scene.home.id}"), 200)["data"]
    assert case["id"] in [line["id"] for line in listed]


@pytest.mark.seed("A22")
def test_the_status_in_the_list_changes_once_support_has_replied(scene: Scene) -> None:
    case, here = scene.open()

    def status() -> str:
        listed = expect(scene.customer.get(f"{scene.path}/cases?view=mine"), 200)["data"]
        return str(next(line["status"] for line in listed if line["id"] == case["id"]))

    assert status() == "new"
    expect(
        scene.agent.post(f"{here}/comments", {"body": "Among us: is it the printer?", "visibility": "internal"}), 201
    )
    assert status() == "new"
    expect(scene.agent.post(f"{here}/answer", {"body": "Please restart the printer."}), 200)
    assert status() == "answered"


@pytest.mark.seed("A23", "A24")
def test_information_and_files_can_be_added_at_any_time(world: World, scene: Scene) -> None:
    _, here = scene.open()
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    steps = (("new", None), ("answered", "answer"), ("closed", "close"))
    for status, act in steps:
        if act:
            expect(scene.agent.post(f"{here}/{act}", {"body": "Like this."} if act == "answer" else {}), 200)
        assert expect(scene.customer.get(here), 200)["status"] == status
        expect(scene.customer.upload(f"{here}/files", f"{status}.txt", status.encode()), 201)
        expect(scene.customer.post(f"{here}/comments", {"body": f"Said when it was {status}."}), 201)
    read = expect(scene.customer.get(here), 200)
    mine = [comment["body"] for comment in read["comments"] if comment["side"] == "customer"]
    assert mine == [f"Said when it was {status}." for status, _ in steps]
    names = [file["name"] for file in expect(scene.agent.get(f"{here}/tree"), 200)["files"]]
    assert sorted(names) == ["answered.txt", "closed.txt", "new.txt"]


@pytest.mark.seed("A25", "A26", "A29")
def test_after_support_closed_it_viewing_asks_and_yes_settles_it(scene: Scene) -> None:
    _, here = scene.open()
    closed = expect(scene.agent.post(f"{here}/close"), 200)
    assert closed["status"] == "closed"
    viewed = expect(scene.customer.get(here), 200)
    assert viewed["pending_confirmation"] is True
    assert "case.confirm" in viewed["permissions"]
    assert expect(scene.agent.put(f"{here}/confirmation", {"answer": "yes"}), 403)["code"] == "not_permitted"
    answered = expect(scene.customer.put(f"{here}/confirmation", {"answer": "yes"}), 200)
    assert (answered["status"], answered["confirmation"]) == ("closed", "yes")
    again = expect(scene.customer.get(here), 200)
    assert again["pending_confirmation"] is False
    assert "case.confirm" not in again["permissions"]
    assert expect(scene.customer.put(f"{here}/confirmation", {"answer": "no"}), 409)["code"] == "not_pending"


@pytest.mark.seed("A27")
def test_only_closing_by_support_leads_to_the_question(scene: Scene) -> None:
    _, here = scene.open()
    for act in (None, "answer", "close"):
        if act:
            who = scene.agent if act == "answer" else scene.customer
            expect(who.post(f"{here}/{act}", {"body": "Like this."} if act == "answer" else {}), 200)
        assert expect(scene.customer.get(here), 200)["pending_confirmation"] is False, act
        refused = expect(scene.customer.put(f"{here}/confirmation", {"answer": "yes"}), 409)
        assert refused["code"] == "not_pending"


@pytest.mark.seed("A28", "A30")
def test_answering_no_reopens_and_reaches_support_with_the_feedback(world: World, scene: Scene, post: Post) -> None:
    case, here = scene.open()
    expect(scene.agent.put(f"{here}/assignee", {"assignee_id": scene.agent.id}), 200)
    expect(scene.agent.post(f"{here}/close"), 200)
    said = {"answer": "no", "feedback": "It still prints nothing.", "reopen": True}
    reopened = expect(scene.customer.put(f"{here}/confirmation", said), 200)
    assert (reopened["status"], reopened["confirmation"]) == ("open", "no")
    desk = expect(scene.agent.get(f"{scene.path}/cases?view=open&organization_id={scene.home.id}"), 200)["data"]
    assert case["id"] in [line["id"] for line in desk]
    assert expect(scene.agent.get(here), 200)["comments"][-1]["body"] == "It still prints nothing."
    post.wait(scene.agent, case, "It still prints nothing.")
    expect(scene.agent.post(f"{here}/answer", {"body": "Here is what you asked for."}), 200)
    post.wait(scene.customer, case, "Here is what you asked for.")


@pytest.mark.seed("A28")
def test_answering_no_without_reopening_leaves_feedback_on_the_closed_case(scene: Scene) -> None:
    _, here = scene.open()
    expect(scene.agent.post(f"{here}/close"), 200)
    said = expect(scene.customer.put(f"{here}/confirmation", {"answer": "no", "feedback": "Not quite."}), 200)
    assert (said["status"], said["confirmation"]) == ("closed", "no")
    assert said["comments"][-1]["body"] == "Not quite."
    reopened = expect(scene.customer.post(f"{here}/reopen", {"feedback": "Please look again."}), 200)
    assert (reopened["status"], reopened["comments"][-1]["body"]) == ("open", "Please look again.")


def test_a_request_can_be_reopened_for_fourteen_days(memory: MemoryWorld, scene: Scene) -> None:
    _, early = scene.open()
    _, late = scene.open()
    for here in (early, late):
        expect(scene.agent.post(f"{here}/close"), 200)
    with memory.at(datetime.now(UTC) + timedelta(days=13, hours=23)):
        expect(scene.customer.post(f"{early}/reopen"), 200)
    with memory.at(datetime.now(UTC) + timedelta(days=14, hours=1)):
        refused = expect(scene.customer.post(f"{late}/reopen"), 409)
        assert (refused["code"], refused["window_days"]) == ("reopen_window_over", 14)
        expect(scene.customer.post(f"{late}/comments", {"body": "Still I can say so."}), 201)


@pytest.mark.seed("A32")
def test_every_view_links_to_its_help(world: World, scene: Scene) -> None:
    profile = expect(world.http("GET", f"{scene.path}/profile"), 200)["profile"]
    assert {"home", "support_view", "new_case", "case"} <= profile["help"].keys()
    assert all(link.startswith("https://") for link in profile["help"].values())
    assert all(field["help"] for kind in profile["types"] for field in kind["form"])
