"""Forged tokens over HTTP (S34): each is nobody, at every kind of door. ``tests/unit/gateway/test_tokens.py`` has the
spellings; here the real keys of accounts are published, and the forger knows all that anybody can know."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwt
from joserfc.jwk import ECKey

from deploy.local.programs import OPERATOR
from services.accounts import secrets
from tests.journeys.cast import Cast, Person, expect
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey


def b64(data: object) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(text: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


def without_a_key(world: World, good: str) -> Iterator[tuple[str, str]]:
    """What somebody can make of a good token and the published keys."""
    head, claims, signature = good.split(".")
    header, told = part(head), part(claims)
    for none in ("none", "None", "nOnE", "NONE", ""):
        for tail in ("", signature):
            yield f"alg {none}", f"{b64(header | {'alg': none})}.{claims}.{tail}"
    for key in expect(world.http("GET", "/v1/keys"), 200)["keys"]:
        public = ECKey.import_key({name: key[name] for name in ("kty", "crv", "x", "y")})
        for secret in (public.as_pem(private=False), json.dumps(key).encode(), key["x"].encode()):
            for alg, how in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
                forged = f"{b64(header | {'alg': alg, 'kid': key['kid']})}.{claims}"
                yield f"{alg} with the public key", f"{forged}.{b64(hmac.new(secret, forged.encode(), how).digest())}"
    thief = ECKey.generate_key("P-256", {"kid": header["kid"]})
    for kid in (header["kid"], "../../../../dev/null", "x' OR '1'='1", "'; DROP TABLE signing_keys; --", "", None, 7):
        yield f"kid {kid!r}", signed(thief, header | {"kid": kid}, told)
    for name in ("jku", "x5u"):
        yield name, signed(thief, header | {name: "https://evil.example/keys"}, told)
    yield "jwk", signed(thief, header | {"jwk": thief.as_dict(private=False)}, told)
    yield "x5c", signed(thief, header | {"x5c": ["MIIB"]}, told)
    yield "a claim changed", f"{head}.{b64(told | {'op': True})}.{signature}"
    yield "another's subject", f"{head}.{b64(told | {'sub': 'user_' + '0' * 26})}.{signature}"
    for tail in ("A", "=", "==", ".", ".x"):
        yield f"trailing {tail!r}", good + tail
    yield "no signature", f"{head}.{claims}."
    yield "only the claims", claims


def signed(key: ECKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Signed rightly, whatever the header says."""
    return signed_bytes(key, json.dumps(header).encode(), json.dumps(claims).encode())


def signed_bytes(key: ECKey, header: bytes, claims: bytes) -> str:
    text = f"{b64(header)}.{b64(claims)}"
    private: Any = key.private_key
    first, second = decode_dss_signature(private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{b64(first.to_bytes(32, 'big') + second.to_bytes(32, 'big'))}"


def with_our_key(good: str) -> Iterator[tuple[str, str]]:
    """Signed by the installation's own key, so that only what they say is wrong."""
    header, told = part(good.split(".", maxsplit=1)[0]), part(good.split(".")[1])
    key, now = secrets.signer().key, int(time.time())
    wrong: dict[str, dict[str, Any]] = {
        "no exp": {"exp": None},
        "exp as text": {"exp": str(now + 600)},
        "past exp": {"exp": now - 1},
        "long past exp": {"exp": now - 86_400},
        "future nbf": {"nbf": now + 600},
        "future iat": {"iat": now + 600},
        "other aud": {"aud": "casework-reset"},
        "no aud": {"aud": None},
        "several aud": {"aud": ["casework", "other"]},
        "other iss": {"iss": "https://evil.example"},
        "iss with a slash": {"iss": told["iss"] + "/"},
        "no iss": {"iss": None},
        "no subject": {"sub": None},
        "no session": {"sid": None},
    }
    for what, changes in wrong.items():
        claims = {name: value for name, value in (told | changes).items() if value is not None}
        yield what, jwt.encode(header, claims, key)
    for kind in ("JWT", "rt+jwt", "reset+jwt", "casework-checkpoint", None):
        yield f"typ {kind}", signed(key, header | {"typ": kind}, told)
    doubled = json.dumps(told)[:-1].encode() + b',"op":true}'
    yield "a duplicate claim", signed_bytes(key, json.dumps(header).encode(), doubled)
    twice = b'{"alg":"none",' + json.dumps(header)[1:].encode()
    yield "a duplicate header", signed_bytes(key, twice, json.dumps(told).encode())


def of_another_kind(session: dict[str, Any], personal: str) -> Iterator[tuple[str, str]]:
    """Secrets of ours that prove something else, and garbage that looks like ours."""
    yield "a refresh token", session["refresh_token"]
    yield "a session's id", session["id"]
    yield "a key's id", secrets.signer().key_id
    yield "a statement of the record", secrets.statement({"chain": "", "seq": 1})
    yield "the hash of an API token", hashlib.sha256(personal.encode()).hexdigest()
    yield "another kind of API token", "cws_" + personal[4:]
    yield "a part of an API token", personal[:-1]
    yield "an API token and more", personal + "A"
    yield "an API token in capitals", personal.upper()
    for prefix in ("cwp_", "cws_", "cwr_", "cwp_" + "A" * 43, "cws_" + "A" * 43, "cwp_%00" + "A" * 40):
        yield f"garbage {prefix[:10]}", prefix


DOORS = (("GET", "/v1/me"), ("GET", "/v1/teams"), ("DELETE", "/v1/sessions/current"), ("POST", "/v1/keys/rotate"))


def refused(who: Person, what: str, token: str) -> None:
    for method, path in DOORS:
        body: dict[str, Any] = {"json": {}} if method == "POST" else {}
        answer = who.world.http(method, path, headers={"Authorization": f"Bearer {token}"}, **body)
        assert answer.status == 401, f"{what}: {method} {path} answered {answer.status}"
        assert answer.headers["www-authenticate"].startswith("Bearer"), what


def test_what_anybody_can_make_of_a_good_token_is_nobody(world: World, cast: Cast) -> None:
    for what, token in without_a_key(world, cast.operator.token):
        refused(cast.operator, what, token)
    expect(cast.operator.get("/v1/me"), 200)


def test_even_our_own_key_signs_nothing_but_access_tokens(memory: MemoryWorld, cast: Cast) -> None:
    who = cast.sign_in(OPERATOR, memory.stack.secrets.operator_password, "")  # now: by the key that signs now
    assert who.get("/v1/me").status == 200
    for what, token in with_our_key(who.token):
        refused(who, what, token)
    told = part(who.token.split(".")[1])
    again = jwt.encode(part(who.token.split(".")[0]), told | {"jti": "again"}, secrets.signer().key)
    assert memory.http("GET", "/v1/me", headers={"Authorization": f"Bearer {again}"}).status == 200


def test_a_secret_of_another_purpose_is_no_access_token(memory: MemoryWorld, cast: Cast) -> None:
    who = cast.scene("E").customer
    session = expect(memory.http("POST", "/v1/sessions", json={"login": who.user_name, "password": who.password}), 201)
    made = expect(who.post("/v1/me/api-tokens", {"name": "script", "scopes": ["accounts:read"]}), 201)
    for what, token in of_another_kind(session, made["token"]):
        refused(who, what, token)
    for token in (made["token"], session["access_token"]):
        asked = {"refresh_token": token}
        assert memory.http("POST", "/v1/sessions/refresh", json=asked).status == 401


def test_a_token_counts_only_in_its_header(world: World, cast: Cast) -> None:
    token = cast.operator.token
    for path, headers in (
        (f"/v1/me?access_token={token}", {}),
        ("/v1/me", {"Cookie": f"access_token={token}; token={token}"}),
        ("/v1/me", {"Authorization": f"Basic {b64(f'{token}:'.encode())}"}),
        ("/v1/me", {"X-Api-Key": token}),
    ):
        assert world.http("GET", path, headers=headers).status in (400, 401)
