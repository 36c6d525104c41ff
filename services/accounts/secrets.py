"""The edge of accounts: password hashes, signed access tokens, random refresh tokens. Nothing else touches a secret.

The signing key is opened once per process by ``install`` and kept here; ``access_token`` uses it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import threading
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey

from services.accounts.rules import ACCESS_SECONDS
from services.chassis.offload import offload
from services.chassis.settings import SettingsError

AUDIENCE = "casework"
_HASHER = PasswordHasher()  # argon2id with the parameters of RFC 9106, low memory: 64 MiB a hash
# More at once than there are processors would only fill the memory and keep the event loop from its turn.
_TURN = threading.BoundedSemaphore(os.cpu_count() or 1)

# Verified in place of a hash that is not there, so that unknown names take as long as wrong passwords. No password
# fits it: its bytes are random. A test holds its parameters to those of _HASHER.
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$lRPU6m8rWk1Yw2QvZs0fEA$3o1kq0pX0VhJm8qfYw5dLr2TgNc7sBzQeUa9iKxWv4M"


def hash_password(password: str) -> str:
    """An argon2id hash (about 0.2 s, beside the event loop)."""
    with _TURN:
        return offload(_HASHER.hash, _typed(password))


def fits(password_hash: str, password: str) -> bool:
    """Whether the password is the one (about 0.2 s, beside the event loop)."""
    with _TURN:
        return offload(_fits, password_hash, _typed(password))


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _typed(password: str) -> str:
    """Keyboards disagree on how ``ö`` is written; the person does not."""
    return unicodedata.normalize("NFC", password)


def new_refresh_token() -> str:
    """256 random bits with a prefix that leak scanners can know."""
    return "cwr_" + secrets.token_urlsafe(32)


def digest(text: str) -> bytes:
    """SHA-256: how refresh tokens and counted login names are stored."""
    return hashlib.sha256(text.encode()).digest()


# --- signing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signer:
    """An opened signing key and the name it signs in."""

    key_id: str
    key: ECKey
    issuer: str


class _Safe:
    """What this process holds; filled by ``install``."""

    signer: Signer | None = None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A signing key as it is stored: thumbprint, public half, locked private half."""

    id: str
    public: dict[str, Any]
    locked_private: bytes


def new_signing_key(secret_key: str) -> SigningKey:
    """A fresh P-256 key, its private half locked with the installation's secret key."""
    key = ECKey.generate_key("P-256", private=True)
    key_id = key.thumbprint()
    public = {**key.as_dict(private=False), "kid": key_id, "alg": "ES256", "use": "sig"}
    private = json.dumps(key.as_dict(private=True)).encode()
    return SigningKey(key_id, public, _lock(secret_key).encrypt(private))


def install(stored: SigningKey, secret_key: str, issuer: str) -> None:
    """Open the key for this process. Raises SettingsError when the secret key is not the one that locked it."""
    try:
        private = json.loads(_lock(secret_key).decrypt(stored.locked_private))
    except InvalidToken:
        message = "CASEWORK_SECRET_KEY is not the one that locked the signing keys in this database. Put it back."
        raise SettingsError(message) from None
    _Safe.signer = Signer(stored.id, ECKey.import_key(private), issuer)


def signer() -> Signer:
    """The installed signer."""
    if _Safe.signer is None:
        raise RuntimeError("no signing key is installed: prepare() has not run in this process")
    return _Safe.signer


def access_token(user_id: str, session_id: str, operator: bool, now: datetime) -> str:
    """A JWT (RFC 9068 header ``at+jwt``) good for ten minutes."""
    by = signer()
    issued = int(now.timestamp())
    claims = {  # RFC 9068, with ``sid`` (which session) and ``op`` (runs the installation)
        "iss": by.issuer,
        "aud": AUDIENCE,
        "sub": user_id,
        "sid": session_id,
        "op": operator,
        "iat": issued,
        "exp": issued + ACCESS_SECONDS,
        "jti": secrets.token_urlsafe(12),
    }
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": by.key_id}, claims, by.key)


def _lock(secret_key: str) -> Fernet:
    # Derived with a name of its own, so that the same secret used elsewhere opens nothing here.
    derived = HKDF(SHA256(), 32, salt=None, info=b"casework accounts signing keys").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
