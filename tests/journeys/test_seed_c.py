"""Seed C: customers, partners and employees file cases about software, machines and robots with one hotline."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.journeys.post import Post
from tests.journeys.streams import EventStream
from tests.journeys.test_comment_files import held, names, say
from tests.world import BrokerWorld, World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("C")


def ids(who: Person, scene: Scene, asked: str = "") -> list[str]:
    return [line["id"] for line in expect(who.get(f"{scene.path}/cases?limit=100{asked}"), 200)["data"]]


@pytest.mark.seed("C01")
@pytest.mark.parametrize("kind", ["customer", "partner", "employees"])
def test_customers_partners_and_employees_file_cases(scene: Scene, kind: str) -> None:
    audience = scene.team.organization(kind=kind)
    person = audience.person()
    assert expect(person.get(f"{scene.path}/organizations/{audience.id}"), 200)["kind"] == kind
    case, _ = scene.open(person)
    assert case["organization_id"] == audience.id
    assert ids(scene.agent, scene, f"&organization_id={audience.id}") == [case["id"]]


@pytest.mark.seed("C02", "C18", "C19", "C20")
def test_a_subject_comes_from_a_described_list_and_unlocks_its_own_subtypes(scene: Scene) -> None:
    scene.open()
    subjects = expect(scene.customer.get(f"{scene.path}/profile"), 200)["profile"]["topics"]
    names = [subject["name"] for subject in subjects]
    assert names == ["Citrix", "Data", "IT Infrastructure", "Machines", "Robotics", "Software"]
    for subject in subjects:
        assert subject["description"]
        assert all(subtype["description"] for subtype in subject["children"])
        case, _ = scene.open(topic=f"{subject['key']}.{subject['children'][0]['key']}")
        assert case["topic"].rpartition(".")[2] == subject["children"][0]["key"]
        own = {subtype["key"] for subtype in subject["children"]}
        other = next(one for one in subjects if one is not subject)
        foreign = next(one["key"] for one in other["children"] if one["key"] not in own)
        for wrong in (f"{subject['key']}.{foreign}", subject["key"], None):
            refused = expect(scene.refused(scene.customer, topic=wrong), 422)
            assert [error["pointer"] for error in refused["errors"]] == ["/topic"]


@pytest.mark.seed("C05", "C06")
def test_login_opens_the_list_of_every_case_of_the_company(cast: Cast, scene: Scene) -> None:
    company = scene.team.organization()
    first, second, third = company.person(), company.person(), company.person("administrator")
    mine, _ = scene.open(first)
    theirs, _ = scene.open(second)
    hotline, _ = scene.open(scene.agent, organization_id=company.id, contact_id=third.id)
    for person in (first, second, third):
        again = cast.sign_in(person.email, person.password, person.email)
        assert ids(again, scene, "&view=company") == [hotline["id"], theirs["id"], mine["id"]]


@pytest.mark.seed("C07", "C08")
def test_cases_of_colleagues_and_of_the_hotline_are_live_and_can_be_updated(scene: Scene) -> None:
    asked = {"organization_id": scene.home.id, "contact_id": scene.colleague.id}
    for who, more in ((scene.customer, {}), (scene.colleague, {}), (scene.agent, asked)):
        case, here = scene.open(who, **more)
        saved = expect(scene.customer.patch(here, {"title": "Seen and changed"}), 200)
        assert saved["title"] == "Seen and changed"
        expect(scene.customer.post(f"{here}/comments", {"body": "And commented."}), 201)
        expect(scene.agent.post(f"{here}/answer", {"body": "Replaced the cable."}), 200)
        listed = expect(scene.customer.get(f"{scene.path}/cases?view=company"), 200)["data"]  # no waiting: not a copy
        assert listed[0]["id"] == case["id"]
        assert (listed[0]["status"], listed[0]["title"]) == ("answered", "Seen and changed")
        assert [one["body"] for one in expect(scene.customer.get(here), 200)["comments"]] == [
            "And commented.",
            "Replaced the cable.",
        ]


@pytest.mark.seed("C09")
def test_a_case_of_another_company_never_shows(scene: Scene) -> None:
    case, here = scene.open()
    for view in ("all", "mine", "owned", "company", "open", "closed", "followed"):
        assert case["id"] not in ids(scene.stranger, scene, f"&view={view}")
    expect(scene.stranger.get(here), 404)
    expect(scene.stranger.get(f"{scene.path}/cases/by-number/{case['number']}"), 404)
    expect(scene.stranger.get(f"{scene.path}/cases?organization_id={scene.home.id}"), 404)
    expect(scene.refused(scene.stranger, organization_id=scene.home.id), 404)
    expect(scene.stranger.patch(here, {"title": "Mine now"}), 404)
    assert expect(scene.customer.get(here), 200)["title"] == case["title"]


@pytest.mark.seed("C10", "C23")
def test_a_case_has_a_title_and_a_detailed_description(scene: Scene) -> None:
    long = "The gripper opens too late.\n" * 500
    _, here = scene.open(title="Robot 4 drops parts", description=long)
    read = expect(scene.agent.get(here), 200)
    assert (read["title"], read["description"], read["status"]) == ("Robot 4 drops parts", long, "new")
    for wrong in ({"title": ""}, {"title": "  "}, {"description": ""}):
        refused = expect(scene.refused(scene.customer, **wrong), 422)
        assert [error["pointer"] for error in refused["errors"]] == [f"/{next(iter(wrong))}"]


@pytest.mark.seed("C11", "C13")
def test_customer_and_contact_are_filled_in_from_the_account(scene: Scene) -> None:
    case, _ = scene.open(scene.customer)
    assert case["organization_id"] == scene.home.id
    assert case["contact"] == case["created_by"]
    assert case["contact"]["id"] == scene.customer.id
    assert case["contact"]["name"].lower() == scene.customer.user_name
    same, _ = scene.open(scene.customer, organization_id=scene.home.id)
    assert (same["organization_id"], same["contact"]) == (case["organization_id"], case["contact"])
    expect(scene.refused(scene.customer, organization_id=scene.abroad.id), 404)
    assert scene.refused(scene.agent).status in (409, 422)  # whose account it is, only the customer's says


@pytest.mark.seed("C12", "C14")
def test_a_contact_is_found_by_searching_and_a_case_filed_for_him(scene: Scene, post: Post) -> None:
    wanted = scene.colleague
    found = expect(scene.customer.get(f"{scene.home.users}?q={wanted.user_name[:-1]}"), 200)["data"]
    assert [place["user"]["id"] for place in found] == [wanted.id]
    nobody = expect(scene.customer.get(f"{scene.home.users}?q={scene.stranger.user_name}"), 200)
    assert nobody["data"] == []
    expect(scene.customer.get(f"{scene.abroad.users}?q={scene.stranger.user_name}"), 404)
    case, here = scene.open(contact_id=wanted.id)
    assert (case["contact"]["id"], case["created_by"]["id"]) == (wanted.id, scene.customer.id)
    assert case["id"] in ids(wanted, scene, "&view=mine")
    expect(scene.agent.post(f"{here}/answer", {"body": "To the contact."}), 200)
    post.wait(wanted, case, "To the contact.")
    refused = expect(scene.refused(scene.customer, contact_id=scene.stranger.id), 422)
    assert [error["pointer"] for error in refused["errors"]] == ["/contact_id"]


@pytest.mark.seed("C15", "C16")
def test_the_customer_picks_a_described_priority_and_a_wrong_one_is_put_right(scene: Scene) -> None:
    scene.open()
    profile = expect(scene.customer.get(f"{scene.path}/profile"), 200)["profile"]
    assert all(priority["meaning"] for priority in profile["priorities"])
    assert "high priority for standstills" in profile["guidance"]
    for priority in profile["priorities"]:
        case, here = scene.open(priority=priority["key"])
        assert case["priority"] == priority["key"]
    refused = expect(scene.refused(scene.customer, priority="immediately"), 422)
    assert [error["pointer"] for error in refused["errors"]] == ["/priority"]
    _, here = scene.open(priority="high")
    expect(scene.agent.post(f"{here}/triage", {"complexity": "simple"}), 200)
    assert expect(scene.agent.patch(here, {"priority": "low"}), 200)["priority"] == "low"
    assert expect(scene.customer.get(here), 200)["priority"] == "low"


@pytest.mark.seed("C21", "C22")
def test_the_item_must_be_named_and_its_range_may_be(scene: Scene) -> None:
    case, _ = scene.open(product_item="Saw 300")
    assert (case["product_item"], case["product_range"]) == ("Saw 300", None)
    case, _ = scene.open(product_item="Saw 300", product_range="Sawing", product="machine_line")
    assert (case["product_item"], case["product_range"]) == ("Saw 300", "Sawing")
    for item in ("", "   ", None):
        refused = expect(scene.refused(scene.customer, product_item=item), 422)
        assert [error["pointer"] for error in refused["errors"]] == ["/product_item"]
    for wrong in ({"product": "design_suite", "product_range": "Sawing"}, {"product_range": "Knitting"}):
        refused = expect(scene.refused(scene.customer, **wrong), 422)
        assert [(error["pointer"], error["rule"]) for error in refused["errors"]] == [("/product_range", "choice")]


@pytest.mark.seed("C24", "C25", "C26", "C28", "C29")
def test_both_sides_fill_and_change_one_shared_file_area_after_submission(world: World, scene: Scene) -> None:
    _, here = scene.open()
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    logs = expect(scene.customer.post(f"{here}/folders", {"name": "Logs"}), 201)
    monday = expect(scene.agent.post(f"{here}/folders", {"name": "Monday", "parent_id": logs["id"]}), 201)
    several = [("file", (f"cell-{number}.log", b"x" * number, "text/plain")) for number in (1, 2, 3)]
    sent = expect(scene.customer.http("POST", f"{here}/files", files=several, form={"folder_id": monday["id"]}), 201)[
        "data"
    ]
    plan = expect(scene.agent.upload(f"{here}/files", "plan.pdf", b"%PDF"), 201)["data"][0]
    for reader in (scene.customer, scene.colleague, scene.agent, scene.technician):
        tree = expect(reader.get(f"{here}/tree"), 200)
        assert [(one["name"], one["parent_id"]) for one in tree["folders"]] == [("Logs", None), ("Monday", logs["id"])]
        assert [(file["name"], file["folder_id"]) for file in tree["files"]] == [
            *((name, monday["id"]) for name in ("cell-1.log", "cell-2.log", "cell-3.log")),
            ("plan.pdf", None),
        ]
    expect(scene.customer.http("DELETE", f"{scene.path}/files/{sent[0]['id']}"), 204)
    expect(scene.agent.http("DELETE", f"{scene.path}/files/{sent[1]['id']}"), 204)
    expect(scene.agent.http("DELETE", f"{scene.path}/files/{plan['id']}"), 204)
    expect(scene.agent.upload(f"{here}/files", "plan.pdf", b"%PDF-2"), 201)
    left = expect(scene.colleague.get(f"{here}/tree"), 200)["files"]
    assert [(file["name"], file["size"]) for file in left] == [("cell-3.log", 3), ("plan.pdf", 6)]


@pytest.mark.seed("C27")
def test_everybody_sees_file_changes_live(broker: BrokerWorld, scene: Scene) -> None:
    case, here = scene.open()
    broker.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    with EventStream(broker, scene.colleague, scene.path) as home, EventStream(broker, scene.agent, scene.path) as desk:
        file: dict[str, Any] = {}
        for who, name in ((scene.customer, "ours.png"), (scene.technician, "theirs.png")):
            file = expect(who.upload(f"{here}/files", name, b"\x89PNG"), 201)["data"][0]
            for stream in (home, desk):
                line = stream.wait("file.added", case)
                assert line["data"]["file_id"] == file["id"]
        expect(scene.technician.http("DELETE", f"{scene.path}/files/{file['id']}"), 204)
        for stream in (home, desk):
            assert stream.wait("file.removed", case)["data"]["file_id"] == file["id"]


@pytest.mark.seed("C30")
def test_one_file_may_have_ten_megabytes_and_not_a_byte_more(world: World, scene: Scene) -> None:
    _, here = scene.open()
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    whole = b"\0" * 10_485_760
    file = expect(scene.customer.upload(f"{here}/files", "whole.bin", whole), 201)["data"][0]
    assert file["size"] == 10_485_760
    refused = expect(scene.customer.upload(f"{here}/files", "more.bin", whole + b"\0"), 413)
    assert (refused["code"], refused["max_bytes"]) == ("file_too_large", 10_485_760)
    assert "10 MB" in refused["detail"]
    names = [file["name"] for file in expect(scene.agent.get(f"{here}/tree"), 200)["files"]]
    assert names == ["whole.bin"]


@pytest.mark.seed("C31", "C32", "C33")
def test_the_whole_hotline_reads_and_answers_comments_and_each_mails_the_other_side(scene: Scene, post: Post) -> None:
    hotline = (scene.agent, scene.technician)
    case, here = scene.open()
    asked = ["Here is more information.", "Does it hurt the machine?"]
    for body in asked:
        expect(scene.customer.post(f"{here}/comments", {"body": body}), 201)
    for hand, body in zip(hotline, ("It does not.", "We come on Friday."), strict=True):
        assert [one["body"] for one in expect(hand.get(here), 200)["comments"]][:2] == asked
        expect(hand.post(f"{here}/comments", {"body": body}), 201)
        post.wait(scene.customer, case, body)
    for body in asked:
        post.wait(scene.agent, case, body)
        post.wait(scene.technician, case, body)
    said = [(one["side"], one["body"]) for one in expect(scene.customer.get(here), 200)["comments"]]
    assert said == [
        ("customer", asked[0]),
        ("customer", asked[1]),
        ("support", "It does not."),
        ("support", "We come on Friday."),
    ]


@pytest.mark.seed("C36", "C37", "C38", "C39")
def test_save_close_and_cancel_end_in_three_different_states(scene: Scene) -> None:
    me = scene.home.person()
    saved, closed, cancelled = (scene.open(me) for _ in range(3))
    changes = {"title": "Now with a better title", "description": "And more detail.", "priority": "medium"}
    after = expect(me.patch(saved[1], changes), 200)
    assert {name: after[name] for name in changes} == changes
    assert after["status"] == "new"
    assert expect(me.post(f"{closed[1]}/close"), 200)["status"] == "closed"
    assert expect(me.post(f"{cancelled[1]}/cancel", {"reason": "Bought a new one."}), 200)["status"] == "cancelled"
    listed = {line["id"]: line["status"] for line in expect(me.get(f"{scene.path}/cases?view=mine"), 200)["data"]}
    assert listed == {saved[0]["id"]: "new", closed[0]["id"]: "closed"}
    assert ids(me, scene, "&view=mine&status=cancelled") == [cancelled[0]["id"]]
    refused = expect(me.post(f"{cancelled[1]}/comments", {"body": "One more thing."}), 409)
    assert refused["code"] == "not_in_this_status"
    expect(me.post(f"{closed[1]}/comments", {"body": "One more thing."}), 201)


@pytest.mark.seed("C34", "C35")
def test_files_of_comments_lie_in_the_case_folder_where_the_developers_see_them(world: World, scene: Scene) -> None:
    _, here = scene.open()
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    developer = scene.team.add_agent("developer")
    log = held(scene.customer, here, "robot.log", "text/plain")
    said = expect(say(scene.customer, here, log["id"]), 201)
    assert said["file_ids"] == [log["id"]]
    again = held(scene.customer, here, "robot.log", "text/plain")
    expect(say(scene.customer, here, again["id"]), 201)
    answered = held(scene.agent, here, "manual.pdf", "application/pdf")
    expect(scene.agent.post(f"{here}/answer", {"body": "Page 3.", "file_ids": [answered["id"]]}), 200)
    for reader in (scene.customer, scene.colleague, scene.agent, developer):
        tree = expect(reader.get(f"{here}/tree"), 200)
        [folder] = tree["folders"]
        assert folder["name"] == "Comments"
        found = {file["name"]: (file["id"], file["folder_id"]) for file in tree["files"]}
        assert found == {
            "robot.log": (log["id"], folder["id"]),
            "robot (2).log": (again["id"], folder["id"]),
            "manual.pdf": (answered["id"], folder["id"]),
        }
    content = developer.get(f"{scene.path}/files/{log['id']}/content")
    assert requests.get(content.headers["location"], timeout=30).content == b"\x89PNG"
    ours = held(scene.agent, here, "wiring.png")
    expect(say(scene.agent, here, ours["id"], visibility="internal"), 201)
    assert "wiring.png" in names(developer, here)
    assert "wiring.png" not in names(scene.customer, here)
