"""The five team profiles say what their seeds say, and the schema refuses what it does not know."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[3]
TEAMS = {"mamut": "A", "casemanager": "B", "selfservice": "C", "enterprise": "D", "extend": "E"}
SCHEMA: dict[str, Any] = json.loads((ROOT / "services/contracts/profile.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

Profile = dict[str, Any]


def profile_of(team: str) -> Profile:
    loaded: Profile = yaml.safe_load((ROOT / "deploy/profiles" / f"{team}.yaml").read_text("utf-8"))
    return loaded


def keys(rows: list[Profile]) -> list[str]:
    return [row["key"] for row in rows]


def fields(profile: Profile, type_key: str) -> dict[str, Profile]:
    [chosen] = [kind for kind in profile["types"] if kind["key"] == type_key]
    return {field["key"]: field for field in chosen["form"]}


def complaints(profile: Profile) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(profile)]


def objects_of(schema: Any, path: str = "$") -> Iterator[tuple[str, Profile]]:
    """Every part of the schema that describes an object's properties, conditions aside."""
    if isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from objects_of(part, f"{path}[{index}]")
    elif isinstance(schema, dict):
        if schema.get("type") == "object":
            yield path, schema
        for key, part in schema.items():
            yield from objects_of(part, f"{path}.{key}")


def test_the_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_describes_every_key_and_admits_no_other() -> None:
    for path, part in objects_of(SCHEMA):
        if path == "$.properties.calendars":  # its keys are the team's own names, bound by a pattern
            assert "propertyNames" in part
            continue
        assert part["additionalProperties"] is False, path
        for key, described in part["properties"].items():
            assert described.get("description"), f"{path}.{key} says nothing"


def test_there_are_exactly_the_five_profiles() -> None:
    assert {path.stem for path in (ROOT / "deploy/profiles").glob("*.yaml")} == set(TEAMS)


def test_no_two_teams_share_a_number_prefix() -> None:
    prefixes = [profile_of(team)["number"]["prefix"] for team in TEAMS]
    assert len(set(prefixes)) == len(prefixes)


@pytest.mark.parametrize("team", TEAMS)
def test_a_profile_keeps_to_the_schema(team: str) -> None:
    profile = profile_of(team)
    assert complaints(profile) == []
    assert (profile["team"], profile["seed"]) == (team, TEAMS[team])
    assert json.loads(json.dumps(profile)) == profile  # plain data: no date crept in from the YAML


@pytest.mark.parametrize("team", TEAMS)
def test_what_a_profile_refers_to_exists(team: str) -> None:
    profile = profile_of(team)
    assert profile["priority"]["default"] in keys(profile["priorities"])
    assert {clock["calendar"] for clock in profile["clocks"]} <= set(profile["calendars"])
    assert profile["chat"]["enabled"] == ("chat" in profile["features"])
    assert profile["followers"]["enabled"] == ("followers" in profile["features"])
    for calendar in profile["calendars"].values():
        ZoneInfo(calendar["time_zone"])
    ranks = [priority["rank"] for priority in profile["priorities"]]
    assert ranks == list(range(1, len(ranks) + 1))


@pytest.mark.parametrize("team", TEAMS)
def test_keys_are_unique_where_they_are_chosen_from(team: str) -> None:
    profile = profile_of(team)
    levels = [profile["types"], profile["priorities"], profile["products"], profile["topics"]]
    levels += [kind["form"] for kind in profile["types"]]
    levels += [topic.get("children", []) for topic in profile["topics"]]
    for level in levels:
        assert len(set(keys(level))) == len(level)


@pytest.mark.parametrize("team", TEAMS)
def test_the_form_asks_for_what_the_profile_requires(team: str) -> None:
    profile = profile_of(team)
    for kind in profile["types"]:
        form = {field["key"]: field for field in kind["form"]}
        assert ("topic" in form and form["topic"]["required"]) == profile["topic_required"]
        assert ("product" in form and form["product"]["required"]) == profile["product_required"]
        assert ("priority" in form) == profile["priority"]["customer_sets"]
        assert ("owner" in form) == profile["owner"]["field"]
        assert "private" not in form or profile["visibility"]["private_allowed"]
        assert all(field.get("help") for field in kind["form"])


def test_seed_a_has_categories_types_an_owner_and_the_question_at_close() -> None:
    profile = profile_of("mamut")
    assert profile["product_required"]
    assert profile["topic_required"]
    assert len(profile["types"]) > 1
    assert all(topic["children"] for topic in profile["topics"])
    form = fields(profile, profile["types"][0]["key"])
    assert {"title", "description", "topic", "owner", "needs_documents", "technical_information"} <= set(form)
    assert not form["technical_information"]["required"]
    assert profile["close"]["confirm"]
    assert profile["files"]["max_bytes"] > 10 * 1024 * 1024
    assert profile["views"] == ["mine", "owned"]
    assert "support_view" in profile["help"]


def test_seed_b_has_its_five_types_the_complete_form_and_the_numbers() -> None:
    profile = profile_of("casemanager")
    assert keys(profile["types"]) == ["billing", "sales", "level_1", "level_2", "custom_programming"]
    for kind in profile["types"]:
        assert all(field["required"] for field in kind["form"])
        assert {"title", "description", "preferred_assignee", "callback_at"} <= set(keys(kind["form"]))
    assert {kind["level"] for kind in profile["types"]} == {1, 2}
    assert profile["intake"] == {"anonymous": True, "registration": "approval"}
    assert profile["access_key"] == "read_update"
    assert profile["emergency_contact"] == "1-866-281-8350"
    assert profile["clocks"] == [{"kind": "review", "target_seconds": 300, "calendar": "always"}]
    always = profile["calendars"]["always"]
    assert set(map(tuple, always["week"].values())) == {("00:00-24:00",)}
    assert always["holidays"] == []
    assert {"phone", "remote_session", "email"} <= set(profile["channels"])


def test_seed_c_has_six_subjects_described_priorities_and_files_after_submission() -> None:
    profile = profile_of("selfservice")
    names = [topic["name"] for topic in profile["topics"]]
    assert names == ["Citrix", "Data", "IT Infrastructure", "Machines", "Robotics", "Software"]
    assert all(topic["description"] and topic["children"] for topic in profile["topics"])
    assert profile["topic_required"]
    assert profile["priorities"][0]["key"] == "high"
    form = fields(profile, "case")
    assert form["product_item"]["required"]
    assert not form["product_range"]["required"]
    assert profile["files"] == {"max_bytes": 10_485_760, "before_submit": False}
    assert profile["comments"]["files"] == "file_into_case"
    assert profile["close"]["by_customer"]
    assert profile["views"] == ["company"]
    assert profile["visibility"]["default"] == "organization"


def test_seed_d_has_private_cases_followers_and_three_views() -> None:
    profile = profile_of("enterprise")
    assert list(fields(profile, "case")) == ["product", "title", "description", "private"]
    assert profile["labels"]["organization"] == "Account"
    assert profile["visibility"] == {
        "default": "organization",
        "private_allowed": True,
        "private_count_for_admins": False,
    }
    assert profile["followers"] == {"enabled": True, "need_product": True}
    assert profile["views"] == ["all", "open", "followed"]
    assert profile["files"]["before_submit"]


def test_seed_e_has_three_types_with_their_charges_and_the_priorities_a_b_c() -> None:
    profile = profile_of("extend")
    charges = {kind["key"]: kind["charge"] for kind in profile["types"]}
    assert charges == {"support": "contract_rate", "rfc": "quote_required", "bug": "free"}
    forms = [tuple(fields(profile, kind)) for kind in charges]
    assert len(set(forms)) == len(forms)
    assert keys(profile["priorities"]) == ["A", "B", "C"]
    assert profile["priority"] == {"default": "C", "customer_sets": True}
    assert profile["locale"] == "sv"
    assert profile["labels"]["submit"] == "Skicka"
    assert profile["views"] == ["open", "closed"]
    assert profile["chat"]["enabled"]
    assert profile["guidance"]


def test_only_seed_e_speaks_of_charges() -> None:
    for team in set(TEAMS) - {"extend"}:
        assert {kind["charge"] for kind in profile_of(team)["types"]} == {"none"}


def misspell(profile: Profile) -> None:
    profile["visibility"]["privat_allowed"] = profile["visibility"].pop("private_allowed")


def add_to_a_field(profile: Profile) -> None:
    profile["types"][1]["form"][0]["requird"] = True


def leave_off_unquoted(profile: Profile) -> None:
    profile["access_key"] = False  # what YAML makes of a bare off


def offer_choices_on_a_line(profile: Profile) -> None:
    profile["types"][0]["form"][0]["choices"] = ["yes", "no"]


def forget_the_choices(profile: Profile) -> None:
    profile["types"][2]["form"][4].pop("choices")


def bend_a_standard_field(profile: Profile) -> None:
    profile["types"][0]["form"][0]["kind"] = "bool"


def drop_the_title(profile: Profile) -> None:
    del profile["types"][0]["form"][0]


def misspell_a_whole_section(profile: Profile) -> None:
    profile["clock"] = profile.pop("clocks")


@pytest.mark.parametrize(
    ("spoil", "path", "word"),
    [
        (misspell, "$.visibility", "privat_allowed"),
        (misspell_a_whole_section, "$", "'clock'"),
        (add_to_a_field, "$.types[1].form[0]", "requird"),
        (leave_off_unquoted, "$.access_key", "False"),
        (offer_choices_on_a_line, "$.types[0].form[0].choices", "should not be valid"),
        (forget_the_choices, "$.types[2].form[4]", "choices"),
        (bend_a_standard_field, "$.types[0].form[0].kind", "line"),
        (drop_the_title, "$.types[0].form", "contain"),
    ],
)
def test_a_slip_is_refused_where_it_stands(spoil: Callable[[Profile], None], path: str, word: str) -> None:
    profile = json.loads(json.dumps(profile_of("extend")))  # YAML anchors share their fields; copies do not
    spoil(profile)
    assert any(line.startswith(f"{path}: ") and word in line for line in complaints(profile)), complaints(profile)
