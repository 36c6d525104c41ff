"""What the API says about itself: the index, the version, the OpenAPI document and its page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from flask import Flask, Response, request

from gateway import openapi, profile_page
from gateway.answers import JSON, not_modified

if TYPE_CHECKING:
    from gateway.app import Desk

SITE = Path(__file__).parent / "site"


def version() -> str:
    """The installed version; a checkout that is not installed says so."""
    try:
        return metadata.version("casework")
    except metadata.PackageNotFoundError:
        return "0.1.0"


class Page:
    """A body that never changes while the process lives, with its ETag."""

    def __init__(self, name: str, body: bytes, content_type: str, more: dict[str, str] | None = None) -> None:
        self.name, self.body = name, body
        self._etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        self._headers = {
            "Content-Type": content_type,
            "ETag": self._etag,
            "Cache-Control": "public, max-age=60",
            "Vary": "Accept-Encoding",
            **(more or {}),
        }

    def __call__(self) -> Response:
        request.environ["casework.route"] = "GET " + self.name
        if not_modified(request.environ, self._etag):
            return Response(b"", 304, self._headers)
        return Response(self.body, 200, self._headers)


def register(app: Flask, desk: Desk) -> None:
    """Put the pages onto their addresses."""
    told = version()
    index = {
        "name": "casework",
        "version": told,
        "links": {"contract": "/v1/openapi.json", "docs": "/docs", "sessions": "/v1/sessions", "teams": "/v1/teams"},
    }
    document = orjson.dumps(openapi.document(told, desk.settings.public_url))
    pages = (
        Page("/v1", orjson.dumps(index), JSON),
        Page("/version", orjson.dumps({"version": told}), JSON),
        Page("/v1/openapi.json", document, "application/vnd.oai.openapi+json;version=3.1"),
        docs_page(),
        profile_docs(),
    )
    app.add_url_rule("/case/<number>", "case", case_page(), methods=["GET"], provide_automatic_options=False)
    for page in pages:
        app.add_url_rule(page.name, page.name, page, methods=["GET"], provide_automatic_options=False)


def docs_page() -> Page:
    """The browsable contract: one HTML file with its style and script inside, allowed by their hashes."""
    style = (SITE / "docs.css").read_text(encoding="utf-8")
    script = (SITE / "docs.js").read_text(encoding="utf-8")
    html = (SITE / "docs.html").read_text(encoding="utf-8").replace("/*style*/", style).replace("/*script*/", script)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Page("/docs", html.encode(), "text/html; charset=utf-8", {"Content-Security-Policy": policy})


def profile_docs() -> Page:
    """Every key of a team profile with its default, from the schema."""
    style = (SITE / "docs.css").read_text(
        encoding="utf-8"
    ) + "body { display: block; } th code { white-space: nowrap; }"
    policy = f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'; frame-ancestors 'none'"
    html = profile_page.html().replace("/*style*/", style)
    return Page("/docs/profile", html.encode(), "text/html; charset=utf-8", {"Content-Security-Policy": policy})


def case_page() -> Callable[..., Response]:
    """Where the links in mails lead. The key stands behind the ``#`` and is not sent: the page is the same for every
    number, exists or not, and tells how the case is opened with the key."""
    style = (SITE / "docs.css").read_text(encoding="utf-8") + "body { display: block; max-width: 40em; margin: auto; }"
    html = (SITE / "case.html").read_text(encoding="utf-8").replace("/*style*/", style).encode()
    policy = f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}

    def page(number: str) -> Response:
        request.environ["casework.route"] = "GET /case/<number>"
        return Response(html, 200, headers, content_type="text/html; charset=utf-8")

    return page


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
