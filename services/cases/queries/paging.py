"""Where a page ends: a time and an id, opaque to the client."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

import orjson

from services.chassis.problems import Invalid


def cursor_of(at: datetime, last_id: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([at, last_id])).decode()


def position_of(cursor: str) -> tuple[datetime, str]:
    try:
        at, last_id = orjson.loads(base64.urlsafe_b64decode(cursor))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or "\x00" in last_id:
            raise ValueError("not one of ours")
    except (binascii.Error, ValueError, TypeError) as error:
        raise Invalid.field("/cursor", "pattern", "This cursor is not one of ours.") from error
    return moment, str(last_id)
