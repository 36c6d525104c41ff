"""The context header: the same after the journey, and garbage is refused as such."""

from __future__ import annotations

import orjson
import pytest

from services.chassis.actor import ANONYMOUS, SYSTEM, Actor, Context

FULL = Context(
    actor=Actor("operator", "user_1", "session_1"),
    request_id="req_1",
    deadline_ms=1_800_000_000_000,
    key="key ä",
    if_match=0,
    trace="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    more={"address": "127.0.0.1"},
)


@pytest.mark.parametrize("context", [Context(), Context(actor=SYSTEM), Context(if_match=3), FULL])
def test_a_context_survives_the_journey(context: Context) -> None:
    assert Context.load(context.dump()) == context
    assert Context.load(context.dump().encode()) == context


def test_what_is_empty_does_not_travel() -> None:
    assert orjson.loads(Context().dump()) == {"a": ["anonymous", "", ""]}


def test_no_header_is_an_anonymous_context() -> None:
    for nothing in (None, "", b""):
        assert Context.load(nothing) == Context()
    assert Context().actor is ANONYMOUS
    assert not ANONYMOUS.known


@pytest.mark.parametrize(
    "header",
    ["{", "[]", "[1]", "7", '"text"', "null", '{"a": ["user"]}', '{"a": 7}', '{"a": ["u", "1", "2", "3"]}',
     '{"d": "soon"}', '{"d": [1]}', '{"d": {}}', "\x00", b"\xff\xfe", 42, 1.5, {"a": 1}, ["a"], "[" * 5000],
)  # fmt: skip
def test_garbage_is_a_value_error_and_nothing_else(header: object) -> None:
    with pytest.raises(ValueError, match="context header"):
        Context.load(header)  # type: ignore[arg-type]


def test_two_people_never_share_the_scope_of_a_key() -> None:
    keys = {actor.key for actor in (Actor("user", "user_1"), Actor("user", "user_2"), ANONYMOUS, SYSTEM)}
    assert len(keys) == 4
    assert Actor("user", "user_1", "session_1").key == Actor("user", "user_1", "session_2").key
