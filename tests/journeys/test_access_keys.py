"""Seed B, system 2: a form that anybody fills in, and the key that opens the one ticket it made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.cast import Cast, Scene, expect, unique
from tests.journeys.post import Post, Reply
from tests.world import HttpAnswer, MemoryWorld, World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("B")


@dataclass
class Visitor:
    """Somebody without a login; after ``open`` he holds the key of his ticket."""

    world: World
    scene: Scene
    email: str
    key: str = ""

    def form(self, kind: str = "", **more: Any) -> dict[str, Any]:
        contact = {"name": "Nora Nilsson", "email": self.email, "phone": "+46 70 123 45 67"}
        return self.scene.team.form(kind, **({"contact": contact} | more))

    def send(self, body: dict[str, Any], **headers: str) -> HttpAnswer:
        return self.world.http("POST", f"{self.scene.path}/cases", json=body, headers=headers)

    def open(self, kind: str = "", **more: Any) -> dict[str, Any]:
        body = self.form(kind, **more)  # asks for one of the staff, whom the services have heard of then

        def known() -> HttpAnswer | None:
            answer = self.send(body)
            return None if answer.status == 401 else answer

        ticket: dict[str, Any] = expect(self.world.settle(known), 201)
        self.key = ticket["access_key"]
        return ticket

    def ask(self, method: str, path: str = "", **more: Any) -> HttpAnswer:
        return self.world.http(method, f"/v1/access{path}", headers={"X-Access-Key": self.key}, **more)

    def look(self) -> dict[str, Any]:
        return dict(expect(self.ask("GET"), 200))


@pytest.fixture
def visitor(world: World, scene: Scene) -> Visitor:
    return Visitor(world, scene, f"{unique('nora')}@example.org")


def of(visitor: Visitor) -> Any:
    """Whom ``Post`` looks for."""
    return type("Box", (), {"email": visitor.email})


@pytest.mark.seed("B40", "B42", "B44", "B45", "B46")
def test_a_ticket_is_filed_without_a_login_and_its_confirmation_shows_the_key(visitor: Visitor, scene: Scene) -> None:
    ticket = visitor.open("level_2", title="No ink", fields={"callback_at": "2026-12-01T09:00:00Z"})
    assert re.fullmatch(r"cwa_[A-Za-z0-9_-]{48}", ticket["access_key"])
    assert (ticket["type"], ticket["title"], ticket["contact"]["name"]) == ("level_2", "No ink", "Nora Nilsson")
    seen = expect(scene.agent.get(f"{scene.path}/cases/{ticket['id']}"), 200)
    assert (seen["fields"]["callback_at"], seen["access_key"]) == ("2026-12-01T09:00:00Z", None)
    assert visitor.email not in repr(seen)


@pytest.mark.seed("B41")
def test_the_form_must_be_filled_in_completely_also_by_a_visitor(visitor: Visitor) -> None:
    visitor.open()
    whole = visitor.form("level_1")
    for missing in whole["fields"]:
        body = whole | {"fields": {name: value for name, value in whole["fields"].items() if name != missing}}
        refused = expect(visitor.send(body), 422)
        assert f"/fields/{missing}" in [error["pointer"] for error in refused["errors"]]
    expect(visitor.send({name: value for name, value in whole.items() if name != "contact"}), 422)
    expect(visitor.send(whole | {"contact": {"name": "Nora"}}), 422)
    expect(visitor.send(whole | {"contact": {"name": "Nora", "email": "nowhere"}}), 422)


@pytest.mark.seed("B43")
def test_a_visitor_picks_his_favourite_from_the_representatives(cast: Cast, visitor: Visitor, scene: Scene) -> None:
    ticket = visitor.open(fields={"preferred_assignee": scene.technician.id})
    assert ticket["fields"]["preferred_assignee"] == scene.technician.id
    public = expect(visitor.world.http("GET", f"{scene.path}/representatives"), 200)["data"]
    assert {scene.agent.id, scene.technician.id} <= {person["id"] for person in public}
    assert all(set(person) == {"id", "name"} for person in public)
    expect(visitor.send(visitor.form(fields={"preferred_assignee": scene.customer.id})), 422)
    shut = cast.scene("E")
    assert shut.agent.id
    assert expect(visitor.world.http("GET", f"{shut.path}/representatives"), 200)["data"] == []
    assert expect(shut.customer.get(f"{shut.path}/representatives"), 200)["data"]


def test_a_shut_door_and_no_door_look_alike(cast: Cast, visitor: Visitor) -> None:
    shut, body = cast.scene("E"), visitor.form()
    answers = [visitor.world.http("POST", f"{path}/cases", json=body) for path in (shut.path, "/v1/teams/no-such-team")]
    assert [answer.status for answer in answers] == [401, 401]
    assert answers[0].json()["code"] == answers[1].json()["code"]
    expect(shut.customer.post(f"{shut.path}/cases", shut.team.form(contact=body["contact"])), 422)


@pytest.mark.seed("B47", "B53", "B57")
def test_the_key_shows_the_original_request_and_what_was_done_and_nothing_else(
    visitor: Visitor, scene: Scene, post: Post
) -> None:
    ticket = visitor.open(title="The lid is stuck")
    here = f"{scene.path}/cases/{ticket['id']}"
    assert visitor.look()["status"] == "new"
    expect(scene.agent.post(f"{here}/comments", {"body": "He sounds cross.", "visibility": "internal"}), 201)
    expect(scene.agent.post(f"{here}/answer", {"body": "Lift it gently.", "close": True}), 200)
    seen = visitor.look()
    assert (seen["number"], seen["title"], seen["status"]) == (ticket["number"], "The lid is stuck", "closed")
    assert [comment["body"] for comment in seen["comments"]] == ["Lift it gently."]
    assert scene.agent.id not in repr(seen["comments"])
    assert "cross" not in repr(seen)
    mail = post.wait(of(visitor), ticket, "Lift it gently.")
    assert f"/case/{ticket['number']}#key={visitor.key}" in mail["text"]
    headers = {"X-Access-Key": visitor.key}
    for path in (here, f"{scene.path}/cases", f"{here}/tree", f"{scene.path}/events", "/v1/me"):
        assert visitor.world.http("GET", path, headers=headers).status == 401


@pytest.mark.seed("B49", "B50")
def test_a_mail_brings_the_key_and_a_link_that_works_for_years(
    memory: MemoryWorld, visitor: Visitor, scene: Scene, post: Post
) -> None:
    ticket = visitor.open()
    mail = post.wait(of(visitor), ticket, visitor.key)
    assert mail["to"] == [visitor.email]
    link = re.search(r"http\S+/case/\S+", mail["text"])
    assert link is not None
    assert link[0].endswith(f"/case/{ticket['number']}#key={visitor.key}")
    with memory.at(datetime.now(UTC) + timedelta(days=5 * 365)):
        assert visitor.look()["number"] == ticket["number"]


def test_a_victims_address_gets_nothing_that_a_stranger_wrote_and_not_many_mails(
    memory: MemoryWorld, visitor: Visitor, post: Post
) -> None:
    contact = {"name": "Win a car", "email": visitor.email}
    opened = [visitor.open(title="www.evil.example", contact=contact) for _ in range(5)]
    memory.settle(None)
    mails = post.letters(visitor.email)
    assert len(mails) == 3
    assert not [mail for mail in mails if "evil" in repr(mail) or "Win" in repr(mail)]
    assert opened[0]["access_key"] in repr(mails)


@pytest.mark.seed("B48")
def test_the_page_behind_the_link_says_the_same_to_everybody_and_the_key_works_at_one_address(
    visitor: Visitor,
) -> None:
    ticket = visitor.open()
    page = visitor.world.http("GET", f"/case/{ticket['number']}")
    assert (page.status, page.headers["referrer-policy"]) == (200, "no-referrer")
    assert page.headers["cache-control"] == "private, no-store"
    assert "script" not in page.headers["content-security-policy"]
    assert page.body == visitor.world.http("GET", "/case/CM-999999").body
    assert visitor.look()["number"] == ticket["number"]


@pytest.mark.seed("B51", "B52", "B55")
def test_an_update_by_key_reaches_the_representative_at_once_and_a_closed_ticket_takes_it(
    visitor: Visitor, scene: Scene, post: Post
) -> None:
    ticket = visitor.open()
    here = f"{scene.path}/cases/{ticket['id']}"
    expect(scene.agent.put(f"{here}/assignee", {"assignee_id": scene.technician.id}), 200)
    said = expect(visitor.ask("POST", "/comments", json={"body": "NEW STATUS: it smokes now."}), 201)
    assert (said["author"], said["side"]) == ("Nora Nilsson", "customer")
    assert post.wait(scene.technician, ticket, "it smokes now")
    expect(scene.agent.post(f"{here}/close"), 200)
    expect(visitor.ask("POST", "/comments", json={"body": "It works again."}), 201)
    assert [comment["body"] for comment in visitor.look()["comments"]][-1] == "It works again."
    assert not [mail for mail in post.to(of(visitor), ticket) if "It works again." in mail["text"]]


def test_an_answer_to_his_mail_becomes_a_comment_of_the_visitor(visitor: Visitor, scene: Scene, post: Post) -> None:
    ticket = visitor.open()
    mail = post.wait(of(visitor), ticket, visitor.key)
    held = post.answer(Reply(mail, "somebody@else.example", "Let me in."))
    taken = post.answer(Reply(mail, visitor.email, "It is the left lid."))
    assert "held" in held
    assert "accepted" in taken
    visitor.world.settle(lambda: visitor.look()["comments"])
    [comment] = visitor.look()["comments"]
    assert (comment["body"], comment["author"], comment["channel"]) == ("It is the left lid.", "Nora Nilsson", "email")


def test_whether_it_was_answered_is_said_by_key(cast: Cast, world: World) -> None:
    scene = Scene(cast.team("B", close={"by_customer": True, "confirm": True}))
    visitor = Visitor(world, scene, f"{unique('nora')}@example.org")
    ticket = visitor.open()
    expect(visitor.ask("PUT", "/confirmation", json={"answer": "yes"}), 409)
    expect(scene.agent.post(f"{scene.path}/cases/{ticket['id']}/close"), 200)
    assert visitor.look()["pending_confirmation"]
    done = expect(visitor.ask("PUT", "/confirmation", json={"answer": "no", "reopen": True, "feedback": "No."}), 200)
    assert (done["status"], done["pending_confirmation"]) == ("open", False)


def test_a_new_key_ends_the_old_one_and_a_revoked_one_opens_nothing(visitor: Visitor, scene: Scene) -> None:
    ticket = visitor.open()
    keys = f"{scene.path}/cases/{ticket['id']}/access-keys"
    issued = expect(scene.agent.post(keys), 201)
    assert issued["link"].endswith(f"/case/{ticket['number']}#key={issued['key']}")
    assert visitor.ask("GET").status == 404
    visitor.key = issued["key"]
    assert visitor.look()["number"] == ticket["number"]
    listed = expect(scene.agent.get(keys), 200)["data"]
    assert [(line["key"], line["ended_at"] is None) for line in listed] == [(None, True), (None, False)]
    assert scene.agent.http("DELETE", keys).status == 204 == scene.agent.http("DELETE", keys).status
    assert visitor.ask("GET").status == 404
    assert visitor.ask("POST", "/comments", json={"body": "Still me."}).status == 404


def test_customers_give_keys_to_their_own_cases_only_and_only_where_the_team_has_keys(cast: Cast, scene: Scene) -> None:
    case, here = scene.open()
    assert "key.manage" in case["permissions"]
    issued = expect(scene.customer.post(f"{here}/access-keys"), 201)
    opened = scene.team.cast.world.http("GET", "/v1/access", headers={"X-Access-Key": issued["key"]})
    assert expect(opened, 200)["number"] == case["number"]
    assert "key.manage" not in expect(scene.colleague.get(here), 200)["permissions"]
    expect(scene.colleague.post(f"{here}/access-keys"), 403)
    expect(scene.stranger.post(f"{here}/access-keys"), 404)
    shut = cast.scene("E")
    _, there = shut.open()
    expect(shut.agent.post(f"{there}/access-keys"), 403)


def test_a_members_key_ends_with_his_place(cast: Cast, world: World) -> None:
    scene = cast.scene("B")
    leaver = scene.home.person()
    case = scene.team.open_case(leaver)
    shown = {"X-Access-Key": expect(leaver.post(f"{scene.path}/cases/{case['id']}/access-keys"), 201)["key"]}
    expect(world.http("GET", "/v1/access", headers=shown), 200)
    expect(scene.team.cast.operator.patch(f"{scene.home.users}/{leaver.id}", {"active": False}), 200)
    world.settle(lambda: world.http("GET", "/v1/access", headers=shown).status == 404)
    expect(world.http("POST", "/v1/access/comments", headers=shown, json={"body": "Still me."}), 404)


def test_a_key_that_only_reads_changes_nothing(cast: Cast, world: World) -> None:
    scene = Scene(cast.team("B", access_key="read"))
    visitor = Visitor(world, scene, f"{unique('nora')}@example.org")
    visitor.open()
    assert visitor.look()["permissions"] == []
    expect(visitor.ask("POST", "/comments", json={"body": "More."}), 403)
    expect(visitor.ask("PUT", "/confirmation", json={"answer": "yes"}), 403)
    assert visitor.look()["comments"] == []


def test_a_repeated_submit_makes_one_ticket_and_does_not_tell_the_key_again(visitor: Visitor) -> None:
    visitor.open()
    body, key = visitor.form(title="Twice"), unique("again")
    first, second = (visitor.send(body, **{"Idempotency-Key": key}) for _ in range(2))
    assert expect(first, 201)["id"] == expect(second, 201)["id"]
    assert first.json()["access_key"]
    assert second.json()["access_key"] is None


def test_two_visitors_with_one_idempotency_key_do_not_get_each_others_answer(world: World, scene: Scene) -> None:
    key, said = unique("same"), []
    for word in ("first", "second"):
        visitor = Visitor(world, scene, f"{unique(word)}@example.org")
        visitor.open()
        headers = {"X-Access-Key": visitor.key, "Idempotency-Key": key}
        expect(world.http("POST", "/v1/access/comments", json={"body": "Thanks."}, headers=headers), 201)
        said.append(len(visitor.look()["comments"]))
    assert said == [1, 1]


def test_an_address_opens_so_many_tickets_an_hour_and_no_more(memory: MemoryWorld, cast: Cast) -> None:
    scene = Scene(cast.team("B"))
    visitor = Visitor(memory, scene, f"{unique('nora')}@example.org")
    body = visitor.form()
    with memory.at(datetime.now(UTC) + timedelta(days=30)):
        visitor.open()
        answers = [visitor.send(body) for _ in range(20)]
        assert [answer.status for answer in answers] == [201] * 19 + [429]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 3_600
    with memory.at(datetime.now(UTC) + timedelta(days=30, hours=1, minutes=1)):
        expect(visitor.send(body), 201)


@pytest.mark.seed("B51", "B57")
def test_the_key_adds_files_to_its_one_ticket_within_the_limits(
    cast: Cast, world: World, visitor: Visitor, scene: Scene
) -> None:
    ticket = visitor.open()
    here = f"{scene.path}/cases/{ticket['id']}"
    world.settle(lambda: scene.agent.get(f"{here}/tree").status == 200)
    photo = [("file", ("label.jpg", b"\xff\xd8", "image/jpeg"))]
    sent = expect(visitor.ask("POST", "/files", files=photo), 201)["data"]
    assert [(file["name"], file["size"], set(file)) for file in sent] == [
        ("label.jpg", 2, {"name", "content_type", "size", "sha256"})
    ]
    [file] = expect(scene.agent.get(f"{here}/tree"), 200)["files"]
    assert (file["name"], file["uploaded_by"], file["internal"]) == ("label.jpg", ticket["contact"]["id"], False)
    elsewhere = Visitor(world, scene, f"{unique('nils')}@example.org").open()
    world.settle(lambda: scene.agent.get(f"{scene.path}/cases/{elsewhere['id']}/tree").status == 200)
    for name, value in (("case_id", elsewhere["id"]), ("team_id", cast.scene("C").team.id)):
        expect(visitor.ask("POST", "/files", files=photo, form={name: value}), 422)
    folder = expect(scene.agent.post(f"{scene.path}/cases/{elsewhere['id']}/folders", {"name": "Theirs"}), 201)
    expect(visitor.ask("POST", "/files", files=photo, form={"folder_id": folder["id"]}), 404)
    assert expect(scene.agent.get(f"{scene.path}/cases/{elsewhere['id']}/tree"), 200)["files"] == []
    most = expect(scene.agent.get(f"{scene.path}/limits"), 200)["max_bytes"]
    big = [("file", ("big.bin", b"\0" * (most + 1), "application/octet-stream"))]
    assert expect(visitor.ask("POST", "/files", files=big), 413)["code"] == "file_too_large"
    expect(scene.agent.http("DELETE", f"{here}/access-keys"), 204)
    expect(visitor.ask("POST", "/files", files=photo), 404)
    assert len(expect(scene.agent.get(f"{here}/tree"), 200)["files"]) == 1


def test_a_key_that_only_reads_adds_no_files(cast: Cast, world: World) -> None:
    scene = Scene(cast.team("B", access_key="read"))
    visitor = Visitor(world, scene, f"{unique('nora')}@example.org")
    visitor.open()
    refused = expect(visitor.ask("POST", "/files", files=[("file", ("a.txt", b"a", "text/plain"))]), 403)
    assert refused["code"] == "not_permitted"


def test_what_is_split_off_a_visitors_ticket_is_his_too(
    world: World, visitor: Visitor, scene: Scene, post: Post
) -> None:
    ticket = visitor.open()
    expect(visitor.ask("POST", "/comments", json={"body": "And the door squeaks."}), 201)
    here = f"{scene.path}/cases/{ticket['id']}"
    said = expect(scene.agent.get(here), 200)["comments"][-1]["id"]
    made = expect(scene.agent.post(f"{here}/split", {"comment_ids": [said], "title": "The door"}), 201)
    assert (made["contact"], made["owner"]) == (ticket["contact"], ticket["contact"])
    assert made["access_key"] is None
    expect(scene.agent.post(f"{scene.path}/cases/{made['id']}/comments", {"body": "Oil it."}), 201)
    mail = post.wait(of(visitor), made, "Oil it.")
    visitor.key = mail["text"].partition("#key=")[2].split()[0]
    assert visitor.look()["number"] == made["number"]
