"""Who is mailed about what, when it is tried again, and what a reply address is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.chassis.ids import new_id
from services.contracts import cases as c
from services.notifications import rules
from services.notifications.rules.case_words import WORDS

ADA, BO, EVE = (new_id("user") for _ in range(3))


def told(kind: type[c.CaseEvent], **more: Any) -> c.CaseEvent:
    values: dict[str, Any] = {
        "team_id": "extend",
        "case_id": new_id("case"),
        "organization_id": new_id("org"),
        "number": "EXT-000042",
        "title": "Fire",
        "status": "open",
        "audience": ["team:extend"],
        "tell": [ADA, BO],
        "actor_id": BO,
        "fact_version": 3,
    }
    return kind(**(values | more))


def comment(**more: Any) -> c.CaseEvent:
    values = {"body": "SECRET", "author_name": "Bo", "side": "support", "visibility": "public", "channel": "portal"}
    return told(c.CommentAdded, comment_id=new_id("comment"), **(values | more))


def letters(event: c.CaseEvent, *, staff: bool = True, comments: bool = True) -> dict[str, str]:
    return rules.letters_for(event, actor_is_staff=staff, mails_comments=comments)


@pytest.mark.seed("C33", "E24")
def test_a_public_comment_is_mailed_to_the_others() -> None:
    assert letters(comment()) == {ADA: "comment"}


def test_an_internal_comment_is_mailed_to_nobody() -> None:
    assert letters(comment(visibility="internal")) == {}


def test_a_team_may_do_without_comment_mails() -> None:
    assert letters(comment(), comments=False) == {}
    assert rules.mails_comments_of({"notify": {"every_public_comment": False}}) is False
    assert rules.mails_comments_of({}) is True


def test_a_customer_gets_a_receipt_and_the_others_are_told() -> None:
    opened = told(c.CaseOpened, type="support", priority=None, product=None, actor_id=ADA, tell=[ADA, BO])
    assert letters(opened, staff=False) == {ADA: "receipt", BO: "opened"}


def test_staff_who_open_a_case_get_no_receipt() -> None:
    opened = told(c.CaseOpened, type="support", priority=None, product=None, actor_id=BO, tell=[ADA])
    assert letters(opened) == {ADA: "opened"}


def test_an_answer_is_mailed_once_as_its_comment() -> None:
    assert letters(told(c.CaseAnswered)) == {}


def test_closing_is_mailed_to_whom_it_concerns() -> None:
    assert letters(told(c.CaseClosed, by="support", tell=[ADA])) == {ADA: "closed"}


CALLBACK = {"callback_id": new_id("cb")}


@pytest.mark.parametrize(
    ("event", "kinds"),
    [
        (told(c.CaseEscalated, level=2, assignee_id=ADA), {ADA: "escalated"}),
        (
            told(c.CaseOwnerChanged, owner_id=ADA, owner_before=BO, tell=[ADA, EVE]),
            {ADA: "owner", EVE: "owner_changed"},
        ),
        (told(c.CaseMerged, into_id=new_id("case"), into_number="EXT-000007"), {ADA: "merged"}),
        (told(c.CaseChanged, fields=["followers"]), {ADA: "follower"}),
        (told(c.CaseChanged, fields=["title"]), {}),
        (told(c.ConfirmationGiven, answer="no"), {ADA: "not_answered"}),
        (told(c.ConfirmationGiven, answer="yes"), {}),
        (told(c.CallbackRequested, **CALLBACK), {ADA: "callback_requested"}),
        (
            told(c.CallbackScheduled, due_at=datetime(2026, 12, 1, 9, tzinfo=UTC), **CALLBACK),
            {ADA: "callback_scheduled"},
        ),
        (told(c.CallbackScheduled, **CALLBACK), {}),  # from a program that does not say when
    ],
    ids=lambda one: type(one).__name__,
)
def test_people_are_mailed_what_concerns_them(event: c.CaseEvent, kinds: dict[str, str]) -> None:
    assert letters(event) == kinds
    for words in WORDS.values():
        assert {*kinds.values()} <= {*words}


def test_the_feed_carries_no_texts() -> None:
    data = rules.thin(comment())
    assert "SECRET" not in str(data)
    assert "Fire" not in str(data)
    assert data["version"] == 3
    assert data["number"] == "EXT-000042"


def test_an_unreachable_mail_server_is_tried_again_within_minutes_for_days() -> None:
    pauses = [rules.pause_after("away", tries, timedelta(hours=1)) for tries in (1, 2, 100)]
    assert pauses == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=120)]
    assert rules.pause_after("away", 5, timedelta(days=4)) is None


def test_greylisting_waits_a_minute_and_then_longer() -> None:
    pauses = [rules.pause_after("later", tries, timedelta(0)) for tries in (1, 2, 50)]
    assert pauses == [timedelta(seconds=60), timedelta(seconds=120), timedelta(hours=6)]


def test_a_reply_address_is_found_exactly_as_written() -> None:
    token = rules.reply_token("k" * 40, b"n" * 20)
    assert len(token) == 32
    assert rules.token_in(f"reply+{token}@Mail.Test", "mail.test") == token
    for wrong in (
        f"reply+{token[:-1]}@mail.test",
        f"reply+{token}a@mail.test",
        f"reply+{token}@other.test",
        f"Reply+{token}@mail.test",
        f"{token}@mail.test",
        "reply+@mail.test",
        "",
    ):
        assert rules.token_in(wrong, "mail.test") is None
    shouted = rules.token_in(f"reply+{token.upper()}@mail.test", "mail.test")
    assert rules.token_hash(shouted or "") != rules.token_hash(token)


def test_reply_addresses_differ_by_nonce_and_by_key() -> None:
    made = {rules.reply_token(key, nonce) for key in ("a" * 40, "b" * 40) for nonce in (b"1", b"2")}
    assert len(made) == 4
