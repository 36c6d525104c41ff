"""The form of a case's type: what has to be said, and how."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.cases.rules.agreed import Agreed
from services.cases.rules.case import Policy
from services.chassis.problems import Invalid

Error = dict[str, str]

# Form keys that have a place of their own in OpenCase; all others are said in ``fields``.
_OWN_PLACE = {
    *("title", "description", "topic", "priority", "product", "product_item", "product_range"),
    *("contact", "owner", "private", "technical_information"),
}
LONGEST_TOLD = 2000  # letters of one entry of technical information, with its name
PHONE = re.compile(r"[+0-9][0-9 ()./-]{2,31}")
ID = re.compile(r"[a-z]{2,8}_[0-9a-hjkmnp-tv-z]{26}")
LINE_LENGTH, TEXT_LENGTH = 255, 65_536
LAST_RANK = 1000


@dataclass(frozen=True, slots=True)
class Filling:
    """A form as somebody filled it in."""

    type: str
    topic: str | None
    priority: str | None
    product: str | None
    fields: dict[str, Any]
    product_item: str | None = None
    product_range: str | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that passed: what the profile made of it."""

    charge: str
    level: int
    topic: str | None
    priority: str
    private: bool
    fields: dict[str, Any]


def check_form(
    profile: Policy, filling: Filling, *, staff: bool, missing: Sequence[Error] = (), demands: bool = True
) -> Filled:
    """Hold a filled form against the team's profile. Raises Invalid naming every wrong field at once, with what is
    known to be ``missing``; what is not there at all is no fault unless the form ``demands`` it."""
    kind, form = _type(profile, filling)
    said = {key: value for key, value in filling.fields.items() if value not in (None, "")}
    private = said.pop("private", False) if "private" in form else False
    topic, wrong = check_topic(profile, form, filling.topic)
    errors = [*missing, *wrong]
    errors += check_priority(profile, filling.priority, staff=staff)
    errors += check_product(profile, form, filling)
    if not isinstance(private, bool):
        errors.append(_error("/fields/private", "type", "Must be true or false."))
    errors += check_own_fields(form, said)
    errors = [error for error in errors if demands or error["rule"] != "required"]
    if errors:
        raise Invalid("invalid", "The form is not filled in rightly.", errors=errors)
    priority = filling.priority or profile["priority"]["default"]
    return Filled(kind["charge"], kind["level"], topic, priority, private, said)


def passing(profile: Policy, filling: Filling, said: Collection[str], *, staff: bool) -> Filling:
    """What of a case that another one is made like passes today; the fields that are ``said`` anew stay. Raises Invalid
    when its type is gone."""
    _, form = _type(profile, filling)
    fields = {
        key: value
        for key, value in filling.fields.items()
        if key in said or (key in form and key not in _OWN_PLACE and not _value("", form[key], value))
    }
    return replace(
        filling,
        topic=filling.topic if filling.topic and not find_topic(profile, filling.topic)[1] else None,
        priority=None if check_priority(profile, filling.priority, staff=staff) else filling.priority,
        product_range=None if check_range(profile, filling.product, filling.product_range) else filling.product_range,
        fields=fields,
    )


def _type(profile: Policy, filling: Filling) -> tuple[dict[str, Any], dict[str, Any]]:
    """The type of case, and its form by the keys of the fields."""
    kind = next((kind for kind in profile["types"] if kind["key"] == filling.type), None)
    if kind is None:
        raise Invalid.field("/type", "choice", "The team has no such type of case.")
    return kind, {field["key"]: field for field in kind["form"]}


def check_product(profile: Policy, form: dict[str, Any], filling: Filling) -> list[Error]:
    """The product must be chosen where it is needed, the item be named; a range is one of the product's."""
    errors = []
    if filling.product is None and (profile["product_required"] or form.get("product", {}).get("required")):
        errors.append(_error("/product", "required", "Choose the product."))
    for name in ("product_item", "product_range"):
        if getattr(filling, name) is None and form.get(name, {}).get("required"):
            errors.append(_error(f"/{name}", "required", f"{form[name]['label']} is missing."))
    return errors + check_range(profile, filling.product, filling.product_range)


def is_held(profile: Policy, agreed: Agreed, product: str | None) -> bool:
    """Whether the organization holds it, or it is none."""
    known = any(product == offered["key"] for offered in profile["products"])
    return product is None or (known and product in agreed.products)


def product_held(profile: Policy, agreed: Agreed, product: str | None) -> None:
    """A case is about a product the organization holds. Raises Invalid ``product_not_held``."""
    if not is_held(profile, agreed, product):
        detail = f"This product is not included in your solution; contact {profile['name']}."
        raise Invalid("product_not_held", detail, errors=[_error("/product", "held", detail)])


def check_range(profile: Policy, product: str | None, named: str | None) -> list[Error]:
    """A range must be one of the product's; without a product, of any of the team's."""
    if named is None:
        return []
    asked = [known for known in profile["products"] if product in (None, known["key"])]
    if any(named in known.get("ranges", ()) for known in asked):
        return []
    whose = "the product has" if product else "a product of the team has"
    return [_error("/product_range", "choice", f"This is no range that {whose}.")]


def check_information(consent: bool, information: dict[str, Any], at: str = "/technical_information") -> None:
    """Technical information: short plain values by name, and only with consent. Raises Invalid."""
    if information and not consent:
        raise Invalid.field(f"{at}/consent", "required", "Nothing about a computer is taken without consent.")
    errors = [
        _error(
            f"{at}/information/{_escaped(name)}", "type", "Must be a text, a number, or true or false; not too long."
        )
        for name, value in information.items()
        if not isinstance(value, str | int | float | bool) or len(f"{name}{value}") > LONGEST_TOLD
    ]
    if errors:
        raise Invalid("invalid", "The technical information is not right.", errors=errors)


def rank_of(policy: Policy, priority: str | None) -> int:
    """The place of a priority in the order of the pile: 1 is first; one the team does not know comes last."""
    return next((int(known["rank"]) for known in policy["priorities"] if known["key"] == priority), LAST_RANK)


def check_priority(policy: Policy, priority: str | None, *, staff: bool) -> list[Error]:
    """A priority must be one of the team's, and a customer's to set."""
    if priority is None:
        return []
    if not staff and not policy["priority"]["customer_sets"]:
        return [_error("/priority", "unknown", "Support sets the priority here.")]
    if all(priority != known["key"] for known in policy["priorities"]):
        return [_error("/priority", "choice", "The team has no such priority.")]
    return []


def check_topic(profile: Policy, form: dict[str, Any], topic: str | None) -> tuple[str | None, list[Error]]:
    """The topic as the case keeps it; it must be said where it is needed."""
    if topic is None:
        needed = profile["topic_required"] or form.get("topic", {}).get("required")
        return None, [_error("/topic", "required", "Choose the topic.")] if needed else []
    return find_topic(profile, topic)


def find_topic(profile: Policy, topic: str) -> tuple[str | None, list[Error]]:
    """The topic's shortest plain name: its key when only one topic of the tree has it, otherwise its path."""
    tree = list(walk(profile["topics"]))
    found = [(path, leaf) for path, leaf in tree if topic in (path, path.rpartition(".")[2])]
    exact = [(path, leaf) for path, leaf in found if path == topic] or found
    if not exact:
        return None, [_error("/topic", "choice", "The team has no such topic.")]
    if len(exact) > 1:
        return None, [_error("/topic", "ambiguous", "Several topics are called so; give the path.")]
    path, leaf = exact[0]
    if not leaf:
        return None, [_error("/topic", "leaf", "Choose one of the topics below this one.")]
    key = path.rpartition(".")[2]
    alone = sum(other.rpartition(".")[2] == key for other, _ in tree) == 1
    return key if alone else path, []


def walk(topics: list[dict[str, Any]], above: str = "") -> Iterator[tuple[str, bool]]:
    """The path of every topic, and whether it is one that a case can take."""
    for topic in topics:
        below = topic.get("children") or []
        yield above + topic["key"], not below
        yield from walk(below, f"{above}{topic['key']}.")


def check_own_fields(form: dict[str, Any], said: dict[str, Any]) -> list[Error]:
    """The fields that only the form has: none that it does not know, none that it needs missing."""
    errors = [
        _error(f"/fields/{_escaped(key)}", "unknown", "The form has no such field.")
        for key in said
        if key not in form or key in _OWN_PLACE
    ]
    for key, field in form.items():
        if key in _OWN_PLACE:
            continue
        if key not in said:
            if field["required"]:
                errors.append(_error(f"/fields/{key}", "required", f"{field['label']} is missing."))
            continue
        errors += _value(f"/fields/{key}", field, said[key])
    return errors


def _value(pointer: str, field: dict[str, Any], value: Any) -> list[Error]:
    kind = field["kind"]
    if kind == "bool":
        return [] if isinstance(value, bool) else [_error(pointer, "type", "Must be true or false.")]
    if not isinstance(value, str):
        return [_error(pointer, "type", "Must be text.")]
    if field["required"] and not value.strip():
        return [_error(pointer, "required", f"{field['label']} is missing.")]
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        return [_error(pointer, "type", "Must not contain NUL or lone surrogates.")]
    if len(value) > (TEXT_LENGTH if kind == "text" else LINE_LENGTH):
        return [_error(pointer, "length", "Is too long.")]
    return _text(pointer, field, value)


def _text(pointer: str, field: dict[str, Any], value: str) -> list[Error]:
    kind = field["kind"]
    if kind == "choice" and value not in field["choices"]:
        return [_error(pointer, "choice", f"Must be one of: {', '.join(field['choices'])}.")]
    if kind == "datetime" and not _moment(value):
        return [_error(pointer, "type", "Must be a time with its zone, such as 2026-11-21T09:00:00Z.")]
    if kind == "phone" and not PHONE.fullmatch(value):
        return [_error(pointer, "pattern", "Must be a telephone number.")]
    if kind == "user" and not ID.fullmatch(value):
        return [_error(pointer, "pattern", "Must be the id of a person.")]
    if kind != "text" and ("\n" in value or "\r" in value):
        return [_error(pointer, "pattern", "Must be one line.")]
    return []


def _moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _error(pointer: str, rule: str, detail: str) -> Error:
    return {"pointer": pointer, "rule": rule, "detail": detail}
