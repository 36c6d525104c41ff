"""Incoming mail: what is new in it, who wrote it, did a machine write it."""

from __future__ import annotations

import time

import pytest

from services.notifications.rules import replies

NEW = "Ja, nu fungerar det.\n\nTack!"
ENGLISH = "Yes, it works now.\n\nThanks!"
SAMPLES = {
    "marker": (
        NEW,
        "\n\nDen 21 nov. 2026 kl. 20:11 skrev Extend:\n> ##- Skriv ditt svar ovanför den här raden -##\n> Hej\n",
    ),
    "gmail sv": (
        NEW,
        "\n\nDen lör 21 nov. 2026 kl 20:11 skrev Extend <no-reply@mail.test>:\n\n> Hej Ada,\n> Bo skrev:\n",
    ),
    "gmail en": (ENGLISH, "\n\nOn Sat, Nov 21, 2026 at 8:11 PM Extend <no-reply@mail.test> wrote:\n\n> Hello Ada,\n"),
    "gmail wrapped": (
        ENGLISH,
        "\n\nOn Sat, Nov 21, 2026 at 8:11 PM Extend Customer Service\n<no-reply@mail.test> wrote:\n\n> Hi\n",
    ),
    "outlook en": (
        ENGLISH,
        "\n\n________________________________\nFrom: Extend <no-reply@mail.test>\n"
        "Sent: Saturday, November 21, 2026 8:11 PM\n"
        "To: Ada <ada@example.org>\nSubject: [EXT-000042] Fire\n\nHello Ada,\nBo wrote:\n",
    ),
    "outlook sv": (
        NEW,
        "\n\n________________________________\nFrån: Extend <no-reply@mail.test>\nSkickat: den 21 november 2026 20:11\n"
        "Till: Ada <ada@example.org>\nÄmne: [EXT-000042] Brand\n\nHej Ada,\nBo skrev:\n",
    ),
    "outlook sv plain": (
        NEW,
        "\n\nFrån: Extend <no-reply@mail.test>\nSkickat: den 21 november 2026 20:11\nTill: Ada\nÄmne: x\n\nHej Ada,\n",
    ),
    "outlook old": (ENGLISH, "\n\n-----Original Message-----\nFrom: Extend\nSent: x\n\nHello Ada,\n"),
    "outlook old sv": (NEW, "\n\n-----Ursprungligt meddelande-----\nFrån: Extend\nSkickat: x\n\nHej Ada,\n"),
    "iphone": (ENGLISH, "\n\nOn 21 Nov 2026, at 20:11, Extend <no-reply@mail.test> wrote:\n\n> Hello\n"),
    "iphone sv": (NEW, "\n\n21 nov. 2026 kl. 20:11 skrev Extend <no-reply@mail.test>:\n\n> Hej\n"),
    "norwegian": (NEW, "\n\nDen lør. 21. nov. 2026 kl. 20:11 skrev Extend <no-reply@mail.test>:\n> Hei\n"),
    "german": (ENGLISH, "\n\nAm 21.11.26 um 20:11 schrieb Extend:\n> Hallo\n"),
    "nothing quoted": (NEW, ""),
    "quoted only by marks": (ENGLISH, "\n\n> Hello Ada,\n> Bo wrote:\n"),
}


def mail(body: str, *more: str, sender: str = "Ada Lind <ada@example.org>", kind: str = "text/plain") -> bytes:
    lines = [f"From: {sender}", "Message-ID: <one@example.org>", "Subject: Sv: x", "MIME-Version: 1.0", *more]
    return ("\r\n".join([*lines, f"Content-Type: {kind}; charset=utf-8", "", ""]) + body).encode()


def read(raw: bytes, envelope_sender: str = "ada@example.org") -> replies.Incoming:
    return replies.read(raw, envelope_sender, "mail.test")


@pytest.mark.seed("E23")
@pytest.mark.parametrize("name", SAMPLES)
def test_only_the_new_part_of_a_reply_is_taken(name: str) -> None:
    new, old = SAMPLES[name]
    found = read(mail((new + old).replace("\n", "\r\n")))
    assert found.body == new
    assert found.address == "ada@example.org"
    assert not found.automatic
    assert not found.trouble


def test_an_html_reply_is_read_as_text_without_its_quote() -> None:
    html = (
        "<html><head><title>no</title><style>p{}</style></head><body><p>Ja, <b>nu</b> &amp; här.</p>"
        '<script>alert(1)</script><div class="gmail_quote">Den 21 nov skrev Extend:<blockquote>Hej</blockquote></div>'
    )
    assert read(mail(html, kind="text/html")).body == "Ja, nu & här."


def test_a_reply_without_new_words_is_empty() -> None:
    assert read(mail("\r\n\r\nOn Sat, Nov 21, 2026 at 8:11 PM Extend wrote:\r\n> Hello\r\n")).body == ""


def test_ordinary_sentences_are_no_quotes() -> None:
    text = "On Monday I wrote to you:\nno answer.\n\nFrom: here it looks fine."
    assert read(mail(text)).body == text


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("Auto-Submitted: auto-replied", "auto_submitted"),
        ("Auto-Submitted: auto-generated", "auto_submitted"),
        ("Precedence: bulk", "precedence"),
        ("Precedence: auto_reply", "precedence"),
        ("List-Id: <x.example.org>", "list"),
        ("X-Autoreply: yes", "autoreply"),
        ("X-Auto-Response-Suppress: All", "autoreply"),
        ("Return-Path: <>", "bounce"),
    ],
)
def test_automatic_mail_is_told_apart(header: str, reason: str) -> None:
    assert read(mail("I am away.", header)).automatic == reason


def test_bounces_and_our_own_mail_are_told_apart() -> None:
    assert read(mail("x"), "").automatic == "bounce"
    assert read(mail("x"), "<>").automatic == "bounce"
    assert read(mail("x"), "no-reply@mail.test").automatic == "own_mail"
    assert read(mail("x", kind="multipart/report")).automatic == "bounce"


def test_auto_submitted_no_is_a_person() -> None:
    assert read(mail("Hej", "Auto-Submitted: no")).automatic == ""


@pytest.mark.parametrize(
    "sender",
    [
        '"agent@vendor.example" <ada@example.org>',
        "agent@vendor.example, ada@example.org",
        "ada@example.org <agent@vendor.example>",
        "Team: ada@example.org;",
        "<>",
        "",
        "agent@vendor.example\x00<ada@example.org>",
        "Ada <ada@example.org> <bo@example.org>",
        "=?utf-8?q?agent=40vendor=2Eexample?= ada@example.org",
        "x" * 600 + " <ada@example.org>",
    ],
)
def test_a_sender_who_can_be_read_in_two_ways_is_nobody(sender: str) -> None:
    found = read(mail("Hej", sender=sender))
    assert found.address in (None, "agent@vendor.example") or found.trouble


def test_two_from_headers_are_nobody() -> None:
    assert read(mail("Hej", "From: bo@example.org")).address is None


@pytest.mark.parametrize(
    "sender",
    [
        "ada@example.org",
        "<ada@example.org>",
        "Åda <ADA@example.org>",
        '"Lind, Ada" <ada@example.org>',
        '"ada@example.org" <ada@example.org>',
    ],
)
def test_an_ordinary_sender_is_read(sender: str) -> None:
    assert read(mail("Hej", sender=sender)).address == "ada@example.org"


def test_files_of_a_reply_are_named() -> None:
    named = 'Content-Disposition: attachment; filename="x.png"'
    picture = f"Content-Type: image/png\r\n{named}\r\n\r\nabc"
    body = f"--b\r\nContent-Type: text/plain\r\n\r\nHej\r\n--b\r\n{picture}\r\n--b--\r\n"
    raw = mail(body).replace(b"text/plain; charset=utf-8", b"multipart/mixed; boundary=b", 1)
    found = read(raw)
    assert found.body == "Hej"
    assert found.attachments == ["x.png"]


def deep(levels: int) -> bytes:
    parts = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(levels))
    return f"From: ada@example.org\r\nMIME-Version: 1.0\r\n{parts}Content-Type: text/plain\r\n\r\nx".encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 1000,
        mail("\r\n" * 50_000),
        mail("\xa0\r\n" * 20_000),
        mail("On " * 20_000),
        mail("-\r\n" * 20_000),
        mail("(" * 50_000),
        mail("<!--" * 50_000, kind="text/html"),
        mail("<" * 50_000, kind="text/html"),
        mail("<script>" * 30_000, kind="text/html"),
        mail("x", "X-Big: " + "a" * 1_000_000),
        mail("x", sender="(" * 60_000),
        mail("x", kind="text/plain; " + "a=b; " * 11_000),
        mail("hej", kind="text/plain; charset=klingon").replace(b"; charset=utf-8", b""),
        deep(200),
        deep(3_000),
    ],
    ids=lambda raw: f"{raw[-12:]!r}",
)
def test_poison_is_read_or_told_as_trouble_in_time(raw: bytes) -> None:
    began = time.monotonic()
    assert isinstance(read(raw), replies.Incoming)
    assert time.monotonic() - began < 5
