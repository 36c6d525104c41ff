"""Writing a mail: its words in the reader's language, its text and HTML, its headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
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
        "hello": "Hello {name},",
        "case": "Case",
        "status": "Status",
        "open": "Open the case",
        "reply": "You can answer by replying to this mail; your words become a comment on the case.",
        "why": "You get this mail because you take part in case {number} at {team}.",
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
        "hello": "Hej {name},",
        "case": "Ärende",
        "status": "Status",
        "open": "Öppna ärendet",
        "reply": "Du kan svara direkt på det här mejlet; det du skriver blir en kommentar i ärendet.",
        "why": "Du får det här mejlet för att du deltar i ärende {number} hos {team}.",
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
    """Everything a mail says. ``mail_id`` names it (Message-ID), ``case_id`` its thread."""

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


def write(letter: Letter, *, mail_domain: str, public_url: str) -> EmailMessage:
    """The finished mail."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = header_text(letter.subject)
    mail["From"] = Address(header_text(letter.team), "no-reply", mail_domain)
    mail["To"] = Address(header_text(letter.to_name), addr_spec=letter.to_email)
    mail["Reply-To"] = Address(header_text(letter.team), f"reply+{letter.token}", mail_domain)
    mail["Message-ID"] = f"<{letter.mail_id}@{mail_domain}>"
    mail["In-Reply-To"] = f"<{letter.case_id}@{mail_domain}>"
    mail["References"] = f"<{letter.case_id}@{mail_domain}>"
    mail["Date"] = letter.facts["at"]
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    told = _told(letter, public_url)
    mail.set_content(_TEMPLATES.get_template("mail.txt.j2").render(told))
    mail.add_alternative(_TEMPLATES.get_template("mail.html.j2").render(told), subtype="html")
    return mail


def _told(letter: Letter, public_url: str) -> dict[str, Any]:
    said, facts = words(letter.locale), letter.facts
    language, status = language_of(letter.locale), str(facts["status"])
    return {
        "language": language,
        "marker": said["marker"],
        "hello": said["hello"].format(name=letter.to_name),
        "what": said[letter.kind].format(author=facts.get("author", "")),
        "body": facts.get("body", ""),
        "labels": said,
        "asks": bool(facts.get("asks")),
        "number": facts["number"],
        "title": facts["title"],
        "status": _STATUS_SV.get(status, status) if language == "sv" else status.replace("_", " "),
        "link": f"{public_url.rstrip('/')}/v1/teams/{letter.team_id}/cases/{letter.case_id}",
        "why": said["why"].format(number=facts["number"], team=letter.team),
        "team": letter.team,
    }
