"""Drafts: a case in the making. Nobody but its creator knows of it until he sends it."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.journeys.crowd import at_once, patiently
from tests.world import HttpAnswer, MemoryWorld, World

pytestmark = pytest.mark.journey
MIB = 1024 * 1024


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("A")


def begin(world: World, scene: Scene, who: Person, **form: Any) -> tuple[dict[str, Any], str]:
    """A draft whose folder is there, and where it lives."""
    made = world.settle(lambda: (answer := who.post(f"{scene.path}/drafts", form)).status not in (403, 404) and answer)
    draft = dict(expect(made, 201))
    here = f"{scene.path}/drafts/{draft['id']}"
    assert made.headers["location"] == here
    world.settle(lambda: who.get(f"{here}/tree").status == 200)
    return draft, here


def save(who: Person, here: str, **form: Any) -> HttpAnswer:
    """Save over what was read just now."""
    return who.put(here, form, headers={"If-Match": who.get(here).headers["etag"]})


def names(who: Person, where: str) -> list[str]:
    return [file["name"] for file in expect(who.get(f"{where}/tree"), 200)["files"]]


@pytest.mark.seed("A14")
def test_files_come_along_only_when_that_was_declared(world: World, scene: Scene) -> None:
    _, here = begin(world, scene, scene.customer, title="No files")
    for answer in (
        scene.customer.upload(f"{here}/files", "a.txt", b"a"),
        scene.customer.post(f"{here}/folders", {"name": "Pictures"}),
        scene.customer.post(f"{scene.path}/uploads", {"case_id": here[-31:], "name": "a.txt", "size": 1}),
    ):
        assert expect(answer, 409)["code"] == "files_not_declared"
    for declared in ({"wants_files": True}, {"fields": {"needs_documents": True}}):
        assert expect(save(scene.customer, here, **declared), 200)["wants_files"] is True
        world.settle(lambda: scene.customer.upload(f"{here}/files", "a.txt", b"a").status == 201)
        assert expect(save(scene.customer, here, type="question"), 200)["wants_files"] is False
        world.settle(lambda: scene.customer.upload(f"{here}/files", "b.txt", b"b").status == 409)


@pytest.mark.seed("A15", "A17", "A21")
def test_files_added_before_sending_lie_in_the_case_afterwards(world: World, scene: Scene) -> None:
    draft, here = begin(world, scene, scene.customer, **scene.team.form(title="With files", wants_files=True))
    folder = expect(scene.customer.post(f"{here}/folders", {"name": "Logs"}), 201)
    sent = scene.customer.upload(f"{here}/files", "one.txt", b"one")
    assert expect(sent, 201)["data"][0]["state"] == "clean"
    assert sent.headers["location"] == f"{here}/tree"
    expect(scene.customer.upload(f"{here}/files", "two.txt", b"two", folder_id=folder["id"]), 201)
    database = os.urandom(MIB) * 22
    asked = {"case_id": draft["id"], "name": "company.mdf", "size": len(database)}
    upload = expect(scene.customer.post(f"{scene.path}/uploads", asked), 201)
    assert requests.put(upload["put_url"], data=database, timeout=60).ok
    digest = {"sha256": hashlib.sha256(database).hexdigest()}
    expect(scene.customer.post(f"{scene.path}/uploads/{upload['file']['id']}/complete", digest), 200)
    case = expect(scene.customer.post(f"{here}/submit"), 201)
    assert (case["id"], case["title"], case["status"]) == (draft["id"], "With files", "new")
    assert case["number"].startswith("MAM-")
    place = f"{scene.path}/cases/{case['id']}"
    world.settle(lambda: scene.agent.get(f"{place}/tree").status == 200)
    assert names(scene.agent, place) == ["company.mdf", "one.txt", "two.txt"]
    got = scene.agent.get(f"{scene.path}/files/{upload['file']['id']}/content")
    assert requests.get(got.headers["location"], timeout=60).content == database
    expect(scene.customer.get(here), 404)
    bare, there = begin(world, scene, scene.customer, **scene.team.form(wants_files=True))
    assert expect(scene.customer.post(f"{there}/submit"), 201)["id"] == bare["id"]


@pytest.mark.seed("A16")
def test_the_list_of_files_is_cleared_and_begun_again(world: World, scene: Scene) -> None:
    _, here = begin(world, scene, scene.customer, wants_files=True)
    folder = expect(scene.customer.post(f"{here}/folders", {"name": "Logs"}), 201)
    first = expect(scene.customer.upload(f"{here}/files", "a.txt", b"a", folder_id=folder["id"]), 201)["data"][0]
    expect(scene.customer.upload(f"{here}/files", "b.txt", b"b"), 201)
    expect(scene.colleague.http("DELETE", f"{here}/files"), 404)
    assert names(scene.customer, here) == ["a.txt", "b.txt"]
    expect(scene.customer.http("DELETE", f"{here}/files"), 204)
    tree = expect(scene.customer.get(f"{here}/tree"), 200)
    assert (tree["files"], tree["folders"]) == ([], [])
    expect(scene.customer.get(f"{scene.path}/files/{first['id']}"), 404)
    expect(scene.customer.upload(f"{here}/files", "a.txt", b"again"), 201)
    assert names(scene.customer, here) == ["a.txt"]
    case, _ = scene.open()
    world.settle(lambda: scene.customer.get(f"{scene.path}/cases/{case['id']}/tree").status == 200)
    expect(scene.customer.http("DELETE", f"{scene.path}/drafts/{case['id']}/files"), 404)


@pytest.mark.seed("A18")
def test_nobody_else_sees_a_draft_and_support_hears_nothing_before_it_is_sent(world: World, scene: Scene) -> None:
    start = expect(scene.agent.get(f"{scene.path}/events"), 200)["cursor"]
    draft, here = begin(world, scene, scene.customer, title="Step one", wants_files=True)
    file = expect(scene.customer.upload(f"{here}/files", "a.txt", b"a"), 201)["data"][0]
    for step in ({"title": "Step two", "wants_files": True}, scene.team.form(title="Last step", wants_files=True)):
        assert expect(save(scene.customer, here, **step), 200)["title"] == step["title"]
    device = expect(scene.customer.get(f"{scene.path}/drafts"), 200)["data"]
    assert [(line["id"], line["title"]) for line in device][:1] == [(draft["id"], "Last step")]
    operator = scene.team.cast.operator
    for other in (scene.colleague, scene.administrator, scene.agent, scene.stranger, operator):
        for path in (here, f"{here}/summary", f"{here}/tree", f"{scene.path}/files/{file['id']}"):
            expect(other.get(path), 404)
        for method, path in (("DELETE", here), ("POST", f"{here}/submit"), ("DELETE", f"{here}/files")):
            expect(other.http(method, path), 404)
        expect(other.put(here, {}, headers={"If-Match": '"v1"'}), 404)
        expect(other.upload(f"{here}/files", "x.txt", b"x"), 404)
        assert draft["id"] not in [line["id"] for line in expect(other.get(f"{scene.path}/drafts"), 200)["data"]]
        assert other.get(f"{scene.path}/cases/{draft['id']}").status == 404
    asked = {"user_id": scene.customer.id, "action": "file.read", "resource_id": file["id"]}
    expect(scene.agent.post("/v1/authorize", asked), 404)

    def heard() -> list[str]:
        return [line["subject"] for line in expect(scene.agent.get(f"{scene.path}/events?after={start}"), 200)["data"]]

    shown, _ = scene.open()
    world.settle(lambda: shown["id"] in heard())
    assert draft["id"] not in heard()
    expect(scene.customer.post(f"{here}/submit"), 201)
    world.settle(lambda: draft["id"] in heard())


@pytest.mark.seed("A19")
def test_a_summary_says_what_will_be_sent_and_what_is_missing(world: World, scene: Scene) -> None:
    _, here = begin(world, scene, scene.customer, type="fault", wants_files=True)
    expect(scene.customer.upload(f"{here}/files", "a.txt", b"12345"), 201)
    told = expect(scene.customer.get(f"{here}/summary"), 200)
    assert {fault["pointer"] for fault in told["faults"]} == {"/title", "/description", "/topic", "/product"}
    refused = expect(scene.customer.post(f"{here}/submit"), 422)
    assert [one["pointer"] for one in refused["errors"]] == [fault["pointer"] for fault in told["faults"]]
    assert (told["readers"], told["cost"], told["files"]) == (None, None, {"count": 1, "bytes": 5})
    form = scene.team.form("fault", title="It stops", topic="payroll.salary_run", follower_ids=[scene.colleague.id])
    expect(save(scene.customer, here, **form, wants_files=True), 200)
    told = expect(scene.customer.get(f"{here}/summary"), 200)
    assert told["faults"] == []
    lines = {line["label"]: line["text"] for line in told["lines"]}
    assert (lines["Type of request"], lines["Subject"]) == ("Fault", "It stops")
    assert (lines["Category"], lines["Product"]) == ("Payroll / Salary run", "Business Software")
    assert told["cost"]["charge"] == "none"
    assert told["promises"] == [{"kind": "first_response", "target_seconds": 28800, "by": "team"}]
    readers = told["readers"]
    assert (readers["visibility"], readers["organization"], readers["staff_mailed"]) == ("participants", False, True)
    assert {one["id"] for one in readers["people"]} == {scene.customer.id, scene.colleague.id}
    assert [one["id"] for one in readers["mailed"]] == [scene.colleague.id]
    case = expect(scene.customer.post(f"{here}/submit"), 201)
    place = f"{scene.path}/cases/{case['id']}"
    assert all(expect(who.get(place), 200)["title"] == "It stops" for who in (scene.customer, scene.colleague))
    expect(scene.administrator.get(place), 404)


@pytest.mark.seed("A20")
def test_technical_information_travels_only_with_consent_and_is_shown_before(world: World, scene: Scene) -> None:
    information = {"system": "Windows 11", "memory_gb": 16}
    unasked: dict[str, Any] = {"technical_information": {"consent": False, "information": information}}
    for answer in (scene.customer.post(f"{scene.path}/drafts", unasked), scene.refused(scene.customer, **unasked)):
        [error] = expect(answer, 422)["errors"]
        assert (error["pointer"], error["rule"]) == ("/technical_information/consent", "required")
    agreed = scene.team.form() | {"technical_information": {"consent": True, "information": information}}
    _, here = begin(world, scene, scene.customer, **agreed)
    assert expect(scene.customer.get(f"{here}/summary"), 200)["technical_information"] == information
    drafted = expect(scene.customer.post(f"{here}/submit"), 201)
    at_once = expect(scene.customer.post(f"{scene.path}/cases", agreed), 201)
    places = [f"{scene.path}/cases/{case['id']}/technical-info" for case in (drafted, at_once)]
    for there in places:
        for reader in (scene.customer, scene.agent):
            told = expect(reader.get(there), 200)
            assert (told["consent"], told["information"]) == (True, information)
            assert told["given_by"]["id"] == scene.customer.id
        expect(scene.stranger.get(there), 404)
        expect(scene.colleague.get(there), 404)
    there = places[0]
    assert expect(scene.agent.put(there, {"consent": True, "information": {}}), 403)["code"] == "not_permitted"
    changed = expect(scene.customer.put(there, {"consent": True, "information": {"system": "Linux"}}), 200)
    assert changed["information"] == {"system": "Linux"}
    withdrawn = expect(scene.customer.put(there, {"consent": False}), 200)
    assert (withdrawn["consent"], withdrawn["information"], withdrawn["given_by"]) == (False, {}, None)
    assert expect(scene.agent.get(there), 200)["information"] == {}
    plain, path = scene.open(fields={"needs_documents": True})
    assert "technical_information" not in plain["fields"]
    assert expect(scene.agent.get(f"{path}/technical-info"), 200)["consent"] is False
    sneaked = expect(scene.refused(scene.customer, fields={"technical_information": "Windows"}), 422)
    assert [one["pointer"] for one in sneaked["errors"]] == ["/fields/technical_information"]


def test_fifty_who_send_at_once_make_one_case(world: World, scene: Scene) -> None:
    draft, here = begin(world, scene, scene.customer, **scene.team.form(title="Once"))
    before, _ = scene.open()
    answers = at_once(lambda _: patiently(scene.customer, "POST", f"{here}/submit"))
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 49}
    [made] = [answer.json() for answer in answers if answer.status == 201]
    for answer in answers:
        if answer.status == 409:
            told = answer.json()
            assert (told["code"], told["number"]) == ("draft_submitted", made["number"])
    after, _ = scene.open()
    digits = [int(case["number"].removeprefix("MAM-")) for case in (before, made, after)]
    assert digits == list(range(digits[0], digits[0] + 3))
    assert made["id"] == draft["id"]


def test_a_draft_is_saved_over_what_was_read_and_by_its_form_only(world: World, scene: Scene) -> None:
    _, here = begin(world, scene, scene.customer, title="First")
    assert scene.customer.put(here, {}).status == 428
    old = scene.customer.get(here).headers["etag"]
    expect(save(scene.customer, here, title="Second"), 200)
    stale = scene.customer.put(here, {"title": "Third"}, headers={"If-Match": old})
    assert expect(stale, 412)["code"] == "version_mismatch"
    read = expect(scene.customer.get(here), 200)
    assert (read["title"], read["type"], read["description"]) == ("Second", None, None)
    for wrong, pointer in (({"titel": "x"}, "/titel"), ({"title": 7}, "/title"), ({"title": "  "}, "/title")):
        refused = expect(save(scene.customer, here, **wrong), 422)
        assert [one["pointer"] for one in refused["errors"]] == [pointer]
    assert expect(save(scene.customer, here, type="whatever", fields={"anything": 1}), 200)["type"] == "whatever"


def test_a_draft_that_is_dropped_or_runs_out_takes_its_files_along(memory: MemoryWorld, scene: Scene) -> None:
    dropped, here = begin(memory, scene, scene.customer, wants_files=True)
    kept, there = begin(memory, scene, scene.customer, wants_files=True)
    urls = []
    for place in (here, there):
        file = expect(scene.customer.upload(f"{place}/files", "a.txt", b"a"), 201)["data"][0]
        url = scene.customer.get(f"{scene.path}/files/{file['id']}/content").headers["location"]
        assert requests.get(url, timeout=30).status_code == 200
        urls.append(url)
    expect(scene.customer.http("DELETE", here), 204)
    expect(scene.customer.get(here), 404)
    memory.settle(lambda: scene.customer.get(f"{here}/tree").status == 404)
    with memory.at(datetime.now(UTC) + timedelta(minutes=11)):
        memory.settle(None)
    assert requests.get(urls[0], timeout=30).status_code == 404
    assert requests.get(urls[1], timeout=30).status_code == 200
    with memory.at(datetime.now(UTC) + timedelta(days=29)):
        expect(scene.customer.get(there), 200)
    with memory.at(datetime.now(UTC) + timedelta(days=30, minutes=1)):
        expect(scene.customer.get(there), 404)
        memory.run("cases", "forget_drafts")
        memory.settle(lambda: scene.customer.get(f"{there}/tree").status == 404)
        memory.settle(None)
    assert requests.get(urls[1], timeout=30).status_code == 404
    assert kept["id"] != dropped["id"]


def test_who_left_the_organization_has_lost_his_drafts_there(world: World, scene: Scene) -> None:
    leaver = scene.home.person()
    _, here = begin(world, scene, leaver, title="Never sent")
    expect(scene.administrator.http("DELETE", f"{scene.home.users}/{leaver.id}"), 204)
    world.settle(lambda: leaver.get(here).status in (401, 404))


def test_who_belongs_to_several_companies_begins_for_one_and_may_change_it(world: World, scene: Scene) -> None:
    both = scene.home.person()
    begin(world, scene, both, title="Before")
    scene.abroad.join(both)
    refused = expect(both.post(f"{scene.path}/drafts", {"title": "For whom?"}), 409)
    assert refused["code"] == "organization_required"
    draft, here = begin(world, scene, both, **scene.team.form(), organization_id=scene.abroad.id)
    assert draft["organization_id"] == scene.abroad.id
    moved = expect(save(both, here, **scene.team.form(), organization_id=scene.home.id), 200)
    assert moved["organization_id"] == scene.home.id
    assert expect(both.post(f"{here}/submit"), 201)["organization_id"] == scene.home.id
    third = scene.team.organization()
    expect(both.post(f"{scene.path}/drafts", {"organization_id": third.id}), 404)


def test_a_team_may_take_files_only_after_sending(cast: Cast, world: World) -> None:
    scene = cast.scene("C")
    assert expect(scene.customer.get(f"{scene.path}/limits"), 200)["before_submit"] is False
    _, here = begin(world, scene, scene.customer, wants_files=True)
    refused = expect(scene.customer.upload(f"{here}/files", "a.txt", b"a"), 409)
    assert refused["code"] == "files_after_submit"


def test_staff_prepare_a_case_for_a_customer_in_a_draft(world: World, scene: Scene) -> None:
    form = scene.team.form(organization_id=scene.home.id, contact_id=scene.customer.id, wants_files=True)
    draft, here = begin(world, scene, scene.agent, **form)
    expect(scene.agent.upload(f"{here}/files", "a.txt", b"a"), 201)
    for other in (scene.customer, scene.technician):
        expect(other.get(here), 404)
        expect(other.get(f"{here}/tree"), 404)
    case = expect(scene.agent.post(f"{here}/submit"), 201)
    assert (case["id"], case["contact"]["id"]) == (draft["id"], scene.customer.id)
    place = f"{scene.path}/cases/{case['id']}"
    world.settle(lambda: scene.customer.get(f"{place}/tree").status == 200)
    assert names(scene.customer, place) == ["a.txt"]
