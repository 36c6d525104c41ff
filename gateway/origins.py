"""Which other web origins may call the API from a browser (CORS): those the settings name, letter by letter.

Tokens travel in the Authorization header and there are no cookies, so no origin is ever given credentials and a page
that is not named can neither read an answer nor borrow anybody's login.
"""

from __future__ import annotations

from typing import Any

from flask import Response

Headers = list[tuple[str, str]]
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
SENT = (
    "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, "
    "Traceparent, X-Access-Key, X-Organization, X-Request-Id"
)
READ = (
    "Deprecation, ETag, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, Sunset, "
    "X-Request-Id"
)
KEPT_SECONDS = 600


class Origins:
    """The origins that are allowed; none by default."""

    def __init__(self, text: str) -> None:
        self._allowed = frozenset(one.strip() for one in text.split(",") if one.strip())
        if wrong := [one for one in self._allowed if not _sane(one)]:
            raise ValueError(f"an origin is written as https://host[:port], not {wrong[0]!r}")

    def headers(self, environ: dict[str, Any]) -> Headers:
        """What any answer carries for a browser. ``Vary`` also where the origin is not allowed."""
        if not self._allowed:
            return []
        told: Headers = [("Vary", "Origin")]
        origin = environ.get("HTTP_ORIGIN")
        if origin in self._allowed:
            told += [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", READ)]
        return told

    def preflight(self, environ: dict[str, Any]) -> Response | None:
        """The answer to a browser that asks before it sends; None when it does not, or its page is not allowed."""
        asks = environ.get("REQUEST_METHOD") == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        if not asks or environ.get("HTTP_ORIGIN") not in self._allowed:
            return None
        answer = Response(b"", 204)
        del answer.headers["Content-Type"]
        answer.headers["Access-Control-Allow-Methods"] = METHODS
        answer.headers["Access-Control-Allow-Headers"] = SENT
        answer.headers["Access-Control-Max-Age"] = str(KEPT_SECONDS)
        return answer


def _sane(origin: str) -> bool:
    scheme, _, host = origin.partition("://")
    return scheme in ("https", "http") and bool(host) and not set(host) & set("/*?#@ ") and origin == origin.lower()
