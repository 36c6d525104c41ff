"""What a new profile takes away, as the five teams' profiles write them."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from services.cases.rules import upheaval

PROFILES = Path(__file__).resolve().parents[3] / "deploy/profiles"
HOTLINE: dict[str, Any] = yaml.safe_load((PROFILES / "selfservice.yaml").read_text("utf-8"))


def changed(**more: Any) -> dict[str, Any]:
    return deepcopy(HOTLINE) | more


def test_the_same_profile_takes_nothing_away() -> None:
    found = upheaval(HOTLINE, deepcopy(HOTLINE))
    assert not [*found.statuses, *found.clocks, *found.fields, *found.prefixes]


def test_a_topic_remains_under_its_key_and_its_path() -> None:
    remaining = upheaval(HOTLINE, changed(topics=HOTLINE["topics"][:1])).topics
    assert {"citrix", "session", "citrix.session"} <= set(remaining)
    assert not {"data", "quality", "data.quality"} & set(remaining)


def test_a_clock_changes_with_its_target_its_calendar_and_its_hours() -> None:
    [clock] = HOTLINE["clocks"]
    other = deepcopy(HOTLINE["calendars"])
    other["hotline"]["week"]["sat"] = ["08:00-12:00"]
    for after in (
        changed(clocks=[]),
        changed(clocks=[clock | {"target_seconds": 60}]),
        changed(calendars=other),
    ):
        assert upheaval(HOTLINE, after).clocks == ["first_response"]
        assert upheaval(after, HOTLINE).clocks == ["first_response"]
    assert upheaval(HOTLINE, changed(calendars=HOTLINE["calendars"] | {"spare": {}})).clocks == []


def test_a_field_is_lost_by_the_list_or_with_the_choice_of_priority() -> None:
    assert upheaval(HOTLINE, changed(fields={"customer_editable": ["title", "priority"]})).fields == sorted(
        {"description", "topic", "product_item", "product_range", "contact"}
    )
    assert upheaval(HOTLINE, changed(priority={"default": "low", "customer_sets": False})).fields == ["priority"]
    assert upheaval(changed(fields={"customer_editable": []}), HOTLINE).fields == []


def test_labels_and_prefixes_that_go_are_named() -> None:
    ours = [{"key": "at_supplier", "category": "on_hold", "label": "At the supplier's"}]
    before = changed(statuses={"new": "Sent", "open": "In work"}, substatuses=ours)
    after = changed(statuses={"new": "Sent"}, number={"prefix": "NEW", "width": 6})
    found = upheaval(before, after)
    assert (found.statuses, found.prefixes) == (["at_supplier", "open"], ["ROB"])
