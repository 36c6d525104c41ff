"""Writing a mail: its words in the reader's language, its text and HTML, its headers."""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifications.rules.case_words import STATUSES, WORDS

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_TEXT, _HTML = TEMPLATES.get_template("mail.txt.j2"), TEMPLATES.get_template("mail.html.j2")
_FACTS = ("author", "amount", "into", "when")
_SIMPLE_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True)
class Letter:
    """Everything a mail says. ``mail_id`` names it (Message-ID), ``case_id`` its thread; ``outside``: to somebody
    without a login, who comes back with his ``access_key`` if he has one, and perhaps may not write (``may_write``)."""

    mail_id: str
    case_id: str
    kind: str
    subject: str
    team_id: str
    team: str
    facts: dict[str, Any]
    to_name: str
    to_email: str
    locale: str
    token: str
    outside: bool = False
    access_key: str = ""
    may_write: bool = True

    @property
    def answers(self) -> bool:
        """Whether an answer by mail would become a comment, as far as we know."""
        return self.may_write and self.kind != "reply_refused" and self.facts["status"] != "cancelled"

    @property
    def by_a_stranger(self) -> bool:
        """Whoever filled in the form may have named somebody else's address: so the receipt holds nothing that he
        wrote."""
        return self.outside and self.kind == "receipt"

    def __repr__(self) -> str:
        return f"<Letter {self.mail_id}>"


def language_of(locale: str) -> str:
    """The nearest language we write."""
    short = locale.split("-", maxsplit=1)[0].lower()
    short = {"nn": "nb", "no": "nb"}.get(short, short)
    return short if short in WORDS else "en"


def words(locale: str) -> dict[str, str]:
    """Our phrases in the reader's language."""
    return WORDS[language_of(locale)]


def header_text(text: str) -> str:
    """A text that stays one header: no line ends of any kind, no controls, and no encoded words to be decoded again."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return re.sub(r"\s+", " ", plain).replace("=?", "= ?").strip()[:400]


def subject_of(number: str, title: str) -> str:
    """The subject of every mail about a case: the same in all of them, so that mail programs keep them together."""
    return header_text(f"[{number}] {title}")


def written_at(moment: datetime) -> str:
    """The Date of a mail."""
    return moment.strftime("%a, %d %b %Y %H:%M:%S +0000")


@dataclass(frozen=True, slots=True)
class Written:
    """A finished mail: who gets it, and its bytes (7 bits a byte, unless the address itself has more)."""

    to: str
    raw: bytes


def write(letter: Letter, *, mail_domain: str, public_url: str) -> Written:
    """The finished mail. It is put together here, from values that cannot leave their place: the standard library's
    EmailMessage reads and folds every header again and costs ten times as much (3 ms a mail)."""
    team = phrase(header_text(letter.team))
    told = _told(letter, public_url)
    subject = subject_of(told["number"], "") if letter.by_a_stranger else letter.subject
    headers = [
        f"Subject: {encoded(header_text(subject))}",
        f"From: {team}<no-reply@{mail_domain}>",
        f"To: {phrase(header_text(told['name']))}<{address(letter.to_email)}>",
        *([f"Reply-To: {team}<reply+{letter.token}@{mail_domain}>"] if letter.answers else []),
        f"Message-ID: <{letter.mail_id}@{mail_domain}>",
        f"In-Reply-To: <{letter.case_id}@{mail_domain}>",
        f"References: <{letter.case_id}@{mail_domain}>",
        f"Date: {letter.facts['at']}",
    ]
    return finished(letter.to_email, headers, _TEXT.render(told), _HTML.render(told))


def finished(to: str, headers: list[str], text: str, html: str) -> Written:
    """A mail of these headers, which end on nothing but themselves, and what all our mails say of themselves."""
    boundary = "=_part"  # "=_" cannot stand in quoted-printable text
    lines = [
        *headers,
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
        f"--{boundary}",
        *_part("plain", text),
        f"--{boundary}",
        *_part("html", html),
        f"--{boundary}--",
        "",
    ]
    return Written(to, "\r\n".join(lines).encode())


def _part(kind: str, text: str) -> list[str]:
    plain = "\r\n".join(text.splitlines()) + "\r\n"
    body = b2a_qp(plain.encode("utf-8", "replace"), istext=True).decode("ascii")
    return [f'Content-Type: text/{kind}; charset="utf-8"', "Content-Transfer-Encoding: quoted-printable", "", body]


def encoded(text: str) -> str:
    """A header's text; as encoded words (RFC 2047), each of whole letters and folded, when it is not ASCII."""
    if text.isascii():
        return text
    words, left = [], text
    while left:
        size, count = 0, 0
        for letter in left:
            size += len(letter.encode())
            if size > 45:  # an encoded word has 75 characters at most
                break
            count += 1
        words.append(f"=?utf-8?b?{b2a_base64(left[:count].encode(), newline=False).decode('ascii')}?=")
        left = left[count:]
    return "\r\n ".join(words)


def phrase(name: str) -> str:
    """A person's or team's name before an address, with the space between."""
    if not name.isascii():
        return encoded(name) + " "
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" ' if name else ""


def address(address: str) -> str:
    """An address that stays one address. Raises ValueError (or an error of the email package) when it is none."""
    if _SIMPLE_ADDRESS.fullmatch(address):
        return address
    if not address.isprintable():
        raise ValueError("not an address")
    return Address(addr_spec=address).addr_spec


def _told(letter: Letter, public_url: str) -> dict[str, Any]:
    said, facts = words(letter.locale), letter.facts
    language, status = language_of(letter.locale), str(facts["status"])
    name = "" if letter.by_a_stranger else letter.to_name
    return {
        "language": language,
        "marker": said["marker"],
        "name": name,
        "hello": said["hello"].format(name=name) if name else said["hello"].replace(" {name}", ""),
        "what": said[letter.kind].format_map({name: facts.get(name, "") for name in _FACTS}),
        "body": facts.get("body", ""),
        "labels": said,
        "asks": bool(facts.get("asks")) and letter.answers,
        "answers": letter.answers,
        "number": facts["number"],
        "title": "" if letter.by_a_stranger else facts["title"],
        "status": STATUSES.get(language, {}).get(status, status.replace("_", " ")),
        "link": _link(letter, public_url.rstrip("/")),
        "access_key": letter.access_key,
        "why": said["why"].format(number=facts["number"], team=letter.team),
        "team": letter.team,
    }


def _link(letter: Letter, base: str) -> str:
    """Where the case is. A key stands behind the ``#``: it is never sent, so no log and no Referer ever holds it."""
    if not letter.outside:
        return f"{base}/v1/teams/{letter.team_id}/cases/{letter.case_id}"
    place = f"{base}/case/{letter.facts['number']}"
    return f"{place}#key={letter.access_key}" if letter.access_key else place
