"""Who may know of what happens on a case, and who is told."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.cases import rules
from services.cases.rules import Reader, Round, Standing
from services.cases.tables import Case

PEOPLE = ["ada", "bob", "cia", "dan", "eve"]
EVERYBODY = Round(support=True, customer=True, followers=True)


def reader(**more: Any) -> Reader:
    values: dict[str, Any] = dict.fromkeys(Case.__slots__)
    values |= {"team_id": "extend", "organization_id": "org", "visibility": "organization"}
    values |= {"created_by": "ada", "contact_id": "bob", "owner_id": "cia"}
    around = {name: more.pop(name) for name in ("followers", "present", "desk") if name in more}
    found = Reader(Case(**(values | more)), Standing("mem", "org", "member", [], "Ada"), {})
    found.followers = around.get("followers", [("dan", "Dan")])
    found.present = around.get("present", PEOPLE)
    found.desk = around.get("desk", ["per", "pia"])
    return found


readers = st.builds(
    reader,
    visibility=st.sampled_from(["organization", "participants", "private"]),
    assignee_id=st.sampled_from([None, "per", "gone"]),
    present=st.lists(st.sampled_from(PEOPLE), unique=True),
    followers=st.lists(st.sampled_from(PEOPLE).map(lambda one: (one, one)), unique=True),
)


@given(readers, st.sampled_from([*PEOPLE, "per", ""]))
def test_the_author_is_never_told_and_nobody_twice(seen: Reader, author: str) -> None:
    tell = rules.audience_of(seen, EVERYBODY, author=author).tell
    assert author not in tell
    assert len(tell) == len(set(tell))


@given(readers)
def test_nobody_is_told_of_a_case_he_may_not_see(seen: Reader) -> None:
    heard = rules.audience_of(seen, EVERYBODY)
    for person in set(heard.tell) - set(seen.desk):
        assert rules.sees(seen, person)
    for principal in heard.audience:
        kind, name = principal.split(":")
        assert kind != "user" or rules.sees(seen, name)


@given(readers)
def test_an_internal_matter_reaches_staff_only(seen: Reader) -> None:
    heard = rules.audience_of(seen, EVERYBODY, internal=True)
    assert heard.audience == ["team:extend"]
    assert set(heard.tell) <= set(seen.desk)


@given(readers)
def test_a_private_case_is_known_to_creator_and_contact_only(seen: Reader) -> None:
    seen.case.visibility = "private"
    heard = rules.audience_of(seen, EVERYBODY)
    assert set(heard.audience) <= {"team:extend", "user:ada", "user:bob"}
    assert set(heard.tell) - set(seen.desk) <= {"ada", "bob"}


def test_a_customers_word_goes_to_the_assignee_and_the_followers() -> None:
    heard = rules.audience_of(reader(assignee_id="pia"), rules.sides_of("customer"), author="ada")
    assert heard.tell == ["pia", "dan"]
    assert heard.audience == ["team:extend", "org:org"]


def test_without_an_active_assignee_the_whole_desk_is_told() -> None:
    for nobody in (None, "gone"):
        assert rules.audience_of(reader(assignee_id=nobody), rules.sides_of("customer")).tell[:2] == ["per", "pia"]


def test_supports_word_goes_to_the_customers_side() -> None:
    heard = rules.audience_of(reader(assignee_id="per"), rules.sides_of("support"), author="per")
    assert heard.tell == ["bob", "ada", "cia", "dan"]


def test_participants_are_named_one_by_one() -> None:
    heard = rules.audience_of(reader(visibility="participants", present=["ada", "dan", "eve"]), EVERYBODY)
    assert heard.audience == ["team:extend", "user:ada", "user:dan"]


def test_an_event_never_names_more_people_than_its_shape_takes() -> None:
    crowd = reader(desk=[f"agent{place}" for place in range(300)])
    assert len(rules.audience_of(crowd, EVERYBODY).tell) == 100
