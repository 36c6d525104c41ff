"""Seed B: a help desk with five kinds of ticket, whose forms have to be filled in completely."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.routes import ROUTES
from tests.journeys.cast import Cast, Person, Scene, expect
from tests.journeys.post import Post
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey
TYPES = ["billing", "sales", "level_1", "level_2", "custom_programming"]


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("B")


@pytest.mark.seed("B01")
def test_tickets_are_accepted_at_any_hour_on_any_matter(memory: MemoryWorld, scene: Scene) -> None:
    scene.open()
    for day in ("2026-12-25T03:00", "2027-01-01T00:00", "2027-02-28T23:59"):
        moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
        with memory.at(moment):
            for kind in TYPES:
                ticket = expect(scene.customer.post(f"{scene.path}/cases", scene.team.form(kind)), 201)
                assert ticket["created_at"].startswith(day)


@pytest.mark.seed("B03")
def test_every_ticket_gets_a_number_of_its_own(scene: Scene) -> None:
    first, _ = scene.open()
    second, here = scene.open()
    prefix, _, digits = first["number"].partition("-")
    assert (prefix, len(digits)) == ("CM", 6)
    assert int(second["number"].removeprefix("CM-")) == int(digits) + 1
    assert expect(scene.customer.get(f"{scene.path}/cases/by-number/{second['number']}"), 200) == expect(
        scene.customer.get(here), 200
    )
    missing = scene.customer.get(f"{scene.path}/cases/by-number/CM-999999")
    hidden = scene.stranger.get(f"{scene.path}/cases/by-number/{first['number']}")
    assert (missing.status, hidden.status) == (404, 404)


@pytest.mark.seed("B04", "B05", "B12")
def test_a_ticket_is_assessed_assigned_and_handed_to_level_two(scene: Scene) -> None:
    ticket, here = scene.open(type_key="level_1")
    assert (ticket["level"], ticket["complexity"], ticket["status"]) == (1, None, "new")
    expect(scene.customer.post(f"{here}/triage", {"complexity": "simple"}), 403)
    expect(scene.agent.post(f"{here}/triage", {"complexity": "difficult"}), 422)
    expect(scene.agent.post(f"{here}/triage", {"complexity": "complex", "level": 3}), 422)
    simple = expect(scene.agent.post(f"{here}/triage", {"complexity": "simple"}), 200)
    assert (simple["complexity"], simple["level"], simple["status"]) == ("simple", 1, "open")
    expect(scene.agent.put(f"{here}/assignee", {"assignee_id": scene.agent.id}), 200)
    over = expect(scene.agent.post(f"{here}/triage", {"complexity": "complex", "level": 2}), 200)
    assert (over["complexity"], over["level"]) == ("complex", 2)
    assert over["reviewed_at"] == simple["reviewed_at"]
    again = expect(scene.agent.post(f"{here}/triage", {"complexity": "simple"}), 200)
    assert (again["complexity"], again["level"]) == ("simple", 2), "a look alone moves nothing to another level"
    expect(scene.agent.put(f"{here}/assignee", {"assignee_id": scene.customer.id}), 422)
    expect(scene.agent.put(f"{here}/assignee", {"assignee_id": scene.technician.id}), 200)
    assert expect(scene.customer.get(here), 200)["assignee"]["id"] == scene.technician.id
    desk = expect(scene.technician.get(f"{scene.path}/cases?view=assigned"), 200)["data"]
    assert ticket["id"] in [line["id"] for line in desk]
    assert ticket["id"] not in [
        line["id"] for line in expect(scene.agent.get(f"{scene.path}/cases?view=assigned"), 200)["data"]
    ]


@pytest.mark.seed("B06", "B54", "B55")
def test_a_simple_ticket_is_answered_by_mail_closed_and_still_takes_a_response(scene: Scene, post: Post) -> None:
    ticket, here = scene.open()
    expect(scene.agent.post(f"{here}/triage", {"complexity": "simple"}), 200)
    done = expect(scene.agent.post(f"{here}/answer", {"body": "Choose File, then Repair.", "close": True}), 200)
    assert done["status"] == "closed"
    mail = post.wait(scene.customer, ticket, "Choose File, then Repair.")
    assert mail["to"] == [scene.customer.email]
    expect(scene.customer.post(f"{here}/comments", {"body": "That helped."}), 201)
    after = expect(scene.customer.get(here), 200)
    assert (after["status"], after["comments"][-1]["body"]) == ("closed", "That helped.")


@pytest.mark.seed("B07", "B10")
def test_a_complex_ticket_is_answered_by_phone_and_remote_session_on_its_record(scene: Scene) -> None:
    _, here = scene.open(type_key="level_2")
    expect(scene.agent.post(f"{here}/triage", {"complexity": "complex", "level": 2}), 200)
    called = {"body": "Phoned at nine: the index is broken.", "channel": "phone"}
    expect(scene.technician.post(f"{here}/comments", called), 201)
    repaired = {"body": "Connected and rebuilt it.", "channel": "remote_session", "close": True}
    expect(scene.technician.post(f"{here}/answer", repaired), 200)
    said = [(one["channel"], one["body"]) for one in expect(scene.customer.get(here), 200)["comments"]]
    assert said == [("phone", called["body"]), ("remote_session", repaired["body"])]
    expect(scene.technician.post(f"{scene.path}/cases/case_01m7x2c4e6g8j0k2m4n6p8q0r2/comments", called), 404)
    telling = [route for route in ROUTES if "channel" in route.own_names]
    assert telling
    assert all("case_id" in route.path_names for route in telling)


@pytest.mark.seed("B07")
def test_a_word_comes_in_one_of_the_ways_its_speaker_has(scene: Scene, cast: Cast) -> None:
    other = cast.scene("E")  # which answers by portal, mail and chat
    (_, here), (_, there) = scene.open(), other.open()

    def say(who: Person, path: str, channel: str) -> int:
        answer = who.post(f"{path}/comments", {"body": "Hello.", "channel": channel})
        if answer.status == 422:
            assert [(one["pointer"], one["rule"]) for one in answer.json()["errors"]] == [("/channel", "choice")]
        return answer.status

    everything = ("portal", "api", "email", "phone", "remote_session", "chat")
    assert [say(scene.customer, here, channel) for channel in everything] == [201, 201, 422, 422, 422, 422]
    assert [say(scene.agent, here, channel) for channel in everything] == [201, 201, 201, 201, 201, 422]
    assert [say(other.agent, there, channel) for channel in everything] == [201, 201, 201, 422, 422, 201]
    refused = other.agent.post(f"{there}/answer", {"body": "As I said.", "channel": "phone"})
    assert expect(refused, 422)["errors"][0]["pointer"] == "/channel"


@pytest.mark.seed("B08")
def test_the_question_and_what_was_done_are_kept_as_history(world: World, scene: Scene) -> None:
    start = expect(scene.agent.get(f"{scene.path}/events"), 200)["cursor"]
    ticket, here = scene.open(description="Totals are wrong since the update.")
    expect(scene.agent.post(f"{here}/triage", {"complexity": "simple"}), 200)
    expect(scene.agent.put(f"{here}/assignee", {"assignee_id": scene.agent.id}), 200)
    expect(scene.agent.post(f"{here}/comments", {"body": "Which report?"}), 201)
    expect(scene.customer.post(f"{here}/comments", {"body": "The yearly one."}), 201)
    expect(scene.agent.post(f"{here}/answer", {"body": "Rebuilt the totals.", "close": True}), 200)
    for reader in (scene.customer, scene.agent):
        kept = expect(reader.get(here), 200)
        assert kept["description"] == "Totals are wrong since the update."
        assert [(one["side"], one["body"]) for one in kept["comments"]] == [
            ("support", "Which report?"),
            ("customer", "The yearly one."),
            ("support", "Rebuilt the totals."),
        ]
        assert all(one["created_at"] and one["author"]["name"] for one in kept["comments"])
    begun = ["case.opened", "case.assigned", "case.reviewed", "case.assigned"]
    wanted = [*begun, *["comment.added"] * 3, "case.answered", "case.closed"]

    def happened() -> list[str]:
        lines = expect(scene.customer.get(f"{scene.path}/events?after={start}"), 200)["data"]
        return [line["type"] for line in lines if line["subject"] == ticket["id"]]

    world.settle(lambda: len(happened()) == len(wanted))
    assert happened() == wanted


@pytest.mark.seed("B11")
def test_the_emergency_number_is_shown_to_anybody(world: World, scene: Scene) -> None:
    profile = expect(world.http("GET", f"{scene.path}/profile"), 200)["profile"]
    assert profile["emergency_contact"] == "1-866-281-8350"


@pytest.mark.seed("B23")
def test_login_takes_user_name_and_password(world: World, scene: Scene) -> None:
    person = scene.customer

    def sign_in(login: str, password: str) -> int:
        return world.http("POST", "/v1/sessions", json={"login": login, "password": password}).status

    assert sign_in(person.user_name, person.password) == 201
    assert sign_in(person.user_name, person.password + "x") == 401
    assert sign_in(person.user_name + "x", person.password) == 401
    assert world.http("GET", f"{scene.path}/cases").status == 401


@pytest.mark.seed("B26", "B27")
def test_logged_in_all_tickets_and_their_responses_can_be_read_and_a_new_one_filed(scene: Scene) -> None:
    me = scene.home.person()
    filed = []
    for kind in ("billing", "level_1"):
        ticket, here = scene.open(me, kind)
        expect(scene.agent.post(f"{here}/answer", {"body": f"About {kind}.", "close": kind == "billing"}), 200)
        filed.append(ticket["id"])
    listed = expect(me.get(f"{scene.path}/cases?view=mine"), 200)["data"]
    assert sorted(line["id"] for line in listed) == sorted(filed)
    responses = [expect(me.get(f"{scene.path}/cases/{ticket_id}"), 200)["comments"][0]["body"] for ticket_id in filed]
    assert responses == ["About billing.", "About level_1."]


@pytest.mark.seed("B32", "B33", "B42")
def test_five_types_are_offered_and_each_brings_its_own_form(world: World, scene: Scene) -> None:
    profile = expect(world.http("GET", f"{scene.path}/profile"), 200)["profile"]
    assert [kind["key"] for kind in profile["types"]] == TYPES
    forms = {kind["key"]: {field["key"] for field in kind["form"]} for kind in profile["types"]}
    for kind in TYPES:
        ticket, here = scene.open(type_key=kind)
        assert expect(scene.customer.get(here), 200)["type"] == kind
        assert ticket["fields"].keys() == forms[kind] - {"title", "description"}
    assert len({frozenset(form) for form in forms.values()}) > 3
    foreign = expect(scene.refused(scene.customer, "sales", fields={"invoice_number": "1"}), 422)
    assert [(one["pointer"], one["rule"]) for one in foreign["errors"]] == [("/fields/invoice_number", "unknown")]


@pytest.mark.seed("B41")
@pytest.mark.parametrize("kind", TYPES)
def test_a_form_that_is_not_complete_is_refused(scene: Scene, kind: str) -> None:
    scene.open()
    whole = scene.team.form(kind)
    form = next(one["form"] for one in scene.team.profile["types"] if one["key"] == kind)
    assert all(field["required"] for field in form)
    before = _count(scene.customer, scene)
    for field in form:
        key = field["key"]
        place = "" if key in ("title", "description") else "/fields"
        inside = whole["fields"] if place else whole
        for without in ({}, {key: ""}):
            left = {name: value for name, value in inside.items() if name != key} | without
            body = whole | {"fields": left} if place else left
            refused = expect(scene.customer.post(f"{scene.path}/cases", body), 422)
            assert [one["pointer"] for one in refused["errors"]] == [f"{place}/{key}"]
    assert _count(scene.customer, scene) == before


def _count(who: Person, scene: Scene) -> int:
    return len(expect(who.get(f"{scene.path}/cases?limit=100"), 200)["data"])


@pytest.mark.seed("B43", "B44", "B45")
def test_the_form_takes_a_favourite_the_nature_of_the_request_and_the_time_to_phone(scene: Scene) -> None:
    fields = {"preferred_assignee": scene.technician.id, "callback_at": "2026-12-01T14:30:00-05:00"}
    _, here = scene.open(title="Cannot print", description="Nothing comes out.", fields=fields)
    read = expect(scene.agent.get(here), 200)
    assert read["fields"]["preferred_assignee"] == scene.technician.id
    assert read["fields"]["callback_at"] == "2026-12-01T14:30:00-05:00"
    assert (read["title"], read["description"]) == ("Cannot print", "Nothing comes out.")
    for name, wrong in (("preferred_assignee", scene.colleague.id), ("callback_at", "after lunch")):
        refused = expect(scene.refused(scene.customer, fields={name: wrong}), 422)
        assert [one["pointer"] for one in refused["errors"]] == [f"/fields/{name}"]


def test_news_on_a_ticket_reaches_the_assigned_representative_and_nobody_else_of_the_desk(
    scene: Scene, post: Post
) -> None:
    ticket, here = scene.open()
    expect(scene.agent.put(f"{here}/assignee", {"assignee_id": scene.technician.id}), 200)
    expect(scene.customer.post(f"{here}/comments", {"body": "It happened again."}), 201)
    post.wait(scene.technician, ticket, "It happened again.")
    assert not [mail for mail in post.to(scene.agent, ticket) if "It happened again." in mail["text"]]
