"""A client that records what the gateway asks, tokens as accounts signs them, and an app around both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.app import Gateway, create_app
from gateway.settings import GatewaySettings
from services.chassis.actor import Context
from services.chassis.problems import Unavailable
from services.chassis.rpc import Reply

ISSUER = "https://support.example.org"
KEY = ECKey.generate_key("P-256", {"kid": "k1"})
TEAM = "/v1/teams/extend"
CASE_ID = "case_01m7x2c4e6g8j0k2m4n6p8q0r2"
USER_ID = "user_01m7x2c4e6g8j0k2m4n6p8q0r2"
FILE_ID = "file_01m7x2c4e6g8j0k2m4n6p8q0r2"
CASE = f"{TEAM}/cases/{CASE_ID}"


@dataclass
class Asked:
    """One call the gateway made."""

    service: str
    verb: str
    data: dict[str, Any]
    context: Context
    timeout: float


@dataclass
class FakeClient:
    """Answers by verb with data, a Problem to raise, or a function of the data."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    ready: bool = True
    replayed: bool = False

    def call(self, service: str, verb: str, data: dict[str, Any], context: Context, timeout: float) -> Reply:
        if not self.ready:
            raise Unavailable("broker_away", "The message broker is away for a moment.")
        if verb == "read_keys":
            return Reply(self.answers.get(verb) or {"keys": [KEY.as_dict(private=False)], "issuer": ISSUER})
        self.asked.append(Asked(service, verb, data, context, timeout))
        answer: Any = self.answers.get(verb, {"done": True})
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer(data)
        if isinstance(answer, Exception):
            raise answer
        return Reply(dict(answer), self.replayed)

    @property
    def last(self) -> Asked:
        return self.asked[-1]


def token(key: ECKey = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """An access token; ``None`` as a value leaves a claim out."""
    now = int(time.time())
    told = {"iss": ISSUER, "aud": "casework", "sub": USER_ID, "sid": "ses_1", "op": False, "iat": now, "exp": now + 600}
    told |= claims
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"} | (header or {})
    return jwt.encode(head, {name: value for name, value in told.items() if value is not None}, key)


def bearer(**claims: Any) -> dict[str, str]:
    """The header of a signed-in request."""
    return {"Authorization": "Bearer " + token(**claims)}


def settings() -> GatewaySettings:
    return GatewaySettings(amqp_url="amqp://nowhere", secret_key="s" * 32, public_url="https://support.example.org")


def made(client: FakeClient) -> Gateway:
    return create_app(client, settings())
