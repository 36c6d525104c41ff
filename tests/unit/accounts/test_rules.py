"""What accounts decides, without database, clock or broker."""

import json
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.accounts import rules
from services.accounts.rules import Standing
from services.chassis.actor import ANONYMOUS, SYSTEM, Actor
from services.chassis.problems import Conflict, Forbidden, Invalid, Problem, TooManyRequests, Unauthenticated

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PROFILES = Path(__file__).resolve().parents[3] / "deploy/profiles"


def profile() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROFILES / "extend.yaml").read_text("utf-8"))
    return loaded


SHIPPED = profile()


# --- names ---


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(name: str) -> None:
    assert rules.fold(rules.fold(name)) == rules.fold(name)


@given(st.text(alphabet=string.ascii_letters + "åäöÅÄÖß@.", max_size=40))
def test_case_and_outer_blanks_do_not_count(name: str) -> None:
    assert rules.fold(f"  {name.upper()}\t") == rules.fold(name.upper()) == rules.fold(name.upper().lower())


def test_compatibility_characters_are_the_plain_ones() -> None:
    assert rules.fold("Ａｄａ") == rules.fold("ADA") == "ada"
    assert rules.fold("o\u0308berg") == rules.fold("Öberg")


@given(st.text(max_size=255))
def test_a_place_in_a_list_fits_into_a_cursor(name: str) -> None:
    place = json.dumps([rules.sort_name(name), "mem_" + "0" * 26], ensure_ascii=False)
    assert len(place) <= 1024


# --- who may ---


@pytest.mark.parametrize(
    ("standing", "leads", "own", "foreign", "staff"),
    [
        (Standing(), False, False, False, False),
        (Standing(operator=True), True, True, True, True),
        (Standing(staff_role="admin"), True, True, True, True),
        (Standing(staff_role="lead"), True, True, True, False),
        (Standing(staff_role="agent"), False, False, False, False),
        (Standing(staff_role="developer"), False, False, False, False),
        (Standing(organization_roles={"org_own": "administrator"}), False, True, False, False),
        (Standing(organization_roles={"org_own": "member"}), False, False, False, False),
    ],
)
def test_who_may_manage_whom(standing: Standing, leads: bool, own: bool, foreign: bool, staff: bool) -> None:
    assert standing.leads is leads
    assert standing.manages_people_of("org_own") is own
    assert standing.manages_people_of("org_foreign") is foreign
    assert standing.manages_people_of(None) is staff


def test_what_is_not_permitted_is_forbidden() -> None:
    rules.permit(True)
    with pytest.raises(Forbidden) as refused:
        rules.permit(False)
    assert refused.value.code == "not_permitted"


@pytest.mark.parametrize("actor", [ANONYMOUS, SYSTEM])
def test_who_is_not_signed_in_is_not_known(actor: Actor) -> None:
    with pytest.raises(Unauthenticated):
        rules.must_be_known(actor)


# --- sessions ---


def test_the_eleventh_attempt_waits_for_the_rest_of_the_window() -> None:
    rules.must_not_be_throttled(10, NOW, NOW)
    with pytest.raises(TooManyRequests) as refused:
        rules.must_not_be_throttled(11, NOW - timedelta(minutes=5), NOW)
    assert (refused.value.code, refused.value.retry_after) == ("too_many_attempts", 600)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=15)))
def test_the_wait_is_never_less_than_a_second_nor_more_than_the_window(age: timedelta) -> None:
    with pytest.raises(TooManyRequests) as refused:
        rules.must_not_be_throttled(11, NOW - age, NOW)
    assert 1 <= (refused.value.retry_after or 0) <= 900


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=200)))
def test_no_session_outlives_its_limits(age: timedelta) -> None:
    until = rules.expiry(NOW - age, NOW)
    assert until <= NOW + rules.IDLE
    assert until <= NOW - age + rules.ABSOLUTE


def test_a_session_lives_until_it_expires_or_is_ended() -> None:
    assert rules.alive({"ended_at": None, "expires_at": NOW + timedelta(seconds=1)}, NOW)
    assert not rules.alive({"ended_at": None, "expires_at": NOW}, NOW)
    assert not rules.alive({"ended_at": NOW, "expires_at": NOW + timedelta(days=1)}, NOW)


# --- people ---

ADA = {"user_name_key": "ada", "email_key": "ada@example.org"}
BOB = {"user_name_key": "bob", "email_key": "bob@example.org"}


def test_both_names_of_one_person_are_that_person() -> None:
    assert rules.same_person([ADA], "ada", "ada@example.org") is ADA
    assert rules.same_person([], "ada", "ada@example.org") is None


@pytest.mark.parametrize(
    ("found", "user_name", "email", "code"),
    [
        ([ADA], "ada", "new@example.org", "user_name_taken"),
        ([ADA], "new", "ada@example.org", "email_taken"),
        ([ADA, BOB], "ada", "bob@example.org", "user_name_taken"),
        ([BOB, ADA], "ada", "bob@example.org", "user_name_taken"),
    ],
)
def test_one_name_alone_is_taken(found: list[dict[str, str]], user_name: str, email: str, code: str) -> None:
    with pytest.raises(Conflict) as refused:
        rules.same_person(found, user_name, email)
    assert refused.value.code == code


MEMBER = {"organization_id": "org_1", "role": "member", "permissions": ["case.read"], "active": True}
ADMINISTRATOR = MEMBER | {"role": "administrator"}
AGENT = MEMBER | {"organization_id": None, "role": "agent"}
NOTHING: dict[str, Any] = {"role": None, "permissions": None, "active": None}


def test_what_stays_the_same_is_no_change() -> None:
    assert rules.membership_changes(MEMBER, NOTHING) == {}
    assert rules.membership_changes(MEMBER, {"role": "member", "permissions": ["case.read"], "active": True}) == {}
    assert rules.membership_changes(MEMBER, NOTHING | {"active": False}) == {"active": False}


@pytest.mark.parametrize(("membership", "role"), [(MEMBER, "admin"), (AGENT, "administrator"), (AGENT, "operator")])
def test_a_role_exists_only_at_its_own_kind_of_place(membership: dict[str, Any], role: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.membership_changes(membership, NOTHING | {"role": role})
    assert refused.value.errors[0]["pointer"] == "/role"


@pytest.mark.parametrize(
    ("membership", "changes", "leaves"),
    [
        (ADMINISTRATOR, {"role": "member"}, True),
        (ADMINISTRATOR, {"active": False}, True),
        (ADMINISTRATOR, {"permissions": []}, False),
        (ADMINISTRATOR | {"active": False}, {"role": "member"}, False),
        (MEMBER, {"active": False}, False),
        (AGENT | {"role": "administrator"}, {"active": False}, False),
    ],
)
def test_who_leaves_the_office_of_administrator(
    membership: dict[str, Any], changes: dict[str, Any], leaves: bool
) -> None:
    assert rules.leaves_the_office(membership, changes) is leaves


def test_the_last_administrator_cannot_remove_himself_but_staff_can() -> None:
    rules.must_leave_an_administrator(himself=True, others=1)
    rules.must_leave_an_administrator(himself=False, others=0)
    with pytest.raises(Conflict) as refused:
        rules.must_leave_an_administrator(himself=True, others=0)
    assert refused.value.code == "last_administrator"


# --- profiles ---


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_profiles_we_ship_are_accepted(path: Path) -> None:
    rules.must_be_a_profile(yaml.safe_load(path.read_text("utf-8")), path.stem)


def faults(document: dict[str, Any], team_id: str = "extend") -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        rules.must_be_a_profile(document, team_id)
    return {(error["pointer"], error["rule"]) for error in refused.value.errors}


def test_a_fault_is_told_with_its_place_in_the_request() -> None:
    document = profile()
    document["types"][0]["charge"] = "gold"
    assert faults(document) == {("/profile/types/0/charge", "enum")}


def test_a_profile_belongs_to_the_team_it_names() -> None:
    assert faults(profile(), "mamut") == {("/profile/team", "team")}


def test_a_key_used_twice_in_one_list_is_told() -> None:
    document = profile()
    document["types"].append(document["types"][0])
    last = len(document["types"]) - 1
    assert (f"/profile/types/{last}/key", "unique") in faults(document)


def test_many_faults_are_cut_at_fifty() -> None:
    document = profile() | {"types": [{"key": f"k{number}"} for number in range(100)]}
    with pytest.raises(Invalid) as refused:
        rules.must_be_a_profile(document, "extend")
    assert len(refused.value.errors) == 50


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(sorted(SHIPPED)) | st.text(max_size=10), json_values, max_size=6))
def test_any_document_is_accepted_or_refused_and_never_breaks_anything(changes: dict[str, Any]) -> None:
    try:
        rules.must_be_a_profile(SHIPPED | changes, "extend")
    except Problem as problem:
        refused = problem
    else:
        return
    assert refused.status == 422
    assert all(error["pointer"].startswith("/profile") for error in refused.errors)


@pytest.mark.parametrize("name", ["  ", "a\x00b", "Bell\x07", "Two\nlines"])
def test_a_team_is_never_named_what_its_neighbours_cannot_read(name: str) -> None:
    assert {pointer for pointer, _ in faults(profile() | {"name": name})} == {"/profile/name"}


def test_control_characters_are_found_wherever_they_are() -> None:
    document = profile()
    document["types"][0]["label"] = "a\x00b"
    assert ("/profile/types/0/label", "characters") in faults(document)


def test_pointers_escape_what_they_must() -> None:
    assert rules.pointer(["a/b", 0, "c~d"]) == "/profile/a~1b/0/c~0d"
