"""A team's profile as code: what is wrong with it, what it would change, applying it, going back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, Scene, Team, expect, unique
from tests.world import World

pytestmark = pytest.mark.journey


@pytest.fixture
def team(cast: Cast) -> Team:
    """A team of its own, which a test may turn over."""
    return cast.team("C")


@pytest.fixture
def admin(team: Team) -> Person:
    """Its staff's administrator."""
    return team.add_agent("admin")


def changed(team: Team, **more: Any) -> dict[str, Any]:
    return deepcopy(team.profile) | more


def save(who: Person, team: Team, profile: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = who.put(f"{team.path}/profile/draft", {"profile": profile}, headers=headers)
    told: dict[str, Any] = expect(answer, 200)
    assert answer.headers["etag"] == f'"v{told["version"]}"'
    return told


def dry_run(who: Person, team: Team) -> dict[str, Any]:
    told: dict[str, Any] = expect(who.post(f"{team.path}/profile/draft/dry-run"), 200)
    return told


def apply(who: Person, team: Team, **body: Any) -> Any:
    return who.post(f"{team.path}/profile/draft/apply", body)


def public(team: Team) -> dict[str, Any]:
    told: dict[str, Any] = expect(team.cast.world.http("GET", f"{team.path}/profile"), 200)
    return told


def without_topic(team: Team, key: str) -> dict[str, Any]:
    return changed(team, topics=[topic for topic in team.profile["topics"] if topic["key"] != key])


def test_a_draft_says_what_is_wrong_with_it_and_cannot_be_applied(team: Team, admin: Person) -> None:
    profile = changed(team, priority={"default": "gold", "customer_sets": True})
    profile["types"][0]["charge"] = "dear"
    told = save(admin, team, profile)
    assert [(one["pointer"], one["rule"]) for one in told["errors"]] == [("/profile/types/0/charge", "enum")]
    profile["types"][0]["charge"] = "free"
    told = save(admin, team, profile, **{"If-Match": f'"v{told["version"]}"'})
    assert [(one["pointer"], one["rule"]) for one in told["errors"]] == [("/profile/priority/default", "exists")]
    tried = dry_run(admin, team)
    assert (tried["profile"], tried["open_cases"], tried["differences"]) == (None, None, [])
    refused = expect(apply(admin, team), 422)
    assert refused["errors"] == told["errors"]
    assert public(team)["version"] == 1


def test_a_dry_run_lists_the_open_cases_that_would_lose_their_topic(
    cast: Cast, team: Team, admin: Person, world: World
) -> None:
    scene = Scene(team)
    here = [scene.open(topic="session")[0] for _ in range(2)]
    kept, _ = scene.open(topic="server")
    done, at = scene.open(topic="printing")
    expect(scene.customer.post(f"{at}/close"), 200)
    save(admin, team, without_topic(team, "citrix") | {"clocks": [], "number": {"prefix": "NEW", "width": 6}})
    told = dry_run(admin, team)
    found = {(line["kind"], line["key"]): line for line in told["open_cases"]}
    numbers = sorted(case["number"] for case in here)
    assert found["topic", "session"] == {
        "kind": "topic",
        "key": "session",
        "severe": True,
        "count": 2,
        "more": False,
        "numbers": numbers,
    }
    assert found.keys() == {("topic", "session"), ("clock", "first_response"), ("number", "ROB")}
    assert found["number", "ROB"]["numbers"] == sorted([*numbers, kept["number"]])
    assert not found["number", "ROB"]["severe"]
    differences = {one["pointer"]: one["change"] for one in told["differences"]}
    assert differences == {"/topics/0": "removed", "/clocks": "changed", "/number/prefix": "changed"}
    refused = expect(apply(admin, team), 409)
    assert refused["code"] == "open_cases_affected"
    assert [line["key"] for line in refused["open_cases"]] == ["session"]
    assert public(team)["version"] == 1
    assert done["number"] not in str(told)
    expect(apply(admin, team, accept_open_cases=True), 200)
    assert public(team)["profile"]["topics"][0]["key"] == "data"


def test_applying_a_draft_is_one_step_and_the_services_follow(team: Team, admin: Person, world: World) -> None:
    scene = Scene(team)
    scene.customer  # noqa: B018 - he comes before the change
    save(admin, team, changed(team, priority={"default": "medium", "customer_sets": True}))
    told = expect(apply(admin, team, comment="More care for everybody"), 200)
    assert told["profile_version"] == 2
    expect(admin.get(f"{team.path}/profile/draft"), 404)
    form = team.form()
    form.pop("priority", None)

    def followed() -> bool:
        case = expect(scene.customer.post(f"{team.path}/cases", form), 201)
        return bool(case["priority"] == "medium")

    assert world.settle(followed)
    [newest, first] = expect(admin.get(f"{team.path}/profile/versions"), 200)["data"]
    assert (newest["version"], newest["applied_by"], newest["comment"]) == (2, admin.id, "More care for everybody")
    assert (first["version"], first["comment"]) == (1, None)


def test_the_catalogue_is_changed_product_by_product(team: Team, world: World) -> None:
    lead, path, scene = team.add_agent("lead"), f"{team.path}/products", Scene(team)
    first = expect(lead.get(path), 200)
    assert (first["version"], first["permissions"]) == (1, ["product.manage"])
    expect(team.agent.post(path, {"key": "till", "name": "Till"}), 403)
    told = expect(lead.post(path, {"key": "till", "name": "Till", "ranges": ["Small", "Small"]}), 422)
    assert [error["pointer"] for error in told["errors"]] == ["/ranges"]
    made = expect(lead.post(path, {"key": "till", "name": "Till", "ranges": ["Small"]}), 201)
    assert (made["data"][-1]["key"], made["version"], public(team)["version"]) == ("till", 2, 2)
    assert expect(lead.post(path, {"key": "till", "name": "Till"}), 409)["code"] == "product_exists"
    here, stale, fresh = f"{path}/till", {"If-Match": '"v1"'}, {"If-Match": '"v2"'}
    assert lead.patch(here, {"name": "Cash desk"}).status == 428
    assert lead.patch(here, {"name": "Cash desk"}, headers=stale).status == 412
    changed_now = expect(lead.patch(here, {"name": "Cash desk"}, headers=fresh), 200)
    assert changed_now["data"][-1] == {"key": "till", "name": "Cash desk", "ranges": ["Small"]}
    assert public(team)["profile"]["products"][-1] == changed_now["data"][-1]
    expect(team.cast.operator.patch(scene.home.path, {"products": ["till"]}), 200)
    case = world.settle(lambda: _opened(scene))
    removing = {"If-Match": '"v3"'}
    refused = expect(lead.http("DELETE", here, headers=removing), 409)
    assert (refused["code"], refused["open_cases"][0]["numbers"]) == ("open_cases_affected", [case["number"]])
    expect(lead.http("DELETE", f"{here}?accept_open_cases=true", headers=removing), 204)
    assert expect(lead.get(path), 200)["data"] == first["data"]
    expect(lead.http("DELETE", here, headers={"If-Match": "*"}), 404)


def _opened(scene: Scene) -> Any:
    answer = scene.customer.post(f"{scene.path}/cases", scene.team.form(product="till"))
    return answer.json() if answer.status == 201 else None


def test_a_topic_goes_only_with_the_open_cases_that_have_it(team: Team, admin: Person) -> None:
    path, scene = f"{team.path}/topics", Scene(team)
    [first, *_] = team.profile["topics"]
    below = {"key": "tapes", "name": "Tapes", "description": "Old ones."}
    made = expect(admin.post(path, {"entry": below, "parent": first["key"]}), 201)
    assert (made["data"][0]["children"][-1], made["version"], public(team)["version"]) == (below, 2, 2)
    assert made["permissions"] == ["profile.manage"]
    assert expect(admin.post(path, {"entry": below}), 409)["code"] == "topic_exists"
    here, stale, fresh = f"{path}/tapes", {"If-Match": '"v1"'}, {"If-Match": '"v2"'}
    assert admin.patch(here, {"entry": {"name": "Reels"}}).status == 428
    assert admin.patch(here, {"entry": {"name": "Reels"}}, headers=stale).status == 412
    expect(team.agent.patch(here, {"entry": {"name": "Reels"}}, headers=fresh), 403)
    renamed = expect(admin.patch(here, {"entry": {"name": "Reels"}}, headers=fresh), 200)
    assert renamed["data"][0]["children"][-1] == below | {"name": "Reels"}
    case = team.cast.world.settle(lambda: _filed(scene, topic=f"{first['key']}.tapes"))
    for gone in (here, f"{path}/{first['key']}"):  # the topic itself, and the one above it
        refused = expect(admin.http("DELETE", gone, headers={"If-Match": '"v3"'}), 409)
        assert refused["code"] == "open_cases_affected"
        assert case["number"] in [number for line in refused["open_cases"] for number in line["numbers"]]
    expect(admin.http("DELETE", f"{here}?accept_open_cases=true", headers={"If-Match": '"v3"'}), 204)
    assert public(team)["profile"]["topics"][0].get("children", []) == first.get("children", [])
    expect(admin.http("DELETE", here, headers={"If-Match": "*"}), 404)
    history = expect(admin.get(f"{team.path}/profile/versions"), 200)["data"]
    assert [line["comment"] for line in history[:3]] == ["Topic tapes"] * 3


def _filed(scene: Scene, **form: Any) -> Any:
    answer = scene.customer.post(f"{scene.path}/cases", scene.team.form(**form))
    return answer.json() if answer.status == 201 else None


def test_calendars_clocks_and_statuses_are_written_one_by_one(team: Team, admin: Person) -> None:
    any_version = {"If-Match": "*"}
    nights = {"key": "nights", "time_zone": "Europe/Oslo", "week": {"mon": ["20:00-24:00"]}}
    made = expect(admin.post(f"{team.path}/calendars", {"entry": nights}), 201)
    assert made["data"][-1] == nights | {"week": public(team)["profile"]["calendars"]["nights"]["week"], "holidays": []}
    nightly = f"{team.path}/calendars/nights"
    expect(admin.patch(nightly, {"entry": {"week": {"tue": ["20:00-24:00"]}}}, headers=any_version), 200)
    week = public(team)["profile"]["calendars"]["nights"]["week"]
    assert (week["mon"], week["tue"], week["wed"]) == (["20:00-24:00"], ["20:00-24:00"], [])
    clocks = f"{team.path}/clock-policies"
    [kind, *_] = [one["kind"] for one in expect(admin.get(clocks), 200)["data"]]
    told = expect(admin.patch(f"{clocks}/{kind}", {"entry": {"calendar": "nights"}}, headers=any_version), 200)
    assert told["data"][0]["calendar"] == "nights"
    needed = expect(admin.http("DELETE", nightly, headers=any_version), 422)
    assert [one["pointer"] for one in needed["errors"]] == ["/profile/clocks/0/calendar"]
    statuses = f"{team.path}/statuses"
    supplier = {"key": "at_supplier", "category": "on_hold", "label": "At the supplier's"}
    assert expect(admin.post(statuses, {"entry": supplier}), 201)["data"][-1] == supplier
    expect(admin.patch(f"{statuses}/on_hold", {"entry": {"label": "Set aside"}}, headers=any_version), 200)
    shown = {one["key"]: one["label"] for one in expect(team.agent.get(statuses), 200)["data"]}
    assert (shown["on_hold"], shown["at_supplier"], "new" in shown) == ("Set aside", "At the supplier's", True)
    assert public(team)["profile"]["statuses"]["on_hold"] == "Set aside"
    assert expect(admin.http("DELETE", f"{statuses}/on_hold", headers=any_version), 409)["code"] == "status_decides"
    expect(admin.http("DELETE", f"{statuses}/at_supplier", headers=any_version), 204)


def test_a_wrong_entry_is_told_by_its_own_fields(team: Team, admin: Person) -> None:
    kind = {"key": "loan", "name": "Loan", "description": "To borrow something."}
    key = team.profile["types"][0]["key"]
    wrong = (
        ("POST", "types", {"entry": kind | {"charge": "dear"}}, ["/entry/charge"]),
        (
            "POST",
            "types",
            {"entry": kind | {"form": [{"key": "title"}]}},
            ["/entry/form/0", "/entry/form/0", "/entry/form"],
        ),
        ("POST", "types", {"entry": {"name": "Loan"}}, ["/entry/key"]),
        ("POST", "types", {"entry": kind, "parent": key}, ["/parent"]),
        ("POST", "types", {"entry": kind, "part": "topics"}, ["/part"]),
        ("POST", "topics", {"entry": kind, "parent": "nowhere"}, ["/parent"]),
        ("POST", "topics", {"entry": kind | {"children": [7]}}, ["/entry/children/0"]),
        ("POST", "calendars", {"entry": {"key": "No", "time_zone": "UTC", "week": {}}}, ["/entry/key"]),
        ("POST", "priorities", {"entry": {"key": "p9", "name": "P9", "rank": 1, "meaning": "Any."}}, ["/entry/rank"]),
        ("POST", "statuses", {"entry": {"key": "own", "category": "closed", "label": "Own"}}, ["/entry/category"]),
        ("PATCH", f"types/{key}", {"entry": {"key": "other"}}, ["/entry/key"]),
        ("PATCH", f"types/{key}", {"entry": {"name": None}}, ["/entry"]),
        ("PATCH", "statuses/open", {"entry": {"label": ""}}, ["/entry/label"]),
    )
    for method, path, body, pointers in wrong:
        headers = {"If-Match": "*"} if method == "PATCH" else {}
        told = expect(admin.http(method, f"{team.path}/{path}", json=body, headers=headers), 422)
        assert {error["pointer"] for error in told["errors"]} == set(pointers), (path, body, told)
    assert public(team)["version"] == 1


def test_of_many_who_apply_at_once_one_wins(team: Team, admin: Person) -> None:
    save(admin, team, changed(team, guidance="Be brief."))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: apply(admin, team).status, range(4)))
    assert sorted(answers)[0] == 200
    assert all(status in (404, 409, 412) for status in sorted(answers)[1:])
    assert public(team)["version"] == 2


def test_a_draft_made_from_an_older_profile_is_refused(cast: Cast, team: Team, admin: Person) -> None:
    draft = save(admin, team, changed(team, guidance="Be brief."))
    other = changed(team, guidance="Take your time.")
    path, body = f"{team.path}/profile", {"profile": other}
    assert expect(cast.operator.put(path, body), 428)["code"] == "if_match_required"
    expect(cast.operator.put(path, body, headers={"If-Match": '"v7"'}), 412)
    team.apply(other)
    assert dry_run(admin, team)["moved"]
    refused = expect(apply(admin, team), 409)
    assert (refused["code"], refused["base_version"], refused["profile_version"]) == ("profile_moved", 1, 2)
    merged = {"profile": draft["profile"], "base_version": 2}
    expect(admin.put(f"{team.path}/profile/draft", merged, headers={"If-Match": '"v1"'}), 200)
    assert expect(apply(admin, team), 200)["profile_version"] == 3


def test_nobody_overwrites_a_draft_he_has_not_read(team: Team, admin: Person) -> None:
    first = save(admin, team, changed(team, guidance="One."))
    path, body = f"{team.path}/profile/draft", {"profile": changed(team, guidance="Two.")}
    assert expect(admin.put(path, body), 428)["code"] == "if_match_required"
    second = save(admin, team, body["profile"], **{"If-Match": f'"v{first["version"]}"'})
    stale = admin.put(path, body, headers={"If-Match": f'"v{first["version"]}"'})
    assert expect(stale, 412)["code"] == "version_mismatch"
    assert stale.headers["etag"] == f'"v{second["version"]}"'
    for _ in range(2):
        assert admin.http("DELETE", path).status == 204
    expect(admin.get(path), 404)
    assert save(admin, team, body["profile"])["version"] == second["version"] + 1


def test_rolling_back_brings_the_old_profile_as_a_new_version(team: Team, admin: Person) -> None:
    before = public(team)
    save(admin, team, changed(team, guidance="Be brief.", emergency_contact="+46 8 123 45 67"))
    expect(apply(admin, team), 200)
    assert expect(admin.get(f"{team.path}/profile/versions/1"), 200)["profile"] == team.profile
    assert expect(admin.post(f"{team.path}/profile/rollback", {"version": 1}), 200)["profile_version"] == 3
    assert public(team)["profile"] == before["profile"]
    lines = expect(admin.get(f"{team.path}/profile/versions"), 200)["data"]
    assert (lines[0]["version"], lines[0]["comment"]) == (3, "Back to version 1.")
    for missing in ("9", "0", "one"):
        expect(admin.get(f"{team.path}/profile/versions/{missing}"), 404)
    expect(admin.post(f"{team.path}/profile/rollback", {"version": 9}), 404)


def test_the_history_is_read_page_by_page(cast: Cast, team: Team, admin: Person) -> None:
    for word in ("One.", "Two."):
        team.apply(changed(team, guidance=word))
    seen, page = [], f"{team.path}/profile/versions?limit=1"
    while page:
        told = expect(admin.get(page), 200)
        seen += [line["version"] for line in told["data"]]
        cursor = told["next_cursor"]
        page = f"{team.path}/profile/versions?limit=1&cursor={cursor}" if cursor else ""
    assert seen == [3, 2, 1]


def test_the_profile_is_for_those_who_manage_it(cast: Cast, team: Team) -> None:
    scene = Scene(team)
    other = cast.scene("E").agent
    asked: list[tuple[str, str, Any]] = [
        ("GET", "draft", None),
        ("PUT", "draft", {"profile": team.profile}),
        ("DELETE", "draft", None),
        ("POST", "draft/dry-run", {}),
        ("POST", "draft/apply", {}),
        ("GET", "versions", None),
        ("GET", "versions/1", None),
        ("POST", "rollback", {"version": 1}),
    ]
    for method, path, body in asked:
        more = {"json": body} if body is not None else {}
        for who, status in ((scene.agent, 403), (scene.customer, 403), (other, 404)):
            told = expect(who.http(method, f"{team.path}/profile/{path}", **more), status)
            assert told["code"] == ("not_permitted" if status == 403 else "not_found"), path


def test_a_fresh_team_needs_only_a_name_a_language_and_a_type(cast: Cast, world: World) -> None:
    name = unique("fresh")
    kind = {"key": "case", "name": "Case", "description": "Anything."}
    profile = {"team": name, "name": "Fresh", "locale": "en", "types": [kind]}
    expect(cast.operator.put(f"/v1/teams/{name}/profile", {"profile": profile}), 200)
    told = expect(world.http("GET", f"/v1/teams/{name}/profile"), 200)["profile"]
    assert told["close"] == {"by_customer": True, "confirm": True}
    scene = Scene(Team(cast, name, told))
    case, _ = scene.open()
    assert case["number"].startswith(told["number"]["prefix"])
    assert expect(cast.operator.get(f"/v1/teams/{name}/profile/versions/1"), 200)["profile"] == profile


@pytest.mark.seed("B11")
def test_the_emergency_contact_is_public(cast: Cast) -> None:
    assert public(cast.scene("B").team)["profile"]["emergency_contact"] == "1-866-281-8350"


@pytest.mark.seed("A31")
def test_anybody_can_read_which_functions_are_included(cast: Cast) -> None:
    for seed in ("A", "E"):
        team = cast.scene(seed).team
        assert public(team)["profile"]["features"] == team.profile["features"]


def test_who_has_the_profile_does_not_get_it_again(cast: Cast, world: World) -> None:
    path = f"{cast.scene('E').team.path}/profile"
    first = world.http("GET", path)
    etag = first.headers["etag"]
    again = world.http("GET", path, headers={"If-None-Match": etag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    for stale in ('"v999"', '"v01"', 'W/"x"', f'"x{etag}y"'):
        answer = world.http("GET", path, headers={"If-None-Match": stale})
        assert answer.status == 304 or answer.json()["profile"] == first.json()["profile"]


@pytest.fixture
def hidden(cast: Cast) -> Team:
    """A team that does not show itself."""
    return cast.team("D", public=False)


def teams_of(world: World, who: Person | None, query: str = "") -> set[str]:
    seen: set[str] = set()
    page = f"/v1/teams?limit=100{query}"
    while page:
        told = expect(who.get(page) if who else world.http("GET", page), 200)
        seen |= {team["id"] for team in told["data"]}
        cursor = told["next_cursor"]
        page = f"/v1/teams?limit=100{query}&cursor={cursor}" if cursor else ""
    return seen


def test_anybody_finds_the_teams_that_show_themselves(cast: Cast, world: World, hidden: Team) -> None:
    scene = cast.scene("E")
    customer = scene.customer
    assert scene.team.id in teams_of(world, None)
    assert hidden.id not in teams_of(world, None)
    assert teams_of(world, customer) == {scene.team.id}
    assert {scene.team.id, cast.scene("C").team.id} <= teams_of(world, customer, "&public=true")
    assert hidden.id not in teams_of(world, customer, "&public=true")
    assert hidden.id in teams_of(world, cast.operator)
    broken = world.http("GET", "/v1/teams", headers={"Authorization": "Bearer nonsense"})
    assert expect(broken, 401)["code"] == "token_invalid"
