"""Messages no healthy client would send. Each names what must become of it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any

import orjson

GOOD = b'{"args": [], "kwargs": {"text": "hello"}}'
EVENT = {"id": "evt_1", "type": "thing.added", "version": 1, "data": {"thing_id": "poison"}}
INVALID_UTF8 = b"\x80\x00\x03\xff\xfe\xfd"  # the property flags say: a content type; it is no UTF-8
LATE_TIMESTAMP = b"\x20\x00\x00\x00\x00\x0d\x01xT\xff\xff\xff\xff\xff\xff\xff\xff"  # a header of the year 584 billion
LATE_TIMESTAMP = LATE_TIMESTAMP.replace(b"\x0d", b"\x0b", 1)


@dataclass(frozen=True)
class Poison:
    """``becomes``: the code of the answer (requests) or the reason for parking."""

    name: str
    body: Any
    becomes: str
    properties: dict[str, Any] = field(default_factory=dict)
    routing_key: str = ""
    answered: bool = False
    raw: bytes | None = None


def answered(name: str, body: Any, code: str, routing_key: str = "sample.read_echo", **properties: Any) -> Poison:
    """A request that somebody waits for: it is refused with this code."""
    more = {"content_type": "application/json", "content_encoding": "utf-8"} | properties
    return Poison(name, body, code, more, routing_key, answered=True)


def parked(name: str, body: Any, reason: str, routing_key: str, raw: bytes | None = None, **properties: Any) -> Poison:
    """A message that is parked for this reason."""
    return Poison(name, body, reason, properties, routing_key, raw=raw)


def header(value: Any) -> dict[str, Any]:
    return {"application_headers": {"nameko.context": value}}


def request(**kwargs: Any) -> bytes:
    return orjson.dumps({"args": [], "kwargs": kwargs})


REQUESTS = [
    answered("bad JSON", b"{nonsense", "malformed"),
    answered("an empty body", b"", "malformed"),
    answered(
        "pickle",
        pickle.dumps({"args": [], "kwargs": {"text": "x"}}),
        "content_type",
        content_type="application/x-python-serialize",
    ),
    answered("a gzip encoding that is none", b"\x1f\x8b\x08junk", "malformed", content_encoding="gzip"),
    answered(
        "Latin-1", '{"args": [], "kwargs": {"text": "å"}}'.encode("latin-1"), "malformed", content_encoding="latin-1"
    ),
    answered("an unknown encoding", b"\xff\xfe{", "malformed", content_encoding="no-such-thing"),
    answered("a list", b"[1, 2, 3]", "malformed"),
    answered("a number", b"7", "malformed"),
    answered("args instead of kwargs", b'{"args": ["hello"], "kwargs": {}}', "malformed"),
    answered("kwargs that are a list", b'{"args": [], "kwargs": ["hello"]}', "malformed"),
    answered("an unknown verb", GOOD, "unknown_verb", routing_key="sample.explode"),
    answered("a verb of odd letters", GOOD, "unknown_verb", routing_key="sample.{\u2028}'\""),
    answered("a missing field", request(), "invalid"),
    answered("wrong types", request(text=["a"], sleep_seconds="soon"), "invalid"),
    answered("NUL", request(text="a\x00b"), "invalid"),
    answered("a lone surrogate", b'{"args": [], "kwargs": {"text": "\\ud800"}}', "malformed"),
    answered("NaN", b'{"args": [], "kwargs": {"text": "a", "sleep_seconds": NaN}}', "malformed"),
    answered("deep JSON", b'{"args": [], "kwargs": {"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}", "malformed"),
    answered("5 MB that are no JSON", b"x" * 5_000_000, "malformed"),
    answered("a broken context", GOOD, "malformed", **header("{not json")),
    answered("a context that is a list", GOOD, "malformed", **header("[1]")),
    answered("a context that is a number", GOOD, "malformed", **header(42)),
    answered("a context that is a table", GOOD, "malformed", **header({"a": 1})),
    answered("a deadline that is a text", GOOD, "malformed", **header('{"a": ["user", "u", "s"], "d": "soon"}')),
    answered("an actor of two parts", GOOD, "malformed", **header('{"a": ["user", "u"]}')),
    parked("no reply_to", GOOD, "no_reply_to", "sample.read_echo", content_type="application/json", correlation_id="1"),
    parked("no properties at all", GOOD, "no_reply_to", "sample.read_echo"),
    parked("no reply_to and 5 MB", b"y" * 5_000_000, "no_reply_to", "sample.read_echo"),
    parked("a content type that is no UTF-8", GOOD, "no_reply_to", "sample.read_echo", raw=INVALID_UTF8),
    parked("a header from the far future", GOOD, "no_reply_to", "sample.read_echo", raw=LATE_TIMESTAMP),
]


def happened(**changes: Any) -> bytes:
    told = {**EVENT, **changes}
    return orjson.dumps({name: value for name, value in told.items() if value is not ...})


KIND = "thing.added"
EVENTS = [
    parked("bad JSON", b"{nonsense", "unreadable", KIND),
    parked("an empty body", b"", "unreadable", KIND),
    parked("pickle", pickle.dumps(EVENT), "unreadable", KIND, content_type="application/x-python-serialize"),
    parked("a gzip encoding that is none", b"\x1f\x8b\x08junk", "unreadable", KIND, content_encoding="gzip"),
    parked("a list", b"[1, 2, 3]", "unreadable", KIND),
    parked("a text", b'"hello"', "unreadable", KIND),
    parked("deep JSON", b"[" * 200_000, "unreadable", KIND),
    parked("5 MB that are no JSON", b"x" * 5_000_000, "unreadable", KIND),
    parked("an unknown version", happened(version=99), "poison", KIND),
    parked("no version", happened(version=...), "poison", KIND),
    parked("no id", happened(id=...), "poison", KIND),
    parked("an id that is null", happened(id=None), "poison", KIND),
    parked("an id that is empty", happened(id=""), "poison", KIND),
    parked("an id that is a list", happened(id=[1]), "poison", KIND),
    parked("no data", happened(data=...), "poison", KIND),
    parked("data that is a list", happened(data=[1]), "poison", KIND),
    parked("a missing field", happened(data={}), "poison", KIND),
    parked("wrong types", happened(data={"thing_id": 7}), "poison", KIND),
    parked("NUL", happened(data={"thing_id": "a\x00b"}), "poison", KIND),
    parked("an id with NUL", happened(id="a\x00b"), "poison", KIND),
    parked("an id of 100 kB", happened(id="".join(map(str, range(20_000)))), "poison", KIND),
    parked("a trace that is a list", happened(trace=[1], data=[1]), "poison", KIND),
    parked(
        "a count of tries that is a text",
        happened(id="evt_tries", data={"thing_id": "poison", "trouble": "fail"}),
        "failed",
        KIND,
        application_headers={"x-tries": "many"},
    ),
    parked("a content type that is no UTF-8", b"{nonsense", "unreadable", KIND, raw=INVALID_UTF8),
    parked("a header from the far future", b"{nonsense", "unreadable", KIND, raw=LATE_TIMESTAMP),
]
