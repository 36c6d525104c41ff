"""The public API as the command line uses it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import requests

from cli.session import Session

TIMEOUT = 30
PATIENCE = 60  # seconds a read waits for its turn when it is told to


class Refused(Exception):
    """The API said no; ``problem`` is its RFC 9457 answer."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or f"HTTP {status}"))
        self.status, self.problem = status, problem


class Unreachable(Exception):
    """Nobody answered."""


class Api:
    """Asks the installation at ``url`` as whoever the session or the token says."""

    def __init__(self, url: str, session: Session, token: str = "") -> None:
        self.url, self.session, self.token = url.rstrip("/"), session, token
        self._http = requests.Session()
        self._http.headers["User-Agent"] = "casework-cli"

    def get(self, path: str, **query: Any) -> Any:
        """A reply; query values that are None are left out."""
        return self.call("GET", path, params={name: value for name, value in query.items() if value is not None})

    def each(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["data"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """A reply as JSON (None when there is nothing to tell). Raises Refused and Unreachable."""
        answer = self._send(method, path, body, self._bearer(), more)
        if answer.status_code == 429 and method == "GET" and (wait := _seconds(answer)) <= PATIENCE:
            time.sleep(wait)  # a long list asks often; the next page may wait
            answer = self._send(method, path, body, self._bearer(), more)
        if answer.status_code == 401 and self._is_saved() and self.session.refresh_token:
            self.session.refresh(self._exchange)
            answer = self._send(method, path, body, self._bearer(), more)
        return self._read(answer)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The same for somebody who has not signed in."""
        return self._read(self._send(method, path, body, "", {}))

    def etag(self, path: str) -> str | None:
        """What to say in If-Match to change this; None when it is not there."""
        answer = self._send("GET", path, None, self._bearer(), {})
        if answer.status_code == 404:
            return None
        self._read(answer)
        return answer.headers.get("ETag")

    def _bearer(self) -> str:
        """The token for this address, and for no other; nothing when one is not signed in here."""
        if self._is_saved() and self.session.is_stale():
            self.session.refresh(self._exchange)
        # Asked again: another process may have signed in elsewhere meanwhile.
        return self.session.access_token if self._is_saved() else self.token

    def _is_saved(self) -> bool:
        return not self.token and self.session.exists(self.url)

    def _exchange(self, refresh_token: str) -> dict[str, Any]:
        told: dict[str, Any] = self.ask("POST", "/v1/sessions/refresh", {"refresh_token": refresh_token})
        return told

    def _send(self, method: str, path: str, body: Any, token: str, more: dict[str, Any]) -> requests.Response:
        headers = dict(more.pop("headers", {}))
        if token:
            headers["Authorization"] = f"Bearer {token}"
        sent = {"json": body} if body is not None else {}
        try:
            return self._http.request(method, self.url + path, headers=headers, timeout=TIMEOUT, **sent, **more)
        except (requests.RequestException, ValueError) as error:
            raise Unreachable(f"{self.url} does not answer ({type(error).__name__}).") from error

    def _read(self, answer: requests.Response) -> Any:
        if answer.status_code in (502, 503, 504) and not answer.headers.get("Content-Type", "").endswith("json"):
            raise Unreachable(f"{self.url} answers {answer.status_code}.")
        try:
            told = answer.json() if answer.content else None
        except ValueError:
            raise Unreachable(f"{self.url} answers, but not like Casework. Is the address right?") from None
        if answer.status_code >= 400:
            raise Refused(answer.status_code, told if isinstance(told, dict) else {})
        return told


def _seconds(answer: requests.Response) -> int:
    told = answer.headers.get("Retry-After", "")
    return int(told) if told.isdecimal() else 1


def team(team_id: str, rest: str = "") -> str:
    """The path of something of a team."""
    return f"/v1/teams/{quote(team_id, safe='')}{rest}"
