"""The page and the JSON API of the mail sink, on the standard library's HTTP server.

A mail's HTML is shown in a sandboxed frame under a policy without scripts and without the network: it is foreign text.
"""

import json
from datetime import UTC, datetime
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

from deploy.local.mailbox import Mail, Mailbox

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, CanvasText 15%, Canvas);
  --soft: color-mix(in srgb, CanvasText 60%, Canvas); --accent: light-dark(#0b57d0, #8ab4f8); }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.25rem; margin: 0; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
header { display: flex; gap: 1rem; align-items: center; flex-wrap: wrap; margin-bottom: 1rem; }
header form { margin-left: auto; display: flex; gap: .5rem; }
input, button { font: inherit; padding: .35rem .7rem; border: 1px solid var(--line); border-radius: .5rem;
  background: Canvas; color: CanvasText; }
.mails { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: .75rem;
  overflow: hidden; }
.mails a { display: grid; grid-template-columns: 14rem 1fr auto; gap: 1rem; padding: .6rem 1rem; color: inherit; }
.mails li + li { border-top: 1px solid var(--line); }
.mails a:hover { background: color-mix(in srgb, CanvasText 5%, Canvas);
  text-decoration: none; }
.mails span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; } .soft { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
dt { color: var(--soft); } pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem;
  border: 1px solid var(--line); border-radius: .75rem; font: 14px/1.5 ui-monospace, monospace; }
iframe { width: 100%; height: 34rem; border: 1px solid var(--line); border-radius: .75rem; background: white; }
@media (max-width: 40rem) { .mails a { grid-template-columns: 1fr auto; } .mails .to { grid-row: 2; } }
"""
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'"
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def serve(mailbox: Mailbox, port: int) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 that is ready to `serve_forever`."""
    handler = type("BoundHandler", (Handler,), {"mailbox": mailbox})
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


class Handler(BaseHTTPRequestHandler):
    """GET / and /messages/ID for people, /api/messages for programs."""

    mailbox: Mailbox
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self._is_local():
            return
        url = urlsplit(self.path)
        to = parse_qs(url.query).get("to", [""])[0]
        match url.path.strip("/").split("/"):
            case [""]:
                self._page("Mail", list_of(self.mailbox.all(to), to))
            case ["healthz"]:
                self._send(b"ok\n", "text/plain")
            case ["api", "messages"]:
                self._json([mail.summary() for mail in self.mailbox.all(to)])
            case ["api", "messages", name] if mail := self.mailbox.find(name):
                self._json({**mail.summary(), "html": mail.html, "raw": mail.raw.decode("utf-8", "replace")})
            case ["messages", name, *rest] if mail := self.mailbox.find(name):
                self._one(mail, rest)
            case _:
                self._send(b"There is no such mail.\n", "text/plain", HTTPStatus.NOT_FOUND)

    def do_DELETE(self) -> None:
        if not self._is_local():
            return
        if urlsplit(self.path).path == "/api/messages":
            self._json({"deleted": self.mailbox.clear()})
        else:
            self._send(b"Only /api/messages can be deleted.\n", "text/plain", HTTPStatus.NOT_FOUND)

    def _one(self, mail: Mail, rest: list[str]) -> None:
        match rest:
            case []:
                self._page(mail.header("subject") or "Mail", page_of(mail))
            case ["html"]:
                self._send(mail.html.encode(), "text/html; charset=utf-8", policy=MAIL_POLICY)
            case ["raw"]:
                self._send(mail.raw, "text/plain; charset=utf-8")
            case ["attachments", number]:
                for item in mail.attachments():
                    if str(item.position) == number:
                        self._send(item.body, "application/octet-stream", file_name=item.file_name)
                        return
                self._send(b"There is no such attachment.\n", "text/plain", HTTPStatus.NOT_FOUND)
            case _:
                self._send(b"Not found.\n", "text/plain", HTTPStatus.NOT_FOUND)

    def _is_local(self) -> bool:
        """Refuse foreign host names: a web site must not reach the mails by pointing its name at 127.0.0.1."""
        if self.headers.get("Host", "").rpartition(":")[0] in ("127.0.0.1", "localhost"):
            return True
        self._send(b"Use http://127.0.0.1\n", "text/plain", HTTPStatus.FORBIDDEN)
        return False

    def _json(self, value: object) -> None:
        self._send(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), "application/json")

    def _page(self, title: str, body: str) -> None:
        text = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style><body>{body}'
        )
        self._send(text.encode("utf-8", "replace"), "text/html; charset=utf-8", policy=PAGE_POLICY)

    def _send(
        self,
        body: bytes,
        content_type: str,
        status: HTTPStatus = HTTPStatus.OK,
        *,
        policy: str = "sandbox; default-src 'none'",
        file_name: str = "",
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if file_name:
            self.send_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(file_name, safe='')}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests ask several times a second."""


def list_of(mails: list[Mail], to: str) -> str:
    """The first page: newest mail first."""
    rows = "".join(
        f'<li><a href="/messages/{mail.id}"><span class="to">{escape(", ".join(mail.envelope.recipients))}</span>'
        f"<span>{escape(mail.header('subject') or '(no subject)')}</span>"
        f'<span class="soft">{_clock(mail.envelope.at)}</span></a></li>'
        for mail in reversed(mails)
    )
    form = (
        f'<form><input name="to" type="search" placeholder="Recipient" aria-label="Recipient" value="{escape(to)}">'
        "<button>Filter</button></form>"
    )
    head = f'<header><h1>Mail sink</h1><span class="soft">{len(mails)} mails</span>{form}</header>'
    return head + (
        f'<ul class="mails">{rows}</ul>'
        if rows
        else '<p class="soft">No mail yet. Reload after something was sent.</p>'
    )


def page_of(mail: Mail) -> str:
    """One mail: envelope, HTML in a sandboxed frame, text, attachments, all headers."""
    facts = [
        ("From", mail.envelope.sender or "(empty: a bounce or automatic mail)"),
        ("To", ", ".join(mail.envelope.recipients)),
        ("Date", mail.header("date")),
    ]
    parts = [
        f"<header><h1>{escape(mail.header('subject') or '(no subject)')}</h1>"
        f'<a href="/">All mails</a> <a href="/messages/{mail.id}/raw">Raw</a></header>',
        _facts(facts),
    ]
    if mail.html:
        parts.append(f'<iframe sandbox src="/messages/{mail.id}/html" title="HTML of the mail"></iframe>')
    if mail.text:
        parts.append(f"<pre>{escape(mail.text)}</pre>")
    files = "".join(
        f'<li><a href="/messages/{mail.id}/attachments/{item.position}">{escape(item.file_name)}</a> '
        f'<span class="soft">{escape(item.content_type)}, {len(item.body):,} bytes</span></li>'
        for item in mail.attachments()
    )
    if files:
        parts.append(f"<h2>Attachments</h2><ul>{files}</ul>")
    parts.append(f"<details><summary>All headers</summary>{_facts(mail.headers())}</details>")
    return "".join(parts)


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%d %b %H:%M:%S}"


def _facts(pairs: list[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs) + "</dl>"
