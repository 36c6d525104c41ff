"""Mail as customers have it: what arrived for them (the sink's API), and an answer sent to the mailroom by SMTP."""

from __future__ import annotations

import smtplib
import time
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid, parseaddr
from typing import Any

import requests

from deploy.demo.client import patient_web
from deploy.demo.failure import Failure, must
from deploy.demo.teller import Teller

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Writer:
    """Somebody who answers a mail."""

    name: str
    address: str


def squeezed(text: str) -> str:
    """A text without its line breaks, because mails wrap."""
    return " ".join(text.split())


class Post:
    """The sink that caught every mail, and the mailroom that takes mails in."""

    def __init__(self, sink: str, mailroom: str, teller: Teller) -> None:
        self._sink = sink.rstrip("/") + "/api/messages"
        self._host, _, port = mailroom.rpartition(":")
        must(bool(self._host) and port.isdigit(), "CASEWORK_MAILROOM is host:port", mailroom)
        self._port, self._teller = int(port), teller
        self._web = patient_web()

    def to(self, address: str) -> list[dict[str, Any]]:
        """Every mail to one address, newest last."""
        try:
            reply = self._web.get(self._sink, params={"to": address}, timeout=10)
            found: list[dict[str, Any]] = reply.json()
        except (requests.RequestException, ValueError) as error:
            raise Failure(f"the mail sink tells the mails to {address}", f"{type(error).__name__}: {error}") from error
        return found

    def wait(self, address: str, says: str) -> dict[str, Any]:
        """The mail to this address whose subject or text says this. Raises Failure."""
        wanted = squeezed(says)

        def look() -> dict[str, Any] | None:
            found = [mail for mail in self.to(address) if wanted in squeezed(f"{mail['subject']} {mail['text']}")]
            return found[-1] if found else None

        return self._teller.until(f"a mail to {address} that says “{says[:60]}”", look)

    def answer(self, mail: dict[str, Any], writer: Writer, text: str) -> None:
        """Answer a mail as a mail program does: to its Reply-To, in its thread, with the old text quoted below."""
        headers = mail["headers"]
        target = parseaddr(headers.get("reply-to", ""))[1]
        must("@" in target, f"the mail “{mail['subject']}” names a Reply-To to answer to", headers)
        reply = EmailMessage()
        reply["From"], reply["To"] = formataddr((writer.name, writer.address)), target
        reply["Subject"] = f"Re: {mail['subject']}"
        reply["Date"], reply["Message-ID"] = formatdate(localtime=True), make_msgid(domain="customer.example")
        reply["In-Reply-To"] = reply["References"] = mail["message_id"]
        quoted = "\n".join(f"> {line}" for line in mail["text"].splitlines())
        reply.set_content(f"{text}\n\nOn {mail['date']}, {parseaddr(mail['from'])[1]} wrote:\n{quoted}\n")
        self._deliver(reply, writer.address, target)

    def _deliver(self, message: EmailMessage, sender: str, target: str) -> None:
        """Hand it over; while the mailroom is away or says 4xx, the same mail is sent again, as mail servers do."""
        end, mentioned = time.monotonic() + PATIENCE_SECONDS, False
        while True:
            try:
                with smtplib.SMTP(self._host, self._port, timeout=15) as room:
                    room.send_message(message, from_addr=sender, to_addrs=[target])
                return
            except smtplib.SMTPRecipientsRefused as error:
                reason, final = str(error.recipients), all(code >= 500 for code, _ in error.recipients.values())
            except smtplib.SMTPResponseException as error:
                reason, final = f"{error.smtp_code} {error.smtp_error!r}", error.smtp_code >= 500
            except (OSError, smtplib.SMTPException) as error:
                reason, final = f"{type(error).__name__}: {error}", False
            if final or time.monotonic() > end:
                raise Failure(f"the mailroom takes the mail of {sender} to {target}", reason)
            if not mentioned:
                self._teller.waiting(f"the mailroom is away ({reason[:80]}); the same mail goes again")
                mentioned = True
            time.sleep(PAUSE_SECONDS)
