"""What holds for every endpoint: keys, ETags, cursors, strictness, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.cast import Cast, Scene, expect, unique
from tests.world import HttpAnswer, World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("C")


def problem(answer: HttpAnswer, status: int) -> dict[str, Any]:
    """The refusal, which looks as every refusal has to."""
    told: dict[str, Any] = expect(answer, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["status"] == status
    assert told["request_id"] == answer.headers["x-request-id"]
    assert {"type", "title", "detail", "instance", "code"} <= told.keys()
    return told


# --- idempotency -----------------------------------------------------------------------------------------------------


def test_a_repeated_key_gives_the_first_answer_and_has_one_effect(scene: Scene) -> None:
    me = scene.home.person()
    form = scene.team.form(title="Only once")
    key = {"Idempotency-Key": unique("key")}
    first = me.post(f"{scene.path}/cases", form, headers=key)
    again = me.post(f"{scene.path}/cases", form, headers=key)
    assert expect(first, 201) == expect(again, 201)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"] == f"{scene.path}/cases/{first.json()['id']}"
    assert len(expect(me.get(f"{scene.path}/cases?view=mine"), 200)["data"]) == 1


def test_a_key_with_another_body_is_refused_and_belongs_to_one_person(scene: Scene) -> None:
    scene.open(scene.customer)
    scene.open(scene.colleague)
    key = {"Idempotency-Key": unique("key")}
    mine = expect(scene.customer.post(f"{scene.path}/cases", scene.team.form(title="One"), headers=key), 201)
    refused = scene.customer.post(f"{scene.path}/cases", scene.team.form(title="Two"), headers=key)
    assert problem(refused, 422)["code"] == "idempotency_key_reused"
    his = expect(scene.colleague.post(f"{scene.path}/cases", scene.team.form(title="One"), headers=key), 201)
    assert his["id"] != mine["id"]


def test_a_refusal_is_not_kept_under_its_key(scene: Scene) -> None:
    scene.open()
    key = {"Idempotency-Key": unique("key")}
    problem(scene.customer.post(f"{scene.path}/cases", scene.team.form(topic="gardening"), headers=key), 422)
    expect(scene.customer.post(f"{scene.path}/cases", scene.team.form(), headers=key), 201)


# --- versions --------------------------------------------------------------------------------------------------------


def test_an_unchanged_case_is_304_and_a_changed_one_is_not(scene: Scene) -> None:
    case, here = scene.open()
    read = scene.customer.get(here)
    etag = read.headers["etag"]
    assert etag == f'"v{case["version"]}"'
    for given in (etag, f"W/{etag}", f'"v999", {etag}', "*"):
        same = scene.customer.get(here, headers={"If-None-Match": given})
        assert (same.status, same.body, same.headers["etag"]) == (304, b"", etag)
    expect(scene.agent.post(f"{here}/comments", {"body": "Something new."}), 201)
    fresh = scene.customer.get(here, headers={"If-None-Match": etag})
    assert fresh.headers["etag"] != etag
    assert expect(fresh, 200)["comments"][0]["body"] == "Something new."


def test_a_change_of_what_somebody_else_has_changed_is_412(scene: Scene) -> None:
    _, here = scene.open()
    etag = scene.customer.get(here).headers["etag"]
    saved = scene.colleague.patch(here, {"title": "First"}, headers={"If-Match": etag})
    assert expect(saved, 200)["title"] == "First"
    late = scene.customer.patch(here, {"title": "Second"}, headers={"If-Match": etag})
    refused = problem(late, 412)
    assert refused["etag"] == late.headers["etag"] == saved.headers["etag"]
    for act in ("close", "cancel"):
        problem(scene.customer.post(f"{here}/{act}", headers={"If-Match": etag}), 412)
    problem(scene.customer.patch(here, {"title": "Second"}, headers={"If-Match": "nonsense"}), 400)
    assert expect(scene.customer.get(here), 200)["title"] == "First"
    expect(scene.customer.patch(here, {"title": "Second"}, headers={"If-Match": saved.headers["etag"]}), 200)


# --- pages -----------------------------------------------------------------------------------------------------------


def test_cursors_walk_through_a_list_without_loss_or_repeat(scene: Scene) -> None:
    company = scene.team.organization()
    me = company.person()
    filed = [scene.open(me)[0]["id"] for _ in range(7)]
    found: list[str] = []
    path = f"{scene.path}/cases?limit=3"
    while path:
        answer = me.get(path)
        page = expect(answer, 200)
        assert len(page["data"]) <= 3
        found += [line["id"] for line in page["data"]]
        link = answer.headers.get("link", "")
        assert bool(link) == bool(page["next_cursor"])
        path = link.partition(">")[0].lstrip("<")
        if len(found) == 3:
            scene.open(me)  # what arrives meanwhile stands before the first page and disturbs nobody
    assert found == filed[::-1]


def test_a_conversation_longer_than_the_first_page_goes_on_by_its_cursor(scene: Scene) -> None:
    _, here = scene.open()
    for number in range(53):
        expect(scene.customer.post(f"{here}/comments", {"body": f"{number}"}), 201)
    read = expect(scene.customer.get(here), 200)
    rest = expect(scene.customer.get(f"{here}/comments?cursor={read['comments_cursor']}"), 200)
    assert rest["next_cursor"] is None
    assert [one["body"] for one in read["comments"] + rest["data"]] == [str(number) for number in range(53)]


def test_a_cursor_that_was_tampered_with_or_belongs_elsewhere_is_refused(scene: Scene) -> None:
    company = scene.team.organization()
    me, other = company.person(), company.person()
    _, here = scene.open(me)
    for _ in range(2):
        scene.open(me)
    cursor = expect(me.get(f"{scene.path}/cases?limit=2"), 200)["next_cursor"]
    expect(me.get(f"{scene.path}/cases?limit=1&cursor={cursor}"), 200)
    middle = len(cursor) // 2
    changed = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    for path in (
        f"{scene.path}/cases?cursor={changed}",
        f"{scene.path}/cases?cursor={cursor[:-4]}",
        f"{scene.path}/cases?cursor=abc",
        f"{scene.path}/cases?view=mine&cursor={cursor}",
        f"{here}/comments?cursor={cursor}",
        f"{scene.path}/organizations?cursor={cursor}",
    ):
        refused = problem(me.get(path), 400)
        assert (refused["code"], refused["errors"][0]["parameter"]) == ("cursor_invalid", "cursor")
    assert problem(other.get(f"{scene.path}/cases?cursor={cursor}"), 400)["code"] == "cursor_invalid"


# --- strictness ------------------------------------------------------------------------------------------------------


def test_an_unknown_field_or_parameter_is_refused_by_name(scene: Scene) -> None:
    _, here = scene.open()
    sent = scene.team.form() | {"status": "closed"}
    refused = problem(scene.customer.post(f"{scene.path}/cases", sent), 422)
    assert [(one["pointer"], one["rule"]) for one in refused["errors"]] == [("/status", "unknown")]
    refused = problem(scene.customer.patch(here, {"assignee_id": scene.customer.id}), 422)
    assert [one["pointer"] for one in refused["errors"]] == ["/assignee_id"]
    refused = problem(scene.customer.get(f"{scene.path}/cases?sort=title"), 400)
    assert [one["parameter"] for one in refused["errors"]] == ["sort"]
    for wrong in ("limit=0", "limit=101", "limit=ten", "view=everything", "limit=5&limit=6"):
        problem(scene.customer.get(f"{scene.path}/cases?{wrong}"), 400)


def test_a_body_that_is_no_json_object_is_refused(scene: Scene) -> None:
    scene.open()
    for body, kind, status in (
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"title": "a", "title": "b"}', "application/json", 400),
        (b"title=a", "application/x-www-form-urlencoded", 415),
    ):
        answer = scene.customer.http("POST", f"{scene.path}/cases", data=body, headers={"Content-Type": kind})
        problem(answer, status)


def test_every_kind_of_refusal_is_a_problem_document(world: World, scene: Scene) -> None:
    _, here = scene.open()
    me = scene.customer
    for answer, status, code in (
        (world.http("GET", f"{scene.path}/cases"), 401, "token_missing"),
        (world.http("GET", "/v1/me", headers={"Authorization": "Bearer not.a.token"}), 401, "token_invalid"),
        (world.http("POST", "/v1/sessions", json={"login": "a", "password": "b"}), 401, "wrong_credentials"),
        (me.put(f"{scene.path}/profile", {"profile": {}}), 403, "operator_only"),
        (me.post(f"{here}/triage", {"complexity": "simple"}), 403, "not_permitted"),
        (me.get(f"{scene.path}/cases/nonsense"), 404, "not_found"),
        (me.get("/v1/teams/no-such-team/cases"), 404, "not_found"),
        (me.get("/v2/anything"), 404, "not_found"),
        (me.http("DELETE", here), 405, "method_not_allowed"),
        (me.put(f"{here}/confirmation", {"answer": "yes"}), 409, "not_pending"),
        (me.post(f"{here}/comments", {}), 422, "invalid"),
    ):
        assert problem(answer, status)["code"] == code


def test_with_several_organizations_the_choices_are_told(scene: Scene) -> None:
    both = scene.home.person()
    scene.abroad.join(both)
    refused = problem(both.get(f"{scene.path}/cases"), 409)
    assert refused["code"] == "organization_required"
    assert {one["id"]: one["name"] for one in refused["choices"]} == {
        scene.home.id: scene.home.name,
        scene.abroad.id: scene.abroad.name,
    }
    expect(both.get(f"{scene.path}/cases?organization_id={scene.abroad.id}"), 200)
    case, here = scene.open(both, organization_id=scene.home.id)
    assert expect(both.get(here), 200)["id"] == case["id"]
