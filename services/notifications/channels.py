"""The edge to the mail server: SMTP, nothing else. The connection is kept from one mail to the next."""

from __future__ import annotations

import smtplib
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from services.notifications.rules.letters import Written

TIMEOUT_SECONDS = 10
LONGEST_IDLE_SECONDS = 5.0  # servers hang up on idle clients; asking whether ours did would cost as much as a new one
MOST_MAILS = 100  # over one connection; many servers allow no more


@dataclass(frozen=True)
class Outcome:
    """``sent``; ``refused`` for good (5xx); ``later`` (the server said 4xx); ``away`` (no server, or it hung up)."""

    kind: Literal["sent", "refused", "later", "away"]
    detail: str = ""


class _NotingTheText(smtplib.SMTP):
    """Knows whether this mail's text may have reached the server: from there on only the server can say what it has."""

    text_begun = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        """DATA and the text."""
        self.text_begun = True
        return super().data(msg)


class _Plain(_NotingTheText):
    pass


class _Tls(_NotingTheText, smtplib.SMTP_SSL):
    pass


@dataclass
class _Line:
    """A connection, where it leads, how often and when it was used."""

    server: _NotingTheText
    to: tuple[str, str]
    mails: int = 0
    used_at: float = 0.0

    @property
    def fit(self) -> bool:
        """May it carry another mail?"""
        fresh = time.monotonic() - self.used_at < LONGEST_IDLE_SECONDS
        return fresh and self.mails < MOST_MAILS and self.server.sock is not None


# At most one connection rests here. Who sends takes it out, so nobody else can use it at the same time.
_resting: list[_Line] = []


def send(mail: Written, smtp_url: str, mail_domain: str) -> Outcome:
    """Hand one mail to the server. Never raises for what the server says or does."""
    to, sender = (smtp_url, mail_domain), f"no-reply@{mail_domain}"
    line = _kept(to)
    if line is not None:
        outcome = _hand_over(line, mail, sender)
        if outcome is not None:
            return outcome
    try:
        line = _Line(_connect(smtp_url, mail_domain), to)
    except (OSError, smtplib.SMTPException) as error:
        code = getattr(error, "smtp_code", "")
        return Outcome("away", f"{type(error).__name__} {code}".strip())
    outcome = _hand_over(line, mail, sender)
    return outcome or Outcome("away", "SMTPServerDisconnected")


def hang_up() -> None:
    """Close the connection that rests, if there is one."""
    while _resting:
        _close(_resting.pop())


def _kept(to: tuple[str, str]) -> _Line | None:
    try:
        line = _resting.pop()
    except IndexError:
        return None
    if line.to == to and line.fit:
        return line
    _close(line)
    return None


def _hand_over(line: _Line, mail: Written, sender: str) -> Outcome | None:
    """None: a connection that was kept had ended before this mail's text began; it may go over another one."""
    kept, line.server.text_begun = line.mails > 0, False
    try:
        outcome = _send_over(line.server, mail, sender)
    except BaseException:  # our own end, or a mail that cannot be written
        line.server.close()
        raise
    line.mails, line.used_at = line.mails + 1, time.monotonic()
    if outcome.kind != "away" and line.server.sock is not None:  # smtplib closes it when the server says 421
        if _resting:
            _close(line)
        else:
            _resting.append(line)
        return outcome
    line.server.close()
    return None if kept and not line.server.text_begun else outcome


def _send_over(server: smtplib.SMTP, mail: Written, sender: str) -> Outcome:
    try:
        more = () if mail.to.isascii() else ("SMTPUTF8", "BODY=8BITMIME")
        server.sendmail(sender, [mail.to], mail.raw, more)
    except smtplib.SMTPRecipientsRefused as error:
        return _judged(*next(iter(error.recipients.values())))
    except smtplib.SMTPResponseException as error:
        return _judged(error.smtp_code, error.smtp_error)
    except (smtplib.SMTPNotSupportedError, ValueError) as error:
        return Outcome("refused", type(error).__name__)
    except (OSError, smtplib.SMTPException) as error:
        return Outcome("away", type(error).__name__)
    return Outcome("sent")


def _close(line: _Line) -> None:
    with suppress(OSError, smtplib.SMTPException):  # it is sent, or it is not: how we part changes nothing
        line.server.quit()
    line.server.close()


def _connect(smtp_url: str, mail_domain: str) -> _NotingTheText:
    at = urlsplit(smtp_url)
    host = at.hostname or "127.0.0.1"
    server: _NotingTheText
    if at.scheme == "smtps":
        server = _Tls(host, at.port or 465, mail_domain, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    else:
        server = _Plain(host, at.port or 25, mail_domain, timeout=TIMEOUT_SECONDS)
    try:
        if at.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
        if at.username:
            server.login(unquote(at.username), unquote(at.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _judged(code: int, said: bytes | str) -> Outcome:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return Outcome("refused" if 500 <= code < 600 else "later", f"{code} {text}"[:500])
