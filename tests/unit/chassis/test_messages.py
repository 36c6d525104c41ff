"""Messages: what is read, what is refused and how, what goes over the wire, and how it is told as OpenAPI."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

import orjson
import pytest

from services.chassis.messages import ABSENT, Absent, Event, Message, Request, Shape, View
from services.chassis.openapi import openapi_schema
from services.chassis.problems import Invalid, Malformed, Problem


class PartView(View):
    """A part of something."""

    name: str
    weight: Annotated[int, Shape(min=1, max=10)] = 1


class KitView(View):
    """Many kinds of fields."""

    id: str
    made_at: datetime | None = None
    parts: list[PartView] = []  # noqa: RUF012 - every instance gets its own; a test below


class ChangeKit(Request[KitView]):
    """Change a kit."""

    kit_id: Annotated[str, Shape(min=3, max=8, pattern="[a-z]+")]
    title: Annotated[str, Shape(max=5)] | Absent = ABSENT
    note: str | Absent | None = ABSENT
    parts: list[PartView] = []  # noqa: RUF012 - every instance gets its own; a test below
    labels: Annotated[dict[str, str], Shape(max=2)] = {}  # noqa: RUF012
    kind: Literal["big", "small"] = "big"
    due: date | None = None
    at: datetime | None = None
    share: float = 0.0
    urgent: bool = False
    count: int = 0


class ReadKit(Request[KitView]):
    kit_id: str


class ListKits(Request[KitView]):
    """All of them."""


class KitPartLost(Event):
    """A part is gone."""

    version = 3
    kit_id: str


def errors_of(data: Any, *, strict: bool = False, message: type[Message] = ChangeKit) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        message.load(data, strict=strict)
    return [(error["pointer"], error["rule"]) for error in caught.value.errors]


def test_wire_names_come_from_the_class_and_reads_from_its_verb() -> None:
    assert (ChangeKit.wire_name, ReadKit.wire_name, KitPartLost.wire_name) == (
        "change_kit",
        "read_kit",
        "kit_part.lost",
    )
    assert (ChangeKit.reads, ReadKit.reads, ListKits.reads) == (False, True, True)
    assert ChangeKit.reply is KitView
    assert KitPartLost.version == 3


def test_every_message_is_frozen_and_keyword_only() -> None:
    ask = ReadKit(kit_id="abc")
    with pytest.raises(FrozenInstanceError):
        ask.kit_id = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        ReadKit("abc")  # type: ignore[call-arg]


def test_defaults_are_not_shared() -> None:
    one, two = ChangeKit(kit_id="abc"), ChangeKit(kit_id="abc")
    one.labels["a"] = "b"
    one.parts.append(PartView(name="x"))
    assert two.labels == {}
    assert two.parts == []


def test_the_edge_refuses_unknown_fields_at_every_depth_and_the_inside_ignores_them() -> None:
    data = {"kit_id": "abc", "new": 1, "parts": [{"name": "a", "newer": 2}]}
    assert errors_of(data, strict=True) == [("/parts/0/newer", "unknown"), ("/new", "unknown")]
    assert ChangeKit.load(data).parts == [PartView(name="a")]


def test_absent_null_and_a_value_are_three_things() -> None:
    assert ChangeKit.load({"kit_id": "abc"}).note is ABSENT
    assert ChangeKit.load({"kit_id": "abc", "note": None}).note is None
    assert ChangeKit.load({"kit_id": "abc", "note": ""}).note == ""
    assert errors_of({"kit_id": "abc", "title": None}) == [("/title", "not_null")]
    assert not ABSENT


def test_what_is_absent_stays_absent_on_the_wire() -> None:
    assert "note" not in ChangeKit(kit_id="abc").dump()
    assert ChangeKit(kit_id="abc", note=None).dump()["note"] is None
    for note in (ABSENT, None, "x"):
        ask = ChangeKit(kit_id="abc", note=note)
        assert ChangeKit.load(ask.dump()) == ask


@pytest.mark.parametrize(
    ("change", "pointer", "rule"),
    [
        ({"kit_id": ...}, "/kit_id", "required"),
        ({"kit_id": None}, "/kit_id", "not_null"),
        ({"kit_id": 7}, "/kit_id", "type"),
        ({"kit_id": ["abc"]}, "/kit_id", "type"),
        ({"kit_id": "ab"}, "/kit_id", "length"),
        ({"kit_id": "abcdefghi"}, "/kit_id", "length"),
        ({"kit_id": "ABC"}, "/kit_id", "pattern"),
        ({"kit_id": "abc\n"}, "/kit_id", "pattern"),
        ({"title": "sixsix"}, "/title", "length"),
        ({"note": "a\x00b"}, "/note", "type"),
        ({"note": "a\ud800b"}, "/note", "type"),
        ({"parts": [{"name": "a"}, {"weight": 2}]}, "/parts/1/name", "required"),
        ({"parts": [{"name": "a", "weight": 11}]}, "/parts/0/weight", "range"),
        ({"parts": ["a"]}, "/parts/0", "type"),
        ({"parts": {"name": "a"}}, "/parts", "type"),
        ({"labels": {"a": "1", "b": "2", "c": "3"}}, "/labels", "length"),
        ({"labels": ["a"]}, "/labels", "type"),
        ({"kind": "huge"}, "/kind", "choice"),
        ({"due": "2026-02-30"}, "/due", "type"),
        ({"at": "2026-01-01T00:00:00"}, "/at", "type"),
        ({"at": 0}, "/at", "type"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "/at", "type"),
        ({"at": "9999-12-31T23:00:00-14:00"}, "/at", "type"),
        ({"share": float("nan")}, "/share", "type"),
        ({"share": float("inf")}, "/share", "type"),
        ({"urgent": "yes"}, "/urgent", "type"),
        ({"urgent": 2}, "/urgent", "type"),
        ({"urgent": 1}, "/urgent", "type"),
        ({"urgent": 0.0}, "/urgent", "type"),
        ({"count": "1"}, "/count", "type"),
        ({"count": 1.5}, "/count", "type"),
        ({"count": True}, "/count", "type"),
    ],
)
def test_every_wrong_value_is_named_by_pointer_and_rule(change: dict[str, Any], pointer: str, rule: str) -> None:
    data = {name: value for name, value in ({"kit_id": "abc"} | change).items() if value is not ...}
    found = errors_of(data)
    assert {at for at, _ in found} == {pointer}
    assert rule in [told for _, told in found]


def test_all_wrong_values_are_told_at_once() -> None:
    assert len(errors_of({"kit_id": 1, "kind": "x", "count": "y", "parts": [{}]})) == 4


def test_a_pointer_to_an_odd_name_is_a_json_pointer() -> None:
    assert errors_of({"kit_id": "abc", "a/b~c": 1}, strict=True) == [("/a~1b~0c", "unknown")]


@pytest.mark.parametrize("data", [None, [], "text", 7, True, [{}]])
def test_a_body_that_is_no_object_is_malformed(data: Any) -> None:
    with pytest.raises(Malformed):
        ChangeKit.load(data)


def test_moments_are_utc_and_end_in_z() -> None:
    there = timezone(timedelta(hours=2))
    ask = ChangeKit.load({"kit_id": "abc", "at": "2026-05-01T12:00:00+02:00"})
    assert ask.at == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert ask.at is not None
    assert ask.at.utcoffset() == timedelta(0)
    view = KitView(id="k", made_at=datetime(2026, 5, 1, 12, tzinfo=there))
    assert orjson.loads(view.dump_json())["made_at"] in ("2026-05-01T12:00:00+02:00", "2026-05-01T10:00:00Z")
    assert KitView(id="k", made_at=datetime(2026, 5, 1, tzinfo=UTC)).dump()["made_at"] == "2026-05-01T00:00:00Z"


def test_what_is_dumped_loads_again() -> None:
    view = KitView(id="k", made_at=datetime(2026, 5, 1, tzinfo=UTC), parts=[PartView(name="å\u2028", weight=3)])
    assert KitView.load(view.dump()) == view
    assert KitView.load(orjson.loads(view.dump_json())) == view


def test_only_plain_values_go_on_the_wire() -> None:
    with pytest.raises(TypeError):
        PartView(name={1, 2}).dump_json()  # type: ignore[arg-type]


def test_a_message_is_told_as_json_schema() -> None:
    told = openapi_schema(ChangeKit)
    assert told["description"] == "Change a kit."
    assert told["required"] == ["kit_id"]
    of = told["properties"]
    assert (
        of["kit_id"] == {"type": "string", "minLength": 3, "maxLength": 8, "pattern": "[a-z]+"}
        or of["kit_id"]["pattern"] == "^(?:[a-z]+)$"
    )
    assert of["title"] == {"type": "string", "maxLength": 5}
    assert of["note"] == {"type": ["string", "null"]}
    assert of["parts"] == {"type": "array", "items": {"$ref": "#/components/schemas/PartView"}, "default": []}
    assert of["labels"]["additionalProperties"] == {"type": "string"}
    assert of["labels"]["maxProperties"] == 2
    assert of["kind"] == {"type": "string", "enum": ["big", "small"], "default": "big"}
    assert of["due"] == {"type": ["string", "null"], "format": "date"}
    assert of["at"] == {"type": ["string", "null"], "format": "date-time"}
    assert openapi_schema(PartView)["properties"]["weight"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 10,
        "default": 1,
    }


def test_a_field_of_two_types_is_refused_when_it_is_first_used() -> None:
    class Odd(Message):
        value: int | str

    with pytest.raises(TypeError, match="one type"):
        Odd.load({"value": 1})


@pytest.mark.parametrize("depth", [10, 300])
def test_deep_bodies_never_end_in_an_unexpected_error(depth: int) -> None:
    body: Any = "x"
    for _ in range(depth):
        body = [body]
    with pytest.raises(Problem):
        ChangeKit.load({"kit_id": body})
