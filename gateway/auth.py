"""Who is calling: the access token of the Authorization header becomes an Actor. Nothing else identifies anybody."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gateway.reading import parse
from services.chassis.actor import Actor, Context
from services.chassis.problems import Malformed, Problem, Unauthenticated, Unavailable
from services.chassis.rpc import Reply

log = structlog.get_logger("gateway")

AUDIENCE = "casework"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - the header's word, no secret
REFETCH_SECONDS = 30
STALE_SECONDS = 600
SKEW_SECONDS = 5
CACHE_SIZE = 10_000
TOKEN_LIMIT = 4096

_BEARER = re.compile(r"bearer +([^\s]+) *", re.IGNORECASE)
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")  # an ES256 signature is 64 bytes
_FOREIGN_KEYS = ("jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc")


class Client(Protocol):
    """What the gateway needs of the RPC client; ``services.chassis.rpc.RpcClient`` is one."""

    @property
    def ready(self) -> bool:
        """Connected to a broker that takes messages."""

    def call(self, service: str, verb: str, data: dict[str, Any], context: Context, timeout: float) -> Reply:
        """Ask one service and wait. Raises Problem."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A proven caller; ``until`` is when the proof ends (epoch seconds)."""

    actor: Actor
    until: float


class Tokens:
    """Checks access tokens with the public keys of accounts."""

    def __init__(self, client: Client, timeout: float, clock: Callable[[], float] = time.time) -> None:
        self._client, self._timeout, self._clock = client, timeout, clock
        self._keys: dict[str, ECKey] = {}
        self._issuer = ""
        self._asked_at = self._fetched_at = float("-inf")
        self._lock = threading.Lock()
        self._known: dict[bytes, Identity] = {}

    def identity(self, authorization: str | None) -> Identity:
        """The caller of this request. Raises Unauthenticated; Unavailable when no key can be had."""
        if not authorization:
            raise Unauthenticated("token_missing", "Send the access token as Authorization: Bearer.")
        found = _BEARER.fullmatch(authorization)
        if found is None or len(found[1]) > TOKEN_LIMIT:
            raise _invalid()
        token = found[1]
        digest = hashlib.sha256(token.encode("latin-1", "replace")).digest()
        identity = self._known.get(digest)
        if identity is None:
            identity = self._check(token)
            if len(self._known) >= CACHE_SIZE:
                self._known.pop(next(iter(self._known)), None)
            self._known[digest] = identity
        if identity.until <= self._clock():
            self._known.pop(digest, None)
            raise Unauthenticated("token_expired", "The access token is too old. Refresh it.")
        return identity

    def ready(self) -> bool:
        """True when keys are here, or can be fetched."""
        if not self._keys:
            try:
                self._fetch()
            except Problem:
                return False
        return bool(self._keys)

    def _check(self, token: str) -> Identity:
        if not _COMPACT.fullmatch(token):
            raise _invalid()
        header, claims = (_part(text) for text in token.split(".")[:2])
        if header.get("alg") != "ES256" or header.get("typ") != TOKEN_TYPE or any(n in header for n in _FOREIGN_KEYS):
            raise _invalid()
        key = self._key(header.get("kid"))
        try:
            jwt.decode(token, key, algorithms=["ES256"])
        except (JoseError, ValueError):
            raise _invalid() from None
        if _unpadded(_decoded(token.rsplit(".", 1)[1])) != token.rsplit(".", 1)[1]:
            raise _invalid()  # the same signature, spelled otherwise
        return self._identity_of(claims)

    def _identity_of(self, claims: dict[str, Any]) -> Identity:
        now = self._clock()
        until, since, made = claims.get("exp"), claims.get("nbf", 0), claims.get("iat")
        if not all(type(moment) in (int, float) for moment in (until, since, made)):
            raise _invalid()
        audience = claims.get("aud")
        if claims.get("iss") != self._issuer or audience not in (AUDIENCE, [AUDIENCE]):
            raise _invalid()
        if since > now + SKEW_SECONDS or made > now + SKEW_SECONDS:  # type: ignore[operator]
            raise _invalid()
        person, session, operator = claims.get("sub"), claims.get("sid"), claims.get("op", False)
        if not (isinstance(person, str) and person and isinstance(session, str) and type(operator) is bool):
            raise _invalid()
        return Identity(Actor("operator" if operator else "user", person, session), float(until))  # type: ignore[arg-type]

    def _key(self, kid: Any) -> ECKey:
        if not isinstance(kid, str):
            raise _invalid()
        now = self._clock()
        if kid not in self._keys or now - self._fetched_at > STALE_SECONDS:
            with self._lock:  # one fetch at a time; who waited finds its result
                unknown = kid not in self._keys
                if now - self._asked_at > REFETCH_SECONDS or (unknown and not self._keys):
                    try:
                        self._fetch()
                    except Unavailable:
                        if not self._keys:
                            raise  # without a key nobody is anybody
                        log.warning("the public keys could not be refreshed")
        if kid not in self._keys:
            raise _invalid()
        return self._keys[kid]

    def _fetch(self) -> None:
        self._asked_at = self._clock()
        told = self._client.call("accounts", "read_keys", {}, Context(), self._timeout).data
        keys = {}
        for key in told["keys"]:
            if key.get("kty") == "EC" and key.get("crv") == "P-256" and isinstance(key.get("kid"), str):
                keys[key["kid"]] = ECKey.import_key({name: key[name] for name in ("kty", "crv", "x", "y", "kid")})
        self._keys, self._issuer = keys, told["issuer"]
        self._fetched_at = self._clock()


def _part(text: str) -> dict[str, Any]:
    """One base64url part as a JSON object; the same strict reading as a body, so duplicate claims are refused."""
    try:
        data = parse(_decoded(text))
    except (Malformed, ValueError):
        raise _invalid() from None
    if not isinstance(data, dict):
        raise _invalid()
    return data


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _invalid() -> Unauthenticated:
    return Unauthenticated("token_invalid", "The access token is not valid here.")
