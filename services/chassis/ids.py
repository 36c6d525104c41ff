"""Identifiers: a readable prefix and 128 bits that sort by time, such as ``user_01m7x2…`` (TypeID over UUIDv7); and
secrets that can be made again."""

from __future__ import annotations

import base64
import hashlib
import hmac

import uuid_utils

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]


def new_id(prefix: str) -> str:
    """A new identifier ``<prefix>_<26 characters>``; two made by one process never sort against their age."""
    number = int(uuid_utils.uuid7())
    return prefix + "_" + "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def made_key(prefix: str, secret_key: str, nonce: bytes) -> str:
    """``<prefix>_`` and 48 letters of base64url, 288 bits: only who knows the installation's secret can make it from
    its nonce. So a service can tell it again, and no table ever holds more than the nonce and the key's hash."""
    made = hmac.new(secret_key.encode(), f"{prefix} ".encode() + nonce, hashlib.sha512).digest()
    return f"{prefix}_{base64.urlsafe_b64encode(made[:36]).decode()}"
