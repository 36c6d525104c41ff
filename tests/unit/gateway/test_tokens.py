"""Access tokens, and every way to forge one (S34)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey

from gateway import auth
from services.chassis.problems import Unauthenticated, Unavailable
from tests.unit.gateway.fakes import CASE, ISSUER, KEY, FakeClient, bearer, token

HEAD = b'{"alg":"ES256","typ":"at+jwt","kid":"k1"}'


def b64(data: object) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed_by_hand(header: bytes, claims: bytes) -> str:
    """A rightly signed token of exactly these bytes, for what a library would not write."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    head = b64(header) + "." + b64(claims)
    private = KEY.private_key
    assert private is not None
    first, second = decode_dss_signature(private.sign(head.encode(), ec.ECDSA(hashes.SHA256())))
    return head + "." + b64(first.to_bytes(32, "big") + second.to_bytes(32, "big"))


def with_header(claims: dict[str, Any], **header: Any) -> str:
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"} | header
    return signed_by_hand(json.dumps(head).encode(), json.dumps(claims).encode())


def forged() -> Iterator[tuple[str, str]]:
    good = token()
    _, claims, signature = good.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    for none in ("none", "None", "nOnE", ""):
        for tail in ("", signature):
            yield f"alg {none} {bool(tail)}", f"{b64({'alg': none, 'typ': 'at+jwt', 'kid': 'k1'})}.{claims}.{tail}"
    mac_head = b64({"alg": "HS256", "typ": "at+jwt", "kid": "k1"})
    for secret in (json.dumps(KEY.as_dict(private=False)).encode(), KEY.as_pem(private=False)):
        mac = hmac.new(secret, f"{mac_head}.{claims}".encode(), hashlib.sha256).digest()
        yield "HS256 with the public key", f"{mac_head}.{claims}.{b64(mac)}"
        yield "HS512 with the public key", f"{mac_head}.{claims}.{b64(mac + mac)}"
    for kid in ("../../k1", "k1' OR '1'='1", "/dev/null", "K1", "", None, 1, ["k1"], {"a": 1}):
        yield f"kid {kid!r}", with_header(told, kid=kid)
    stranger = ECKey.generate_key("P-256", {"kid": "k1"})
    yield "a stranger's key", token(key=stranger)
    for name in ("jku", "x5u"):
        yield name, token(key=stranger, header={name: "https://evil.example/keys"})
    yield "jwk", with_header(told, jwk=stranger.as_dict(private=False))
    yield from with_wrong_claims(told)
    yield from misspelled(good, told)


def with_wrong_claims(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "no exp", token(exp=None)
    for team in ("", 7, True, ["extend"], {"a": 1}):
        yield f"tm {team!r}", token(tm=team)
    for setup in ("true", 1, ["su"]):
        yield f"su {setup!r}", token(su=setup)
    yield "exp as text", token(exp="9999999999")
    yield "exp as true", token(exp=True)
    yield "no iat", token(iat=None)
    yield "future iat", token(iat=int(time.time()) + 86_400)  # a day: the suite may run for long after this line
    yield "future nbf", token(nbf=int(time.time()) + 86_400)
    for audience in ("other", None, ["casework", "other"], [], "Casework"):
        yield f"aud {audience}", token(aud=audience)
    for issuer in ("https://evil.example", None, ISSUER + "/"):
        yield f"iss {issuer}", token(iss=issuer)
    for kind in ("JWT", "rt+jwt", "reset+jwt", None):
        yield f"typ {kind}", with_header(told, typ=kind)
    yield "no subject", token(sub=None)
    yield "empty subject", token(sub="")
    yield "no session", token(sid=None)
    yield "op as text", token(op="false")


def misspelled(good: str, told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    head, claims, signature = good.split(".")
    text = json.dumps(told)
    yield "duplicate claim", signed_by_hand(HEAD, (text[:-1] + ',"op":true}').encode())
    yield "duplicate header", signed_by_hand(b'{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"k1"}', text.encode())
    yield "trailing byte", good + "A"
    yield "trailing part", good + ".x"
    yield "trailing padding", good + "=="
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    place = letters.index(good[-1])  # the last letter carries two bits; the other four say nothing
    yield "another spelling of the signature", good[:-1] + letters[place // 16 * 16 + (place + 1) % 16]
    yield "other claims", f"{head}.{b64(told | {'op': True})}.{signature}"
    yield "no signature", f"{head}.{claims}."
    yield "nothing", ""
    yield "long", "a" * 5000
    yield "two", f"{good} {good}"
    yield "a list", b64([1]) + "." + claims + "." + signature


@pytest.mark.parametrize(("what", "attempt"), list(forged()), ids=lambda value: str(value)[:40])
def test_a_forged_token_is_nobody(http: Any, services: FakeClient, what: str, attempt: str) -> None:
    answer = http.get(CASE, headers={"Authorization": "Bearer " + attempt})
    assert answer.status_code == 401, what
    assert answer.json["code"] == "token_invalid"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="casework", error="invalid_token"'
    assert not services.asked


def test_a_token_signed_by_hand_is_read(http: Any) -> None:
    claims = json.loads(base64.urlsafe_b64decode(token().split(".")[1] + "=="))
    made = signed_by_hand(HEAD, json.dumps(claims).encode())
    assert http.get(CASE, headers={"Authorization": "Bearer " + made}).status_code == 200


def test_a_missing_token_is_told_from_an_old_one(http: Any) -> None:
    answer = http.get(CASE)
    assert (answer.status_code, answer.json["code"]) == (401, "token_missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="casework"'
    answer = http.get(CASE, headers=bearer(exp=int(time.time()) - 1))
    assert (answer.status_code, answer.json["code"]) == (401, "token_expired")


@pytest.mark.parametrize("scheme", ["Basic dTpw", "Token x", "Bearer", "bearer\tx y"])
def test_another_scheme_is_refused(http: Any, scheme: str) -> None:
    assert http.get(CASE, headers={"Authorization": scheme}).status_code == 401


def test_a_token_in_the_query_or_a_cookie_is_not_looked_at(http: Any) -> None:
    assert http.get(f"{CASE}?access_token={token()}").status_code == 401
    assert http.get(CASE, headers={"Cookie": f"access_token={token()}"}).status_code == 401


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def tokens() -> tuple[auth.Tokens, FakeClient, Clock]:
    clock, client = Clock(), FakeClient()
    return auth.Tokens(client, 5.0, clock), client, clock


def test_keys_are_fetched_once_and_again_for_a_new_key() -> None:
    checker, client, clock = tokens()
    fetched: list[str] = []
    real = client.call

    def call(service: str, verb: str, *more: object) -> object:
        fetched.append(verb)
        return real(service, verb, *more)  # type: ignore[arg-type]

    client.call = call  # type: ignore[method-assign, assignment]
    good: dict[str, Any] = {"iat": int(clock.now), "exp": int(clock.now) + 10_000}
    for number in range(5):
        checker.identity("Bearer " + token(sid=f"ses_{number}", **good))
    assert len(fetched) == 1
    new = ECKey.generate_key("P-256", {"kid": "k2"})
    client.answers["read_keys"] = {"keys": [new.as_dict(private=False)], "issuer": ISSUER}
    for _ in range(3):  # not more often than every 30 s, whoever knocks
        with pytest.raises(Unauthenticated):
            checker.identity("Bearer " + token(new, {"kid": "k2"}, **good))
    assert len(fetched) == 1
    clock.now += 31
    assert checker.identity("Bearer " + token(new, {"kid": "k2"}, **good)).actor.kind == "user"
    assert len(fetched) == 2


def test_without_keys_nobody_gets_in_and_it_is_tried_again() -> None:
    checker, client, clock = tokens()
    made = "Bearer " + token(iat=int(clock.now), exp=int(clock.now) + 600)
    client.ready = False
    with pytest.raises(Unavailable):
        checker.identity(made)
    client.ready = True
    assert checker.identity(made).actor.session_id == "ses_1"
    client.ready = False
    clock.now += 599
    assert checker.identity(made).until  # known already
    clock.now += 1
    with pytest.raises(Unauthenticated, match="too old"):
        checker.identity(made)


def test_the_cache_of_proven_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "CACHE_SIZE", 3)
    checker, _, clock = tokens()
    for number in range(10):
        checker.identity("Bearer " + token(sid=f"s{number}", iat=int(clock.now), exp=int(clock.now) + 600))
    assert len(checker._known) == 3


def test_a_token_bound_to_a_team_makes_no_operator_and_one_for_setting_up_is_known_as_such() -> None:
    tokens = auth.Tokens(FakeClient(), 5.0)
    bound = tokens.identity(f"Bearer {token(op=True, tm='extend')}")
    assert (bound.actor.kind, bound.team, bound.setup) == ("user", "extend", False)
    free = tokens.identity(f"Bearer {token(op=True, su=True)}")
    assert (free.actor.kind, free.team, free.setup) == ("operator", None, True)
