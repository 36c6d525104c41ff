"""The edge of accounts: password hashes, signed access tokens, random refresh tokens. Nothing else touches a secret.

The signing key is opened once per process by ``install`` and kept here; ``access_token`` uses it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jws, jwt
from joserfc.jwk import ECKey

from services.accounts.rules.sessions import ACCESS_SECONDS, KEY_LOOKED_FOR_EVERY
from services.chassis.offload import Lane
from services.chassis.settings import SettingsError

AUDIENCE = "casework"
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # argon2id as OWASP has it: 19 MiB a hash
# One processor stays free for everybody else: a lower priority alone is not felt beyond the process's own group (a
# container, a session). One hash at a time is still 40 sign-ins a second. With a niceness of 10, a busy machine kept
# sign-ins waiting beyond their deadline.
_LANE = Lane(max(1, len(os.sched_getaffinity(0)) - 1), niceness=5)

# Verified in place of a hash that is not there, so that unknown names take as long as wrong passwords. No password
# fits it: its bytes are random. A test holds its parameters to those of _HASHER.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$lRPU6m8rWk1Yw2QvZs0fEA$3o1kq0pX0VhJm8qfYw5dLr2TgNc7sBzQeUa9iKxWv4M"


def hash_password(password: str) -> str:
    """An argon2id hash (about 0.02 s, beside the event loop)."""
    return _LANE.run(_HASHER.hash, _typed(password))


def fits(password_hash: str, password: str) -> bool:
    """Whether the password is the one (about 0.02 s, beside the event loop)."""
    return _LANE.run(_fits, password_hash, _typed(password))


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except InvalidHashError:  # somebody without a password; that must not be told by a faster answer
        return _fits(NOBODY, password) and False
    except VerificationError:
        return False


def _typed(password: str) -> str:
    """Keyboards disagree on how ``ö`` is written; the person does not."""
    return unicodedata.normalize("NFC", password)


def new_link_token() -> str:
    """256 random bits with a prefix that leak scanners can know, for a link in a mail."""
    return "cwl_" + secrets.token_urlsafe(32)


def new_totp() -> tuple[str, bytes]:
    """A secret for an authenticator app: as the app wants it, and locked."""
    secret = pyotp.random_base32()
    return secret, _lock(_Safe.secret_key, b"casework accounts second factors").encrypt(secret.encode())


def totp_uri(secret: str, user_name: str) -> str:
    """The secret as an ``otpauth:`` URI, which names the person and the installation."""
    host = urlsplit(signer().issuer).hostname or AUDIENCE
    return pyotp.TOTP(secret).provisioning_uri(name=user_name, issuer_name=host)


def totp_step(locked_secret: bytes, code: str, now: datetime) -> int | None:
    """The step of 30 seconds that the code belongs to: this one or a neighbour, as clocks differ. None: it is wrong."""
    totp = pyotp.TOTP(_lock(_Safe.secret_key, b"casework accounts second factors").decrypt(locked_secret).decode())
    present = int(now.timestamp()) // totp.interval
    steps = (present - 1, present, present + 1)
    fitting = [step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())]
    return fitting[-1] if fitting else None


def new_recovery_code() -> str:
    """130 random bits in groups that can be copied from paper."""
    letters = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz123456789") for _ in range(26))
    return f"{letters[:7]}-{letters[7:13]}-{letters[13:19]}-{letters[19:]}"


def new_refresh_token() -> str:
    """256 random bits with a prefix that leak scanners can know."""
    return "cwr_" + secrets.token_urlsafe(32)


def new_api_token(*, service: bool) -> str:
    """256 random bits with a prefix that leak scanners can know."""
    return ("cws_" if service else "cwp_") + secrets.token_urlsafe(32)


def new_token(prefix: str) -> str:
    """256 random bits behind a prefix that leak scanners can know, such as ``cwi_``."""
    return prefix + secrets.token_urlsafe(32)


def new_state() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def of_state(state: str, what: str) -> str:
    """What belongs to a state and nobody can tell from it: a ``nonce``, a ``verifier`` (43 characters)."""
    made = hmac.digest(_Safe.secret_key.encode(), f"casework accounts oidc {what} {state}".encode(), "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def challenge(verifier: str) -> str:
    """The S256 challenge of RFC 7636."""
    return base64.urlsafe_b64encode(digest(verifier)).rstrip(b"=").decode()


def lock_client_secret(text: str) -> bytes:
    """As it is stored."""
    return _lock(_Safe.secret_key, b"casework accounts client secrets").encrypt(text.encode())


def open_client_secret(locked: bytes) -> str:
    """As the provider wants it."""
    return _lock(_Safe.secret_key, b"casework accounts client secrets").decrypt(bytes(locked)).decode()


def digest(text: str) -> bytes:
    """SHA-256: how random tokens and counted names are stored."""
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
    secret_key: str = ""
    looked_at: datetime | None = None


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
    _Safe.signer = Signer(stored.id, _open(stored, secret_key), issuer)
    _Safe.secret_key, _Safe.looked_at = secret_key, None


def fresh_signing_key() -> SigningKey:
    """``new_signing_key``, locked as those of this installation are."""
    return new_signing_key(_Safe.secret_key)


def must_look(now: datetime) -> bool:
    """Whether it is time to look which key signs."""
    return _Safe.looked_at is None or not timedelta() <= now - _Safe.looked_at < KEY_LOOKED_FOR_EVERY


def sign_with(stored: SigningKey | None, now: datetime) -> None:
    """The key that was found to sign now; None: go on with the one at hand."""
    by = signer()
    if stored is not None and stored.id != by.key_id:
        _Safe.signer = Signer(stored.id, _open(stored, _Safe.secret_key), by.issuer)
    _Safe.looked_at = now


def _open(stored: SigningKey, secret_key: str) -> ECKey:
    try:
        private = json.loads(_lock(secret_key).decrypt(stored.locked_private))
    except InvalidToken:
        message = "CASEWORK_SECRET_KEY is not the one that locked the signing keys in this database. Put it back."
        raise SettingsError(message) from None
    return ECKey.import_key(private)


def signer() -> Signer:
    """The installed signer."""
    if _Safe.signer is None:
        raise RuntimeError("no signing key is installed: prepare() has not run in this process")
    return _Safe.signer


def access_token(user_id: str, session_id: str, now: datetime, **more: Any) -> str:
    """A JWT (RFC 9068 header ``at+jwt``) good for ten minutes. ``more``: ``op`` (runs the installation), ``tm`` (the
    one team in which it counts), ``su`` (only for setting up a second factor); what is empty is left out."""
    by = signer()
    issued = int(now.timestamp())
    claims = {  # RFC 9068, with ``sid``: which session
        "iss": by.issuer,
        "aud": AUDIENCE,
        "sub": user_id,
        "sid": session_id,
        "iat": issued,
        "exp": issued + ACCESS_SECONDS,
        "jti": secrets.token_urlsafe(12),
        **{name: value for name, value in more.items() if value},
    }
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": by.key_id}, claims, by.key)


class _Notary:
    """Who signs checkpoints of the audit record in this process; filled by ``install_notary``."""

    signer: Signer | None = None


def install_notary(stored: SigningKey, secret_key: str, issuer: str) -> None:
    """Open the audit record's key for this process. Raises SettingsError as ``install``."""
    _Notary.signer = Signer(stored.id, _open(stored, secret_key), issuer)


def statement(said: dict[str, Any]) -> str:
    """A JWS (compact, ES256) over what is said and who says it."""
    if _Notary.signer is None:
        raise RuntimeError("no audit key is installed: prepare() has not run in this process")
    header = {"alg": "ES256", "typ": "casework-checkpoint", "kid": _Notary.signer.key_id}
    payload = json.dumps({"iss": _Notary.signer.issuer, **said}, sort_keys=True, separators=(",", ":"))
    return jws.serialize_compact(header, payload.encode(), _Notary.signer.key)


def _lock(secret_key: str, use: bytes = b"casework accounts signing keys") -> Fernet:
    # Derived with a name of its own, so that the same secret used elsewhere opens nothing here.
    derived = HKDF(SHA256(), 32, salt=None, info=use).derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
