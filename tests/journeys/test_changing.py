"""Saving changes to a case: by the team's field policy and the form of its type."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.journeys.post import Post
from tests.world import World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("C")


def faults(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["pointer"], error["rule"]) for error in answer["errors"]]


def changed(who: Person, path: str) -> dict[str, tuple[Any, Any]]:
    """What the history says, by field."""
    lines = expect(who.get(f"{path}/history?limit=100"), 200)["data"]
    return {line["field"]: (line["before"], line["after"]) for line in lines}


@pytest.mark.seed("C08", "C19", "C36")
def test_a_colleague_saves_what_the_team_lets_customers_change_and_the_case_stays_open(scene: Scene) -> None:
    case, here = scene.open(product_item="Welder 4", product_range="Welding")
    values = {"topic": "quality", "product_item": "Welder 5", "product_range": "Handling", "priority": "high"}
    told = expect(scene.colleague.patch(here, {**values, "contact_id": scene.colleague.id}), 200)
    assert {name: told[name] for name in values} == values
    assert (told["contact"]["id"], told["status"], told["version"]) == (scene.colleague.id, "new", case["version"] + 1)
    history = changed(scene.agent, here)
    assert {name: after for name, (_, after) in history.items() if name in values} == values
    assert history["contact"][1]["id"] == scene.colleague.id
    wrong = {"topic": "machines", "product_item": None, "product_range": "Cutting", "contact_id": scene.stranger.id}
    assert faults(expect(scene.customer.patch(here, wrong), 422)) == [
        ("/topic", "leaf"),
        ("/product_item", "required"),
        ("/product_range", "choice"),
        ("/contact_id", "member"),
    ]
    assert faults(expect(scene.customer.patch(here, {"topic": None}), 422)) == [("/topic", "required")]
    assert expect(scene.customer.patch(here, {"product_range": None}), 200)["product_range"] is None
    refused = expect(scene.customer.patch(here, {"product": "machine_line", "title": "New"}), 403)
    assert (refused["code"], refused["fields"], faults(refused)) == (
        "field_not_editable",
        ["product"],
        [("/product", "editable")],
    )
    expect(scene.agent.post(f"{here}/triage", {"complexity": "simple"}), 200)
    assert expect(scene.customer.patch(here, {"title": "New"}), 403)["fields"] == ["title"]


def test_support_that_spoke_or_took_the_case_has_looked_at_it(scene: Scene) -> None:
    for path, word in (("comments", {"body": "We look into it."}), ("assignee", {"assignee_id": "me"})):
        _, here = scene.open()
        expect(scene.agent.post(f"{here}/comments", {"body": "Among us.", "visibility": "internal"}), 201)
        expect(scene.customer.patch(here, {"title": "Better"}), 200)
        scene.agent.http("PUT" if path == "assignee" else "POST", f"{here}/{path}", json=word)
        seen = expect(scene.customer.get(here), 200)
        assert seen["reviewed_at"]
        assert "case.change" not in seen["permissions"]
        assert expect(scene.customer.patch(here, {"title": "Another"}), 403)["code"] == "field_not_editable"


def test_support_changes_the_product_to_one_that_the_organization_holds(world: World, cast: Cast) -> None:
    scene = cast.scene("D")
    account = scene.team.organization(products=["payroll", "finance"])
    me = account.person()
    _, here = scene.open(me, product="payroll")
    expect(me.patch(here, {"product": "finance"}), 403)
    assert expect(scene.agent.patch(here, {"product": "finance"}), 200)["product"] == "finance"
    refused = expect(scene.agent.patch(here, {"product": "time_registration"}), 422)
    assert (refused["code"], faults(refused)) == ("product_not_held", [("/product", "held")])
    assert faults(expect(scene.agent.patch(here, {"product": None}), 422)) == [("/product", "required")]
    assert changed(me, here)["product"] == ("payroll", "finance")
    expect(me.put(f"{here}/visibility", {"visibility": "private"}), 200)
    other = account.person()
    assert expect(scene.agent.patch(here, {"contact_id": other.id}), 409)["code"] == "private_case"
    expect(other.get(here), 404)


def test_another_time_to_be_phoned_moves_the_call(cast: Cast, post: Post) -> None:
    scene = cast.scene("B")
    case, here = scene.open(fields={"callback_at": "2026-12-01T09:00:00Z"})
    expect(scene.agent.patch(here, {"callback_at": "2026-12-02T13:00:00+01:00"}), 200)
    post.wait(scene.customer, case, "phone call has been asked for")
    [call] = expect(scene.agent.get(f"{here}/callbacks"), 200)["data"]
    assert (call["from_at"], call["until_at"]) == ("2026-12-02T12:00:00Z", "2026-12-02T13:00:00Z")
    assert expect(scene.agent.get(here), 200)["fields"]["callback_at"] == "2026-12-02T12:00:00Z"
    assert faults(expect(scene.agent.patch(here, {"callback_at": "2020-01-01T00:00:00Z"}), 422)) == [
        ("/callback_at", "range")
    ]
    later = {"callback_at": "2026-12-03T12:00:00Z"}
    expect(scene.customer.patch(here, later), 403)  # this team lets customers change nothing
    _, other = cast.scene("C").open()
    assert faults(expect(cast.scene("C").agent.patch(other, later), 422)) == [("/callback_at", "unknown")]


def test_a_key_does_not_go_over_to_the_next_contact(cast: Cast) -> None:
    scene = cast.scene("B")
    _, here = scene.open()
    shown = {"X-Access-Key": expect(scene.customer.post(f"{here}/access-keys"), 201)["key"]}
    expect(scene.team.cast.world.http("GET", "/v1/access", headers=shown), 200)
    expect(scene.agent.patch(here, {"contact_id": scene.colleague.id}), 200)
    assert scene.team.cast.world.http("GET", "/v1/access", headers=shown).status == 404
    assert expect(scene.colleague.get(here), 200)["contact"]["id"] == scene.colleague.id


def test_a_team_has_statuses_of_its_own_within_those_that_decide(cast: Cast) -> None:
    ours = [{"key": "at_supplier", "category": "on_hold", "label": "At the supplier's"}]
    scene = Scene(cast.team("C", substatuses=ours))
    case, here = scene.open()
    note = {"body": "They look at it.", "visibility": "internal", "status": "at_supplier"}
    expect(scene.agent.post(f"{here}/comments", note), 201)
    for who in (scene.agent, scene.customer):
        seen = expect(who.get(here), 200)
        assert (seen["status"], seen["substatus"]) == ("on_hold", "at_supplier")
    listed = expect(scene.agent.get(f"{scene.path}/cases?view=open&substatus=at_supplier"), 200)["data"]
    assert [(one["id"], one["status"], one["substatus"]) for one in listed] == [(case["id"], "on_hold", "at_supplier")]
    assert changed(scene.agent, here)["substatus"] == (None, "at_supplier")
    plain = expect(scene.agent.put(f"{here}/status", {"status": "on_hold"}), 200)
    assert (plain["status"], plain["substatus"]) == ("on_hold", None)
    expect(scene.agent.put(f"{here}/status", {"status": "at_supplier"}), 200)
    assert expect(scene.agent.post(f"{here}/answer", {"body": "Done."}), 200)["substatus"] is None
    assert faults(expect(scene.agent.put(f"{here}/status", {"status": "nowhere"}), 422)) == [("/status", "choice")]
    macro: dict[str, Any] = {"name": "Wait", "actions": [{"action": "status", "status": "at_supplier"}]}
    expect(scene.agent.post(f"{scene.path}/macros", macro), 201)
    macro["actions"] = [{"action": "status", "status": "nowhere"}]
    assert faults(expect(scene.agent.post(f"{scene.path}/macros", macro), 422)) == [("/actions/0/status", "choice")]


def test_support_puts_the_forms_own_fields_right(cast: Cast) -> None:
    scene = cast.scene("B")
    case, here = scene.open()
    told = expect(scene.agent.patch(here, {"fields": {"phone": "+46 8 99 88 77"}}), 200)
    assert told["fields"] == case["fields"] | {"phone": "+46 8 99 88 77"}
    assert changed(scene.agent, here)["fields"] == (case["fields"], told["fields"])
    wrong = {"phone": None, "size": "big", "callback_at": "2030-01-01T09:00:00Z", "preferred_assignee": case["id"]}
    assert sorted(faults(expect(scene.agent.patch(here, {"fields": wrong}), 422))) == [
        ("/fields/callback_at", "place"),
        ("/fields/phone", "required"),
        ("/fields/preferred_assignee", "choice"),
        ("/fields/size", "unknown"),
    ]


def test_one_comment_is_read_by_itself_and_everybody_follows_for_himself(scene: Scene) -> None:
    case, here = scene.open()
    said = expect(scene.agent.post(f"{here}/comments", {"body": "Which welder?"}), 201)
    inside = expect(scene.agent.post(f"{here}/comments", {"body": "Ours.", "visibility": "internal"}), 201)
    assert expect(scene.customer.get(f"{here}/comments/{said['id']}"), 200) == said
    assert expect(scene.agent.get(f"{here}/comments/{inside['id']}"), 200)["body"] == "Ours."
    other = scene.open()[1]
    for path in (f"{here}/comments/{inside['id']}", f"{other}/comments/{said['id']}"):
        expect(scene.customer.get(path), 404)
    expect(scene.stranger.get(f"{here}/comments/{said['id']}"), 404)
    following = expect(scene.colleague.post(f"{here}/followers", {"user_id": "me"}), 201)["followers"]
    assert [one["id"] for one in following] == [scene.colleague.id]
    expect(scene.colleague.http("DELETE", f"{here}/followers/me"), 204)
    assert expect(scene.colleague.get(here), 200)["followers"] == []
    queue = expect(scene.team.cast.operator.post(f"{scene.path}/queues", {"name": "Welders"}), 201)["id"]
    triage = {"complexity": "simple", "queue_id": queue}
    told = scene.team.cast.world.settle(
        lambda: [answer for answer in [scene.agent.post(f"{here}/triage", triage)] if answer.status == 200]
    )[0].json()
    assert (told["queue_id"], told["complexity"], told["id"]) == (queue, "simple", case["id"])
