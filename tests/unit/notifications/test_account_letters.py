"""Letters about accounts: whole in every language, and nothing that a name could smuggle in."""

from __future__ import annotations

import typing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage

import pytest

from services.contracts.accounts import LetterKind
from services.notifications.rules import account_letters
from services.notifications.rules.account_words import WORDS

KINDS = typing.get_args(LetterKind)
EVIL = "Eve\r\nBcc: all@example.org\u2028X-Evil: 1\x00 =?utf-8?q?=0ABcc:_b?= ö"
LETTER = account_letters.AccountLetter(
    letter_id="letter_01m7x2c4e6g8j0k2m4n6p8q0r2",
    kind="invitation",
    team="Extend",
    to_name="Ada Lind",
    to_email="ada@example.org",
    locale="en",
    link="https://desk.test/invitation#token=secret",
    words={"by": "Bo", "organization": "Robo & Co", "user_name": "ada", "person": "Cy", "email": "cy@example.org"},
    at=datetime(2026, 11, 21, 20, 11, tzinfo=UTC),
    lasts=timedelta(days=7),
)
EXPECTED = [
    "Subject",
    "From",
    "To",
    "Message-ID",
    "Date",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
]


def sent(letter: account_letters.AccountLetter) -> EmailMessage:
    raw = account_letters.write(letter, mail_domain="mail.test").raw
    return message_from_bytes(raw, policy=policy.default)


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", [*WORDS, "fi", "sv-FI"])
def test_every_letter_is_whole_in_every_language(kind: str, locale: str) -> None:
    for decision in ("approved", "rejected"):
        words = LETTER.words | {"decision": decision, "reason": "Just because"}
        mail = sent(replace(LETTER, kind=kind, locale=locale, words=words))
        text, html = part(mail, "plain"), part(mail, "html")
        assert "{" not in text + mail["subject"], text
        assert mail["subject"]
        assert LETTER.link is not None
        assert text.count(LETTER.link) == html.count(LETTER.link) == 1
        assert [*mail.keys()] == EXPECTED


def test_the_languages_have_the_same_letters_with_the_same_words() -> None:
    def named(language: str) -> dict[str, tuple[int, bool]]:
        return {kind: (len(told["says"]), "button" in told) for kind, told in WORDS[language]["letters"].items()}

    assert named("sv") == named("nb") == named("da") == named("en")


def test_the_reader_gets_his_language_or_english() -> None:
    assert "Länken fungerar en gång och i 7 dagar." in part(sent(replace(LETTER, locale="sv-SE")), "plain")
    assert "Linket virker én gang og i 7 dage." in part(sent(replace(LETTER, locale="da")), "plain")
    assert "Lenken virker én gang og i 7 dager." in part(sent(replace(LETTER, locale="no")), "plain")
    assert "The link works once and for 7 days." in part(sent(replace(LETTER, locale="fi")), "plain")


def test_a_sentence_without_its_words_is_left_out() -> None:
    rejected = replace(LETTER, kind="registration_rejected", link=None)
    assert "Reason" not in part(sent(rejected), "plain")
    assert "Reason: {by}" in part(sent(replace(rejected, words={"reason": "{by}"})), "plain")


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_makes_a_header(kind: str) -> None:
    words = dict.fromkeys((*LETTER.words, "reason", "note"), EVIL)
    mail = sent(replace(LETTER, kind=kind, to_name=EVIL, team=EVIL, words=words))
    assert [*mail.keys()] == EXPECTED
    assert [address.addr_spec for address in mail["to"].addresses] == ["ada@example.org"]
    assert [address.addr_spec for address in mail["from"].addresses] == ["no-reply@mail.test"]


@pytest.mark.parametrize("address", ["ada@example.org\nBcc: b@example.org", "ada@example.org, b@example.org", ""])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises((ValueError, IndexError, MessageError)):
        account_letters.write(replace(LETTER, to_email=address), mail_domain="mail.test")


def test_whoever_is_not_known_puts_no_words_into_a_strangers_mail() -> None:
    mail = sent(replace(LETTER, kind="registration_received", to_name="Win a car", words={}))
    assert "Win a car" not in mail.as_string()
    mail = sent(replace(LETTER, to_name="Go to https://evil.example"))
    assert "evil.example" not in mail.as_string()


def test_html_is_escaped() -> None:
    html = part(sent(replace(LETTER, words=LETTER.words | {"organization": "<script>alert(1)</script>"})), "html")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("minutes", "told"), [(20, "20 minutes"), (60, "1 hour"), (90, "90 minutes"), (1440, "1 day"), (0, "")]
)
def test_a_duration_is_told_in_its_largest_whole_unit(minutes: int, told: str) -> None:
    assert account_letters.duration(WORDS["en"]["units"], timedelta(minutes=minutes)) == told
