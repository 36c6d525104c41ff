"""Letters about somebody's account: their words in the reader's language, their text and HTML, their headers.

They answer nobody, belong to no case and may hold a link that is as good as a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from string import Formatter
from typing import Any

from services.notifications.rules.account_words import WORDS
from services.notifications.rules.letters import TEMPLATES, Written, address, encoded, finished, header_text, phrase

_TEXT, _HTML = TEMPLATES.get_template("letter.txt.j2"), TEMPLATES.get_template("letter.html.j2")
# Whoever asked for these is not known yet. He could write to others what he likes, under our name: so they hold
# nothing that he chose.
_BY_NOBODY_KNOWN = ("registration_received",)
_LOOKS_LIKE_A_LINK = re.compile(r"://|www\.|\.[a-z]{2,}(/|$|\s)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AccountLetter:
    """Everything such a letter says. ``team``: the name the reader knows, empty when it is about no team.
    ``lasts``: how long the link is good from now on."""

    letter_id: str
    kind: str
    team: str
    to_name: str
    to_email: str
    locale: str
    link: str | None
    words: dict[str, str]
    at: datetime
    lasts: timedelta | None


def write(letter: AccountLetter, *, mail_domain: str) -> Written:
    """The finished letter. Raises ValueError when the address is none."""
    told = _told(letter, mail_domain)
    headers = [
        f"Subject: {encoded(header_text(told['subject']))}",
        f"From: {phrase(header_text(letter.team))}<no-reply@{mail_domain}>",
        f"To: {phrase(header_text(told['name']))}<{address(letter.to_email)}>",
        f"Message-ID: <{letter.letter_id}@{mail_domain}>",
        f"Date: {format_datetime(letter.at)}",
    ]
    return finished(letter.to_email, headers, _TEXT.render(told), _HTML.render(told))


def _told(letter: AccountLetter, mail_domain: str) -> dict[str, Any]:
    language = letter.locale.split("-", maxsplit=1)[0].lower()
    language = {"nn": "nb", "no": "nb"}.get(language, language)
    language = language if language in WORDS else "en"
    said, kind = WORDS[language], letter.kind
    if kind == "user_request_decided":
        kind = "user_request_" + ("approved" if letter.words.get("decision") == "approved" else "rejected")
    name = "" if letter.kind in _BY_NOBODY_KNOWN or _LOOKS_LIKE_A_LINK.search(letter.to_name) else letter.to_name
    team = letter.team or mail_domain
    known = {**letter.words, "team": team, "name": name, "lasts": duration(said["units"], letter.lasts)}
    text = said["letters"][kind]
    return {
        "language": language,
        "subject": text["subject"].format_map(known),
        "hello": said["hello_name"].format(name=name) if name else said["hello"],
        "sentences": [one.format_map(known) for one in text["says"] if _all_known(one, known)],
        "button": text.get("button", ""),
        "link": letter.link or "",
        "why": said["why"].format(team=team),
        "name": name,
        "team": team,
    }


def _all_known(sentence: str, known: dict[str, str]) -> bool:
    """Whether every word the sentence names is there; otherwise it is left out."""
    return all(known.get(name) for _, name, _, _ in Formatter().parse(sentence) if name)


def duration(units: list[str], lasts: timedelta | None) -> str:
    """``3 days``, ``1 hour``, ``20 minutes``: the largest unit that leaves no rest. ``units``: one and many of
    minutes, hours and days."""
    minutes = int(lasts.total_seconds() // 60) if lasts else 0
    if minutes <= 0:
        return ""
    for size, place in ((1440, 4), (60, 2), (1, 0)):
        if minutes % size == 0:
            count = minutes // size
            return f"{count} {units[place] if count == 1 else units[place + 1]}"
    raise AssertionError  # pragma: no cover - every number of minutes is a number of minutes
