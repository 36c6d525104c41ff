"""The mail of a journey: what arrived for somebody, and an answer as a mail program would send it."""

from __future__ import annotations

import itertools
import re
import secrets
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import requests

from tests.journeys.cast import Person
from tests.world import World

_numbers = itertools.count(1)


@dataclass
class Reply:
    """An answer to one of our mails; the defaults are those of an honest one."""

    mail: dict[str, Any]
    sender: str
    text: str
    message_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        """The message as bytes, with our mail quoted below the new words."""
        made = EmailMessage()
        made["From"], made["To"] = self.sender, parseaddr(self.mail["headers"]["reply-to"])[1]
        made["Subject"] = f"Re: {self.mail['subject']}"
        made["Message-ID"] = self.message_id or f"<{next(_numbers)}.{secrets.token_hex(6)}@customer.example>"
        made["In-Reply-To"] = self.mail["message_id"]
        for name, value in self.headers.items():
            made[name] = value
        quoted = "\n".join(f"> {line}" for line in self.mail["text"].splitlines())
        made.set_content(f"{self.text}\n\n{quoted}\n")
        return made.as_bytes()


class Post:
    """The sink that caught every mail of the installation, and the way back in."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sink = f"http://127.0.0.1:{world.stack.ports.mail_page}/api/messages"

    def to(self, person: Person, case: dict[str, Any]) -> list[dict[str, Any]]:
        """This person's mails about this case, oldest first."""
        found: list[dict[str, Any]] = requests.get(self._sink, params={"to": person.email}, timeout=10).json()
        return [mail for mail in found if mail["subject"].startswith(f"[{case['number']}]")]

    def wait(self, person: Person, case: dict[str, Any], says: str) -> dict[str, Any]:
        """The mail about this case that says this; there is exactly one."""

        def look() -> list[dict[str, Any]]:
            return [mail for mail in self.to(person, case) if says in mail["text"]]

        found = self._world.settle(look)
        assert len(found) == 1, [mail["text"][:200] for mail in found]
        return dict(found[0])

    def letters(self, email: str) -> list[dict[str, Any]]:
        """Everything that arrived at this address, oldest first."""
        found: list[dict[str, Any]] = requests.get(self._sink, params={"to": email}, timeout=10).json()
        return found

    def letter(self, email: str, says: str) -> dict[str, Any]:
        """The letter to this address that says this (text or subject); there is exactly one."""

        def look() -> list[dict[str, Any]]:
            return [mail for mail in self.letters(email) if says in mail["text"] or says in mail["subject"]]

        found = self._world.settle(look)
        assert len(found) == 1, [mail["text"][:200] for mail in found]
        return dict(found[0])

    def secret(self, email: str, says: str) -> str:
        """The secret behind the link of that letter."""
        found = re.search(r"#(?:\S+&)?token=(\S+)", self.letter(email, says)["text"])
        assert found is not None, "the letter has no link"
        return found[1]

    def answer(self, reply: Reply) -> str:
        """Send an answer to the Reply-To of the mail; what became of it."""
        return self._world.take_mail(reply.sender, parseaddr(reply.mail["headers"]["reply-to"])[1], reply.raw())
