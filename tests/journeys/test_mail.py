"""Mail out: every public word reaches the other side once. Mail in: an answer becomes a comment, nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.journeys.cast import Cast, Person, Scene, expect, unique
from tests.journeys.post import Post, Reply
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("E")


@pytest.fixture
def mailed(scene: Scene, post: Post) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """A case, where it lives, and the customer's mail about support's question."""
    case, here = scene.open()
    expect(scene.agent.post(f"{here}/comments", {"body": "Vilken order gäller det?"}), 201)
    return case, here, post.wait(scene.customer, case, "Vilken order gäller det?")


def bodies(who: Person, here: str) -> list[str]:
    return [comment["body"] for comment in expect(who.get(here), 200)["comments"]]


def test_every_public_comment_mails_the_other_side_once_and_an_internal_one_nobody(scene: Scene, post: Post) -> None:
    case, here = scene.open(follower_ids=[scene.colleague.id])
    expect(scene.agent.put(f"{here}/assignee", {"assignee_id": scene.agent.id}), 200)
    talk = [("agent", "Nummer ett."), ("customer", "Nummer två."), ("agent", "Nummer tre."), ("customer", "Sist.")]
    for number, (side, body) in enumerate(talk):
        expect(scene.agent.post(f"{here}/comments", {"body": f"HEMLIGT {number}", "visibility": "internal"}), 201)
        who = scene.agent if side == "agent" else scene.customer
        expect(who.post(f"{here}/comments", {"body": body}), 201)
    post.wait(scene.agent, case, "Sist.")
    post.wait(scene.colleague, case, "Sist.")
    expect(scene.agent.post(f"{here}/close"), 200)
    post.wait(scene.customer, case, "has been closed")

    def told(who: Person) -> list[str]:
        texts = [mail["text"] for mail in post.to(who, case)]
        assert not [text for text in texts if "HEMLIGT" in text]
        return [body for text in texts for _, body in talk if body in text]

    assert told(scene.customer) == ["Nummer ett.", "Nummer tre."]
    assert told(scene.agent) == ["Nummer två.", "Sist."]
    assert told(scene.colleague) == [body for _, body in talk]
    sent = expect(scene.agent.get(f"{here}/mails?limit=100"), 200)["data"]
    assert {mail["to"] for mail in sent if mail["state"] == "sent"} >= {scene.customer.email, scene.colleague.email}
    expect(scene.customer.get(f"{here}/mails"), 403)


def test_an_act_with_a_word_is_mailed_where_words_are_not(cast: Cast, post: Post) -> None:
    quiet = Scene(cast.team("A", notify={"every_public_comment": False}))
    case, here = quiet.open()
    expect(quiet.agent.put(f"{here}/assignee", {"assignee_id": quiet.agent.id}), 200)
    expect(quiet.agent.post(f"{here}/answer", {"body": "Tryck på knappen.", "close": True}), 200)
    mail = post.wait(quiet.customer, case, "has been closed")
    assert "Was your question answered?" in mail["text"]
    expect(quiet.customer.put(f"{here}/confirmation", {"answer": "no", "feedback": "Vilken?", "reopen": True}), 200)
    post.wait(quiet.agent, case, "was not answered")
    expect(quiet.customer.post(f"{here}/cancel", {"reason": "Behövs inte."}), 200)
    post.wait(quiet.agent, case, "has been cancelled")
    assert not [mail for mail in post.to(quiet.agent, case) if "Vilken?" in mail["text"] or "Behövs" in mail["text"]]


def test_people_hear_of_what_concerns_them(scene: Scene, post: Post) -> None:
    case, here = scene.open(type_key="support")
    expect(scene.agent.post(f"{here}/followers", {"user_id": scene.colleague.id}), 201)
    post.wait(scene.colleague, case, "You follow this case")
    expect(scene.agent.post(f"{here}/escalate", {"assignee_id": scene.technician.id, "note": "Svårt."}), 200)
    post.wait(scene.technician, case, "next support level")
    expect(scene.agent.put(f"{here}/owner", {"owner_id": scene.colleague.id}), 200)
    post.wait(scene.colleague, case, "You are the owner")
    post.wait(scene.customer, case, "another owner")
    other, there = scene.open(type_key="support")
    expect(scene.agent.post(f"{there}/merge", {"into_id": case["id"]}), 200)
    post.wait(scene.customer, other, f"goes on as {case['number']}")


def test_words_that_were_put_right_before_the_mail_left_are_not_mailed(
    memory: MemoryWorld, scene: Scene, post: Post
) -> None:
    case, here = scene.open()
    memory.settle(None)  # the other mails are out
    said = [expect(scene.agent.post(f"{here}/comments", {"body": body}), 201)["id"] for body in ("Hunter2.", "Wrogn.")]
    expect(scene.agent.http("DELETE", f"{here}/comments/{said[0]}"), 204)
    expect(scene.agent.patch(f"{here}/comments/{said[1]}", {"body": "Wrong."}), 200)
    post.wait(scene.customer, case, "Wrong.")
    texts = [mail["text"] for mail in post.to(scene.customer, case)]
    assert not [text for text in texts if "Hunter2." in text or "Wrogn." in text]


def test_the_customer_gets_a_receipt_and_the_desk_the_news(scene: Scene, post: Post) -> None:
    hand = scene.technician
    case, _ = scene.open(title="Två =?utf-8?q?rader?= och ett ö")
    post.wait(hand, case, case["number"])
    mail = post.wait(scene.customer, case, case["number"])
    assert mail["headers"]["auto-submitted"] == "auto-generated"
    assert mail["headers"]["reply-to"] != post.to(hand, case)[0]["headers"]["reply-to"]
    assert "och ett ö" in mail["subject"]


def test_an_answer_by_mail_becomes_a_comment_and_is_mailed_on(
    world: World, scene: Scene, post: Post, mailed: tuple[dict[str, Any], str, dict[str, Any]]
) -> None:
    case, here, mail = mailed
    assert post.answer(Reply(mail, f"Anna <{scene.customer.email}>", "Order 17,\näpplen.")) == "accepted"
    world.settle(lambda: len(bodies(scene.customer, here)) == 2)
    comment = expect(scene.customer.get(here), 200)["comments"][-1]
    assert comment["body"] == "Order 17,\näpplen."
    assert (comment["channel"], comment["author"]["id"]) == ("email", scene.customer.id)
    at_desk = post.wait(scene.agent, case, "Order 17,")
    assert post.answer(Reply(at_desk, scene.agent.email, "Tack, det är lagat.")) == "accepted"
    world.settle(lambda: len(bodies(scene.customer, here)) == 3)
    assert expect(scene.customer.get(here), 200)["comments"][-1]["side"] == "support"
    post.wait(scene.customer, case, "Tack, det är lagat.")


def test_a_forged_sender_is_held(scene: Scene, post: Post, mailed: tuple[dict[str, Any], str, dict[str, Any]]) -> None:
    _, here, mail = mailed
    for sender in (scene.colleague.email, "thief@example.org", f"{scene.customer.email}, thief@example.org"):
        assert post.answer(Reply(mail, sender, "Skicka allt till mig.")) == "held"
    assert bodies(scene.agent, here) == ["Vilken order gäller det?"]


def test_an_answer_to_an_address_nobody_has_is_held(world: World, scene: Scene, mailed: tuple[Any, str, Any]) -> None:
    _, here, mail = mailed
    address = mail["headers"]["reply-to"].partition("<")[2].rstrip(">")
    domain = address.rpartition("@")[2]
    raw = Reply(mail, scene.customer.email, "Hej").raw()
    assert world.take_mail(scene.customer.email, f"reply+{'a' * 32}@{domain}", raw) == "held"
    assert bodies(scene.agent, here) == ["Vilken order gäller det?"]


@pytest.mark.parametrize(
    "headers", [{"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X-Autoreply": "yes"}], ids=str
)
def test_an_automatic_answer_is_ignored(
    scene: Scene, post: Post, mailed: tuple[dict[str, Any], str, dict[str, Any]], headers: dict[str, str]
) -> None:
    _, here, mail = mailed
    assert post.answer(Reply(mail, scene.customer.email, "Jag är på semester.", headers=headers)) == "ignored"
    assert bodies(scene.agent, here) == ["Vilken order gäller det?"]


def test_the_same_mail_twice_is_one_comment(
    world: World, scene: Scene, post: Post, mailed: tuple[dict[str, Any], str, dict[str, Any]]
) -> None:
    _, here, mail = mailed
    reply = Reply(mail, scene.customer.email, "Bara en gång.", message_id=f"<{unique('m')}@customer.example>")
    assert [post.answer(reply) for _ in range(3)] == ["accepted", "ignored", "ignored"]
    second = Reply(mail, scene.customer.email, "Och en till.")
    assert post.answer(second) == "accepted"
    world.settle(lambda: "Och en till." in bodies(scene.agent, here))
    assert bodies(scene.agent, here) == ["Vilken order gäller det?", "Bara en gång.", "Och en till."]


def test_who_lost_his_place_gets_no_mail_and_cannot_answer_by_mail(world: World, scene: Scene, post: Post) -> None:
    leaver = scene.home.person()
    case, here = scene.open(leaver)
    expect(scene.agent.post(f"{here}/comments", {"body": "Är du kvar?"}), 201)
    mail = post.wait(leaver, case, "Är du kvar?")
    place = expect(scene.administrator.get(f"{scene.home.users}?q={leaver.user_name}"), 200)["data"][0]
    expect(scene.administrator.patch(f"{scene.path}/memberships/{place['id']}", {"active": False}), 200)
    world.settle(lambda: leaver.get(here).status == 404 and leaver.get(f"{scene.path}/events").status == 404)
    assert post.answer(Reply(mail, leaver.email, "Ja!")) == "held"
    expect(scene.agent.post(f"{here}/followers", {"user_id": scene.colleague.id}), 201)
    expect(scene.agent.post(f"{here}/comments", {"body": "Efter avskedet."}), 201)
    post.wait(scene.colleague, case, "Efter avskedet.")
    assert not [mail for mail in post.to(leaver, case) if "Efter avskedet." in mail["text"]]
    assert bodies(scene.agent, here) == ["Är du kvar?", "Efter avskedet."]


def test_an_answer_about_a_merged_case_stands_on_the_one_that_goes_on(
    world: World, scene: Scene, post: Post, mailed: tuple[dict[str, Any], str, dict[str, Any]]
) -> None:
    _, here, mail = mailed
    other, there = scene.open()
    expect(scene.agent.post(f"{here}/merge", {"into_id": other["id"]}), 200)
    assert post.answer(Reply(mail, scene.customer.email, "Order 17.")) == "accepted"
    world.settle(lambda: "Order 17." in bodies(scene.customer, there))
    expect(scene.agent.post(f"{here}/unmerge"), 200)
    assert bodies(scene.agent, there) == ["Order 17."]


def test_an_answer_that_cannot_be_taken_is_held_and_its_sender_told(
    memory: MemoryWorld, scene: Scene, post: Post, mailed: tuple[dict[str, Any], str, dict[str, Any]]
) -> None:
    case, here, mail = mailed
    expect(scene.agent.post(f"{here}/cancel", {}), 200)
    memory.settle(None)
    last = post.wait(scene.customer, case, "has been cancelled")
    assert "reply-to" not in last["headers"]
    assert "replying" not in last["text"]
    assert post.answer(Reply(mail, scene.customer.email, "Order 17.")) == "accepted"
    memory.settle(None)
    told = post.wait(scene.customer, case, "could not be added")
    assert "reply-to" not in told["headers"]
    with memory.client.works["notifications"].engine.connect() as db:
        kept = db.execute(
            text("SELECT outcome, reason, raw FROM inbound WHERE case_id = :id"), {"id": case["id"]}
        ).one()
    assert (kept.outcome, kept.reason) == ("held", "not_in_this_status")
    assert b"Order 17." in bytes(kept.raw)


def test_who_only_reads_is_not_asked_to_answer_by_mail(scene: Scene, post: Post) -> None:
    reads = scene.home.person(permissions=["case.read"])
    case, here = scene.open(follower_ids=[reads.id])
    expect(scene.agent.post(f"{here}/comments", {"body": "Vilken order?"}), 201)
    assert "reply-to" in post.wait(scene.customer, case, "Vilken order?")["headers"]
    assert "reply-to" not in post.wait(reads, case, "Vilken order?")["headers"]
