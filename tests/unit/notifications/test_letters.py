"""Outgoing mail: its words, its headers, and nothing that a title could smuggle in."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest

from services.notifications.rules import letters
from services.notifications.rules.case_words import STATUSES, WORDS

LETTER = letters.Letter(
    mail_id="mail_01m7x2c4e6g8j0k2m4n6p8q0r2",
    case_id="case_01m7x2c4e6g8j0k2m4n6p8q0r2",
    kind="comment",
    subject=letters.subject_of("EXT-000042", "Fire"),
    team_id="extend",
    team="Extend",
    facts={
        "number": "EXT-000042",
        "title": "Fire",
        "status": "waiting_customer",
        "at": "Sat, 21 Nov 2026 20:11:00 +0000",
        "author": "Bo",
        "body": "<script>alert(1)</script>",
    },
    to_name="Ada Lind",
    to_email="ada@example.org",
    locale="sv-SE",
    token="t" * 32,
)
EXPECTED = [
    "Subject",
    "From",
    "To",
    "Reply-To",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Date",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
]


def sent(letter: letters.Letter) -> EmailMessage:
    raw = letters.write(letter, mail_domain="mail.test", public_url="https://desk.test/").raw
    return message_from_bytes(raw, policy=policy.default)


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_a_mail_says_who_what_and_where() -> None:
    mail = sent(LETTER)
    assert list(mail.keys()) == EXPECTED
    assert mail["Subject"] == "[EXT-000042] Fire"
    assert mail["Message-ID"] == f"<{LETTER.mail_id}@mail.test>"
    assert mail["References"] == f"<{LETTER.case_id}@mail.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"].addresses[0].addr_spec == f"reply+{LETTER.token}@mail.test"
    text = part(mail, "plain")
    assert text.startswith("##- Skriv ditt svar")
    assert f"https://desk.test/v1/teams/extend/cases/{LETTER.case_id}" in text
    assert "Bo skrev:" in text
    assert "väntar på dig" in text


@pytest.mark.parametrize("change", [{"may_write": False}, {"facts": LETTER.facts | {"status": "cancelled"}}], ids=str)
def test_who_cannot_answer_by_mail_is_not_asked_to(change: dict[str, Any]) -> None:
    mail = sent(replace(LETTER, **change))
    assert "Reply-To" not in mail
    for kind in ("plain", "html"):
        assert not [word for word in ("marker", "reply") if WORDS["sv"][word] in part(mail, kind)]


def test_the_html_part_is_escaped() -> None:
    html = part(sent(LETTER), "html")
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize(
    "kind",
    [
        "receipt",
        "opened",
        "comment",
        "assigned",
        "closed",
        "cancelled",
        "reopened",
        "overdue",
        "follow_up",
        "callback_missed",
    ],
)
@pytest.mark.parametrize("locale", ["sv", "en", "en-GB", "fi", "nb", "nn-NO", "da"])
def test_every_kind_has_words_in_every_language(kind: str, locale: str) -> None:
    mail = sent(replace(LETTER, kind=kind, locale=locale))
    hello = {"sv": "Hej Ada", "da": "Hej Ada", "nb": "Hei Ada", "nn-NO": "Hei Ada"}.get(locale, "Hello Ada")
    assert hello in part(mail, "plain")


@pytest.mark.parametrize(
    "evil",
    [
        "x\r\nBcc: eve@evil.example",
        "x\nBcc: eve@evil.example",
        "x\u2028Bcc: eve@evil.example",
        "x\x85Bcc: eve@evil.example",
        "x\x0bBcc: eve@evil.example",
        "x\x00y",
        "=?utf-8?q?x=0ABcc:_eve@evil.example?=",
        "=?utf-8?b?eApCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?=",
        "\u202egnp.exe",
        "x" * 5_000,
    ],
)
def test_no_text_becomes_a_header(evil: str) -> None:
    letter = replace(LETTER, subject=letters.subject_of("EXT-000042", evil), team=evil, to_name=evil)
    mail = sent(letter)
    assert list(mail.keys()) == EXPECTED
    assert [address.addr_spec for address in mail["To"].addresses] == ["ada@example.org"]
    assert mail["Bcc"] is None


LONG = "Åsa Öström, " * 30 + '"Ö" <x@y.example> \\'


@pytest.mark.parametrize(
    "text", ["Fire", 'A "b" \\ c', "Åsa Öström", "日本語の名前 🙂" * 20, LONG, "a, b; c: <d@e.example>", ""]
)
def test_a_name_and_a_subject_are_read_back_as_they_were_written(text: str) -> None:
    letter = replace(LETTER, subject=letters.subject_of("EXT-000042", text), to_name=text, team=text)
    raw = letters.write(letter, mail_domain="mail.test", public_url="https://desk.test/").raw
    mail = message_from_bytes(raw)  # policy.default keeps the space between two encoded words of a name
    told = letters.header_text(text)
    assert str(make_header(decode_header(mail["Subject"]))) == letters.header_text(f"[EXT-000042] {told}")
    for name in ("To", "From", "Reply-To"):
        phrase, _, _ = re.sub(r"\r?\n ", " ", mail[name]).rpartition("<")
        read = str(make_header(decode_header(phrase.strip())))
        assert (read if not told.isascii() else parseaddr(mail[name])[0]) == told


def test_every_line_is_short_and_plain_and_the_body_is_read_back() -> None:
    body = "Å" * 3_000 + "\n.\n\n--=_" + LETTER.mail_id + "--\nFrom here\n  x  \r\rslut"
    written = letters.write(
        replace(LETTER, facts=LETTER.facts | {"body": body}), mail_domain="mail.test", public_url="https://desk.test"
    )
    assert written.raw.isascii()
    assert max(map(len, written.raw.split(b"\r\n"))) <= 100
    assert b"\n" not in written.raw.replace(b"\r\n", b"")
    mail = message_from_bytes(written.raw, policy=policy.default)
    assert body.replace("\r", "\n") in part(mail, "plain").replace("\r\n", "\n")
    assert "slut</div>" in part(mail, "html")


@pytest.mark.parametrize(
    "address", ["ada@example.org\nBcc: x@y.example", "a\x01b@example.org", "a@b.example>, <c@d.example"]
)
def test_what_is_no_address_is_not_written_to(address: str) -> None:
    with pytest.raises((ValueError, MessageError)):
        sent(replace(LETTER, to_email=address))


def test_every_language_has_the_same_words_with_the_same_places() -> None:
    places = {key: re.findall(r"\{\w+\}", text) for key, text in WORDS["en"].items()}
    for words in WORDS.values():
        assert {key: re.findall(r"\{\w+\}", text) for key, text in words.items()} == places
        assert words["marker"].startswith("##-")
    assert len({frozenset(known) for known in STATUSES.values()}) == 1
