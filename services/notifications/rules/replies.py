"""Reading an incoming mail: who wrote it, did a machine write it, and what is new in it. Never raises."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from email import errors, policy
from email.message import EmailMessage
from email.parser import BytesParser
from html import unescape

from mailparser_reply import EmailReplyParser

LARGEST_HEADERS = 65_536
LONGEST_TEXT = 40_000
LARGEST_HTML = 200_000
_SPACES = " \t\u200b\u200c\u2060\ufeff"
_LANGUAGES = ["en", "sv", "da", "de", "fr", "es", "it", "nl", "pl", "cs"]
_ADDRESS = re.compile(r"[^\s<>\"',;:()]+@[^\s<>\"',;:()]+")
_CONTENT_HEADER = re.compile(rb"^content-[a-z-]+:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE)
_MARKED = re.compile(r"^[> \t]*##-", re.MULTILINE)
# What the library does not know: "On … wrote:" of our other neighbours, and Outlook's rule above From:/Från:.
_QUOTES = re.compile(
    r"^[> \t]{0,20}(?:"
    r"-{2,}\s?(?:Original(?: |t )?[Mm]essage|Originalmeddelande|Ursprungligt meddelande|Vidarebefordrat).*"
    r"|_{10,}\n\n?\**(?:From|Från|Fra|Von|De|Lähettäjä)\**:.*"
    r"|\**(?:From|Från|Fra|Von|Lähettäjä)\**:[^\n]{1,300}\n(?:[^\n]{0,300}\n){0,2}?"
    r"\**(?:Sent|Skickat|Date|Datum|Sendt|Gesendet|Lähetetty|To|Till)\**:.*"
    r"|(?:Den|Am|Pe|Op|Le|On)\s(?=[^\n]{0,200}\d)[^\n]{6,200}(?:\n[^\n]{0,200})?\s?(?:skrev|wrote|schrieb|kirjoitti|schreef|écrit)[^\n]{0,200}:\s*$"
    r")",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Incoming:
    """A mail as read. ``automatic`` and ``trouble`` are reasons, empty when there is none."""

    message_id: str
    address: str | None = None
    body: str = ""
    automatic: str = ""
    trouble: str = ""
    attachments: list[str] = field(default_factory=list)


def read(raw: bytes, envelope_sender: str, mail_domain: str) -> Incoming:
    """Read a mail; whatever cannot be read is told as ``trouble``."""
    fallback = f"<sha256-{hashlib.sha256(raw).hexdigest()}@unnamed>"
    head = re.split(rb"\r?\n\r?\n", raw[: LARGEST_HEADERS + 4], maxsplit=1)[0]
    if len(head) > LARGEST_HEADERS or _costly(raw):
        return Incoming(message_id=fallback, trouble="headers_too_large")
    try:
        return _read(raw, envelope_sender, mail_domain, fallback)
    except Exception:  # whatever strangers send: people will look at it
        return Incoming(message_id=fallback, trouble="unreadable")


def _costly(raw: bytes) -> bool:
    """Content-* headers that the standard parser would chew for minutes (its time grows with their square)."""
    sizes = [match.end() - match.start() for match in _CONTENT_HEADER.finditer(raw)]
    return max(sizes, default=0) > 1_000 or sum(sizes) > 500_000


def _read(raw: bytes, envelope_sender: str, mail_domain: str, fallback: str) -> Incoming:
    mail = BytesParser(policy=policy.default).parsebytes(raw)
    headers = _headers(mail)
    message_id = (headers.get("message-id") or [""])[0]
    if not 3 <= len(message_id) <= 900 or not message_id.isprintable() or not message_id.isascii():
        message_id = fallback
    automatic = why_automatic(headers, envelope_sender, mail_domain)
    if automatic:
        return Incoming(message_id=message_id, automatic=automatic)
    text, attachments = _text_of(mail)
    return Incoming(
        message_id=message_id,
        address=only_address(headers.get("from") or []),
        body=newest_part(text),
        attachments=attachments,
    )


def _headers(mail: EmailMessage) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in mail.raw_items():
        plain = re.sub(r"\r?\n[ \t]+", " ", str(value)).strip()
        found.setdefault(name.lower(), []).append(plain)
    return found


def why_automatic(headers: dict[str, list[str]], envelope_sender: str, mail_domain: str) -> str:
    """Why this mail must not count as a person's reply; empty when nothing says so."""

    def said(name: str) -> str:
        return " ".join(headers.get(name, [])).strip().lower()

    ours = "@" + mail_domain.lower()
    checks = {
        "bounce": not envelope_sender.strip("<> ")
        or said("return-path") == "<>"
        or "multipart/report" in said("content-type"),
        "auto_submitted": said("auto-submitted") not in ("", "no"),
        "precedence": said("precedence") in ("bulk", "junk", "list", "auto_reply"),
        "list": any(name in headers for name in ("list-id", "list-post", "list-unsubscribe")),
        "autoreply": any(
            name in headers
            for name in ("x-autoreply", "x-autorespond", "x-autoresponse", "x-loop", "x-auto-response-suppress")
        ),
        "own_mail": said("message-id").endswith(ours + ">") or envelope_sender.lower().strip("<> ").endswith(ours),
    }
    return next((reason for reason, holds in checks.items() if holds), "")


def only_address(from_headers: list[str]) -> str | None:
    """The one address of the one From header, in lower case; None when two readers could see two different ones."""
    if len(from_headers) != 1 or len(from_headers[0]) > 500:
        return None
    value = from_headers[0].encode("utf-8", "replace").decode()
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        return None
    parsed = policy.default.header_factory("from", value)
    harmless = all(isinstance(defect, errors.ObsoleteHeaderDefect) for defect in parsed.defects)
    if not harmless or len(parsed.addresses) != 1 or any(group.display_name is not None for group in parsed.groups):
        return None
    address = str(parsed.addresses[0].addr_spec).lower()
    written = {found.lower() for found in _ADDRESS.findall(value)}
    return address if written == {address} else None


def newest_part(text: str) -> str:
    """What the person wrote this time: all above our marker, without quotes of earlier mails and without signature."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").replace("\xa0", " ")
    text = "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    marked = _MARKED.search(text)
    if marked:
        text = text[: marked.start()]
    text = "\n".join(line[:2_000].rstrip(_SPACES) for line in text[:LONGEST_TEXT].split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", text)  # before any pattern that looks over line ends
    quoted = _QUOTES.search(text)
    if quoted:
        text = text[: quoted.start()]
    reply = EmailReplyParser(languages=_LANGUAGES).parse_reply(text) or ""
    lines = reply.split("\n")
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith(">")):
        lines.pop()
    return "\n".join(lines).strip()


def _text_of(mail: EmailMessage) -> tuple[str, list[str]]:
    part = mail.get_body(("plain", "html"))
    attachments = [
        (found.get_filename() or found.get_content_type())[:100] for found in list(mail.iter_attachments())[:20]
    ]
    if part is None:
        return "", attachments
    try:
        text = str(part.get_content())
    except (LookupError, ValueError):  # a character set nobody knows
        text = bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")
    if part.get_content_type() == "text/html":
        text = text_of_html(text)
    return text, attachments


_SILENT = ("script", "style", "head", "title")
_BREAKS = ("br", "p", "div", "li", "tr", "h1", "h2", "h3", "blockquote")
_QUOTED = ("gmail_quote", "divrplyfwdmsg", "moz-cite-prefix", "appendonsend", "yahoo_quoted", 'type="cite"')
_TAG = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]{0,15})")


def text_of_html(html: str) -> str:
    """The readable text of an HTML mail, up to the quoted one. Reads once from left to right, whatever it finds
    (html.parser needs minutes for some mails)."""
    html, found, at = html[:LARGEST_HTML], [], 0
    while (start := html.find("<", at)) >= 0:
        found.append(re.sub(r"\s+", " ", html[at:start]))
        at, said = _after_tag(html, start)
        found.append(said)
        if at < 0:
            break
    if at >= 0:
        found.append(re.sub(r"\s+", " ", html[at:]))
    text = re.sub(r"[ \t]+", " ", unescape("".join(found)))
    return "\n".join(line.strip() for line in text.split("\n"))


def _after_tag(html: str, start: int) -> tuple[int, str]:
    """``(where to read on, what to say)`` for the tag at ``start``; a place below 0: here the new text ends."""
    if html.startswith("<!--", start):
        end = html.find("-->", start + 4)
        return (end + 3 if end >= 0 else -1), ""
    end = html.find(">", start)
    tag = _TAG.match(html, start + 1)
    if tag is None and html[start + 1 : start + 2] not in ("!", "?", "/"):
        return start + 1, "<"
    if end < 0 or tag is None:
        return (end + 1 if end >= 0 else -1), ""
    name, whole = tag.group(1).lower(), html[start : min(end, start + 500)].lower()
    if name in ("div", "blockquote", "span") and any(mark in whole for mark in _QUOTED):
        return -1, ""
    if name in _SILENT and not whole.startswith("</"):
        return _end_of(html, name, end), ""
    return end + 1, "\n" if name in _BREAKS else ""


def _end_of(html: str, name: str, at: int) -> int:
    found = re.compile(f"</{name}", re.IGNORECASE).search(html, at)
    return found.start() if found else -1
