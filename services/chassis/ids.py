"""Identifiers: a readable prefix and 128 bits that sort by time, such as ``user_01m7x2…`` (TypeID over UUIDv7)."""

from __future__ import annotations

import uuid_utils

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]


def new_id(prefix: str) -> str:
    """A new identifier ``<prefix>_<26 characters>``; two made by one process never sort against their age."""
    number = int(uuid_utils.uuid7())
    return prefix + "_" + "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])
