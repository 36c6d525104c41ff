"""Which passwords are good enough, and how long mailed links are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from services.accounts.rules.names import fold
from services.chassis.problems import Conflict, Invalid

# The some 11,000 most used passwords that are long enough: what everybody tries first.
_COMMON = frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= 8)
LIFE = {"password": timedelta(minutes=60), "email": timedelta(hours=24)}
HOUR = timedelta(hours=1)
LETTERS_AN_HOUR = 3  # to one person who has lost his password


def must_be_good(password: str, names: Iterable[str], pointer: str = "/password") -> None:
    """``names``: user name and e-mail address of its owner. The length is a limit of the contract. Raises Invalid."""
    folded = fold(password)
    if folded in _COMMON:
        raise Invalid.field(pointer, "common", "This is one of the most used passwords. Choose another.")
    if folded in {fold(name) for name in names}:
        raise Invalid.field(pointer, "name", "The password must not be your user name or e-mail address.")


def expired() -> Invalid:
    """The same for a link that never was."""
    detail = "This link was used, replaced or is too old. Ask for a new one."
    return Invalid.field("/token", "expired", detail)


def not_his(pointer: str = "/password") -> Invalid:
    """The present password, said again, is another one."""
    return Invalid.field(pointer, "wrong", "This is not your present password.")


def wrong_code() -> Invalid:
    """Of the app and of the recovery codes none is this one, or it was used before."""
    return Invalid.field("/code", "wrong", "This code is wrong or was used before. Wait for the next one.")


def must_not_be_on(factor: Mapping[str, Any] | None) -> None:
    """Raises Conflict ``totp_on``."""
    if factor is not None and factor["confirmed_at"] is not None:
        raise Conflict("totp_on", "You sign in with codes already. Remove that first.")


def must_be_on(factor: Mapping[str, Any] | None) -> None:
    """Raises Conflict ``totp_off``."""
    if factor is None or factor["confirmed_at"] is None:
        raise Conflict("totp_off", "You do not sign in with codes. Set up an authenticator app first.")


def must_be_anothers(actor_id: str, user_id: str) -> None:
    """Raises Conflict ``yourself``: who found an operator's device must not get rid of his second factor."""
    if actor_id == user_id:
        raise Conflict("yourself", "Remove your own with a code, or ask another operator.")
