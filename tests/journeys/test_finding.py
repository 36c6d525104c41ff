"""Finding cases: filters and orders, own views, what is unread, searching."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.world import World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("E")


def lines(who: Person, path: str) -> list[dict[str, Any]]:
    return list(expect(who.get(path), 200)["data"])


def ids(who: Person, path: str) -> list[str]:
    return [line["id"] for line in lines(who, path)]


def word() -> str:
    """A word nobody wrote before; letters only."""
    return "".join(secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(6))


def find(world: World, who: Person, path: str, count: int) -> list[dict[str, Any]]:
    """What a search finds once that many are known to it."""
    told: list[list[dict[str, Any]]] = []

    def known() -> bool:
        told.append(lines(who, path))
        return len(told[-1]) == count

    world.settle(known)
    return told[-1]


# --- lists ------------------------------------------------------------------------------------------------------------


def test_a_list_is_filtered_by_type_product_status_and_assignee(scene: Scene) -> None:
    mine, path = scene.open()
    other, _ = scene.open()
    expect(scene.agent.put(f"{path}/assignee", {"assignee_id": scene.agent.id}), 200)
    here = f"{scene.path}/cases?organization_id={scene.home.id}&limit=100"
    assert {mine["id"], other["id"]} <= {*ids(scene.agent, f"{here}&type={mine['type']}&status=new,open")}
    assert mine["id"] in ids(scene.agent, f"{here}&assignee=me")
    assert mine["id"] in ids(scene.agent, f"{here}&assignee={scene.agent.id}&type={mine['type']}")
    unassigned = ids(scene.agent, f"{here}&assignee=none")
    assert other["id"] in unassigned
    assert mine["id"] not in unassigned
    assert (
        ids(scene.agent, f"{here}&status=cancelled,closed&type={mine['type']}&created_after=2999-01-01T00:00:00Z") == []
    )


def test_every_order_pages_through_the_same_cases(cast: Cast) -> None:
    scene = Scene(cast.team("B"))
    made = [scene.open(title=f"Number {place}")[0] for place in range(5)]
    expect(scene.agent.patch(f"{scene.path}/cases/{made[1]['id']}", {"title": "Changed"}), 200)
    arrived = [case["id"] for case in made]
    changed = [arrived[1], *(arrived[place] for place in (4, 3, 2, 0))]
    for who in (scene.agent, scene.customer):
        for order, expected in {
            "-updated_at": changed,
            "updated_at": changed[::-1],
            "created_at": arrived,
            "-created_at": arrived[::-1],
            "number": arrived,
            "-number": arrived[::-1],
        }.items():
            assert paged(who, f"{scene.path}/cases?sort={order}&limit=2") == expected, order
    urgent = sorted(made, key=lambda case: (case["priority"] != "critical", case["number"]))
    assert paged(scene.agent, f"{scene.path}/cases?sort=priority&view=open&limit=2") == [case["id"] for case in urgent]


def paged(who: Person, path: str) -> list[str]:
    """Every id of a list, page by page."""
    found: list[str] = []
    cursor = ""
    while True:
        page = expect(who.get(path + cursor), 200)
        found += [line["id"] for line in page["data"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize(
    "asked",
    [
        "sort=priority",
        "sort=-created_at&view=mine",
        "type=problem",
        "view=closed&type=problem",
        "assignee=none",
        "created_after=2026-01-01T00:00:00Z",
        "sort=number&status=open",
        "sort=-number&q=printer",
    ],
)
def test_what_no_index_answers_is_refused_and_says_what_to_narrow(scene: Scene, asked: str) -> None:
    problem = expect(scene.agent.get(f"{scene.path}/cases?{asked}"), 400)
    assert problem["code"] == "not_offered"
    assert problem["errors"][0]["pointer"].startswith("/")


def test_a_list_is_filtered_by_tag(scene: Scene) -> None:
    tag = word()
    marked, path = scene.open()
    other, _ = scene.open()
    expect(scene.agent.put(f"{path}/tags/{tag}"), 200)
    here = f"{scene.path}/cases?organization_id={scene.home.id}"
    assert ids(scene.agent, f"{here}&tag={tag}") == [marked["id"]]
    assert ids(scene.agent, f"{here}&tag={tag}&view=closed") == []
    assert ids(scene.agent, f"{scene.path}/cases?tag={tag}&view=open&sort=priority") == [marked["id"]]
    assert expect(scene.agent.get(f"{scene.path}/cases?tag={tag}"), 400)["code"] == "not_offered"
    assert scene.customer.get(f"{here}&tag={tag}").status == 403
    filters = {"organization_id": scene.home.id, "tag": tag}
    kept = expect(scene.agent.post(f"{scene.path}/views", {"name": "Marked", "filters": filters}), 201)
    assert ids(scene.agent, f"{scene.path}/views/{kept['id']}/cases") == [marked["id"]]
    assert other["id"] not in ids(scene.agent, f"{here}&tag={tag}")


def test_a_customer_keeps_no_view_of_what_is_kept_from_him(scene: Scene) -> None:
    for filters in ({"tag": "x"}, {"queue": "queue_01m7x2c4e6g8j0k2m4n6p8q0r2"}, {"view": "assigned"}):
        asked = {"name": "No", "filters": filters}
        assert scene.customer.post(f"{scene.path}/views", asked).status == 403, filters


def test_a_customer_cannot_filter_by_what_is_kept_from_him(scene: Scene) -> None:
    scene.open()
    refused = scene.customer.get(f"{scene.path}/cases?queue=queue_01m7x2c4e6g8j0k2m4n6p8q0r2")
    assert expect(refused, 403)["code"] == "not_permitted"


# --- unread -----------------------------------------------------------------------------------------------------------


def unread(who: Person, scene: Scene, case_id: str) -> bool:
    asked = f"{scene.path}/cases?organization_id={scene.home.id}&limit=100"
    return next(bool(line["unread"]) for line in lines(who, asked) if line["id"] == case_id)


def test_what_the_other_side_wrote_is_unread_until_i_have_read_it(scene: Scene) -> None:
    case, path = scene.open()
    assert unread(scene.agent, scene, case["id"])
    assert not unread(scene.customer, scene, case["id"])
    expect(scene.agent.put(f"{path}/read-marker"), 200)
    assert not unread(scene.agent, scene, case["id"])
    expect(scene.agent.post(f"{path}/comments", {"body": "We look into it."}), 201)
    assert unread(scene.customer, scene, case["id"])
    assert not unread(scene.agent, scene, case["id"])
    expect(scene.customer.put(f"{path}/read-marker"), 200)
    assert not unread(scene.customer, scene, case["id"])
    expect(scene.customer.http("DELETE", f"{path}/read-marker"), 204)
    assert unread(scene.customer, scene, case["id"])


def test_what_one_device_has_read_is_read_on_all_and_what_it_did_not_show_is_not(scene: Scene) -> None:
    case, path = scene.open()
    other = replace(scene.customer)
    signed = {"login": other.user_name, "password": other.password}
    other.token = expect(scene.team.cast.world.http("POST", "/v1/sessions", json=signed), 201)["access_token"]
    first = expect(scene.agent.post(f"{path}/comments", {"body": "One."}), 201)
    expect(scene.agent.post(f"{path}/comments", {"body": "Two."}), 201)
    expect(other.put(f"{path}/read-marker", {"until": first["created_at"]}), 200)
    assert unread(scene.customer, scene, case["id"])  # a screen that stood at the first word
    now = expect(scene.customer.put(f"{path}/read-marker"), 200)
    assert not unread(other, scene, case["id"])
    late = expect(other.put(f"{path}/read-marker", {"until": first["created_at"]}), 200)
    assert late == now  # what was read stays read
    future = expect(other.put(f"{path}/read-marker", {"until": "2999-01-01T00:00:00Z"}), 200)
    assert future["read_at"] < "2999"
    assert scene.stranger.put(f"{path}/read-marker").status == 404


def test_an_internal_word_neither_shows_nor_counts_for_the_customer(scene: Scene) -> None:
    case, path = scene.open()
    expect(scene.agent.post(f"{path}/comments", {"body": "The roof leaks.", "visibility": "internal"}), 201)
    asked = f"{scene.path}/cases?view=mine&include=last_comment"
    [mine] = [line for line in lines(scene.customer, asked) if line["id"] == case["id"]]
    assert (mine["unread"], mine["last_comment"]) == (False, None)
    here = f"{scene.path}/cases?organization_id={scene.home.id}&include=last_comment&limit=100"
    [seen] = [line for line in lines(scene.agent, here) if line["id"] == case["id"]]
    assert seen["last_comment"]["body"] == "The roof leaks."


# --- own views --------------------------------------------------------------------------------------------------------


def test_a_view_of_my_own_keeps_filters_and_order(scene: Scene) -> None:
    case, _ = scene.open()
    filters = {"organization_id": scene.home.id, "status": ["new"], "type": case["type"]}
    made = expect(scene.agent.post(f"{scene.path}/views", {"name": "New ones", "filters": filters}), 201)
    assert case["id"] in ids(scene.agent, f"{scene.path}/views/{made['id']}/cases?limit=100")
    renamed = expect(scene.agent.patch(f"{scene.path}/views/{made['id']}", {"name": "Fresh"}), 200)
    assert (renamed["name"], renamed["filters"]["type"], renamed["version"]) == ("Fresh", case["type"], 2)
    known = {view["id"]: view for view in lines(scene.agent, f"{scene.path}/views")}
    assert known[made["id"]]["name"] == "Fresh"
    assert known["open"]["built_in"]
    for who in (scene.technician, scene.customer):  # a view is its owner's alone
        assert who.get(f"{scene.path}/views/{made['id']}/cases").status == 404
        assert who.patch(f"{scene.path}/views/{made['id']}", {"name": "Mine"}).status == 404
    expect(scene.agent.http("DELETE", f"{scene.path}/views/{made['id']}"), 204)
    assert scene.agent.get(f"{scene.path}/views/{made['id']}/cases").status == 404


@pytest.mark.seed("D14", "E21")
def test_the_views_of_every_team_are_there_by_their_key(scene: Scene) -> None:
    case, path = scene.open()
    for view in ("all", "mine", "open", "company"):
        assert case["id"] in ids(scene.customer, f"{scene.path}/views/{view}/cases?limit=100"), view
    assert case["id"] not in ids(scene.customer, f"{scene.path}/views/closed/cases?limit=100")
    expect(scene.agent.post(f"{path}/close"), 200)
    assert case["id"] in ids(scene.customer, f"{scene.path}/views/closed/cases?limit=100")
    assert "assigned" not in {view["id"] for view in lines(scene.customer, f"{scene.path}/views")}
    assert case["id"] not in ids(scene.customer, f"{scene.path}/views/open/cases?limit=100")
    [closed] = [line for line in lines(scene.customer, f"{scene.path}/views/closed/cases") if line["id"] == case["id"]]
    assert closed["status"] == "closed"
    for who in (scene.customer, scene.agent):
        kept = [view["id"] for view in lines(who, f"{scene.path}/views") if view["built_in"]]
        for view in kept:
            expect(who.get(f"{scene.path}/views/{view}/cases"), 200)


@pytest.mark.seed("D14")
def test_the_view_of_followed_cases_shows_what_i_follow_and_for_whom_i_ask(cast: Cast) -> None:
    scene = cast.scene("D")
    case, _ = scene.open(follower_ids=[scene.colleague.id])
    followed = f"{scene.path}/views/followed/cases?limit=100"
    assert case["id"] in ids(scene.colleague, followed)
    assert case["id"] not in ids(scene.customer, followed)
    guest = scene.home.person()
    scene.abroad.join(guest)
    mine = f"{scene.path}/views/company/cases"
    assert expect(guest.get(mine), 409)["code"] == "organization_required"
    assert case["id"] in ids(guest, f"{mine}?organization_id={scene.home.id}&limit=100")
    assert case["id"] not in ids(guest, f"{mine}?organization_id={scene.abroad.id}&limit=100")


def test_a_view_that_no_list_answers_is_not_kept(scene: Scene) -> None:
    asked = {"name": "Everything by urgency", "filters": {}, "sort": "priority"}
    assert expect(scene.agent.post(f"{scene.path}/views", asked), 400)["code"] == "not_offered"


# --- search -----------------------------------------------------------------------------------------------------------


def test_search_finds_title_description_comments_and_number(world: World, scene: Scene) -> None:
    title, described, said = word(), word(), word()
    case, path = scene.open(title=f"The {title} is gone", description=f"Since Monday, <b>{described}</b> & more.")
    expect(scene.agent.post(f"{path}/comments", {"body": f"Try the {said}."}), 201)
    for asked in (title, described, said, f"{said} {title}", f"{title.upper()}", f"{title} {described[:6]}"):
        [line] = find(world, scene.customer, f"{scene.path}/cases?q={asked}", 1)
        assert line["id"] == case["id"]
    [line] = lines(scene.customer, f"{scene.path}/cases?q={described}")
    assert [piece["text"] for piece in line["excerpt"] if piece["found"]] == [described]
    assert "& more." in "".join(piece["text"] for piece in line["excerpt"])  # plain text: nothing is escaped
    assert case["id"] in ids(scene.customer, f"{scene.path}/cases?q={case['number']}")


def test_words_are_shown_wherever_they_stand(world: World, scene: Scene) -> None:
    deep, late = word(), word()
    filler = "Nothing new about this one. " * 40
    _, path = scene.open(description=f"{filler}{deep} {filler}")
    for number in range(12):
        expect(scene.customer.post(f"{path}/comments", {"body": f"{number}. {filler}"}), 201)
    expect(scene.agent.post(f"{path}/comments", {"body": f"{filler}The {late} it was. {filler}"}), 201)
    for asked in (deep, late):
        [line] = find(world, scene.customer, f"{scene.path}/cases?q={asked}", 1)
        assert [piece["text"] for piece in line["excerpt"] if piece["found"]] == [asked]


def test_a_case_of_too_many_words_hides_no_other(world: World, scene: Scene) -> None:
    """PostgreSQL refuses a document beyond a megabyte: one such case stopped search for everybody."""
    known = word()
    _, path = scene.open(title=f"The {known} is endless")
    letters = [chr(0x4E00 + number) for number in range(9_000)]
    for begin in letters[:7]:
        said = " ".join(f"{begin}{begin}{begin}{letter}" * 2 for letter in letters)[:60_000]
        expect(scene.customer.post(f"{path}/comments", {"body": said}), 201)
    [line] = find(world, scene.customer, f"{scene.path}/cases?q={known}", 1)
    assert known in line["title"]


def test_a_slip_of_the_pen_is_forgiven_only_when_nothing_fits_exactly(world: World, scene: Scene) -> None:
    right = word()
    case, _ = scene.open(title=f"My {right}")
    find(world, scene.customer, f"{scene.path}/cases?q={right}", 1)
    wrong = right[:4] + right[5:]
    assert ids(scene.customer, f"{scene.path}/cases?q={wrong}") == [case["id"]]


@pytest.mark.parametrize(
    ("locale", "written", "asked"),
    [
        ("en", "two printers are printing nothing", "printer print"),
        ("sv", "skrivarna blinkar", "skrivare"),
        ("nb", "skriverne blinker", "skriveren"),
        ("da", "printerne blinker", "printeren"),
    ],
)
def test_a_word_is_found_in_its_other_forms(world: World, cast: Cast, locale: str, written: str, asked: str) -> None:
    scene = Scene(cast.team("E", locale=locale))
    case, _ = scene.open(title=written)
    [line] = find(world, scene.customer, f"{scene.path}/cases?q={asked}", 1)
    assert line["id"] == case["id"]


def test_an_internal_word_finds_the_case_for_support_only(world: World, scene: Scene) -> None:
    case, path = scene.open()
    secret = word()
    expect(scene.agent.post(f"{path}/comments", {"body": f"It is the {secret}.", "visibility": "internal"}), 201)
    [line] = find(world, scene.agent, f"{scene.path}/cases?q={secret}", 1)
    assert line["id"] == case["id"]
    assert secret in {piece["text"] for piece in line["excerpt"] if piece["found"]}
    for asked in (secret, secret[:-1], secret[:3] + secret[4:]):
        assert lines(scene.customer, f"{scene.path}/cases?q={asked}") == []


def test_search_never_shows_what_another_company_wrote(world: World, scene: Scene) -> None:
    canary, own = word(), word()
    hidden, path = scene.open(scene.stranger, title=canary, description=f"{canary} {own}")
    mine, _ = scene.open(title=own)
    find(world, scene.agent, f"{scene.path}/cases?q={canary}", 1)
    find(world, scene.agent, f"{scene.path}/cases?q={own}", 2)
    for length in range(3, len(canary) + 1):
        assert hidden["id"] not in ids(scene.customer, f"{scene.path}/cases?q={canary[:length]}")
    assert lines(scene.customer, f"{scene.path}/cases?q={canary}") == []
    assert lines(scene.customer, f"{scene.path}/cases?q={canary[:4] + canary[5:]}") == []
    assert ids(scene.customer, f"{scene.path}/cases?q={own}") == [mine["id"]]
    assert path


def test_a_private_case_is_found_by_its_own_people_only(world: World, cast: Cast) -> None:
    scene = cast.scene("D")
    own = word()
    case, _ = scene.open(title=own, visibility="private")
    [line] = find(world, scene.customer, f"{scene.path}/cases?q={own}", 1)
    assert line["id"] == case["id"]
    assert lines(scene.colleague, f"{scene.path}/cases?q={own}") == []
    assert lines(scene.administrator, f"{scene.path}/cases?q={own}") == []


def test_search_goes_with_filters_and_pages(world: World, scene: Scene) -> None:
    common = word()
    made = [scene.open(title=f"{common} {place}")[0]["id"] for place in range(5)]
    find(world, scene.customer, f"{scene.path}/cases?q={common}&limit=100", 5)
    assert paged(scene.customer, f"{scene.path}/cases?q={common}&limit=2") == made[::-1]
    assert paged(scene.agent, f"{scene.path}/cases?q={common}&limit=2&view=open") == made[::-1]
    assert lines(scene.agent, f"{scene.path}/cases?q={common}&view=closed") == []


@pytest.mark.parametrize(
    "asked",
    [
        "'",
        "' OR 1=1 --",
        "pg_sleep(3)",
        "%27%29%3B",
        "a:*",
        "!!",
        "((((",
        "|%26!",
        "%5C",
        "* _ *",
        "%F0%9F%96%A8",
        "x" * 200,
    ],
)
def test_whatever_is_typed_is_only_words(scene: Scene, asked: str) -> None:
    scene.open()
    for who in (scene.customer, scene.agent):
        assert who.get(f"{scene.path}/cases?q={asked}").status == 200
    assert scene.customer.get(f"{scene.path}/cases?q={'(' * 5000}").status in (400, 414, 422)


# --- all at once ------------------------------------------------------------------------------------------------------


def test_one_search_finds_cases_and_people_each_by_what_i_may_see(world: World, cast: Cast) -> None:
    scene = cast.scene("D")
    own = word()
    mine, _ = scene.open(title=f"The {own}")
    hidden, _ = scene.open(scene.stranger, title=f"The {own}")
    find(world, scene.agent, f"{scene.path}/cases?q={own}", 2)
    told = expect(scene.customer.get(f"{scene.path}/search?q={own}"), 200)
    assert told["cases"] == lines(scene.customer, f"{scene.path}/cases?q={own}")
    assert ([line["id"] for line in told["cases"]], told["people"]) == ([mine["id"]], [])
    found = expect(scene.agent.get(f"{scene.path}/search?q={own}&limit=1"), 200)["cases"]
    assert [line["id"] for line in found] == [hidden["id"]]
    for who, seen in ((scene.administrator, False), (scene.agent, True)):
        for person, there in ((scene.customer, True), (scene.stranger, seen)):
            people = expect(who.get(f"{scene.path}/search?q={person.user_name.upper()}"), 200)["people"]
            assert [one["user"]["id"] for one in people] == ([person.id] if there else [])
    home = f"{scene.path}/search?q={scene.stranger.user_name}&organization_id={scene.home.id}"
    assert expect(scene.agent.get(home), 200)["people"] == []
    assert cast.scene("E").customer.get(f"{scene.path}/search?q={own}").status == 404
    assert scene.agent.get(f"{scene.path}/search").status == 400
