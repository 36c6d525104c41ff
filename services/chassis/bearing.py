"""py-amqp, made to bear what a broker passes on unread: properties and routing keys that are no text, times that never
are. Unguarded they raise in the reader, which reconnects, gets the same message again, and so on for ever."""

from __future__ import annotations

from struct import unpack_from
from typing import Any

import amqp.method_framing
from amqp import spec
from amqp.basic_message import Message
from amqp.channel import Channel


class BearingMessage(Message):
    """A message whose unreadable properties are empty; the consumer then parks it."""

    def _load_properties(self, class_id: int, buf: bytes, offset: int) -> int:
        try:
            return int(super()._load_properties(class_id, buf, offset))
        except Exception:  # whatever it was, it must not reach the reader
            self.properties: dict[str, Any] = {}
            return offset


class BearingChannel(Channel):
    """A channel that reads a delivery whose routing key is no UTF-8."""

    def dispatch_method(self, method_sig: tuple[int, int], payload: bytes, content: Any) -> None:
        try:
            super().dispatch_method(method_sig, payload, content)
        except UnicodeDecodeError:
            if method_sig != spec.Basic.Deliver:
                raise
            consumer, at = _short(payload, 4)
            tag, again = unpack_from(">QB", payload, at)
            exchange, at = _short(payload, at + 9)
            self._on_basic_deliver(consumer, tag, bool(again), exchange, _short(payload, at)[0], content)


def _short(payload: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + payload[at]
    return bytes(payload[at + 1 : end]).decode("utf-8", "replace"), end


def bear() -> None:
    """Let py-amqp make such messages from now on."""
    amqp.method_framing.Message = BearingMessage
