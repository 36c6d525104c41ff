"""Messages: frozen dataclasses that derive their marshmallow schema, wire name, JSON and OpenAPI shape.

A message class is written once, as annotations::

    class PaintHouse(Request["HouseView"]):
        '''Give a house a new colour.'''
        house_id: Id
        colour: Line
        twice: bool = False

Everything else is derived: ``PaintHouse.wire_name`` is ``paint_house``; a Request answered by a View knows it as
``PaintHouse.reply``; an Event ``HousePainted`` has the wire name ``house.painted`` and a ``version``.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Generic, Literal, Self, TypeVar, Union, dataclass_transform

import marshmallow
import orjson
from marshmallow import fields, validate

from services.chassis.problems import Invalid, Malformed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shape:
    """A limit on a value, used inside ``Annotated``: lengths, range, pattern and the OpenAPI format name."""

    min: int | None = None
    max: int | None = None
    pattern: str | None = None
    format: str | None = None
    example: Any = None


class Absent:
    """The type of ABSENT: the field was not sent at all (null means: known to be empty)."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent()


def fields_of(cls: type[Message]) -> tuple[dataclasses.Field[Any], ...]:
    """The message's fields, in order of declaration."""
    return dataclasses.fields(cls)  # type: ignore[arg-type]  # every subclass became a dataclass


def _per_class(make: Callable[[type[Message]], T]) -> Callable[[type[Message]], T]:
    """Remember ``make``'s result for every class (functools.cache has no types for classes as keys)."""
    known: dict[type[Message], T] = {}

    def remembered(cls: type[Message]) -> T:
        if cls not in known:
            known[cls] = make(cls)
        return known[cls]

    return remembered


@cache
def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z][a-z0-9]*", name)]


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Message:
    """Base of all words. Subclasses become frozen, keyword-only dataclasses by being declared."""

    wire_name: ClassVar[str] = ""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for name in inspect.get_annotations(cls):
            default = cls.__dict__.get(name)
            if isinstance(default, (list, dict)):  # every instance gets its own
                setattr(cls, name, dataclasses.field(default_factory=default.copy))
        dataclass(frozen=True, kw_only=True)(cls)
        cls.wire_name = "_".join(_words(cls.__name__))

    @classmethod
    def load(cls, data: Any, *, strict: bool = False) -> Self:
        """Build from plain JSON data. ``strict`` (the HTTP edge) refuses unknown fields; between services they are
        ignored, so that either side may be deployed first. Raises Malformed or Invalid naming each field and rule."""
        if not isinstance(data, dict):
            raise Malformed("malformed", "The body must be a JSON object.")
        try:
            return cls(**_loader(cls, strict).load(data))
        except marshmallow.ValidationError as error:
            raise Invalid("invalid", "Some values are not right.", errors=_explain(error.messages_dict)) from None

    def dump(self) -> dict[str, Any]:
        """Plain JSON data: times as RFC 3339 with Z, ABSENT fields left out."""
        data: dict[str, Any] = orjson.loads(self.dump_json())
        return {name: value for name, value in data.items() if getattr(self, name) is not ABSENT}

    def dump_json(self) -> bytes:
        """The same as JSON bytes, without a detour over dicts (the hot path of every reply)."""
        return orjson.dumps(self, default=_default, option=JSON_OPTIONS)


class View(Message):
    """What a reader may see; the reply to a Request."""


R = TypeVar("R", bound=View)


class Request(Message, Generic[R]):
    """Somebody asks one service something; one reply type. ``Read…``, ``List…`` and ``Find…`` change nothing."""

    reply: ClassVar[type[View]]
    reads: ClassVar[bool] = False

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.reads = cls.__name__.startswith(("Read", "List", "Find"))
        for base in getattr(cls, "__orig_bases__", ()):
            if typing.get_origin(base) is Request:
                cls.reply = typing.get_args(base)[0]


class Event(Message):
    """Something happened; past tense; nobody can refuse it.

    ``public``: may leave the system (stream, webhooks). ``version``: raised when the meaning of a field changes.
    ``fleeting``: only for who listens right now; it may be dropped when nobody does.
    ``subject``: the field that names what it happened to; events of one subject are published in order.
    """

    version: ClassVar[int] = 1
    public: ClassVar[bool] = False
    fleeting: ClassVar[bool] = False
    subject: ClassVar[str] = ""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        *noun, happened = _words(cls.__name__)
        cls.wire_name = "_".join(noun) + "." + happened


JSON_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_SUBCLASS


def _default(value: Any) -> Any:
    if value is ABSENT:
        return None
    raise TypeError(f"{type(value).__name__} does not belong on the wire")


# --- from annotations to marshmallow ---------------------------------------------------------------------------------


@_per_class
def hints(cls: type[Message]) -> dict[str, Any]:
    """The message's own annotations with ``Annotated`` kept, ClassVars left out, in order of declaration."""
    known = typing.get_type_hints(cls, include_extras=True)
    return {field.name: known[field.name] for field in fields_of(cls)}


def split_optional(hint: Any) -> tuple[Any, bool, bool]:
    """``(inner hint, may be null, may be absent)``."""
    if typing.get_origin(hint) in (Union, types.UnionType):
        options = typing.get_args(hint)
        inner = [option for option in options if option not in (type(None), Absent)]
        if len(inner) != 1:
            raise TypeError(f"a field has one type, or that type and null: {hint}")
        return inner[0], type(None) in options, Absent in options
    return hint, False, False


class _StrictBoolean(fields.Boolean):
    def _deserialize(self, value: Any, *more: Any, **rest: Any) -> bool:
        if value is not True and value is not False:  # 1 and 1.0 are equal to True
            raise self.make_error("invalid", input=value)
        return bool(value)


class _Moment(fields.AwareDateTime):
    def _deserialize(self, value: Any, *more: Any, **rest: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value, obj_type="datetime")
        try:
            return super()._deserialize(value, *more, **rest).astimezone(UTC)
        except OverflowError:  # in UTC it would lie before the year 1 or after 9999
            raise self.make_error("invalid", input=value, obj_type="datetime") from None


_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


class _PlainText(fields.String):
    """Text as people write it: PostgreSQL text has no NUL, and lone surrogates are no characters."""

    def _deserialize(self, value: Any, *more: Any, **rest: Any) -> str:
        text: str = super()._deserialize(value, *more, **rest)
        if _NO_TEXT.search(text):
            raise marshmallow.ValidationError("must not contain NUL or lone surrogates")
        return text


_PLAIN: dict[Any, Callable[..., fields.Field[Any]]] = {
    str: _PlainText,
    int: lambda **more: fields.Integer(strict=True, **more),
    float: lambda **more: fields.Float(allow_nan=False, **more),
    bool: _StrictBoolean,
    datetime: _Moment,
    date: fields.Date,
    Any: fields.Raw,
}


def _field(hint: Any, **more: Any) -> fields.Field[Any]:
    inner, nullable, absent = split_optional(hint)
    if nullable:
        more["allow_none"] = True
    if absent:
        more["required"] = False
    shape = None
    if typing.get_origin(inner) is Annotated:
        inner, shape = typing.get_args(inner)[0], typing.get_args(inner)[1]
    if shape is not None:
        more["validate"] = _validators(inner, shape)
    origin = typing.get_origin(inner)
    if origin is list:
        return fields.List(_field(typing.get_args(inner)[0]), **more)
    if origin is dict:
        value = typing.get_args(inner)[1]
        return _Named(keys=_PlainText(), values=_field(value, **{"allow_none": True} if value is Any else {}), **more)
    if origin is Literal:
        return fields.String(validate=validate.OneOf(typing.get_args(inner)), **more)
    if isinstance(inner, type) and issubclass(inner, Message):
        return _NestedMessage(inner, **more)
    return _PLAIN[inner](**more)


class _Named(fields.Dict):
    """Values by name; what is wrong with one is told at its name (marshmallow would say ``/name/value``)."""

    def _deserialize(self, value: Any, *more: Any, **rest: Any) -> Any:
        try:
            return super()._deserialize(value, *more, **rest)  # type: ignore[no-untyped-call]
        except marshmallow.ValidationError as error:
            told = error.messages
            if isinstance(told, dict):
                told = {name: wrong.get("value", wrong.get("key")) for name, wrong in told.items()}
            raise marshmallow.ValidationError(told) from None


class _NestedMessage(fields.Field[Any]):
    def __init__(self, message: type[Message], **more: Any) -> None:
        super().__init__(**more)
        self.message = message

    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> Any:
        if not isinstance(value, dict):
            raise marshmallow.ValidationError("must be an object")
        strict = bool(self.parent and getattr(self.root, "unknown", None) == marshmallow.RAISE)
        return self.message(**_loader(self.message, strict).load(value))


def _validators(base: Any, shape: Shape) -> list[Any]:
    checks: list[Callable[[Any], Any]] = []
    if shape.min is not None or shape.max is not None:
        kind = validate.Range if base in (int, float) else validate.Length
        checks.append(kind(min=shape.min, max=shape.max))
    if shape.pattern:
        checks.append(validate.Regexp(re.compile(rf"(?:{shape.pattern})\Z"), error="does not match the pattern"))

    def check(value: Any) -> None:
        for one in checks:  # the first that fails ends it: a pattern never reads what is too long already
            one(value)

    return [check]


def _loader(cls: type[Message], strict: bool) -> marshmallow.Schema:
    return _strict_loader(cls) if strict else _lenient_loader(cls)


@_per_class
def _strict_loader(cls: type[Message]) -> marshmallow.Schema:
    return _schema(cls)(unknown=marshmallow.RAISE)


@_per_class
def _lenient_loader(cls: type[Message]) -> marshmallow.Schema:
    return _schema(cls)(unknown=marshmallow.EXCLUDE)


def _schema(cls: type[Message]) -> type[marshmallow.Schema]:
    made: dict[str, fields.Field[Any]] = {}
    for field in fields_of(cls):
        has_default = field.default is not MISSING or field.default_factory is not MISSING
        made[field.name] = _field(hints(cls)[field.name], required=not has_default)
    return marshmallow.Schema.from_dict(made, name=cls.__name__)


def _explain(messages: dict[Any, Any], at: str = "") -> list[dict[str, Any]]:
    """marshmallow's nested messages as a flat list of JSON Pointers, rules and sentences."""
    found: list[dict[str, Any]] = []
    for name, told in messages.items():
        # RFC 6901: a name may hold the pointer's own signs
        pointer = at if name == "_schema" else f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if isinstance(told, dict):
            found += _explain(told, pointer)
            continue
        for sentence in told if isinstance(told, list) else [told]:
            found.append({"pointer": pointer, "rule": _rule(str(sentence)), "detail": str(sentence)})
    return found


def _rule(sentence: str) -> str:
    lowered = sentence.lower()
    for words, rule in (
        ("missing data", "required"),
        ("unknown field", "unknown"),
        ("null", "not_null"),
        ("length", "length"),
        ("shorter", "length"),
        ("longer", "length"),
        ("one of", "choice"),
        ("greater", "range"),
        ("less", "range"),
        ("pattern", "pattern"),
    ):
        if words in lowered:
            return rule
    return "type"


@_per_class
def secrets_of(cls: type[Message]) -> frozenset[str]:
    """The fields of a message that are passwords: nothing derived from them may be stored or logged."""
    found = set()
    for name, hint in hints(cls).items():
        inner = split_optional(hint)[0]
        if typing.get_origin(inner) is Annotated and typing.get_args(inner)[1].format == "password":
            found.add(name)
    return frozenset(found)
