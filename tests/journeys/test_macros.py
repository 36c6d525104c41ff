"""Macros: several acts under one name, done as one, by the rules of each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.cast import Cast, Scene, expect, unique
from tests.journeys.post import Post
from tests.journeys.statements import heard
from tests.journeys.test_jobs import done
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey
Actions = list[dict[str, Any]]


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("E")


def macro(scene: Scene, *actions: dict[str, Any]) -> str:
    """A macro of these acts; its id."""
    asked = {"name": unique("Macro "), "actions": list(actions)}
    return str(expect(scene.agent.post(f"{scene.path}/macros", asked), 201)["id"])


def queue(scene: Scene) -> str:
    asked = {"name": unique("Queue ")}
    made = str(expect(scene.team.cast.operator.post(f"{scene.path}/queues", asked), 201)["id"])
    scene.team.cast.world.settle(lambda: scene.agent.get(f"{scene.path}/queues/{made}/cases").status == 200)
    return made


def test_a_macro_is_one_change_that_is_told_once(world: World, cast: Cast) -> None:
    scene = cast.scene("A")
    case, path = scene.open(title="{agent.name}")
    pile = queue(scene)
    kept = macro(
        scene,
        {"action": "review", "complexity": "simple"},
        {"action": "comment", "body": "Seen before.", "visibility": "internal"},
        {"action": "assign", "assignee_id": "me"},
        {"action": "queue", "queue_id": pile},
        {"action": "tag", "tag": "password"},
        {"action": "answer", "body": "Dear {contact.name}, about {case.title} {case.number}: do it anew."},
        {"action": "close"},
    )
    told = expect(scene.technician.post(f"{path}/macros/{kept}"), 200)
    assert (told["status"], told["complexity"], told["queue_id"]) == ("closed", "simple", pile)
    assert (told["assignee"]["id"], told["tags"]) == (scene.technician.id, ["password"])
    assert told["version"] == case["version"] + 1
    said = f"Dear {case['contact']['name']}, about {{agent.name}} {case['number']}: do it anew."
    assert [(one["body"], one["visibility"]) for one in told["comments"]] == [
        ("Seen before.", "internal"),
        (said, "public"),
    ]
    lines = expect(scene.agent.get(f"{path}/history?limit=100"), 200)["data"]
    assert ("status", "new", "closed") in [(line["field"], line["before"], line["after"]) for line in lines]
    assert expect(scene.customer.get(path), 200)["pending_confirmation"]

    def sent() -> list[str] | None:
        mails = expect(scene.agent.get(f"{path}/mails"), 200)["data"]
        there = len(mails) > 2 and all(mail["state"] == "sent" for mail in mails)
        return [mail["to"] for mail in mails] if there else None

    assert world.settle(sent).count(scene.customer.email) == 2  # the receipt for his case, and this


def test_a_reason_for_staff_stands_beside_nothing_that_customers_read(world: World, cast: Cast) -> None:
    scene = cast.scene("B")  # whose customers are told no priority
    case, path = scene.open()
    world.settle(None)
    start = expect(scene.customer.get(f"{scene.path}/events"), 200)["cursor"]
    priority = next(one["key"] for one in scene.team.profile["priorities"] if one["key"] != "normal")
    secret = unique("churn risk ")
    kept = macro(
        scene,
        {"action": "reclassify", "priority": priority, "body": secret},
        {"action": "answer", "body": "It is done."},
    )
    expect(scene.agent.post(f"{path}/macros/{kept}"), 200)
    ours = {line["field"]: line["reason"] for line in expect(scene.agent.get(f"{path}/history"), 200)["data"]}
    assert (ours["priority"], ours["status"]) == (secret, None)
    for told in ("history", "timeline", "export"):
        assert secret not in repr(expect(scene.customer.get(f"{path}/{told}"), 200))
    seen = set[str]()

    def told_of() -> bool:
        page = expect(scene.customer.get(f"{scene.path}/events?after={start}"), 200)
        seen.update(one["type"] for one in page["data"] if one["subject"] == case["id"])
        return "case.answered" in seen

    world.settle(told_of)
    assert "case.reclassified" not in seen


def test_who_gets_a_case_with_a_word_among_staff_is_mailed_that_he_has_it(scene: Scene, post: Post) -> None:
    case, path = scene.open()
    note = {"action": "comment", "body": "Look at the log.", "visibility": "internal"}
    kept = macro(scene, note, {"action": "assign", "assignee_id": scene.technician.id})
    expect(scene.agent.post(f"{path}/macros/{kept}"), 200)
    post.wait(scene.technician, case, "has been assigned to you")


def test_a_macro_says_whose_turn_it_is(scene: Scene) -> None:
    _, path = scene.open()
    asks = macro(scene, {"action": "answer", "body": "Which version?", "status": "waiting_customer"})
    assert expect(scene.agent.post(f"{path}/macros/{asks}"), 200)["status"] == "waiting_customer"
    holds = macro(
        scene,
        {"action": "comment", "body": "At the maker's.", "visibility": "internal", "status": "on_hold"},
        {"action": "status", "status": "open"},
        {"action": "status", "status": "on_hold"},
    )
    assert expect(scene.agent.post(f"{path}/macros/{holds}"), 200)["status"] == "on_hold"
    never: Any = {"name": unique("Macro "), "actions": [{"action": "answer", "body": "x"}, {"action": "status"}]}
    refused = expect(scene.agent.post(f"{scene.path}/macros", never), 422)
    assert [error["pointer"] for error in refused["errors"]] == ["/actions/1/status"]
    never["actions"][1]["status"] = "on_hold"
    assert expect(scene.agent.post(f"{scene.path}/macros", never), 422)["errors"][0]["rule"] == "order"


def test_all_of_a_macro_is_done_or_nothing_and_it_says_what_stood_in_the_way(scene: Scene) -> None:
    case, path = scene.open()
    kept = macro(scene, {"action": "comment", "body": "Up."}, {"action": "tag", "tag": "up"}, {"action": "escalate"})
    expect(scene.agent.post(f"{path}/escalate", {"level": 2}), 200)
    before = expect(scene.agent.get(path), 200)
    refused = expect(scene.agent.post(f"{path}/macros/{kept}"), 409)
    assert (refused["code"], refused["action"]) == ("already_there", 2)
    assert expect(scene.agent.get(path), 200) == before
    assert before["tags"] == []
    stale = scene.agent.post(f"{path}/macros/{kept}", headers={"If-Match": f'"v{case["version"]}"'})
    assert stale.status == 412


def test_a_macro_is_no_way_around_the_price(scene: Scene) -> None:
    case, path = scene.open(type_key="rfc")
    for actions in (
        [{"action": "answer", "body": "Done."}],
        [{"action": "assign", "assignee_id": "me"}, {"action": "tag", "tag": "x"}, {"action": "answer", "body": "So."}],
        [{"action": "reclassify", "priority": "A", "body": "More."}, {"action": "answer", "body": "Done."}],
    ):
        refused = expect(scene.agent.post(f"{path}/macros/{macro(scene, *actions)}"), 409)
        assert (refused["code"], refused["action"]) == ("quote_required", len(actions) - 1)
    now = expect(scene.agent.get(path), 200)
    assert (now["status"], now["gate"], now["version"]) == ("new", "wanted", case["version"])
    # A type that needs a price shuts the gate on the way.
    _, other = scene.open(type_key="bug")
    demanded = {"action": "reclassify", "type": "rfc", "body": "A change."}
    kept = macro(scene, demanded, {"action": "answer", "body": "Done."})
    assert expect(scene.agent.post(f"{other}/macros/{kept}"), 409)["code"] == "quote_required"
    assert expect(scene.agent.get(other), 200)["type"] == "bug"


def test_who_may_not_do_an_act_may_not_do_it_by_a_macro(cast: Cast, scene: Scene) -> None:
    case, path = scene.open()
    kept = macro(scene, {"action": "tag", "tag": "x"}, {"action": "close"})
    for who in (scene.customer, scene.administrator):
        assert who.post(f"{path}/macros/{kept}").status == 403
        assert who.get(f"{scene.path}/macros").status == 403
        asked = {"name": "Mine", "actions": [{"action": "close"}]}
        assert who.post(f"{scene.path}/macros", asked).status == 403
    assert scene.stranger.post(f"{path}/macros/{kept}").status == 404
    asked = {"key": unique("reader"), "name": "Reads", "side": "staff", "permissions": ["case.read_all", "case.link"]}
    role = expect(cast.operator.post(f"{scene.path}/roles", asked), 201)["key"]
    reader = scene.team.add_agent(role)
    refused = expect(reader.post(f"{path}/macros/{kept}"), 403)
    assert (refused["code"], refused["permission"], refused["action"]) == ("not_permitted", "case.close", 1)
    assert expect(scene.agent.get(path), 200)["version"] == case["version"]
    elsewhere = macro(cast.scene("C"), {"action": "close"})
    assert scene.agent.post(f"{path}/macros/{elsewhere}").status == 404


@pytest.mark.parametrize(
    ("actions", "pointer"),
    [
        ([{"action": "close"}, {"action": "answer", "body": "Too late."}], "/actions/1/action"),
        ([{"action": "close"}, {"action": "answer"}], "/actions/1/body"),
        ([{"action": "tag"}], "/actions/0/tag"),
        ([{"action": "close", "tag": "x"}], "/actions/0/tag"),
        ([{"action": "comment", "body": "{user.password}"}], "/actions/0/body"),
        ([{"action": "reclassify", "body": "So."}], "/actions/0/type"),
        ([{"action": "reclassify", "type": "nosuch", "body": "So."}], "/actions/0/type"),
        ([{"action": "reclassify", "priority": "nosuch", "body": "So."}], "/actions/0/priority"),
        ([{"action": "reclassify", "topic": "nosuch", "body": "So."}], "/actions/0/topic"),
        ([{"action": "assign", "assignee_id": "user_01m7x2c4e6g8j0k2m4n6p8q0r2"}], "/actions/0/assignee_id"),
        ([{"action": "queue", "queue_id": "queue_01m7x2c4e6g8j0k2m4n6p8q0r2"}], "/actions/0/queue_id"),
        ([{"action": "escalate", "level": 3}], "/actions/0/level"),
        ([{"action": "explode"}], "/actions/0/action"),
        ([], "/actions"),
    ],
)
def test_what_a_macro_could_never_do_is_refused_when_it_is_kept(scene: Scene, actions: Actions, pointer: str) -> None:
    refused = expect(scene.agent.post(f"{scene.path}/macros", {"name": "No", "actions": actions}), 422)
    assert pointer in [error["pointer"] for error in refused["errors"]]


def test_a_macro_is_changed_by_who_read_it(scene: Scene) -> None:
    kept = macro(scene, {"action": "tag", "tag": "one"})
    there = f"{scene.path}/macros/{kept}"
    expect(scene.agent.patch(there, {"name": "Two"}), 428)
    changed = expect(scene.agent.patch(there, {"actions": [{"action": "close"}]}, headers={"If-Match": '"v1"'}), 200)
    assert ([one["action"] for one in changed["actions"]], changed["version"]) == (["close"], 2)
    wrong = scene.agent.patch(there, {"actions": [{"action": "tag"}]}, headers={"If-Match": '"v2"'})
    assert expect(wrong, 422)["errors"][0]["pointer"] == "/actions/0/tag"
    assert changed in expect(scene.technician.get(f"{scene.path}/macros?limit=100"), 200)["data"]
    expect(scene.agent.http("DELETE", there, headers={"If-Match": '"v1"'}), 412)
    for _ in range(2):
        expect(scene.agent.http("DELETE", there, headers={"If-Match": '"v2"'}), 204)


def test_a_macro_is_done_on_many_cases_each_by_itself(scene: Scene) -> None:
    first, here = scene.open()
    second, there = scene.open()
    expect(scene.agent.post(f"{there}/cancel"), 200)
    kept = macro(scene, {"action": "tag", "tag": "many"}, {"action": "answer", "body": "{case.number} is done."})
    asked = {"action": "macro", "macro_id": kept, "case_ids": [first["id"], second["id"]]}
    told = done(scene, expect(scene.agent.post(f"{scene.path}/cases/bulk", asked), 202))
    assert [(one["outcome"], one["code"]) for one in told["items"]] == [
        ("done", None),
        ("refused", "not_in_this_status"),
    ]
    answered = expect(scene.customer.get(here), 200)
    assert (answered["status"], answered["comments"][-1]["body"]) == ("answered", f"{first['number']} is done.")
    bare = {"action": "macro", "case_ids": [first["id"]]}
    assert expect(scene.agent.post(f"{scene.path}/cases/bulk", bare), 422)["errors"][0]["pointer"] == "/macro_id"


def test_a_usual_macro_costs_no_more_than_a_single_act_may(memory: MemoryWorld, scene: Scene) -> None:
    _, path = scene.open()
    kept = macro(
        scene,
        {"action": "review", "complexity": "simple"},
        {"action": "assign", "assignee_id": "me"},
        {"action": "queue", "queue_id": queue(scene)},
        *({"action": "tag", "tag": f"usual{place}"} for place in range(5)),
        {"action": "untag", "tag": "usual0"},
        {"action": "answer", "body": "It is done."},
        {"action": "close"},
    )
    with heard(memory) as said:
        told = expect(scene.agent.post(f"{path}/macros/{kept}"), 200)
    assert told["tags"] == expect(scene.agent.get(path), 200)["tags"] == [f"usual{place}" for place in range(1, 5)]
    assert len(said) <= 8, said
