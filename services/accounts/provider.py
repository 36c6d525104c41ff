"""The edge towards identity providers: discovery, the exchange of the code, the check of the ID token.

Every address comes from the provider's own discovery document and is held to the rules of its issuer; no redirect is
followed, no proxy of the environment used, and what takes too long or is too large is given up: when the time of a
sign-in is over its connections are shut, so that a provider that sends a byte now and then holds nobody up.
"""

from __future__ import annotations

import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from ipaddress import ip_address
from typing import Any, TypeVar

import requests
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from services.accounts.rules.oidc import Proof, is_safe
from services.chassis.offload import offload
from services.chassis.problems import Unauthenticated, Unavailable

log = structlog.get_logger("accounts")

ALGORITHMS = ["RS256", "ES256", "PS256"]
ALL_SECONDS = 4.0  # for all requests of one sign-in; the gateway waits 5
AT_ONCE = 5  # half the workers of a process: slow providers leave the others to everybody else
LARGEST = 256 * 1024
KEPT_SECONDS = 600.0
REFETCH_SECONDS = 30.0
MOST_KEPT = 100
SKEW_SECONDS = 30
T = TypeVar("T")


class _Rules:
    """What ``allow_insecure`` said: http to this machine, for development and tests."""

    insecure = False


def allow_insecure(allowed: bool) -> None:
    """Once, at the start."""
    _Rules.insecure = allowed


def insecure() -> bool:
    """Whether providers may be reached by http on this machine."""
    return _Rules.insecure


@dataclass(frozen=True, slots=True)
class Client:
    """What we are at a provider."""

    issuer: str
    id: str
    secret: str = field(repr=False)


class Refused(Exception):
    """What the provider said does not prove anything; the text says why, for the log."""


@dataclass
class _Kept:
    """What is known of one issuer, for a while."""

    document: dict[str, Any]
    at: float
    keys: KeySet | None = None
    keys_at: float = float("-inf")


_KEPT: dict[str, _Kept] = {}
_ROOM = threading.Semaphore(AT_ONCE)


def authorization_endpoint(issuer: str) -> str:
    """Where the browser goes. Raises Unavailable ``provider_away``."""
    return _in_time(_way_in, issuer)


def prove(client: Client, way: Mapping[str, str], nonce: str, now: datetime) -> Proof:
    """Exchange the code (``way``: code, redirect_uri, code_verifier) and check the ID token. In a real thread: parsing
    and signatures would hold the others up. Raises Unauthenticated ``sign_in_refused``, Unavailable."""
    return _in_time(_prove, client, way, nonce, now)


def _way_in(line: _Line, issuer: str) -> str:
    return _address(_discovered(issuer, line).document, "authorization_endpoint")


def _in_time(do: Callable[..., T], *values: Any) -> T:
    """``do(line, *values)`` in a real thread, with its troubles as Problems."""
    if not _ROOM.acquire(blocking=False):
        raise Unavailable("provider_busy", "Too many people sign in at providers. Try again.", retry_after=1)
    line = _Line()
    alarm = threading.Timer(ALL_SECONDS, line.shut)
    alarm.daemon = True
    alarm.start()
    try:
        return offload(do, line, *values)
    except Refused as reason:
        log.warning("a sign-in at a provider was refused", reason=str(reason))
        raise Unauthenticated("sign_in_refused", "The provider's answer does not prove who you are.") from None
    except (requests.RequestException, OSError) as error:
        log.warning("a provider could not be asked", error=type(error).__name__)
        raise Unavailable("provider_away", "The provider cannot be reached for the moment.") from None
    finally:
        alarm.cancel()
        line.shut()
        _ROOM.release()


def _prove(line: _Line, client: Client, way: Mapping[str, str], nonce: str, now: datetime) -> Proof:
    kept = _discovered(client.issuer, line)
    form = {"grant_type": "authorization_code", **way}
    told = line.ask(_address(kept.document, "token_endpoint"), form, HTTPBasicAuth(client.id, client.secret))
    token = told.get("id_token")
    if not isinstance(token, str) or len(token) > 16_384:
        raise Refused("no ID token")
    claims = _checked(_signed(token, kept, line), client, nonce, now)
    verified = claims.get("email") if claims.get("email_verified") is True else None
    return Proof(
        issuer=client.issuer,
        subject=claims["sub"],
        email=verified if isinstance(verified, str) and _is_email(verified) else None,
        name=_line_of(claims.get("name")),
        wanted_name=_line_of(claims.get("preferred_username")),
        locale="en",
    )


def _is_email(text: str) -> bool:
    return 3 <= len(text) <= 254 and text.count("@") == 1 and "." in text.rpartition("@")[2] and text.isprintable()


def _line_of(value: Any) -> str:
    """A name as a person may have one, or nothing."""
    text = value.strip()[:80].strip() if isinstance(value, str) else ""
    return text if text.isprintable() else ""


def _signed(token: str, kept: _Kept, line: _Line) -> dict[str, Any]:
    """The claims, when one of the issuer's keys signed them; a key nobody knows yet makes us look again, seldom."""
    fetched = time.monotonic() - kept.keys_at
    if kept.keys is None or fetched > KEPT_SECONDS:
        _fetch_keys(kept, line)
    try:
        return _decoded(token, kept)
    except Refused:
        if fetched <= REFETCH_SECONDS:
            raise
        _fetch_keys(kept, line)
        return _decoded(token, kept)


def _decoded(token: str, kept: _Kept) -> dict[str, Any]:
    if kept.keys is None:
        raise Refused("no keys")
    try:
        return dict(jwt.decode(token, kept.keys, algorithms=ALGORITHMS).claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Refused(f"the signature: {type(error).__name__}") from None


def _fetch_keys(kept: _Kept, line: _Line) -> None:
    told = line.ask(_address(kept.document, "jwks_uri"))
    keys = told.get("keys")
    public = [key for key in keys if isinstance(key, dict) and key.get("kty") in ("RSA", "EC")] if keys else []
    try:
        kept.keys, kept.keys_at = KeySet.import_key_set({"keys": public}), time.monotonic()
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Refused(f"the keys: {type(error).__name__}") from None


def _checked(claims: dict[str, Any], client: Client, nonce: str, now: datetime) -> dict[str, Any]:
    """OpenID Connect Core 3.1.3.7. Raises Refused."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    subject, told_nonce = claims.get("sub"), claims.get("nonce")
    until, made, moment = claims.get("exp"), claims.get("iat"), now.timestamp()
    numbers = all(type(one) in (int, float) for one in (until, made))
    wrong = {
        "iss": claims.get("iss") != client.issuer,
        "aud": client.id not in audiences,
        "azp": claims.get("azp", None if len(audiences) > 1 else client.id) != client.id,
        "exp": not numbers or until <= moment - SKEW_SECONDS,  # type: ignore[operator]
        "iat": not numbers or made > moment + SKEW_SECONDS,  # type: ignore[operator]
        "sub": not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable(),
        "nonce": not isinstance(told_nonce, str) or not hmac.compare_digest(told_nonce.encode(), nonce.encode()),
    }
    for name, is_wrong in wrong.items():
        if is_wrong:
            raise Refused(f"the claim {name}")
    return claims


def _discovered(issuer: str, line: _Line) -> _Kept:
    kept = _KEPT.get(issuer)
    if kept is not None and time.monotonic() - kept.at < KEPT_SECONDS:
        return kept
    document = line.ask(issuer.rstrip("/") + "/.well-known/openid-configuration")
    if document.get("issuer") != issuer:
        raise Refused("the discovery document is another issuer's")
    if len(_KEPT) >= MOST_KEPT:
        _KEPT.pop(next(iter(_KEPT)), None)
    _KEPT[issuer] = _Kept(document, time.monotonic())
    return _KEPT[issuer]


def _address(document: Mapping[str, Any], name: str) -> str:
    address = document.get(name)
    if not isinstance(address, str) or not is_safe(address, insecure=_Rules.insecure):
        raise Refused(f"the discovery document has no safe {name}")
    return address


class _Line:
    """The requests of one sign-in, under one deadline."""

    def __init__(self) -> None:
        self._until = time.monotonic() + ALL_SECONDS
        self._open: list[socket.socket] = []
        self._over = False

    def watch(self, opened: socket.socket) -> None:
        """A connection of ours: it is shut with the line. Watched is a twin, because TLS takes the first one over."""
        self._open.append(opened.dup())
        if self._over:
            self.shut()

    def shut(self) -> None:
        """End every connection, whoever waits for what; safe to call twice and from another thread."""
        self._over = True
        while self._open:
            with suppress(OSError), self._open.pop() as twin:
                twin.shutdown(socket.SHUT_RDWR)

    def ask(self, url: str, form: Mapping[str, str] | None = None, auth: HTTPBasicAuth | None = None) -> dict[str, Any]:
        """GET, or POST a form; the JSON object of the answer. Raises Refused, RequestException, OSError."""
        with requests.Session() as session:
            session.trust_env = False
            session.mount("https://", _Elsewhere(self))
            session.mount("http://", _Elsewhere(self))
            with session.request(
                "GET" if form is None else "POST",
                url,
                data=form,
                auth=auth,
                headers={"Accept": "application/json"},
                timeout=self._left(),
                allow_redirects=False,
                stream=True,
            ) as answer:
                if answer.status_code >= 500:
                    raise requests.ConnectionError(f"status {answer.status_code}")
                if answer.status_code != 200:
                    raise Refused(f"the provider answered {answer.status_code}")
                return self._object(answer)

    def _object(self, answer: requests.Response) -> dict[str, Any]:
        body = b""
        for part in answer.iter_content(16_384):
            body += part
            self._left()
            if len(body) > LARGEST:
                raise Refused("the provider's answer is too large")
        self._left()  # what is shut looks like an end
        try:
            told = json.loads(body)
        except ValueError:
            raise Refused("the provider's answer is not JSON") from None
        if not isinstance(told, dict):
            raise Refused("the provider's answer is no JSON object")
        return told

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise requests.Timeout("all in all it took too long")
        return left


class _Elsewhere(HTTPAdapter):
    """Reaches everything but this machine and what is only on its own wire (a cloud's metadata), unless that is
    allowed. What is looked at is the address of the open connection: a name may mean another one the next moment."""

    def __init__(self, line: _Line) -> None:
        self._pools: dict[str, Any] = {"http": partial(_PlainPool, line=line), "https": partial(_SafePool, line=line)}
        super().__init__()

    def init_poolmanager(self, *told: Any, **more: Any) -> None:
        super().init_poolmanager(*told, **more)
        self.poolmanager.pool_classes_by_scheme = self._pools


class _Watched(HTTPConnection):
    """One that leads elsewhere, and ends with its line."""

    def __init__(self, *told: Any, line: _Line, **more: Any) -> None:
        super().__init__(*told, **more)
        self._line = line

    def _new_conn(self) -> socket.socket:
        opened = super()._new_conn()
        if not _Rules.insecure and _is_ours(opened.getpeername()[0]):
            opened.close()
            raise Refused("the provider's address is our own")
        self._line.watch(opened)
        return opened


class _Safe(_Watched, HTTPSConnection):
    """The same over TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _Safe


def _is_ours(told: str) -> bool:
    address = ip_address(told.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
