"""Who is calling: the token of the Authorization header becomes an Actor. Nothing else identifies anybody.

Access tokens of sessions are JWTs and are checked here, without asking anybody. API tokens (``cwp_…``, ``cws_…``) mean
nothing by themselves: accounts is asked for each once a minute at most. What has ended is refused from the moment this
process hears of it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gateway.reading import parse
from gateway.revocations import Revocations
from services.chassis.actor import Actor, Context
from services.chassis.problems import Malformed, Problem, Unauthenticated, Unavailable
from services.chassis.rpc import Reply
from services.contracts.accounts import UseToken

log = structlog.get_logger("gateway")

AUDIENCE = "casework"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - the header's word, no secret
REFETCH_SECONDS = 30
STALE_SECONDS = 120
SKEW_SECONDS = 5
CACHE_SIZE = 10_000
BELIEVED_SECONDS = 60  # an API token is asked about again after this, so a revocation nobody heard of is heard then
TOKEN_LIMIT = 4096

_BEARER = re.compile(r"bearer +([^\s]+) *", re.IGNORECASE)
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")  # an ES256 signature is 64 bytes
_OPAQUE = re.compile(r"cw[ps]_[A-Za-z0-9_-]{43}")  # 256 random bits
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
    """A proven caller; ``until`` is when the proof ends (epoch seconds). ``scopes`` limit an API token, and its id
    stands in the place of the session's; a session may do all (None). ``team``: it counts in this team only, because
    the team's provider let the person in. ``setup``: it may only set up a second factor."""

    actor: Actor
    until: float
    scopes: frozenset[str] | None = None
    team: str | None = None
    setup: bool = False


class Tokens:
    """Checks access tokens with the public keys of accounts, and API tokens by asking accounts."""

    def __init__(self, client: Client, timeout: float, clock: Callable[[], float] = time.time) -> None:
        self._client, self._timeout, self._clock = client, timeout, clock
        self._keys: dict[str, ECKey] = {}
        self._issuer = ""
        self._asked_at = self._fetched_at = float("-inf")
        self._lock = threading.Lock()
        self._known: dict[bytes, Identity] = {}
        self._believed: dict[bytes, tuple[Identity | None, float]] = {}  # API tokens; None: unknown to accounts
        self.revocations = Revocations(client, timeout, self._distrust, clock)

    def identity(self, authorization: str | None) -> Identity:
        """The caller of this request. Raises Unauthenticated; Unavailable when accounts must be asked and is away."""
        if not authorization:
            raise Unauthenticated("token_missing", "Send the access token as Authorization: Bearer.")
        found = _BEARER.fullmatch(authorization)
        if found is None or len(found[1]) > TOKEN_LIMIT:
            raise _invalid()
        token = found[1]
        digest = hashlib.sha256(token.encode("latin-1", "replace")).digest()
        identity = self._asked(digest) if _OPAQUE.fullmatch(token) else self._signed(digest, token)
        if identity.until <= self._clock():
            self._known.pop(digest, None)
            raise Unauthenticated("token_expired", "The access token is too old. Refresh it.")
        self.revocations.check(identity.actor.session_id)
        return identity

    def ready(self) -> bool:
        """True when keys are here, or can be fetched, and every ended session is known."""
        if not self._keys:
            try:
                self._fetch()
            except Problem:
                return False
        return bool(self._keys) and self.revocations.complete

    def _distrust(self) -> None:
        """What was believed before ends were missed is proven anew."""
        self._known.clear()
        self._believed.clear()

    def _signed(self, digest: bytes, token: str) -> Identity:
        identity = self._known.get(digest)
        if identity is None:
            identity = self._check(token)
            _keep(self._known, digest, identity)
        return identity

    def _asked(self, digest: bytes) -> Identity:
        identity, asked_again = self._believed.get(digest, (None, 0.0))
        now = self._clock()
        if asked_again <= now:
            identity = self._ask(digest)
            _keep(self._believed, digest, (identity, now + BELIEVED_SECONDS))
        if identity is None:
            raise _invalid()
        return identity

    def _ask(self, digest: bytes) -> Identity | None:
        """Accounts hears the hash, never the token."""
        try:
            asked = UseToken(token_hash=digest.hex()).dump()
            told = self._client.call("accounts", UseToken.wire_name, asked, Context(), self._timeout).data
        except Unauthenticated:
            return None
        actor = Actor("operator" if told["operator"] else "user", told["user_id"], told["token_id"])
        return Identity(actor, datetime.fromisoformat(told["expires_at"]).timestamp(), frozenset(told["scopes"]))

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
        team, setup = claims.get("tm"), claims.get("su", False)
        if not (team is None or (isinstance(team, str) and team)) or type(setup) is not bool:
            raise _invalid()
        actor = Actor("operator" if operator and team is None else "user", person, session)
        return Identity(actor, float(until), team=team, setup=setup)  # type: ignore[arg-type]

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
        if self._keys.keys() - keys.keys():  # a key was dropped: what it signed proves nothing any more
            self._known.clear()
        self._keys, self._issuer = keys, told["issuer"]
        self._fetched_at = self._clock()


def _keep(cache: dict[bytes, Any], digest: bytes, value: Any) -> None:
    """The oldest goes when it is full: what callers send never decides how much is kept."""
    if len(cache) >= CACHE_SIZE:
        cache.pop(next(iter(cache), b""), None)
    cache[digest] = value


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
