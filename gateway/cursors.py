"""List cursors as clients get them: signed, bound to the list, its filters and the caller, good for a day."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

import orjson

from gateway.table import Route
from services.chassis.actor import Actor
from services.chassis.problems import Malformed

GOOD_SECONDS = 24 * 3600
_MAC, _TIME = 16, 5


class Cursors:
    """Signs a service's positions and reads them back."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._key = hashlib.sha256(b"casework cursor\x00" + secret.encode()).digest()
        self._clock = clock

    def sign(self, route: Route, actor: Actor, filters: dict[str, Any], position: str) -> str:
        """The cursor a client may bring back. ``filters``: all the list's values (place and size are left out)."""
        payload = int(self._clock() + GOOD_SECONDS).to_bytes(_TIME, "big") + position.encode()
        return base64.urlsafe_b64encode(self._mac(route, actor, filters, payload) + payload).rstrip(b"=").decode()

    def open(self, route: Route, actor: Actor, filters: dict[str, Any], cursor: str) -> str:
        """The service's position. Raises Malformed for any cursor that is not ours, or not of this list and caller."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise _wrong() from None
        mac, payload = raw[:_MAC], raw[_MAC:]
        if len(payload) <= _TIME or not hmac.compare_digest(mac, self._mac(route, actor, filters, payload)):
            raise _wrong()
        if int.from_bytes(payload[:_TIME], "big") < self._clock():
            raise Malformed("cursor_expired", "This cursor is older than a day. Begin the list again.")
        return payload[_TIME:].decode()

    def _mac(self, route: Route, actor: Actor, filters: dict[str, Any], payload: bytes) -> bytes:
        bound = {name: value for name, value in filters.items() if name not in ("cursor", "limit")}
        text = orjson.dumps([route.name, actor.key, bound, payload.hex()], option=orjson.OPT_SORT_KEYS)
        return hmac.digest(self._key, text, "sha256")[:_MAC]


def _wrong() -> Malformed:
    return Malformed(
        "cursor_invalid",
        "This cursor does not belong to this list.",
        errors=[{"parameter": "cursor", "rule": "invalid", "detail": "Use next_cursor of the same list, unchanged."}],
    )
