"""Which version of a contract holds, and where partners' people belong because of one."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.accounts import rules

START = datetime(2026, 1, 1, tzinfo=UTC)
days = st.integers(0, 30)
histories = st.lists(days, max_size=8).map(
    lambda found: [
        {"version": number, "effective_from": START + timedelta(days=day)} for number, day in enumerate(found, 1)
    ]
)


def at(day: int) -> datetime:
    return START + timedelta(days=day)


@given(histories, days)
def test_the_newest_version_whose_day_has_come_is_in_force(versions: list[dict[str, Any]], day: int) -> None:
    found = rules.agreements.in_force(versions, at(day))
    due = {version["version"] for version in versions if version["effective_from"] <= at(day)}
    assert (found["version"] if found else None) == max(due, default=None)


@given(histories, st.lists(days, min_size=2, max_size=6).map(sorted))
def test_time_never_brings_an_older_version_back(versions: list[dict[str, Any]], when: list[int]) -> None:
    numbers = [found["version"] for day in when if (found := rules.agreements.in_force(versions, at(day)))]
    assert numbers == sorted(numbers)


@given(histories, days)
def test_a_version_holds_from_its_very_moment(versions: list[dict[str, Any]], day: int) -> None:
    added = {"version": len(versions) + 1, "effective_from": at(day)}
    assert rules.agreements.in_force([*versions, added], at(day)) is added
    before = at(day) - timedelta(microseconds=1)
    assert rules.agreements.in_force([*versions, added], before) == rules.agreements.in_force(versions, before)


# --- partners ---

people = st.sampled_from(["ann", "bob", "cyd"])
customers = st.sampled_from(["acme", "bolt"])
rights = st.lists(st.sampled_from(["case.read", "case.create", "user.manage"]), unique=True)


def _person(place: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"user_id": place[1], "permissions": [], "active": True, "derived": False, **more}


wanted_people = st.lists(st.tuples(st.tuples(customers, people), rights), max_size=6).map(
    lambda found: [_person(place, customer_id=place[0], permissions=given) for place, given in found]
)
present_places = st.dictionaries(st.tuples(customers, people), st.tuples(st.booleans(), st.booleans(), rights)).map(
    lambda found: [
        _person(place, organization_id=place[0], derived=derived, active=active, permissions=sorted(given))
        for place, (derived, active, given) in found.items()
    ]
)


def _after(present: list[dict[str, Any]], changes: Any) -> dict[tuple[str, str], dict[str, Any]]:
    there = {(row["organization_id"], row["user_id"]): row for row in present}
    for row in changes:
        there[row["organization_id"], row["user_id"]] = {**row, "derived": True}
    return there


@given(wanted_people, present_places)
def test_afterwards_exactly_the_partners_people_have_derived_places(
    wanted: list[dict[str, Any]], present: list[dict[str, Any]]
) -> None:
    there = _after(present, rules.agreements.places_of_partners(wanted, present))
    own = {(row["organization_id"], row["user_id"]) for row in present if not row["derived"]}
    derived = {key for key, row in there.items() if row["derived"] and row["active"]}
    assert derived == {(row["customer_id"], row["user_id"]) for row in wanted} - own
    for key in derived:
        given_rights = [row["permissions"] for row in wanted if (row["customer_id"], row["user_id"]) == key]
        held = {one for rights in given_rights for one in rights}
        assert there[key]["permissions"] == sorted(held - {"user.manage"})


@given(wanted_people, present_places)
def test_who_belongs_there_by_himself_keeps_what_he_has_and_twice_changes_nothing(
    wanted: list[dict[str, Any]], present: list[dict[str, Any]]
) -> None:
    changes = list(rules.agreements.places_of_partners(wanted, present))
    there = _after(present, changes)
    for row in present:
        if not row["derived"]:
            assert there[row["organization_id"], row["user_id"]] == row
    assert not list(rules.agreements.places_of_partners(wanted, list(there.values())))
