"""Parked messages: see them, put them back to work, or drop them. Nothing here works on its own; people decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kombu.connection import Connection

from services.chassis.rpc import EXCHANGE

MOST = 1000


def each(amqp_url: str, queue: str) -> Iterator[tuple[Any, Any]]:
    """``(channel, message)`` of every parked message; what is not acknowledged goes back when the loop ends."""
    with Connection(amqp_url, connect_timeout=5) as connection:  # type: ignore[no-untyped-call]
        channel = connection.default_channel
        for _ in range(MOST):
            message = channel.basic_get(queue)
            if message is None:
                return
            yield channel, message


def told(message: Any) -> dict[str, Any]:
    """One parked message for a person: why, from where, since when - and the beginning of its body."""
    headers = message.headers if hasattr(message, "headers") and message.headers else {}
    headers = headers or message.properties.get("application_headers") or {}
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    return {
        "reason": headers.get("x-reason", ""),
        "detail": headers.get("x-detail", ""),
        "exchange": headers.get("x-exchange", ""),
        "routing_key": headers.get("x-routing-key", ""),
        "tries": headers.get("x-tries", 0),
        "parked_at": headers.get("x-parked-at", 0),
        "bytes": len(body),
        "body": body[:300].decode("utf-8", "replace"),
    }


def listed(amqp_url: str, service: str) -> list[dict[str, Any]]:
    """All parked messages of a service; they stay parked."""
    return [told(message) for _, message in each(amqp_url, f"parked-{service}")]


def replay(amqp_url: str, service: str) -> int:
    """Give every parked event its five tries again; parked requests have nobody waiting and stay. Returns how many."""
    count = 0
    for channel, message in each(amqp_url, f"parked-{service}"):
        headers = dict(message.properties.get("application_headers") or {})
        if headers.get("x-exchange") == EXCHANGE:
            continue
        headers.pop("x-tries", None)
        message.properties["application_headers"] = headers
        channel.basic_publish(message, f"events-{service}.work", "again")
        channel.basic_ack(message.delivery_tag)
        count += 1
    return count


def drop(amqp_url: str, service: str) -> int:
    """Throw every parked message away. Returns how many."""
    count = 0
    for channel, message in each(amqp_url, f"parked-{service}"):
        channel.basic_ack(message.delivery_tag)
        count += 1
    return count
