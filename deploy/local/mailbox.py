"""The mails that the sink has caught: raw messages on disk, newest 1,000, and how to read them."""

import json
import threading
import time
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from functools import cached_property
from pathlib import Path

KEPT = 1000


@dataclass(frozen=True)
class Envelope:
    """What SMTP said, which the message itself need not repeat. `at` is in seconds since 1970."""

    sender: str
    recipients: list[str]
    at: float


@dataclass(frozen=True)
class Attachment:
    """One part of a mail that is not its text. `position` counts the parts of the whole message."""

    position: int
    file_name: str
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Mail:
    """One caught mail, parsed."""

    id: str
    envelope: Envelope
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body(preferencelist=(kind,))
        return _content(part) if part is not None else ""

    def header(self, name: str) -> str:
        """One header as text, empty if it is missing or broken."""
        return dict(self.headers()).get(name.lower(), "")

    def headers(self) -> list[tuple[str, str]]:
        """All headers in order, names in lower case."""
        return [(name.lower(), str(value)) for name, value in self.message.items()]

    def attachments(self) -> list[Attachment]:
        """Everything that is neither a container nor a body."""
        message = self.message
        bodies = [message.get_body(preferencelist=(kind,)) for kind in ("plain", "html")]
        found = []
        for position, part in enumerate(message.walk()):
            if part.is_multipart() or any(part is body for body in bodies):
                continue
            payload = part.get_payload(decode=True)
            body = payload if isinstance(payload, bytes) else b""
            found.append(Attachment(position, part.get_filename() or f"part-{position}", part.get_content_type(), body))
        return found

    def summary(self) -> dict[str, object]:
        """The shape of the JSON API."""
        return {
            "id": self.id,
            "from": self.envelope.sender,
            "to": self.envelope.recipients,
            "subject": self.header("subject"),
            "date": self.header("date"),
            "message_id": self.header("message-id"),
            "headers": dict(self.headers()),
            "text": self.text,
        }


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError):  # an unknown character set must not hide the mail
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


class Mailbox:
    """The mails in one folder; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._envelopes: dict[str, Envelope] = {}
        self._ids = sorted(path.stem for path in folder.glob("*.eml") if path.with_suffix(".json").exists())

    def keep(self, sender: str, recipients: list[str], raw: bytes) -> str:
        """Store one message; the oldest beyond 1,000 go. Returns its id."""
        with self._lock:
            name = f"{time.time_ns():020d}"
            while self._ids and name <= self._ids[-1]:  # a clock that stands still or goes back
                name = f"{int(self._ids[-1]) + 1:020d}"
            envelope = Envelope(sender, recipients, time.time())
            self._path(name).write_bytes(raw)
            self._path(name).with_suffix(".json").write_text(json.dumps(asdict(envelope)))
            self._ids.append(name)
            self._envelopes[name] = envelope
            while len(self._ids) > KEPT:
                self._forget(self._ids.pop(0))
            return name

    def all(self, to: str = "") -> list[Mail]:
        """Mails to one address (every mail without one), newest last."""
        with self._lock:
            names = list(self._ids)
        wanted = to.strip().casefold()
        meant = (name for name in names if not wanted or self._is_for(name, wanted))
        return [mail for mail in map(self.find, meant) if mail]

    def _is_for(self, name: str, wanted: str) -> bool:
        envelope = self._envelope(name)
        return envelope is not None and wanted in [address.casefold() for address in envelope.recipients]

    def _envelope(self, name: str) -> Envelope | None:
        """Envelopes are small and asked for with every look at the page, so they stay in memory; bodies do not."""
        if name not in self._envelopes:
            try:
                told = json.loads(self._path(name).with_suffix(".json").read_text())
            except OSError:
                return None
            self._envelopes[name] = Envelope(**told)
        return self._envelopes[name]

    def find(self, name: str) -> Mail | None:
        """One mail by its id; None if it is unknown or was just deleted."""
        if name not in self._ids:
            return None
        envelope = self._envelope(name)
        try:
            return Mail(name, envelope, self._path(name).read_bytes()) if envelope else None
        except OSError:
            return None

    def clear(self) -> int:
        """Delete every mail; returns how many."""
        with self._lock:
            names, self._ids = self._ids, []
            for name in names:
                self._forget(name)
            return len(names)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.eml"

    def _forget(self, name: str) -> None:
        self._envelopes.pop(name, None)
        self._path(name).unlink(missing_ok=True)
        self._path(name).with_suffix(".json").unlink(missing_ok=True)
