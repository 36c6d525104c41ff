"""Cases together: links, tags, merging, splitting, and the case that comes after."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import text

from tests.journeys.cast import Cast, Person, Scene, expect, unique
from tests.journeys.post import Post
from tests.journeys.record import Record
from tests.journeys.test_agreements import agree
from tests.world import MemoryWorld

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("C")


def linked(who: Person, path: str) -> list[tuple[str, str]]:
    return [(one["kind"], one["case_id"]) for one in expect(who.get(f"{path}/links"), 200)["data"]]


def test_a_link_is_told_from_both_ends_and_only_to_who_sees_both(scene: Scene) -> None:
    child, below = scene.open()
    parent, above = scene.open()
    foreign, _ = scene.open(scene.stranger)
    expect(scene.agent.post(f"{below}/links", {"other_id": parent["id"], "kind": "parent"}), 201)
    expect(scene.agent.post(f"{below}/links", {"other_id": foreign["id"]}), 201)
    expect(scene.agent.post(f"{below}/links", {"other_id": foreign["id"]}), 201)
    assert linked(scene.agent, below) == [("parent", parent["id"]), ("related", foreign["id"])]
    assert linked(scene.agent, above) == [("child", child["id"])]
    assert linked(scene.customer, below) == [("parent", parent["id"])]
    link = expect(scene.agent.get(f"{above}/links"), 200)["data"][0]["id"]
    assert scene.customer.http("DELETE", f"{above}/links/{link}").status == 403
    assert scene.agent.http("DELETE", f"{above}/links/{link}").status == 204
    assert linked(scene.agent, above) == []
    assert scene.agent.http("DELETE", f"{above}/links/{link}").status == 404


def test_a_link_to_a_case_that_is_not_there_or_not_ones_own_is_refused_alike(cast: Cast, scene: Scene) -> None:
    case, path = scene.open()
    elsewhere, _ = cast.scene("E").open()
    missing = "case_01m7x2c4e6g8j0k2m4n6p8q0r2"
    first, second = (scene.agent.post(f"{path}/links", {"other_id": one}) for one in (elsewhere["id"], missing))
    assert expect(first, 422)["errors"] == expect(second, 422)["errors"]
    assert expect(scene.agent.post(f"{path}/links", {"other_id": case["id"]}), 422)


def test_tags_are_staffs_own(scene: Scene) -> None:
    _, path = scene.open()
    expect(scene.agent.put(f"{path}/tags/urgent"), 200)
    assert expect(scene.agent.put(f"{path}/tags/backup"), 200)["data"] == ["backup", "urgent"]
    assert scene.agent.http("DELETE", f"{path}/tags/urgent").status == 204
    assert expect(scene.agent.get(path), 200)["tags"] == ["backup"]
    assert expect(scene.customer.get(path), 200)["tags"] == []
    assert scene.customer.get(f"{path}/tags").status == 403
    assert scene.customer.put(f"{path}/tags/mine").status == 403
    for place in range(19):
        expect(scene.agent.put(f"{path}/tags/t{place}"), 200)
    assert expect(scene.agent.put(f"{path}/tags/onemore"), 409)["code"] == "too_many_tags"


def test_a_merged_case_goes_on_as_the_other_and_comes_back_as_it_was(scene: Scene) -> None:
    old, source = scene.open(follower_ids=[scene.colleague.id])
    new, target = scene.open()
    expect(scene.customer.post(f"{source}/comments", {"body": "one"}), 201)
    expect(scene.agent.post(f"{target}/comments", {"body": "two"}), 201)
    expect(scene.customer.post(f"{source}/comments", {"body": "three"}), 201)
    before = [_essence(expect(scene.agent.get(path), 200)) for path in (source, target)]
    assert scene.customer.post(f"{source}/merge", {"into_id": new["id"]}).status == 403
    told = expect(scene.agent.post(f"{source}/merge", {"into_id": new["id"], "reason": "The same"}), 200)
    assert told["id"] == new["id"]
    assert told["merged_from"] == [old["number"]]
    assert [one["body"] for one in told["comments"]] == ["one", "two", "three"]
    assert [one["id"] for one in told["followers"]] == [scene.colleague.id]
    for number in (old["number"], new["number"]):
        assert expect(scene.customer.get(f"{scene.path}/cases/by-number/{number}"), 200)["id"] == new["id"]
    assert expect(scene.customer.get(source), 200)["permissions"] == []
    refused = expect(scene.customer.post(f"{source}/comments", {"body": "four"}), 409)
    assert (refused["code"], refused["merged_into"]) == ("merged", new["id"])
    assert expect(scene.agent.post(f"{source}/close"), 409)["code"] == "merged"
    assert expect(scene.agent.post(f"{target}/merge", {"into_id": old["id"]}), 409)["code"] == "merged"
    expect(scene.agent.post(f"{source}/unmerge"), 200)
    assert [_essence(expect(scene.agent.get(path), 200)) for path in (source, target)] == before
    assert expect(scene.agent.post(f"{source}/unmerge"), 409)["code"] == "not_merged"
    expect(scene.customer.post(f"{source}/comments", {"body": "four"}), 201)


def _essence(case: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in case.items() if name not in ("version", "updated_at")}


def test_cases_of_others_are_not_merged(cast: Cast, scene: Scene) -> None:
    case, path = scene.open()
    foreign, _ = scene.open(scene.stranger)
    elsewhere, _ = cast.scene("E").open()
    refused = expect(scene.agent.post(f"{path}/merge", {"into_id": foreign["id"]}), 409)
    assert refused["code"] == "different_organization"
    assert scene.agent.post(f"{path}/merge", {"into_id": elsewhere["id"]}).status == 422
    assert scene.agent.post(f"{path}/merge", {"into_id": case["id"]}).status == 422
    hidden, _ = scene.open(scene.colleague, visibility="participants")
    refused = expect(scene.agent.post(f"{path}/merge", {"into_id": hidden["id"]}), 409)
    assert refused["code"] == "different_readers"


def test_a_merge_lets_no_follower_read_what_he_did_not_read(scene: Scene) -> None:
    other = scene.home.person()
    ways: list[dict[str, Any]] = [{"follower_ids": [one.id]} for one in (scene.colleague, other)]
    (_, source), (into, target) = [scene.open(visibility="participants", **more) for more in ways]
    refused = expect(scene.agent.post(f"{source}/merge", {"into_id": into["id"]}), 409)
    assert refused["code"] == "different_readers"
    for who, path in ((other, source), (scene.colleague, target)):
        expect(scene.customer.post(f"{path}/followers", {"user_id": who.id}), 201)
    told = expect(scene.agent.post(f"{source}/merge", {"into_id": into["id"]}), 200)
    assert {one["id"] for one in told["followers"]} == {scene.colleague.id, other.id}


def test_whose_case_is_merged_hears_of_the_answer(cast: Cast, memory: MemoryWorld, post: Post) -> None:
    scene = Scene(cast.team("C"))
    (_, source), (_, more), (into, target) = scene.open(scene.colleague), scene.open(scene.colleague), scene.open()
    for path in (source, more):
        expect(scene.agent.post(f"{path}/merge", {"into_id": into["id"]}), 200)
    expect(scene.agent.post(f"{target}/answer", {"body": "Oil the hinge."}), 200)
    memory.settle(None)
    for who in (scene.colleague, scene.customer):
        post.wait(who, into, "Oil the hinge.")
    for path, left in ((source, [scene.colleague.id]), (more, [])):
        expect(scene.agent.post(f"{path}/unmerge"), 200)
        assert [one["id"] for one in expect(scene.agent.get(target), 200)["followers"]] == left


def test_comments_of_a_merged_case_are_put_right_where_they_are_shown(memory: MemoryWorld, scene: Scene) -> None:
    (_, source), (into, target), word = scene.open(), scene.open(), unique("hinge")
    said = [
        expect(scene.customer.post(f"{source}/comments", {"body": body}), 201)["id"]
        for body in (word, "Green.", "Ours.")
    ]
    expect(scene.agent.post(f"{source}/merge", {"into_id": into["id"]}), 200)
    assert expect(scene.customer.patch(f"{source}/comments/{said[1]}", {"body": "Red."}), 409)["code"] == "merged"
    expect(scene.customer.patch(f"{target}/comments/{said[1]}", {"body": "Red."}), 200)
    expect(scene.customer.http("DELETE", f"{target}/comments/{said[0]}"), 204)
    made = expect(scene.agent.post(f"{target}/split", {"comment_ids": [said[2]], "title": "Ours"}), 201)
    assert made["description"] == "Ours."
    memory.settle(None)
    assert expect(scene.agent.get(f"{scene.path}/cases?q={word}"), 200)["data"] == []
    expect(scene.agent.post(f"{source}/unmerge"), 200)
    assert [one["body"] for one in expect(scene.customer.get(source), 200)["comments"]] == [
        "(taken back)",
        "Red.",
        "Ours.",
    ]


def test_merging_is_no_way_around_the_price(cast: Cast) -> None:
    scene = cast.scene("E")
    (_, priced), (fault, other), (twin, _) = (
        scene.open(type_key="rfc"),
        scene.open(type_key="bug"),
        scene.open(type_key="rfc"),
    )
    refused = expect(scene.agent.post(f"{priced}/merge", {"into_id": fault["id"]}), 409)
    assert (refused["code"], refused["gate"]) == ("quote_required", "wanted")
    expect(scene.agent.post(f"{priced}/merge", {"into_id": twin["id"]}), 200)
    expect(scene.agent.post(f"{other}/merge", {"into_id": twin["id"]}), 200)


def test_comments_are_split_off_into_a_case_of_their_own(scene: Scene) -> None:
    old, path = scene.open()
    said = [
        expect(scene.customer.post(f"{path}/comments", {"body": body}), 201)["id"]
        for body in ("And the door squeaks.", "Since today.")
    ]
    inside = expect(scene.agent.post(f"{path}/comments", {"body": "hm", "visibility": "internal"}), 201)["id"]
    wrong = scene.agent.post(f"{path}/split", {"comment_ids": [inside], "title": "The door"})
    assert expect(wrong, 422)["errors"][0]["rule"] == "public"
    made = expect(scene.agent.post(f"{path}/split", {"comment_ids": said, "title": "The door"}), 201)
    assert made["id"] != old["id"]
    assert made["description"] == "And the door squeaks."
    assert [one["body"] for one in made["comments"]] == ["Since today."]
    assert made["contact"]["id"] == scene.customer.id
    assert linked(scene.customer, f"{scene.path}/cases/{made['id']}") == [("related", old["id"])]
    _, other = scene.open()
    assert scene.agent.post(f"{other}/split", {"comment_ids": said, "title": "No"}).status == 422


def test_a_case_is_split_though_its_form_would_not_pass_today(cast: Cast, memory: MemoryWorld) -> None:
    scene = Scene(cast.team("B"))
    profile, leaver = scene.team.profile, scene.technician
    favourite = {"preferred_assignee": leaver.id, "callback_at": "2026-11-01T09:00:00Z"}
    _, path = scene.open(product=profile["products"][0]["key"], fields=favourite)
    said = expect(scene.customer.post(f"{path}/comments", {"body": "And the door squeaks."}), 201)["id"]
    agents = expect(cast.operator.get(f"{scene.path}/agents"), 200)["data"]
    [place] = [one["membership"]["id"] for one in agents if one["id"] == leaver.id]
    expect(cast.operator.patch(f"{scene.path}/memberships/{place}", {"active": False}), 200)
    form = [field for field in profile["types"][0]["form"] if field["key"] != "invoice_number"]
    form.append({"key": "office", "label": "Office", "kind": "line", "required": True, "help": "Which one?"})
    kinds = [profile["types"][0] | {"form": form}, *profile["types"][1:]]
    scene.team.apply(profile | {"types": kinds})
    agree(scene.home, products=[])
    memory.settle(None)
    made = expect(scene.agent.post(f"{path}/split", {"comment_ids": [said], "title": "The door"}), 201)
    assert (made["product"], set(made["fields"])) == (None, {"phone"})
    assert expect(scene.agent.get(f"{scene.path}/cases/{made['id']}/callbacks"), 200)["data"] == []


@pytest.mark.seed("A28", "A30")
def test_after_the_window_a_new_case_follows_the_old_one(memory: MemoryWorld, cast: Cast) -> None:
    team = cast.team("A")
    scene = Scene(team)
    old, path = scene.open()
    expect(scene.agent.post(f"{path}/answer", {"body": "Done.", "close": True}), 200)
    early = scene.customer.post(f"{path}/follow-up", {"description": "It is back."})
    assert expect(early, 409)["code"] == "may_be_reopened"
    with memory.at(datetime.now(UTC) + timedelta(days=int(team.profile["reopen"]["window_days"]) + 1)):
        made = expect(scene.customer.post(f"{path}/follow-up", {"description": "It is back."}), 201)
    assert (made["title"], made["type"], made["description"]) == (old["title"], old["type"], "It is back.")
    assert linked(scene.customer, f"{scene.path}/cases/{made['id']}") == [("follows", old["id"])]
    assert linked(scene.customer, path) == [("follow_up", made["id"])]


def test_the_customer_rates_a_closed_case_once_it_is_closed(scene: Scene) -> None:
    _, path = scene.open()
    asked = {"score": 4, "text": unique("Quick")}
    assert expect(scene.customer.put(f"{path}/rating", asked), 409)["code"] == "not_in_this_status"
    expect(scene.agent.post(f"{path}/answer", {"body": "Done.", "close": True}), 200)
    assert "case.rate" not in expect(scene.colleague.get(path), 200)["permissions"]
    assert expect(scene.colleague.put(f"{path}/rating", asked), 403)["code"] == "not_yours"
    assert scene.agent.put(f"{path}/rating", asked).status == 403
    told = expect(scene.customer.put(f"{path}/rating", asked), 200)
    assert (told["rating"], told["confirmation"]) == (4, expect(scene.agent.get(path), 200)["confirmation"])
    line = expect(scene.agent.get(f"{path}/history?limit=100"), 200)["data"][-1]
    assert (line["field"], line["after"], line["reason"]) == ("rating", 4, asked["text"])
    expect(scene.customer.put(f"{path}/rating", asked | {"text": "And friendly"}), 200)
    line = expect(scene.agent.get(f"{path}/history?limit=100"), 200)["data"][-1]
    assert (line["field"], line["after"], line["reason"]) == ("rating", 4, "And friendly")


def test_a_merged_case_asks_for_no_follow_up_until_it_is_taken_apart(memory: MemoryWorld, cast: Cast) -> None:
    scene = Scene(cast.team("C"))
    (one, here), (other, _) = scene.open(), scene.open()
    memory.settle(None)

    def due() -> set[str]:
        listed = expect(scene.agent.get(f"{scene.path}/follow-ups?due=false&limit=100"), 200)["data"]
        return {line["id"] for line in listed} & {one["id"], other["id"]}

    assert due() == {one["id"], other["id"]}
    expect(scene.agent.post(f"{here}/merge", {"into_id": other["id"], "reason": "The same."}), 200)
    assert due() == {other["id"]}
    cursor = expect(scene.agent.get(f"{scene.path}/events"), 200)["cursor"]
    with memory.at(datetime.now(UTC) + timedelta(days=2)):
        memory.run("cases", "sound_alarms", rounds=20)
        memory.settle(None)
    lines = expect(scene.agent.get(f"{scene.path}/events?after={cursor}"), 200)["data"]
    reached = [line["subject"] for line in lines if line["type"] == "case_follow_up.reached"]
    assert other["id"] in reached
    assert one["id"] not in reached
    expect(scene.agent.post(f"{here}/unmerge"), 200)
    assert due() == {one["id"], other["id"]}


def test_a_word_on_a_case_closed_long_ago_begins_the_next_one(cast: Cast, memory: MemoryWorld, post: Post) -> None:
    scene = Scene(cast.team("C", closed={"comment_effect": "follow_up"}))
    case, here = scene.open()
    memory.settle(None)
    expect(scene.agent.post(f"{here}/answer", {"body": "Oil it.", "close": True}), 200)
    expect(scene.customer.post(f"{here}/comments", {"body": "Thank you."}), 201)
    assert [line["id"] for line in expect(scene.customer.get(f"{scene.path}/cases"), 200)["data"]] == [case["id"]]
    late = datetime.now(UTC) + timedelta(days=15)
    with memory.at(late):
        expect(scene.agent.post(f"{here}/comments", {"body": "Ours begins nothing."}), 201)
        expect(scene.customer.post(f"{here}/comments", {"body": "It squeaks again."}), 201)
        memory.settle(None)
    listed = expect(scene.customer.get(f"{scene.path}/cases"), 200)["data"]
    [after] = [line for line in listed if line["id"] != case["id"]]
    there = f"{scene.path}/cases/{after['id']}"
    begun = expect(scene.agent.get(there), 200)
    assert (begun["description"], begun["title"], begun["status"]) == ("It squeaks again.", case["title"], "new")
    assert begun["contact"]["id"] == scene.customer.id
    links = [(line["kind"], line["case_id"]) for line in expect(scene.customer.get(f"{there}/links"), 200)["data"]]
    assert links == [("follows", case["id"])]
    back = [(line["kind"], line["case_id"]) for line in expect(scene.agent.get(f"{here}/links"), 200)["data"]]
    assert back == [("follow_up", after["id"])]
    old = expect(scene.agent.get(here), 200)
    assert (old["status"], old["comments"][-1]["body"]) == ("closed", "It squeaks again.")
    post.wait(scene.agent, after, "A new case has been registered.")
    with memory.at(late):
        expect(scene.customer.post(f"{here}/comments", {"body": "Are you there?"}), 201)
    assert len(expect(scene.customer.get(f"{scene.path}/cases"), 200)["data"]) == 2
    for path in (here, there):
        assert expect(scene.agent.get(path), 200)["comments"][-1]["body"] == "Are you there?"


def test_a_cancelled_case_is_erased_when_its_time_has_gone_by(memory: MemoryWorld, cast: Cast) -> None:
    scene = Scene(cast.team("C", retention={"cancelled_days": 30}))
    (gone, here), (_, there), (target, onward), (_, joined) = (scene.open() for _ in range(4))
    memory.settle(None)
    file = expect(scene.customer.upload(f"{here}/files", "a.txt", b"abc"), 201)["data"][0]
    place = f"{scene.path}/files/{file['id']}"
    expect(scene.agent.post(f"{there}/links", {"other_id": gone["id"]}), 201)
    expect(scene.agent.post(f"{joined}/merge", {"into_id": target["id"], "reason": "The same."}), 200)
    for path in (here, onward):
        expect(scene.customer.post(f"{path}/cancel"), 200)
    memory.settle(None)
    bytes_at = scene.agent.get(f"{place}/content").headers["location"]
    for days, status in ((29, 200), (31, 404)):
        with memory.at(datetime.now(UTC) + timedelta(days=days)):
            memory.run("cases", "erase_cancelled", rounds=2)
            memory.settle(None)
        for path in (here, f"{here}/history", place):
            expect(scene.agent.get(path), status)
        assert requests.get(bytes_at, timeout=30).status_code == status
    assert linked(scene.agent, there) == []
    assert expect(scene.agent.get(onward), 200)["status"] == "cancelled"  # there is another one's conversation in it
    listed = {line["id"] for line in expect(scene.agent.get(f"{scene.path}/cases?status=cancelled"), 200)["data"]}
    assert (gone["id"] in listed, target["id"] in listed) == (False, True)
    [entry] = Record(memory, scene.team.id, cast.operator).find("case.erased", object=gone["id"])
    assert entry["detail"] == {"number": gone["number"]}
    for service, table in (("notifications", "mails"), ("notifications", "reply_tokens"), ("files", "files")):
        with memory.client.works[service].noting() as uow:
            left = uow.all(text(f"SELECT count(*) FROM {table} WHERE case_id = :id"), {"id": gone["id"]})  # noqa: S608
        assert left == [(0,)], table
