"""What must no longer be believed: sessions and API tokens that ended before their proof grew too old.

The gateway hears of every end as an event and refuses from then on. While it may have missed some - when it starts, and
whenever it has lost the broker - it believes nobody until accounts has told it everything anew. So a request waits a
moment, or is told 503; it is never let through on old knowledge.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from services.chassis.actor import Context
from services.chassis.problems import Problem, Unauthenticated, Unavailable
from services.contracts.accounts import ReadRevocations

if TYPE_CHECKING:
    from gateway.auth import Client

log = structlog.get_logger("gateway")

WAIT_SECONDS = 0.5  # a blink of the broker is not worth an error
PAUSE_SECONDS = 0.2
TOKEN_SECONDS = 120.0  # twice as long as an API token is believed without asking


class Revocations:
    """Which sessions and API tokens ended. ``forget`` drops what was believed before the broker was lost."""

    def __init__(
        self,
        client: Client,
        timeout: float,
        forget: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._timeout, self._forget, self._clock = client, timeout, forget, clock
        self._ended: dict[str, float] = {}
        self._lock = threading.Lock()
        self._doubts = 0
        self._complete = threading.Event()
        self._complete.set()

    def __len__(self) -> int:
        return len(self._ended)

    @property
    def complete(self) -> bool:
        """False while an end may have passed unheard."""
        return self._complete.is_set()

    def check(self, proof_id: str) -> None:
        """The session or API token of a request. Raises Unauthenticated when it ended; Unavailable when that cannot be
        known for the moment."""
        if not self._complete.is_set() and not self._complete.wait(WAIT_SECONDS):
            raise Unavailable("revocations_unknown", "Whether this token is still good cannot be told for a moment.")
        if proof_id in self._ended:
            raise Unauthenticated("session_ended", "This session has ended. Sign in again.")

    def end(self, proof_id: str, until: float) -> None:
        """Refuse it until nobody would believe it any more (epoch seconds)."""
        with self._lock:
            self._end(proof_id, until)

    def end_token(self, token_id: str) -> None:
        """The same for an API token: its cached proof lives a minute at most, then accounts is asked again."""
        self.end(token_id, self._clock() + TOKEN_SECONDS)

    def _end(self, proof_id: str, until: float) -> None:
        now = self._clock()
        while self._ended:  # the oldest stand first, so the memory holds the ends of one token's life
            oldest = next(iter(self._ended))
            if self._ended[oldest] > now:
                break
            del self._ended[oldest]
        if until > now:
            self._ended[proof_id] = max(until, self._ended.pop(proof_id, 0.0))

    def doubt(self) -> int:
        """Ends pass unheard: believe nobody for now. The number of this doubt, for the ``settle`` that ends it."""
        with self._lock:
            self._doubts += 1
            self._complete.clear()
            return self._doubts

    def settle(self, doubt: int) -> bool:
        """Ask accounts for every end, again and again until it answers; call it once events are heard again. False when
        a newer doubt has come up, which this answer cannot end."""
        while doubt == self._doubts:
            try:
                told = self._client.call("accounts", ReadRevocations.wire_name, {}, Context(), self._timeout).data
            except Problem as problem:
                log.warning("the ended sessions could not be asked for", code=problem.code)
                time.sleep(PAUSE_SECONDS)
                continue
            with self._lock:
                for line in told["data"]:
                    self._end(line["session_id"], datetime.fromisoformat(line["until"]).timestamp())
                if doubt == self._doubts:
                    self._forget()
                    self._complete.set()
                    return True
        return False
