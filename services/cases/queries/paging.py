"""Where a page ends: a time and an id, opaque to the client."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from services.chassis.problems import Invalid


def cursor_of(at: datetime, last_id: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([at, last_id])).decode()


def place_of(values: Sequence[Any]) -> str:
    """The cursor after a row with these values of the order."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode()


def values_of(cursor: str, kinds: Sequence[type]) -> list[Any]:
    """What ``place_of`` was given, when it is of these kinds (``datetime``, ``int``, ``str``). Raises Invalid."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor))
        if len(values) != len(kinds):
            raise ValueError("not one of ours")
        return [_value(value, kind) for value, kind in zip(values, kinds, strict=True)]
    except (binascii.Error, ValueError, TypeError) as error:
        raise Invalid.field("/cursor", "pattern", "This cursor is not one of ours.") from error


def _value(value: Any, kind: type) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        fits = moment.tzinfo is not None
        value = moment
    else:
        fits = type(value) is kind and "\x00" not in str(value)
    if not fits:
        raise ValueError("not one of ours")
    return value


def position_of(cursor: str) -> tuple[datetime, str]:
    try:
        at, last_id = orjson.loads(base64.urlsafe_b64decode(cursor))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or "\x00" in last_id:
            raise ValueError("not one of ours")
    except (binascii.Error, ValueError, TypeError) as error:
        raise Invalid.field("/cursor", "pattern", "This cursor is not one of ours.") from error
    return moment, str(last_id)
