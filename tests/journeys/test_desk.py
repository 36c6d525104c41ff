"""Working a desk: what is due next, what is unread, and lists that are found again."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.journeys.test_finding import ids, lines, paged

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("B")


def desk(who: Person, scene: Scene, asked: str = "") -> list[str]:
    return ids(who, f"{scene.path}/cases?view=assigned&limit=100{asked}")


def taken(scene: Scene, who: Person, **values: Any) -> tuple[str, str]:
    """A case on this desk, and where it lives."""
    case, path = scene.open(**values)
    expect(scene.agent.put(f"{path}/assignee", {"assignee_id": who.id}), 200)
    return str(case["id"]), path


# --- unread -----------------------------------------------------------------------------------------------------------


def test_neither_a_note_nor_a_colleagues_word_hides_what_i_have_not_read(scene: Scene) -> None:
    case, path = taken(scene, scene.technician)
    unread = "&unread=true"
    expect(scene.technician.put(f"{path}/read-marker"), 200)
    assert case not in desk(scene.technician, scene, unread)
    expect(scene.customer.post(f"{path}/comments", {"body": "It smokes now."}), 201)
    for visibility in ("internal", "public"):
        expect(scene.agent.post(f"{path}/comments", {"body": "I look.", "visibility": visibility}), 201)
        assert case in desk(scene.technician, scene, unread), visibility
    expect(scene.technician.post(f"{path}/comments", {"body": "Open the window."}), 201)
    assert case not in desk(scene.technician, scene, unread)  # who answers has read
    mine = f"{scene.path}/cases?view=mine&unread=true"
    assert case in ids(scene.customer, mine)
    expect(scene.customer.put(f"{path}/read-marker"), 200)
    assert case not in ids(scene.customer, mine)


def test_what_the_other_side_does_without_a_word_is_unread_too(scene: Scene) -> None:
    case, path = taken(scene, scene.technician)
    mine = f"{scene.path}/cases?view=mine&unread=true"
    expect(scene.customer.put(f"{path}/read-marker"), 200)
    expect(scene.technician.put(f"{path}/read-marker"), 200)
    assert case not in ids(scene.customer, mine)
    expect(scene.agent.post(f"{path}/close"), 200)
    assert case in ids(scene.customer, mine)
    expect(scene.customer.put(f"{path}/read-marker"), 200)
    assert case not in ids(scene.customer, mine)
    expect(scene.customer.post(f"{path}/reopen"), 200)
    assert case in desk(scene.technician, scene, "&unread=true")
    assert case not in ids(scene.customer, mine)  # my own doing is no news
    refused = expect(scene.agent.get(f"{scene.path}/cases?view=open&unread=true"), 400)
    assert refused["errors"][0]["pointer"] == "/unread"


# --- a desk is worked by deadline -------------------------------------------------------------------------------------


def test_a_desk_and_the_open_pile_are_worked_by_what_is_due_next(cast: Cast) -> None:
    scene = Scene(cast.team("C"))
    made = [taken(scene, scene.agent, priority=key) for key in ("low", "high", "medium", "high")]
    due = [(str(line["next_due_at"]), line["id"]) for line in lines(scene.agent, f"{scene.path}/cases")]
    wanted = [case for at, case in sorted((at.replace("None", "x"), case) for at, case in due)]
    for asked in ("view=assigned", "view=open", "assignee=me&view=open"):
        assert paged(scene.agent, f"{scene.path}/cases?{asked}&sort=due&limit=2") == wanted, asked
    expect(scene.agent.post(f"{made[1][1]}/close"), 200)
    assert made[1][0] not in desk(scene.agent, scene)  # what is done lies on no desk
    assert expect(scene.agent.get(f"{scene.path}/cases?sort=due"), 400)["errors"][0]["pointer"] == "/sort"


def test_a_line_says_what_a_desk_is_sorted_by_and_more_when_asked(scene: Scene) -> None:
    case, path = taken(scene, scene.agent)
    expect(scene.agent.put(f"{path}/tags/roof"), 200)
    asked = f"{scene.path}/cases?include=contact,assignee,clocks,permissions,last_comment&limit=100"
    [seen] = [line for line in lines(scene.agent, f"{asked}&view=assigned") if line["id"] == case]
    whole = expect(scene.agent.get(path), 200)
    for name in ("product", "topic", "gate", "level", "queue_id", "tags", "contact", "assignee", "permissions"):
        assert seen[name] == whole[name], name
    clocks = {one["kind"]: one for one in expect(scene.agent.get(f"{path}/clocks"), 200)["data"]}
    assert clocks
    assert {one["kind"] for one in seen["clocks"]} == {*clocks}
    assert all(one["due_at"] == clocks[one["kind"]]["due_at"] for one in seen["clocks"])
    assert seen["next_due_at"] == min(one["due_at"] for one in seen["clocks"] if one["due_at"])
    [mine] = [line for line in lines(scene.customer, f"{asked}&view=mine") if line["id"] == case]
    assert (mine["queue_id"], mine["level"], mine["tags"]) == (None, None, None)
    assert mine["permissions"] == expect(scene.customer.get(path), 200)["permissions"]
    [plain] = [line for line in lines(scene.customer, f"{scene.path}/cases?view=mine&limit=100") if line["id"] == case]
    assert (plain["clocks"], plain["permissions"]) == (None, None)


# --- filters and views ------------------------------------------------------------------------------------------------


def test_a_list_is_filtered_by_owner_contact_topic_and_level(cast: Cast) -> None:
    scene = Scene(cast.team("C"))
    mine, other = scene.open()[0], scene.open(scene.colleague)[0]
    here = f"{scene.path}/cases?organization_id={scene.home.id}"
    for asked in (f"owner={scene.customer.id}", f"contact={scene.customer.id}"):
        assert ids(scene.agent, f"{here}&{asked}") == [mine["id"]], asked
    assert ids(scene.customer, f"{scene.path}/cases?owner=me") == [mine["id"]]
    assert ids(scene.agent, f"{here}&topic={mine['topic']}&level={mine['level']}") == [other["id"], mine["id"]]
    assert ids(scene.agent, f"{here}&topic=nowhere") == ids(scene.agent, f"{here}&level={3 - mine['level']}") == []
    assert scene.customer.get(f"{here}&level=1").status == 403


def test_a_tag_is_found_in_the_whole_team_by_age(cast: Cast) -> None:
    scene = Scene(cast.team("C"))
    tag, made = f"t{secrets.token_hex(4)}", [scene.open(who) for who in (scene.customer, scene.stranger) * 2]
    for _, path in reversed(made):
        expect(scene.agent.put(f"{path}/tags/{tag}"), 200)
    scene.open()
    arrived = [case["id"] for case, _ in made]
    assert paged(scene.agent, f"{scene.path}/cases?tag={tag}&sort=created_at&limit=1") == arrived
    assert paged(scene.agent, f"{scene.path}/cases?tag={tag}&sort=-created_at&limit=3&status=new") == arrived[::-1]
    refused = expect(scene.agent.get(f"{scene.path}/cases?tag={tag}"), 400)
    assert refused["errors"][0]["pointer"] == "/sort"
    assert ids(scene.agent, f"{scene.path}/cases?tag={tag}&type={made[0][0]['type']}&q=zzz") == []  # words are enough


def test_a_view_keeps_how_long_ago_and_not_since_when(scene: Scene) -> None:
    case, _ = scene.open()
    filters = {"type": case["type"], "created_within_seconds": 3600}
    asked = {"name": "Lately", "filters": filters, "sort": "-created_at"}
    kept = expect(scene.agent.post(f"{scene.path}/views", asked), 201)
    assert kept["filters"]["created_within_seconds"] == 3600
    assert case["id"] in ids(scene.agent, f"{scene.path}/views/{kept['id']}/cases?limit=100")
    half_a_year = {"name": "Long", "filters": filters | {"created_within_seconds": 15_552_000}, "sort": "-created_at"}
    assert expect(scene.agent.post(f"{scene.path}/views", half_a_year), 400)["code"] == "not_offered"


def test_the_views_are_those_of_the_profile_in_my_language(cast: Cast) -> None:
    scene = Scene(cast.team("A", views=["owned", "mine"]))

    def told() -> list[tuple[str, str]]:
        return [(view["id"], view["name"]) for view in lines(scene.customer, f"{scene.path}/views")]

    assert told() == [("owned", "Cases I own"), ("mine", "My cases")]
    expect(scene.customer.patch("/v1/me", {"locale": "sv"}), 200)
    cast.world.settle(lambda: told() == [("owned", "Ärenden jag ansvarar för"), ("mine", "Mina ärenden")])
    assert [view["id"] for view in lines(scene.agent, f"{scene.path}/views")] == ["assigned", "owned", "mine"]
