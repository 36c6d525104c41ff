"""The edge to the mail server: SMTP, nothing else."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Outcome:
    """``sent``; ``refused`` for good (5xx); ``later`` (the server said 4xx); ``away`` (no server, or it hung up)."""

    kind: Literal["sent", "refused", "later", "away"]
    detail: str = ""


def send(mail: EmailMessage, smtp_url: str, mail_domain: str) -> Outcome:
    """Hand one mail to the server. Never raises for what the server says or does."""
    try:
        server = _connect(smtp_url, mail_domain)
    except (OSError, smtplib.SMTPException) as error:
        code = getattr(error, "smtp_code", "")
        return Outcome("away", f"{type(error).__name__} {code}".strip())
    try:
        return _hand_over(server, mail, f"no-reply@{mail_domain}")
    finally:
        with suppress(OSError, smtplib.SMTPException):  # it is sent, or it is not: how we part changes nothing
            server.quit()


def _hand_over(server: smtplib.SMTP, mail: EmailMessage, sender: str) -> Outcome:
    try:
        server.send_message(mail, from_addr=sender)
    except smtplib.SMTPRecipientsRefused as error:
        return _judged(*next(iter(error.recipients.values())))
    except smtplib.SMTPResponseException as error:
        return _judged(error.smtp_code, error.smtp_error)
    except (smtplib.SMTPNotSupportedError, ValueError) as error:
        return Outcome("refused", type(error).__name__)
    except (OSError, smtplib.SMTPException) as error:
        return Outcome("away", type(error).__name__)
    return Outcome("sent")


def _connect(smtp_url: str, mail_domain: str) -> smtplib.SMTP:
    at = urlsplit(smtp_url)
    host = at.hostname or "127.0.0.1"
    server: smtplib.SMTP
    if at.scheme == "smtps":
        server = smtplib.SMTP_SSL(
            host, at.port or 465, mail_domain, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(host, at.port or 25, mail_domain, timeout=TIMEOUT_SECONDS)
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
