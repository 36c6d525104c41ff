"""Hashes, tokens and keys: what only services/accounts/secrets.py touches."""

from datetime import UTC, datetime

import pytest
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from services.accounts import secrets
from services.chassis.settings import SettingsError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "correct horse battery staple 1234"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> secrets.SigningKey:
    monkeypatch.setattr(secrets._Safe, "signer", None)
    key = secrets.new_signing_key(SECRET)
    secrets.install(key, SECRET, "https://support.example.org")
    return key


def test_only_the_password_fits_its_hash() -> None:
    hashed = secrets.hash_password("smörgåsbord")
    assert hashed.startswith("$argon2id$")
    assert secrets.fits(hashed, "smörgåsbord")
    assert not secrets.fits(hashed, "smorgasbord")
    assert not secrets.is_outdated(hashed)


def test_a_password_typed_on_another_keyboard_fits() -> None:
    assert secrets.fits(secrets.hash_password("sm\u00f6rg\u00e5s"), "smo\u0308rga\u030as")


def test_the_hash_of_nobody_costs_what_a_real_one_costs() -> None:
    """Otherwise the time of an answer would tell which names exist."""
    assert not secrets.is_outdated(secrets.NOBODY)
    assert len(secrets.NOBODY) == len(secrets.hash_password("any"))
    assert not secrets.fits(secrets.NOBODY, "")


def test_what_is_no_hash_fits_nothing() -> None:
    assert not secrets.fits("plain", "plain")


def test_an_access_token_is_proved_by_the_public_key_alone(installed: secrets.SigningKey) -> None:
    text = secrets.access_token("user_1", "ses_1", NOW, op=False, tm="extend", su=None)
    keys = KeySet.import_key_set({"keys": [installed.public]})
    token = jwt.decode(text, keys, algorithms=["ES256"])
    assert token.header == {"alg": "ES256", "typ": "at+jwt", "kid": installed.id}
    issued = int(NOW.timestamp())
    assert len(token.claims.pop("jti")) == 16
    assert token.claims == {
        "iss": "https://support.example.org",
        "aud": "casework",
        "sub": "user_1",
        "sid": "ses_1",
        "tm": "extend",
        "iat": issued,
        "exp": issued + 600,
    }


def test_two_tokens_of_one_moment_differ(installed: secrets.SigningKey) -> None:
    assert secrets.access_token("user_1", "ses_1", NOW) != secrets.access_token("user_1", "ses_1", NOW)


def test_another_key_proves_nothing(installed: secrets.SigningKey) -> None:
    other = secrets.new_signing_key(SECRET).public | {"kid": installed.id}
    text = secrets.access_token("user_1", "ses_1", NOW)
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(text, KeySet.import_key_set({"keys": [other]}), algorithms=["ES256"])


def test_the_private_half_is_neither_public_nor_readable_in_the_database(installed: secrets.SigningKey) -> None:
    assert "d" not in installed.public
    assert b'"d"' not in installed.locked_private
    assert installed.public["kid"] == installed.id


def test_another_secret_key_is_told_at_the_start(installed: secrets.SigningKey) -> None:
    with pytest.raises(SettingsError, match="CASEWORK_SECRET_KEY"):
        secrets.install(installed, SECRET + "!", "https://support.example.org")


def test_refresh_tokens_are_long_recognizable_and_never_the_same() -> None:
    tokens = {secrets.new_refresh_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(token.startswith("cwr_") and len(token) == 4 + 43 for token in tokens)
    assert len(secrets.digest(tokens.pop())) == 32
