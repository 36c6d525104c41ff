"""The same act on many cases, and comments that are put right or taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from services.cases.service import Service
from services.chassis.ids import new_id
from tests.journeys.cast import Cast, Scene, expect, unique
from tests.world import MemoryWorld

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("C")


def done(scene: Scene, job: dict[str, Any]) -> dict[str, Any]:
    """The job when nothing of it waits any more."""
    path = f"{scene.path}/jobs/{job['id']}"

    def finished() -> dict[str, Any] | None:
        told: dict[str, Any] = expect(scene.agent.get(path), 200)
        return told if told["waiting"] == 0 else None

    found: dict[str, Any] = scene.team.cast.world.settle(finished)
    return found


def test_many_cases_are_closed_at_once_each_with_its_own_outcome(cast: Cast, scene: Scene) -> None:
    first, here = scene.open()
    second, there = scene.open()
    elsewhere, _ = cast.scene("E").open()
    expect(scene.agent.post(f"{there}/cancel"), 200)
    ids = [first["id"], second["id"], elsewhere["id"], first["id"]]
    answer = scene.agent.post(f"{scene.path}/cases/bulk", {"action": "close", "case_ids": ids})
    job = expect(answer, 202)
    assert answer.headers["location"] == f"{scene.path}/jobs/{job['id']}"
    told = done(scene, job)
    assert (told["state"], told["total"], told["done"], told["refused"]) == ("done", 3, 1, 2)
    assert [(one["case_id"], one["outcome"], one["code"]) for one in told["items"]] == [
        (first["id"], "done", None),
        (second["id"], "refused", "not_in_this_status"),
        (elsewhere["id"], "refused", "not_found"),
    ]
    assert expect(scene.customer.get(here), 200)["status"] == "closed"
    line = expect(scene.agent.get(f"{here}/history?limit=100"), 200)["data"][-1]
    assert (line["field"], line["after"], line["actor"]["id"]) == ("status", "closed", scene.agent.id)


def test_what_could_not_be_done_within_a_day_is_given_up(memory: MemoryWorld, scene: Scene) -> None:
    case, here = scene.open()
    job = expect(scene.agent.post(f"{scene.path}/cases/bulk", {"action": "close", "case_ids": [case["id"]]}), 202)
    assert job["state"] == "running"
    with memory.at(datetime.now(UTC) + timedelta(days=1, minutes=1)):
        told = expect(scene.agent.get(f"{scene.path}/jobs/{job['id']}"), 200)
        assert (told["state"], told["waiting"], told["refused"], told["items"][0]["code"]) == ("done", 0, 1, "given_up")
        memory.settle(None)
    assert expect(scene.agent.get(here), 200)["status"] == "new"


def test_cases_are_tagged_assigned_and_commented_at_once(scene: Scene) -> None:
    cases = [scene.open() for _ in range(3)]
    ids, word = [case["id"] for case, _ in cases], unique("word")
    for asked in (
        {"action": "tag", "tag": word},
        {"action": "assign", "assignee_id": scene.agent.id},
        {"action": "status", "status": "waiting_customer"},
        {"action": "comment", "body": word, "status": "on_hold"},
    ):
        job = expect(scene.agent.post(f"{scene.path}/cases/bulk", asked | {"case_ids": ids}), 202)
        assert done(scene, job)["done"] == 3
    for _, path in cases:
        case = expect(scene.agent.get(path), 200)
        assert (case["tags"], case["assignee"]["id"], case["comments"][-1]["body"]) == ([word], scene.agent.id, word)
        assert case["status"] == "on_hold"
    nowhere = {"action": "status", "status": "nowhere", "case_ids": ids}
    assert expect(scene.agent.post(f"{scene.path}/cases/bulk", nowhere), 422)["errors"][0]["pointer"] == "/status"


def test_cases_are_put_into_a_queue_and_cancelled_at_once(scene: Scene) -> None:
    cases = [scene.open() for _ in range(2)]
    ids = [case["id"] for case, _ in cases]
    asked = {"name": unique("Queue ")}
    pile = expect(scene.team.cast.operator.post(f"{scene.path}/queues", asked), 201)["id"]
    scene.team.cast.world.settle(lambda: scene.agent.get(f"{scene.path}/queues/{pile}/cases").status == 200)
    for asked in ({"action": "queue", "queue_id": pile}, {"action": "cancel", "body": "A test."}):
        job = expect(scene.agent.post(f"{scene.path}/cases/bulk", asked | {"case_ids": ids}), 202)
        assert done(scene, job)["done"] == 2
    for _, path in cases:
        case = expect(scene.agent.get(path), 200)
        assert (case["queue_id"], case["status"], case["comments"][-1]["body"]) == (pile, "cancelled", "A test.")
    again = {"action": "queue", "queue_id": None, "case_ids": ids}
    told = done(scene, expect(scene.agent.post(f"{scene.path}/cases/bulk", again), 202))
    assert {(one["outcome"], one["code"]) for one in told["items"]} == {("refused", "not_in_this_status")}


def waiting(memory: MemoryWorld) -> list[dict[str, Any]]:
    """The items that are about to be delivered."""
    with memory.client.works["cases"].writing() as unit:
        rows = unit.all(text("SELECT body FROM outbox WHERE type = 'job_item.queued' ORDER BY id"))
    return [orjson.loads(bytes(row.body)) for row in rows]


def test_a_job_of_a_thousand_comes_to_its_end_and_nothing_is_done_twice(memory: MemoryWorld, scene: Scene) -> None:
    real = [scene.open() for _ in range(3)]
    ids = [case["id"] for case, _ in real] + [new_id("case") for _ in range(997)]
    asked = {"action": "comment", "body": unique("word"), "visibility": "internal", "case_ids": ids}
    memory.settle(None)
    job = expect(scene.agent.post(f"{scene.path}/cases/bulk", asked), 202)
    assert (job["total"], job["waiting"]) == (1000, 1000)
    queued = waiting(memory)
    assert len(queued) == 1000
    told = done(scene, job)
    assert [one["case_id"] for one in told["items"]] == ids
    assert [one["outcome"] for one in told["items"]] == ["done"] * 3 + ["refused"] * 997
    for body in queued[:20]:  # delivered again, long after its mark in the inbox is gone
        assert Service.do_job_item.apply(memory.client.works["cases"], body | {"id": new_id("evt")})
    assert done(scene, job) == told
    for _, path in real:
        comments = expect(scene.agent.get(f"{path}/comments"), 200)["data"]
        assert [one["body"] for one in comments].count(asked["body"]) == 1


def test_a_job_is_staffs_work_and_its_starters_business(scene: Scene) -> None:
    case, _ = scene.open()
    asked = {"action": "close", "case_ids": [case["id"]]}
    assert scene.customer.post(f"{scene.path}/cases/bulk", asked).status == 403
    bare = {"action": "tag", "case_ids": [case["id"]]}
    assert expect(scene.agent.post(f"{scene.path}/cases/bulk", bare), 422)["errors"][0]["pointer"] == "/tag"
    job = expect(scene.agent.post(f"{scene.path}/cases/bulk", asked), 202)
    assert scene.technician.get(f"{scene.path}/jobs/{job['id']}").status == 404
    assert scene.technician.http("DELETE", f"{scene.path}/jobs/{job['id']}").status == 404


def test_what_a_cancelled_job_has_not_done_stays_undone(memory: MemoryWorld, scene: Scene) -> None:
    case, path = scene.open()
    asked = {"action": "close", "case_ids": [case["id"]]}
    job = expect(scene.agent.post(f"{scene.path}/cases/bulk", asked), 202)
    assert scene.agent.http("DELETE", f"{scene.path}/jobs/{job['id']}").status == 204
    told = done(scene, job)
    assert (told["state"], told["items"][0]["outcome"]) == ("cancelled", "cancelled")
    memory.settle(None)
    assert expect(scene.agent.get(path), 200)["status"] == "new"


def test_a_comment_is_put_right_by_who_wrote_it_for_a_while(memory: MemoryWorld, scene: Scene) -> None:
    _, path = scene.open()
    said = expect(scene.customer.post(f"{path}/comments", {"body": "It is gren."}), 201)
    here = f"{path}/comments/{said['id']}"
    assert expect(scene.colleague.patch(here, {"body": "No."}), 403)["code"] == "not_yours"
    assert expect(scene.agent.patch(here, {"body": "No."}), 403)["code"] == "not_yours"
    told = expect(scene.customer.patch(here, {"body": "It is green."}), 200)
    assert told["body"] == "It is green."
    assert told["edited_at"]
    line = expect(scene.agent.get(f"{path}/history?limit=100"), 200)["data"][-1]
    assert (line["field"], line["before"], line["after"]) == ("comment", "It is gren.", "It is green.")
    assert "gren." not in repr(expect(scene.customer.get(f"{path}/export"), 200))
    with memory.at(datetime.now(UTC) + timedelta(minutes=16)):
        assert expect(scene.customer.patch(here, {"body": "Red."}), 409)["code"] == "edit_window_over"
        assert expect(scene.customer.http("DELETE", here), 409)["code"] == "edit_window_over"


def test_a_comment_is_taken_back_and_nobody_else_reads_it_again(scene: Scene) -> None:
    _, path = scene.open()
    secret = unique("secret")
    said = expect(scene.customer.post(f"{path}/comments", {"body": secret}), 201)
    inside = expect(scene.agent.post(f"{path}/comments", {"body": "hm", "visibility": "internal"}), 201)
    assert scene.customer.http("DELETE", f"{path}/comments/{inside['id']}").status == 404
    assert scene.customer.http("DELETE", f"{path}/comments/{said['id']}").status == 204
    for read in (path, f"{path}/comments", f"{path}/timeline", f"{path}/history", f"{path}/export"):
        assert secret not in repr(expect(scene.colleague.get(read), 200)), read
    shown = expect(scene.colleague.get(f"{path}/comments"), 200)["data"][0]
    assert (shown["id"], shown["body"]) == (said["id"], "(taken back)")
    assert shown["retracted_at"]
    assert expect(scene.customer.patch(f"{path}/comments/{said['id']}", {"body": "x"}), 409)["code"] == "retracted"
