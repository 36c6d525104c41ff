"""Writing a mail: its words in the reader's language, its text and HTML, its headers."""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from dataclasses import dataclass
from email.headerregistry import Address
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_TEXT, _HTML = TEMPLATES.get_template("mail.txt.j2"), TEMPLATES.get_template("mail.html.j2")
_SIMPLE_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "marker": "##- Please write your reply above this line -##",
        "receipt": "Thank you. We have received your case and will come back to you.",
        "opened": "A new case has been registered.",
        "comment": "{author} wrote:",
        "assigned": "The case has been assigned to you.",
        "closed": "The case has been closed.",
        "asks": "Was your question answered? Open the case to tell us, or simply reply.",
        "cancelled": "The case has been cancelled.",
        "reopened": "The case has been opened again.",
        "overdue": "A promised time is over. Please look at the case.",
        "follow_up": "Nothing has happened here for a while. Please follow the case up.",
        "callback_reminded": "In a few minutes somebody is to be phoned. The case tells when and at which number.",
        "callback_missed": "Nobody phoned in the promised time. Please phone, or set another time in the case.",
        "quote_offered": "We offer this work for {amount}. It begins when you have approved the price in the case.",
        "quote_approved": "The price of {amount} has been approved; the work can begin.",
        "quote_declined": "The price of {amount} has been declined.",
        "quote_withdrawn": "The offer of {amount} has been withdrawn.",
        "quote_expired": "The offer of {amount} has run out.",
        "hello": "Hello {name},",
        "case": "Case",
        "status": "Status",
        "open": "Open the case",
        "reply": "You can answer by replying to this mail; your words become a comment on the case.",
        "why": "You get this mail because you take part in case {number} at {team}.",
        "key": "Your access key",
        "keep": "Keep this mail: the link opens your case whenever you like, without a login.",
        "dropped": "[Not taken over from the mail: {names}. Please upload files in the case.]",
    },
    "sv": {
        "marker": "##- Skriv ditt svar ovanför den här raden -##",
        "receipt": "Tack. Vi har tagit emot ditt ärende och återkommer till dig.",
        "opened": "Ett nytt ärende har registrerats.",
        "comment": "{author} skrev:",
        "assigned": "Ärendet har tilldelats dig.",
        "closed": "Ärendet har stängts.",
        "asks": "Fick du svar på din fråga? Öppna ärendet och berätta, eller svara på mejlet.",
        "cancelled": "Ärendet har avbrutits.",
        "reopened": "Ärendet har öppnats igen.",
        "overdue": "En utlovad tid har gått ut. Ta en titt på ärendet.",
        "follow_up": "Här har inget hänt på ett tag. Följ upp ärendet.",
        "callback_reminded": "Om några minuter ska någon bli uppringd. I ärendet står när och på vilket nummer.",
        "callback_missed": "Ingen ringde på den utlovade tiden. Ring, eller sätt en ny tid i ärendet.",
        "quote_offered": "Vi erbjuder arbetet för {amount}. Det börjar när du har godkänt priset i ärendet.",
        "quote_approved": "Priset {amount} har godkänts; arbetet kan börja.",
        "quote_declined": "Priset {amount} har avböjts.",
        "quote_withdrawn": "Erbjudandet på {amount} har dragits tillbaka.",
        "quote_expired": "Erbjudandet på {amount} har gått ut.",
        "hello": "Hej {name},",
        "case": "Ärende",
        "status": "Status",
        "open": "Öppna ärendet",
        "reply": "Du kan svara direkt på det här mejlet; det du skriver blir en kommentar i ärendet.",
        "why": "Du får det här mejlet för att du deltar i ärende {number} hos {team}.",
        "key": "Din åtkomstnyckel",
        "keep": "Spara det här mejlet: länken öppnar ditt ärende när du vill, utan inloggning.",
        "dropped": "[Följde inte med från mejlet: {names}. Ladda upp filer i ärendet.]",
    },
}
_STATUS_SV = {
    "new": "nytt",
    "open": "öppet",
    "waiting_customer": "väntar på dig",
    "on_hold": "vilande",
    "answered": "besvarat",
    "closed": "stängt",
    "cancelled": "avbrutet",
}


@dataclass(frozen=True)
class Letter:
    """Everything a mail says. ``mail_id`` names it (Message-ID), ``case_id`` its thread; ``outside``: to somebody
    without a login, who comes back with his ``access_key`` if he has one."""

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

    def __repr__(self) -> str:
        return f"<Letter {self.mail_id}>"


def language_of(locale: str) -> str:
    """The nearest language we write."""
    short = locale.split("-", maxsplit=1)[0].lower()
    return short if short in _WORDS else "en"


def words(locale: str) -> dict[str, str]:
    """Our phrases in the reader's language."""
    return _WORDS[language_of(locale)]


def header_text(text: str) -> str:
    """A text that stays one header: no line ends of any kind, no controls, and no encoded words to be decoded again."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return re.sub(r"\s+", " ", plain).replace("=?", "= ?").strip()[:400]


def subject_of(number: str, title: str) -> str:
    """The subject of every mail about a case: the same in all of them, so that mail programs keep them together."""
    return header_text(f"[{number}] {title}")


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
    headers = [
        f"Subject: {encoded(header_text(letter.subject))}",
        f"From: {team}<no-reply@{mail_domain}>",
        f"To: {phrase(header_text(letter.to_name))}<{address(letter.to_email)}>",
        f"Reply-To: {team}<reply+{letter.token}@{mail_domain}>",
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
    return {
        "language": language,
        "marker": said["marker"],
        "hello": said["hello"].format(name=letter.to_name),
        "what": said[letter.kind].format(author=facts.get("author", ""), amount=facts.get("amount", "")),
        "body": facts.get("body", ""),
        "labels": said,
        "asks": bool(facts.get("asks")),
        "number": facts["number"],
        "title": facts["title"],
        "status": _STATUS_SV.get(status, status) if language == "sv" else status.replace("_", " "),
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
