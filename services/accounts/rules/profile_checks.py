"""What one part of a profile says about another: checks that no schema can make.

They look at a completed document that keeps to the schema. ``odd`` findings are allowed: a team may mean it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args
from zoneinfo import ZoneInfo

import holidays

from services.contracts.cases import Status

Profile = dict[str, Any]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something at a place of the document. ``odd``: allowed, but hardly meant."""

    path: Path
    rule: str
    detail: str
    odd: bool = False


def check(profile: Profile) -> Iterator[Finding]:
    """Everything that does not fit together."""
    yield from _priorities(profile)
    yield from _substatuses(profile)
    yield from _clocks(profile)
    for name, calendar in profile["calendars"].items():
        yield from _calendar(calendar, ("calendars", name))
    yield from _unique_topics(profile["topics"], ("topics",), set())
    yield from _unanswerable(profile)
    yield from _doors(profile)
    yield from _forms(profile)
    yield from _editing(profile)
    yield from _features(profile)


def _priorities(profile: Profile) -> Iterator[Finding]:
    ranks = [priority["rank"] for priority in profile["priorities"]]
    for index, rank in enumerate(ranks):
        if rank in ranks[:index]:
            yield Finding(("priorities", index, "rank"), "unique", f"Two priorities have the rank {rank}.")
    if ranks != sorted(ranks):
        yield Finding(("priorities",), "order", "The most urgent priority should come first.", odd=True)
    default = profile["priority"]["default"]
    if all(default != priority["key"] for priority in profile["priorities"]):
        yield Finding(("priority", "default"), "exists", f"There is no priority {default}.")


def _substatuses(profile: Profile) -> Iterator[Finding]:
    taken = {*get_args(Status), "draft"}
    for index, own in enumerate(profile["substatuses"]):
        if own["key"] in taken:
            yield Finding(("substatuses", index, "key"), "unique", f"There is a status {own['key']} already.")
        taken.add(own["key"])


def _clocks(profile: Profile) -> Iterator[Finding]:
    kinds: set[str] = set()
    for index, clock in enumerate(profile["clocks"]):
        if clock["calendar"] not in profile["calendars"]:
            yield Finding(("clocks", index, "calendar"), "exists", f"There is no calendar {clock['calendar']}.")
        if clock["kind"] in kinds:
            yield Finding(("clocks", index, "kind"), "unique", f"Two clocks measure {clock['kind']}.")
        kinds.add(clock["kind"])
    used = {clock["calendar"] for clock in profile["clocks"]} | {"always"}
    for name in profile["calendars"].keys() - used:
        yield Finding(("calendars", name), "unused", "No clock goes by this calendar.", odd=True)


def _calendar(calendar: Profile, path: Path) -> Iterator[Finding]:
    try:
        ZoneInfo(calendar["time_zone"])
    except (OSError, ValueError, LookupError):  # a folder of the zone data is no zone either
        yield Finding((*path, "time_zone"), "time_zone", f"There is no time zone {calendar['time_zone'][:100]}.")
    for day, spans in calendar["week"].items():
        yield from _hours(spans, (*path, "week", day))
    for index, text in enumerate(calendar["holidays"]):
        try:
            date.fromisoformat(text)
        except ValueError:
            yield Finding((*path, "holidays", index), "date", f"There is no such day as {text}.")
    country = calendar.get("country")
    if country is not None and not _has_holidays(country):
        yield Finding((*path, "country"), "country", f"No public holidays are known of {country}.")
    if not any(calendar["week"].values()):
        yield Finding((*path, "week"), "open", "A calendar needs opening hours: clocks that go by it would never end.")


def _has_holidays(country: str) -> bool:
    """Whether the library knows this country, and this region of it."""
    code, _, region = country.partition("-")
    known = holidays.list_supported_countries()
    return code in known and (not region or region in known[code])


def _hours(spans: list[str], path: Path) -> Iterator[Finding]:
    until = "00:00"
    for index, span in enumerate(spans):
        start, end = span.split("-")
        if start >= end:
            yield Finding((*path, index), "order", "Opening hours end after they begin.")
        elif start < until:
            yield Finding((*path, index), "overlap", "Opening hours stand in order and do not overlap.")
        until = max(until, end)


def _unique_topics(topics: list[Profile], path: Path, seen: set[str]) -> Iterator[Finding]:
    for index, topic in enumerate(topics):
        if topic["key"] in seen:
            yield Finding((*path, index, "key"), "unique", f"The key {topic['key']} is used twice in the tree.")
        seen.add(topic["key"])
        yield from _unique_topics(topic.get("children", []), (*path, index, "children"), seen)


def _unanswerable(profile: Profile) -> Iterator[Finding]:
    """Forms nobody could ever fill in."""
    for required, offered in (("topic_required", "topics"), ("product_required", "products")):
        if profile[required] and not profile[offered]:
            yield Finding((required,), "exists", f"No case could be filed: there are no {offered}.")
    for index, kind in enumerate(profile["types"]):
        for place, field in enumerate(kind["form"]):
            offered = {"topic": "topics", "product": "products"}.get(field["kind"], "")
            if offered and field["required"] and not profile[offered]:
                detail = f"No case could be filed: there are no {offered}."
                yield Finding(("types", index, "form", place, "required"), "exists", detail)


def _doors(profile: Profile) -> Iterator[Finding]:
    if profile["intake"]["anonymous"] and profile["access_key"] == "off":
        detail = "Who files a case without a login needs an access key to see it again."
        yield Finding(("access_key",), "anonymous", detail)
    visibility = profile["visibility"]
    if visibility["default"] == "private" and not visibility["private_allowed"]:
        yield Finding(("visibility", "default"), "private", "Private cases are not allowed here.")


def _forms(profile: Profile) -> Iterator[Finding]:
    """Standard fields that the team requires but does not ask for, or asks for but does not honour."""
    choice = len(profile["priorities"]) > 1
    rules = {
        "topic": (profile["topic_required"], bool(profile["topics"]), "topic_required"),
        "product": (profile["product_required"], bool(profile["products"]), "product_required"),
        "priority": (
            profile["priority"]["customer_sets"] and choice,
            profile["priority"]["customer_sets"],
            "priority.customer_sets",
        ),
        "owner": (profile["owner"]["field"], profile["owner"]["field"], "owner.field"),
        "private": (False, profile["visibility"]["private_allowed"], "visibility.private_allowed"),
    }
    for index, kind in enumerate(profile["types"]):
        places = {field["key"]: place for place, field in enumerate(kind["form"])}
        for key, (wanted, honoured, because) in rules.items():
            if wanted and key not in places:
                detail = f"By {because} this form should have the field {key}."
                yield Finding(("types", index, "form"), f"asks_for_{key}", detail, odd=True)
            if not honoured and key in places:
                detail = f"The form asks for it, but {because} says that it does not count."
                yield Finding(("types", index, "form", places[key]), "honoured", detail, odd=True)


def _editing(profile: Profile) -> Iterator[Finding]:
    asked = {field["key"] for kind in profile["types"] for field in kind["form"]} | {"fields"}
    hidden = set() if profile["priority"]["customer_sets"] else {"priority"}
    if len(profile["priorities"]) == 1:  # nothing to choose, so nothing to wonder about
        asked, hidden = asked | {"priority"}, set()
    for index, key in enumerate(profile["fields"]["customer_editable"]):
        if key not in asked - hidden:
            detail = f"Customers may change {key}, but no form shows it to them."
            yield Finding(("fields", "customer_editable", index), "asked", detail, odd=True)


def _features(profile: Profile) -> Iterator[Finding]:
    features = set(profile["features"])
    needs: Iterable[tuple[Path, bool, str]] = (
        (("chat", "enabled"), profile["chat"]["enabled"], "chat"),
        (("followers", "enabled"), profile["followers"]["enabled"], "followers"),
        *(
            (("types", index, "charge"), kind["charge"] == "quote_required", "quotes")
            for index, kind in enumerate(profile["types"])
        ),
    )
    for path, used, feature in needs:
        if used and feature not in features:
            yield Finding(path, "feature", f"The features of this team do not include {feature}.", odd=True)
    for index, feature in enumerate(profile["features"]):
        if feature in ("chat", "followers") and not profile[feature]["enabled"]:
            yield Finding(("features", index), "feature", f"It is included, but {feature}.enabled is false.", odd=True)
    switches = {"followed": profile["followers"]["enabled"], "owned": profile["owner"]["field"]}
    for index, view in enumerate(profile["views"]):
        if not switches.get(view, True):
            yield Finding(("views", index), "empty", f"The view {view} will stay empty.", odd=True)
    if "chat" in profile["channels"] and not profile["chat"]["enabled"]:
        place = profile["channels"].index("chat")
        yield Finding(("channels", place), "feature", "The team answers by chat, but has none.", odd=True)
