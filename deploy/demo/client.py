"""One person at the public API: signed in, patient, and safe to repeat.

Every write carries an Idempotency-Key. It is repeated with the same key and the same body while the other side is
away (connection errors, 502-504) or busy (409 ``still_running`` and ``busy``, 429), for a minute at most. So a service
may be killed in the middle: the write happens once, and its answer arrives in the end.

``soon=True`` also waits out 403, 404 and 422 for a moment: facts travel between the services by events, and a service
may not have heard yet of a person, a team or a case made an instant ago. Refusals are never kept as a key's answer.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from deploy.demo.failure import Failure, must
from deploy.demo.teller import Teller

PATIENCE_SECONDS = 60.0  # with a part that is away
SOON_SECONDS = 20.0  # with a fact on its way
PAUSE_SECONDS = 0.25
TIMEOUT = (3.05, 15.0)
AWAY = (429, 502, 503, 504)
BUSY = ("still_running", "busy")
UNHEARD_OF = (403, 404, 422)
AWAY_ERRORS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


@dataclass(frozen=True)
class Login:
    """How somebody signs in."""

    user_name: str
    password: str


@dataclass(frozen=True)
class Answer:
    """What came back: JSON where there is some."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The problem's code, for programs."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""

    @property
    def told(self) -> Any:
        """The body as a failure shows it."""
        return self.body if self.body is not None else f"{self.status} without a body"


@dataclass(frozen=True)
class Ask:
    """A request as it goes out, and goes out again."""

    method: str
    path: str
    more: dict[str, Any]
    soon: bool = False
    read: str = ""  # the ETag of what is changed

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class Person:
    """Somebody with a login. ``id`` is known once he is registered."""

    def __init__(self, url: str, login: Login, teller: Teller) -> None:
        self.login, self.name, self.email, self.id = login, login.user_name, "", ""
        self._url, self._teller = url.rstrip("/"), teller
        self._web = requests.Session()
        self._web.headers["Accept"] = "application/json"
        self._token = ""

    def sign_in(self) -> None:
        """Exchange user name and password for an access token."""
        body = {"login": self.login.user_name, "password": self.login.password, "device": "demo"}
        answer = self._send(Ask("POST", "/v1/sessions", {"json": body}))
        must(answer.status == 201, f"{self.login.user_name} signs in (201)", answer.told)
        self._token = answer.body["access_token"]

    def get(self, path: str, *, soon: bool = False, **query: Any) -> Any:
        """Read; 200 is expected."""
        return self._expect(Ask("GET", path, {"params": query}, soon), 200)

    def post(self, path: str, body: Any, *, made: bool = True, soon: bool = False) -> Any:
        """Write; 201 is expected, or 200 where nothing is ``made``."""
        return self._expect(Ask("POST", path, {"json": body}, soon), 201 if made else 200)

    def put(self, path: str, body: Any, *, read: str = "") -> Any:
        """Set what was ``read`` with this ETag; 200 is expected."""
        return self._expect(Ask("PUT", path, {"json": body}, read=read), 200)

    def patch(self, path: str, body: Any) -> Any:
        """Change; 200 is expected."""
        return self._expect(Ask("PATCH", path, {"json": body}), 200)

    def delete(self, path: str) -> None:
        """Take away; 204 is expected."""
        self._expect(Ask("DELETE", path, {}), 204)

    def upload(self, path: str, parts: list[Any], fields: dict[str, str]) -> Any:
        """Send files as a form does; 201 is expected."""
        return self._expect(Ask("POST", path, {"files": parts, "data": fields}, soon=True), 201)

    def redirect(self, path: str) -> str:
        """Where this address sends us; 302 is expected."""
        answer = self._signed(Ask("GET", path, {"allow_redirects": False}))
        must(answer.status == 302, f"GET {path} sends on to the store (302)", answer.told)
        return answer.headers["location"]

    def look(self, path: str) -> Answer:
        """Read without expecting anything."""
        return self._signed(Ask("GET", path, {}))

    def refused(self, ask: Ask, status: int, code: str = "") -> Any:
        """This must be refused, clearly. Returns the problem."""
        answer = self._signed(ask)
        expected = f"{ask.name} is refused with {status} {code}".rstrip()
        must(answer.status == status and (not code or answer.code == code), expected, answer.told)
        must("problem+json" in answer.headers.get("content-type", ""), f"{expected}, told as problem+json", answer.told)
        must(bool(answer.body.get("detail")), f"{expected}, with a sentence for people", answer.told)
        self._teller.tally.refused += 1
        return answer.body

    def _expect(self, ask: Ask, status: int) -> Any:
        answer = self._signed(ask)
        must(answer.status == status, f"{ask.name} by {self.name} answers {status}", answer.told)
        return answer.body

    def _signed(self, ask: Ask) -> Answer:
        """Send with the token; an old token is renewed once."""
        if not self._token:
            self.sign_in()
        answer = self._send(ask)
        if answer.code == "token_expired":
            self.sign_in()
            answer = self._send(ask)
        return answer

    def _send(self, ask: Ask) -> Answer:
        key = {} if ask.method == "GET" else {"Idempotency-Key": f"demo-{uuid.uuid4().hex}"}
        if ask.read:
            key["If-Match"] = ask.read
        if self._token:
            key["Authorization"] = f"Bearer {self._token}"
        began, mentioned = time.monotonic(), False
        while True:
            got, pause, patience = self._try(ask, key)
            if isinstance(got, Answer) and not pause:
                return got
            spent = time.monotonic() - began
            if spent + pause > patience:
                if isinstance(got, Answer):
                    return got
                raise Failure(f"{ask.name} is answered within {patience:.0f} s", got)
            if spent > 1 and not mentioned:
                reason = got.split(":")[0] if isinstance(got, str) else f"{got.status} {got.code}"
                self._teller.waiting(f"{ask.name}: {reason}; the same request goes again")
                mentioned = True
            time.sleep(pause)

    def _try(self, ask: Ask, headers: dict[str, str]) -> tuple[Answer | str, float, float]:
        """One attempt: what came, the pause before the next one (0: it stands), and how long to go on."""
        try:
            reply = self._web.request(ask.method, self._url + ask.path, headers=headers, timeout=TIMEOUT, **ask.more)
        except AWAY_ERRORS as error:
            return f"{type(error).__name__}: {error}"[:120], PAUSE_SECONDS, PATIENCE_SECONDS
        answer = Answer(reply.status_code, {k.lower(): v for k, v in reply.headers.items()}, _json(reply))
        if answer.status in AWAY or (answer.status == 409 and answer.code in BUSY):
            return answer, _retry_after(answer), PATIENCE_SECONDS
        if ask.soon and answer.status in UNHEARD_OF:
            return answer, PAUSE_SECONDS, SOON_SECONDS
        return answer, 0.0, 0.0


def patient_web() -> requests.Session:
    """For the store and the mail sink, where nobody signs in and everything may be repeated as it is."""
    again = Retry(total=8, backoff_factor=0.3, status_forcelist=(502, 503, 504), allowed_methods=None)
    web = requests.Session()
    web.mount("http://", HTTPAdapter(max_retries=again))
    web.mount("https://", HTTPAdapter(max_retries=again))
    return web


def store(method: str, url: str, content: bytes | None, what: str) -> requests.Response:
    """Bytes to or from the object store by a signed address. Raises Failure when it refuses or stays away."""
    try:
        reply = patient_web().request(method, url, data=content, timeout=60)
    except requests.RequestException as error:
        raise Failure(f"the store {what}", f"{type(error).__name__}: {error}") from error
    must(reply.status_code in (200, 201, 204), f"the store {what}", f"{reply.status_code} {reply.text[:300]}")
    return reply


def _retry_after(answer: Answer) -> float:
    given = answer.headers.get("retry-after", "")
    return max(PAUSE_SECONDS, min(float(given), 30.0)) if given.isdigit() else 1.0


def _json(reply: requests.Response) -> Any:
    if "json" not in reply.headers.get("Content-Type", ""):
        return None
    try:
        return reply.json()
    except ValueError:
        return None
