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
from services.accounts.rules.standing import Standing, decide
from services.chassis.actor import ANONYMOUS, SYSTEM, Actor
from services.chassis.problems import Conflict, Forbidden, Invalid, Problem, TooManyRequests, Unauthenticated
from services.contracts.access import BECAUSE, CUSTOMER_SIDE

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PROFILES = Path(__file__).resolve().parents[3] / "deploy/profiles"


def profile() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROFILES / "extend.yaml").read_text("utf-8"))
    return loaded


SHIPPED = profile()
ROLES = {role.key: frozenset(role.permissions) for role in rules.roles.BUILT_IN}


# --- names ---


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(name: str) -> None:
    assert rules.names.fold(rules.names.fold(name)) == rules.names.fold(name)


@given(st.text(alphabet=string.ascii_letters + "åäöÅÄÖß@.", max_size=40))
def test_case_and_outer_blanks_do_not_count(name: str) -> None:
    assert (
        rules.names.fold(f"  {name.upper()}\t")
        == rules.names.fold(name.upper())
        == rules.names.fold(name.upper().lower())
    )


def test_compatibility_characters_are_the_plain_ones() -> None:
    assert rules.names.fold("Ａｄａ") == rules.names.fold("ADA") == "ada"
    assert rules.names.fold("o\u0308berg") == rules.names.fold("Öberg")


def test_letters_that_only_look_alike_are_not_the_same() -> None:
    assert rules.names.fold("\u212aim") == "kim"  # the Kelvin sign is a K
    assert rules.names.fold("k\u0131m") != "kim"  # a dotless i is a letter of its own
    assert rules.names.fold("\u043aim") != "kim"  # and so is a Cyrillic one


@given(st.text(max_size=255))
def test_a_place_in_a_list_fits_into_a_cursor(name: str) -> None:
    place = json.dumps([rules.names.sort_name(name), "mem_" + "0" * 26], ensure_ascii=False)
    assert len(place) <= 1024


# --- who may ---


@pytest.mark.parametrize(
    ("standing", "leads", "own", "foreign", "staff"),
    [
        (Standing(), False, False, False, False),
        (Standing(operator=True), True, True, True, True),
        (Standing(staff=ROLES["admin"]), True, True, True, True),
        (Standing(staff=ROLES["lead"]), True, True, True, False),
        (Standing(staff=ROLES["agent"]), False, False, False, False),
        (Standing(staff=ROLES["developer"]), False, False, False, False),
        (Standing(staff=ROLES["reader"]), False, False, False, False),
        (Standing(organizations={"org_own": ROLES["administrator"]}), False, True, False, False),
        (Standing(organizations={"org_own": ROLES["member"]}), False, False, False, False),
    ],
)
def test_who_may_manage_whom(standing: Standing, leads: bool, own: bool, foreign: bool, staff: bool) -> None:
    assert standing.may("organization.manage") is leads
    for place, expected in (("org_own", own), ("org_foreign", foreign), (None, staff)):
        assert standing.may(rules.standing.office(place), place) is expected


HELD = st.frozensets(st.sampled_from(sorted(rules.roles.KNOWN)))


@given(HELD, HELD, st.sampled_from(sorted(rules.roles.KNOWN)), st.sampled_from([None, "org_own", "org_foreign"]))
def test_more_permissions_never_allow_less(some: set[str], more: set[str], wanted: str, at: str | None) -> None:
    for few, many in (
        (Standing(staff=some), Standing(staff=some | more)),
        (Standing(organizations={"org_own": some}), Standing(organizations={"org_own": some | more})),
    ):
        assert decide(few, wanted, at).allowed <= decide(many, wanted, at).allowed
        assert decide(few, wanted, at).rule in BECAUSE


@given(HELD, st.sampled_from([None, "org_own", "org_foreign"]))
def test_no_list_lets_a_customer_act_as_staff_or_elsewhere(held: set[str], at: str | None) -> None:
    standing = Standing(organizations={"org_own": held})
    allowed = {wanted for wanted in rules.roles.KNOWN if decide(standing, wanted, at).allowed}
    assert allowed == (held & CUSTOMER_SIDE if at == "org_own" else set())


def test_what_is_not_permitted_is_forbidden() -> None:
    rules.standing.permit(True)
    with pytest.raises(Forbidden) as refused:
        rules.standing.permit(False)
    assert refused.value.code == "not_permitted"


@pytest.mark.parametrize("actor", [ANONYMOUS, SYSTEM])
def test_who_is_not_signed_in_is_not_known(actor: Actor) -> None:
    with pytest.raises(Unauthenticated):
        rules.standing.must_be_known(actor)


# --- attempts ---


LIMIT = rules.attempts.Limit("anything", 10, timedelta(minutes=15))


def test_the_eleventh_attempt_waits_for_the_rest_of_the_window() -> None:
    rules.attempts.must_not_be_too_many(10, LIMIT, NOW, NOW)
    with pytest.raises(TooManyRequests) as refused:
        rules.attempts.must_not_be_too_many(11, LIMIT, NOW + timedelta(minutes=10), NOW)
    assert (refused.value.code, refused.value.retry_after) == ("too_many_attempts", 600)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=15)))
def test_the_wait_is_never_less_than_a_second_nor_more_than_the_window(left: timedelta) -> None:
    with pytest.raises(TooManyRequests) as refused:
        rules.attempts.must_not_be_too_many(11, LIMIT, NOW + left, NOW)
    assert 1 <= (refused.value.retry_after or 0) <= 900


def test_failures_at_a_usual_place_are_counted_apart_from_all_others() -> None:
    elsewhere = {limit.name for limit in rules.attempts.sign_in("ada", "192.0.2.7", None)}
    at_home = {limit.name for limit in rules.attempts.sign_in("ada", "192.0.2.7", "user_1")}
    assert len(elsewhere) == 2
    assert len(at_home) == 1
    assert not elsewhere & at_home
    assert rules.attempts.of_name("ada").name in elsewhere


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("", "", True),
    ],
)
def test_a_caller_is_told_by_his_address_or_his_network(one: str, other: str, same: bool) -> None:
    assert (rules.attempts.place(one) == rules.attempts.place(other)) is same


# --- passwords ---


@pytest.mark.parametrize("password", ["12345678", "PASSWORD", "Qwertyuiop", " baseball "])
def test_the_most_used_passwords_are_refused_by_name_of_the_rule(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.passwords.must_be_good(password, ())
    assert refused.value.errors[0]["rule"] == "common"


@pytest.mark.parametrize("password", ["ada.lind", "Ada@Example.org"])
def test_a_password_is_not_the_name_of_its_owner(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.passwords.must_be_good(password, ("ada.lind", "ada@example.org"), "/new_password")
    assert (refused.value.errors[0]["rule"], refused.value.errors[0]["pointer"]) == ("name", "/new_password")


def test_a_long_or_random_password_is_good() -> None:
    rules.passwords.must_be_good("correct horse battery staple", ("ada", "ada@example.org"))
    assert len(rules.passwords._COMMON) > 3000


# --- sessions ---


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=200)))
def test_no_session_outlives_its_limits(age: timedelta) -> None:
    until = rules.sessions.expiry(NOW - age, NOW)
    assert until <= NOW + rules.sessions.IDLE
    assert until <= NOW - age + rules.sessions.ABSOLUTE


def test_a_session_lives_until_it_expires_or_is_ended() -> None:
    assert rules.sessions.alive({"ended_at": None, "expires_at": NOW + timedelta(seconds=1)}, NOW)
    assert not rules.sessions.alive({"ended_at": None, "expires_at": NOW}, NOW)
    assert not rules.sessions.alive({"ended_at": NOW, "expires_at": NOW + timedelta(days=1)}, NOW)


# --- people ---

ADA = {"user_name_key": "ada", "email_key": "ada@example.org"}
BOB = {"user_name_key": "bob", "email_key": "bob@example.org"}


def test_both_names_of_one_person_are_that_person() -> None:
    assert rules.people.same_person([ADA], "ada", "ada@example.org") is ADA
    assert rules.people.same_person([], "ada", "ada@example.org") is None


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
        rules.people.same_person(found, user_name, email)
    assert refused.value.code == code


MEMBER = {"organization_id": "org_1", "role": "member", "permissions": ["case.read"], "active": True}
MEMBER["person_active"] = True
ADMINISTRATOR = MEMBER | {"role": "administrator", "permissions": ["user.manage"]}
AGENT = MEMBER | {"organization_id": None, "role": "agent"}
ADMIN = AGENT | {"role": "admin", "permissions": ["role.manage", "user.manage"]}
NOTHING: dict[str, Any] = {"role": None, "permissions": None, "active": None}


def test_what_stays_the_same_is_no_change() -> None:
    assert rules.people.membership_changes(MEMBER, NOTHING) == {}
    assert (
        rules.people.membership_changes(MEMBER, {"role": "member", "permissions": ["case.read"], "active": True}) == {}
    )
    assert rules.people.membership_changes(MEMBER, NOTHING | {"active": False}) == {"active": False}


def test_a_role_that_is_not_there_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        rules.roles.must_be_a_role(None)
    assert refused.value.errors[0]["pointer"] == "/role"


def test_what_is_gained_is_counted_from_nothing_for_who_comes_back() -> None:
    assert rules.people.gained(MEMBER, {"permissions": ["case.read", "case.create"]}) == {"case.create"}
    assert rules.people.gained(MEMBER | {"active": False}, {"active": True}) == {"case.read"}
    assert rules.people.gained(MEMBER, {"active": False, "permissions": ["case.create"]}) == set()


@pytest.mark.parametrize(
    ("membership", "changes", "leaves"),
    [
        (ADMINISTRATOR, {"role": "member", "permissions": ["case.read"]}, True),
        (ADMINISTRATOR, {"active": False}, True),
        (ADMINISTRATOR, {"permissions": []}, True),
        (ADMINISTRATOR, {"permissions": ["user.manage", "case.read"]}, False),
        (ADMINISTRATOR | {"active": False}, {"permissions": []}, False),
        (ADMINISTRATOR | {"person_active": False}, {"active": False}, False),
        (MEMBER, {"active": False}, False),
        (AGENT | {"permissions": ["user.manage"]}, {"active": False}, False),
        (ADMIN, {"active": False}, True),
        (ADMIN, {"permissions": ["user.manage"]}, True),
    ],
)
def test_who_leaves_the_office_of_administrator(
    membership: dict[str, Any], changes: dict[str, Any], leaves: bool
) -> None:
    assert rules.people.leaves_the_office(membership, changes) is leaves


def test_the_last_administrator_stays_whoever_wants_him_gone() -> None:
    rules.people.must_leave_an_administrator(others=1)
    with pytest.raises(Conflict) as refused:
        rules.people.must_leave_an_administrator(others=0)
    assert refused.value.code == "last_administrator"


# --- profiles ---


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_profiles_we_ship_are_accepted(path: Path) -> None:
    rules.profiles.must_be_a_profile(yaml.safe_load(path.read_text("utf-8")), path.stem)


def faults(document: dict[str, Any], team_id: str = "extend") -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        rules.profiles.must_be_a_profile(document, team_id)
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
        rules.profiles.must_be_a_profile(document, "extend")
    assert len(refused.value.errors) == 50


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(sorted(SHIPPED)) | st.text(max_size=10), json_values, max_size=6))
def test_any_document_is_accepted_or_refused_and_never_breaks_anything(changes: dict[str, Any]) -> None:
    try:
        rules.profiles.must_be_a_profile(SHIPPED | changes, "extend")
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
    assert rules.profile_changes.pointer(["a/b", 0, "c~d"]) == "/a~1b/0/c~0d"
