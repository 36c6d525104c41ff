"""How much one caller may ask of one gateway process: a cheap outer fence. What must hold exactly (logins, mails) is
counted by accounts in its database.

Each caller has a bucket that refills evenly (GCRA): one float a caller, the least recent ones are forgotten. The
library ``limits`` costs ten times as much and walks through all its keys a hundred times a second.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.chassis.problems import TooManyRequests

WINDOW_SECONDS = 60
CALLERS = 50_000
HEADERS = "casework.limits"


@dataclass(frozen=True, slots=True)
class Policy:
    """``quota`` requests in ``WINDOW_SECONDS``, all at once if he likes; 0 is no limit."""

    name: str
    quota: int

    @property
    def text(self) -> str:
        """As RateLimit-Policy tells it."""
        return f'"{self.name}";q={self.quota};w={WINDOW_SECONDS}'


class Limiter:
    """One policy's callers."""

    def __init__(self, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self.policy, self._clock = policy, clock
        self._each = WINDOW_SECONDS / policy.quota if policy.quota else 0.0
        self._full_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, caller: str, environ: dict[str, Any]) -> None:
        """Count one request, and leave the headers that tell so in the environ. Raises TooManyRequests."""
        if not self._each:
            return
        now = self._clock()
        with self._lock:
            full_at = max(self._full_at.pop(caller, now), now)
            granted = full_at + self._each <= now + WINDOW_SECONDS + 1e-6
            if granted:
                full_at += self._each
            if len(self._full_at) >= CALLERS:
                del self._full_at[next(iter(self._full_at))]
            self._full_at[caller] = full_at
        left = max(0, int((now + WINDOW_SECONDS - full_at) / self._each + 1e-6))
        told = f'"{self.policy.name}";r={left};t={math.ceil(full_at - now)}'
        environ[HEADERS] = (("RateLimit-Policy", self.policy.text), ("RateLimit", told))
        if not granted:
            wait = math.ceil(full_at + self._each - now - WINDOW_SECONDS)
            detail = f"There may be {self.policy.quota} requests in {WINDOW_SECONDS} seconds. Wait a moment."
            extra = {"reason": self.policy.name}
            raise TooManyRequests("too_many_requests", detail, retry_after=max(1, wait), extra=extra)


class Addresses:
    """Who is at the other end of the connection. ``proxies``: networks whose X-Forwarded-For is believed."""

    def __init__(self, proxies: str) -> None:
        self._proxies = [ipaddress.ip_network(one.strip()) for one in proxies.split(",") if one.strip()]

    def of(self, environ: dict[str, Any]) -> str:
        """The client's address: the right-most one that is not a proxy of ours. A header alone proves nothing."""
        told = str(environ.get("REMOTE_ADDR", ""))
        address = str(_parsed(told) or told)  # an IPv4 client is one at an IPv6 socket, too
        if not self._proxies or not self._trusted(address):
            return address
        for given in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            if _parsed(given) is None:
                break
            address = str(_parsed(given))
            if not self._trusted(address):
                break
        return address

    def _trusted(self, address: str) -> bool:
        found = _parsed(address)
        return found is not None and any(found in network for network in self._proxies)


def caller_of(address: str) -> str:
    """Whom an address counts for: of IPv6 the first 64 bits, for they belong to one customer."""
    found = _parsed(address) if ":" in address else None
    return str(ipaddress.ip_network((found, 64), strict=False)) if found is not None and found.version == 6 else address


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
