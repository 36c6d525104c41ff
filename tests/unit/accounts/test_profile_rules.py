"""What the parts of a profile say about each other, what it means where it says nothing, and how two differ."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.rules.profile_changes import consequences, differences
from services.accounts.rules.profile_defaults import complete, schema
from services.accounts.rules.profiles import lint

PROFILES = Path(__file__).resolve().parents[3] / "deploy/profiles"
SHIPPED = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(PROFILES.glob("*.yaml"))}
FRESH = {
    "team": "fresh",
    "name": "Fresh",
    "locale": "en",
    "types": [{"key": "case", "name": "Case", "description": "Anything."}],
}

Profile = dict[str, Any]
REQUIRED = set(schema()["required"])


def copied(team: str = "extend") -> Profile:
    profile: Profile = json.loads(json.dumps(SHIPPED[team]))  # YAML anchors share their fields; copies do not
    return profile


profiles = st.builds(
    lambda team, left_out: {name: value for name, value in copied(team).items() if name not in left_out},
    st.sampled_from(sorted(SHIPPED)),
    st.sets(st.sampled_from(sorted(set(schema()["properties"]) - REQUIRED))),
)


@pytest.mark.parametrize("team", SHIPPED)
def test_the_shipped_profiles_have_neither_errors_nor_warnings(team: str) -> None:
    found = lint(SHIPPED[team], team)
    assert (found.errors, found.warnings) == ([], [])


def test_a_fresh_team_needs_only_a_name_a_language_and_a_type() -> None:
    assert lint(FRESH, "fresh").errors == lint(FRESH, "fresh").warnings == []
    full = complete(FRESH)
    assert set(full) == set(schema()["properties"]) - {"seed", "guidance"}
    assert (full["number"], full["access_key"], full["priority"]["default"]) == (
        {"width": 6, "prefix": "FRE"},
        "off",
        "normal",
    )


@given(profiles)
def test_completing_twice_is_completing_once_and_changes_nothing_that_is_said(profile: Profile) -> None:
    before = deepcopy(profile)
    full = complete(profile)
    assert profile == before
    assert complete(full) == full
    said = {name: value for name, value in full.items() if name in profile}
    assert not [one for one in differences(profile, said) if one["change"] != "added"]


@given(profiles)
def test_a_completed_profile_is_as_right_or_wrong_as_what_was_written(profile: Profile) -> None:
    assert lint(complete(profile), profile["team"]).errors == lint(profile, profile["team"]).errors


@given(profiles)
def test_a_profile_does_not_differ_from_itself(profile: Profile) -> None:
    assert differences(profile, deepcopy(profile)) == []
    assert consequences(complete(profile), complete(profile)) == []


@given(profiles, profiles)
def test_profiles_that_are_not_equal_differ(one: Profile, other: Profile) -> None:
    assert bool(differences(one, other)) == (one != other)


def test_a_difference_is_told_where_it_is() -> None:
    after = copied()
    gone = after["types"].pop(0)
    after["types"][0]["charge"] = "free"
    after["types"].reverse()
    after["guidance"] = "Kort."
    told = {one["pointer"]: one for one in differences(copied(), after)}
    assert told.keys() == {"/types/0", "/types/1/charge", "/types", "/guidance"}
    assert told["/types/0"]["change"] == "removed"
    assert told["/types/0"]["before"] == gone
    assert (told["/types/1/charge"]["before"], told["/types/1/charge"]["after"]) == ("quote_required", "free")
    assert told["/types"]["change"] == "reordered"


def test_what_follows_for_people_is_said() -> None:
    after = copied() | {"close": {"by_customer": False}, "public": False, "access_key": "read"}
    after["intake"] = {"anonymous": True, "registration": "off"}
    after["sign_in"] = {"staff_second_factor": "required"}
    told = {(one["kind"], one["key"]) for one in consequences(complete(SHIPPED["extend"]), complete(after))}
    assert told == {
        ("withdrawn", "case.close"),
        ("granted", "case.create_anonymously"),
        ("granted", "case.open_by_key"),
        ("registration", "off"),
        ("listing", "not_shown"),
        ("second_factor", "required"),
    }


def put(*path: str | int, to: Any) -> Callable[[Profile], None]:
    """A change at one place."""

    def change(profile: Profile) -> None:
        part: Any = profile
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = to

    return change


HOURS = ("calendars", "kontorstid", "week", "mon")
CHILD = {"key": "a", "name": "A", "description": "A."}
ERRORS = [
    (put("priority", "default", to="X"), "/priority/default", "exists"),
    (put("priorities", 1, "rank", to=1), "/priorities/1/rank", "unique"),
    (put("clocks", 0, "calendar", to="never"), "/clocks/0/calendar", "exists"),
    (put(*HOURS, to=["12:00-12:00"]), "/calendars/kontorstid/week/mon/0", "order"),
    (put(*HOURS, to=["08:00-12:00", "11:59-17:00"]), "/calendars/kontorstid/week/mon/1", "overlap"),
    (put("calendars", "kontorstid", "time_zone", to="Europe/Atlantis"), "/calendars/kontorstid/time_zone", "time_zone"),
    (put("calendars", "kontorstid", "time_zone", to="Europe"), "/calendars/kontorstid/time_zone", "time_zone"),
    (put("calendars", "kontorstid", "holidays", to=["2026-02-30"]), "/calendars/kontorstid/holidays/0", "date"),
    (put("calendars", "kontorstid", "country", to="XX"), "/calendars/kontorstid/country", "country"),
    (put("calendars", "kontorstid", "country", to="DE-XX"), "/calendars/kontorstid/country", "country"),
    (put("calendars", "kontorstid", "country", to="sweden"), "/calendars/kontorstid/country", "pattern"),
    (put("calendars", "kontorstid", "week", to={}), "/calendars/kontorstid/week", "open"),
    (
        put("topics", to=[CHILD | {"key": "b", "children": [CHILD]}, CHILD]),
        "/topics/1/key",
        "unique",
    ),
    (put("topic_required", to=True), "/topic_required", "exists"),
    (put("intake", "anonymous", to=True), "/access_key", "anonymous"),
    (put("visibility", to={"default": "private", "private_allowed": False}), "/visibility/default", "private"),
    (put("types", 1, "key", to="support"), "/types/1/key", "unique"),
    (put("types", 0, "form", 0, "choices", to=["a"]), "/types/0/form/0/choices", "not"),
    (put("types", 0, "form", 0, "kind", to="bool"), "/types/0/form/0/kind", "const"),
    (put("number", "prefix", to="EXT\n"), "/number/prefix", "pattern"),
    (put("emergency_contact", to="112 112\n"), "/emergency_contact", "pattern"),
    (put("calendars", "kontorstid", "holidays", to=["2026-12-24\n"]), "/calendars/kontorstid/holidays/0", "pattern"),
    (put("types", 0, "chrage", to="free"), "/types/0", "additionalProperties"),
]


@pytest.mark.parametrize(("change", "pointer", "rule"), ERRORS, ids=[f"{path} {rule}" for _, path, rule in ERRORS])
def test_what_cannot_be_is_refused_at_its_place(change: Callable[[Profile], None], pointer: str, rule: str) -> None:
    profile = copied()
    change(profile)
    found = [(one["pointer"], one["rule"]) for one in lint(profile, "extend").errors]
    assert ("/profile" + pointer, rule) in found


WARNINGS = [
    (put("features", to=["cases", "files", "followers", "quotes"]), "/chat/enabled", "feature"),
    (put("features", to=["cases", "files", "followers", "chat"]), "/types/1/charge", "feature"),
    (put("followers", "enabled", to=False), "/features/2", "feature"),
    (put("views", to=["owned"]), "/views/0", "empty"),
    (put("chat", "enabled", to=False), "/channels/2", "feature"),
    (put("owner", "field", to=True), "/types/0/form", "asks_for_owner"),
    (put("priority", to={"default": "C", "customer_sets": False}), "/types/0/form/3", "honoured"),
    (put("fields", "customer_editable", to=["topic"]), "/fields/customer_editable/0", "asked"),
    (
        put("calendars", "extra", to={"time_zone": "UTC", "week": {"mon": ["08:00-09:00"]}}),
        "/calendars/extra",
        "unused",
    ),
    (put("priorities", 0, "rank", to=9), "/priorities", "order"),
]


@pytest.mark.parametrize(("change", "pointer", "rule"), WARNINGS, ids=[f"{path} {rule}" for _, path, rule in WARNINGS])
def test_what_is_hardly_meant_is_a_warning(change: Callable[[Profile], None], pointer: str, rule: str) -> None:
    profile = copied()
    change(profile)
    found = lint(profile, "extend")
    assert found.errors == []
    assert ("/profile" + pointer, rule) in [(one["pointer"], one["rule"]) for one in found.warnings]


def test_faults_of_a_form_are_told_in_plain_words() -> None:
    profile = copied()
    del profile["types"][0]["form"][0]
    profile["types"][1]["form"][0]["choices"] = ["a"]
    told = {one["pointer"]: one["detail"] for one in lint(profile, "extend").errors}
    assert told == {
        "/profile/types/0/form": "The form needs the field title, and it has to be required.",
        "/profile/types/1/form/0/choices": "Only a field of kind choice has choices.",
    }
