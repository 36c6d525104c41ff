"""Seed E: Swedish customer service; the type decides the form, and mails can be answered."""

from __future__ import annotations

import pytest

from tests.journeys.cast import Cast, Scene, expect
from tests.journeys.post import Post, Reply
from tests.world import World

pytestmark = pytest.mark.journey
TYPES = ["support", "rfc", "bug"]


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("E")


@pytest.mark.seed("E01", "E20")
def test_sending_registers_the_case_through_the_public_api(scene: Scene) -> None:
    case, here = scene.open(title="Etiketter skrivs inte ut åäö")
    assert case["number"].startswith("EXT-")
    read = expect(scene.agent.get(here), 200)
    assert (read["title"], read["status"]) == ("Etiketter skrivs inte ut åäö", "new")
    desk = expect(scene.agent.get(f"{scene.path}/cases?view=open&organization_id={scene.home.id}"), 200)["data"]
    assert case["id"] in [line["id"] for line in desk]


@pytest.mark.seed("E02", "E08", "E09")
def test_three_types_come_first_and_each_brings_its_own_guided_form(world: World, scene: Scene) -> None:
    profile = expect(world.http("GET", f"{scene.path}/profile"), 200)["profile"]
    assert [kind["key"] for kind in profile["types"]] == TYPES
    forms = {kind["key"]: {field["key"]: field for field in kind["form"]} for kind in profile["types"]}
    assert len({frozenset(form) for form in forms.values()}) == 3
    for kind, form in forms.items():
        case, _ = scene.open(type_key=kind)
        assert case["type"] == kind
        assert all(field["help"] for field in form.values())
        foreign = {key for other in forms.values() for key in other} - form.keys()
        for key in foreign:
            refused = expect(scene.refused(scene.customer, kind, fields={key: "x"}), 422)
            assert [error["pointer"] for error in refused["errors"]] == [f"/fields/{key}"]
        for key in form.keys() - {"title", "description", "priority", "product"}:
            if form[key]["required"]:
                refused = expect(scene.refused(scene.customer, kind, fields={key: ""}), 422)
                assert [error["pointer"] for error in refused["errors"]] == [f"/fields/{key}"]
    assert "minst två exempel" in forms["support"]["examples"]["help"]
    assert "så mycket du kan" in profile["guidance"]


@pytest.mark.seed("E03", "E04")
def test_only_users_with_the_permission_register_cases_and_it_is_set_per_user(world: World, scene: Scene) -> None:
    case, here = scene.open()
    reader = scene.home.person(permissions=["case.read"])
    assert expect(scene.refused(reader), 403)["code"] == "not_permitted"
    assert expect(reader.get(here), 200)["id"] == case["id"]
    writer = scene.home.person(permissions=["case.create"])
    made = scene.team.open_case(writer)
    assert made["created_by"]["id"] == writer.id
    expect(writer.get(here), 404)
    place = expect(scene.administrator.get(f"{scene.home.users}?q={reader.user_name}"), 200)["data"][0]
    assert place["permissions"] == ["case.read"]
    membership = f"{scene.path}/memberships/{place['id']}"
    assert expect(reader.patch(membership, {"permissions": ["case.create"]}), 403)["code"] == "not_permitted"
    expect(scene.administrator.patch(membership, {"permissions": ["case.create", "case.read"]}), 200)
    world.settle(lambda: reader.post(f"{scene.path}/cases", scene.team.form()).status == 201)


@pytest.mark.seed("E06")
def test_login_takes_user_name_and_password(world: World, scene: Scene) -> None:
    person = scene.customer
    for login, password, status in (
        (person.user_name, person.password, 201),
        (person.user_name.upper(), person.password, 201),
        (person.user_name, person.password.swapcase(), 401),
        (person.user_name + "a", person.password, 401),
    ):
        answer = world.http("POST", "/v1/sessions", json={"login": login, "password": password})
        assert answer.status == status
        if status == 201:
            assert answer.json()["user"]["id"] == person.id


@pytest.mark.seed("E13")
def test_a_bug_costs_nothing(scene: Scene) -> None:
    bug, here = scene.open(type_key="bug")
    assert bug["charge"] == "free"
    expect(scene.agent.post(f"{here}/answer", {"body": "Rättat.", "close": True}), 200)
    assert expect(scene.customer.get(here), 200)["charge"] == "free"
    assert scene.open(type_key="support")[0]["charge"] != "free"
    assert scene.open(type_key="rfc")[0]["charge"] != "free"


@pytest.mark.seed("E14", "E16", "E17")
def test_the_customer_chooses_a_b_or_c_and_an_ordinary_case_is_a_c(world: World, scene: Scene) -> None:
    profile = expect(world.http("GET", f"{scene.path}/profile"), 200)["profile"]
    assert [priority["key"] for priority in profile["priorities"]] == ["A", "B", "C"]
    for chosen in ("A", "B", "C"):
        _, here = scene.open(priority=chosen)
        assert expect(scene.agent.get(here), 200)["priority"] == chosen
    for wrong in ("D", "a", "high"):
        refused = expect(scene.refused(scene.customer, priority=wrong), 422)
        assert [error["pointer"] for error in refused["errors"]] == ["/priority"]
    for kind in TYPES:
        form = {name: value for name, value in scene.team.form(kind).items() if name != "priority"}
        assert expect(scene.customer.post(f"{scene.path}/cases", form), 201)["priority"] == "C"


@pytest.mark.seed("E21")
def test_active_cases_with_their_status_and_closed_ones_are_listed(scene: Scene) -> None:
    company = scene.team.organization()
    me = company.person()
    active, _ = scene.open(me)
    answered, there = scene.open(me)
    closed, here = scene.open(me)
    expect(scene.agent.post(f"{there}/answer", {"body": "Så här."}), 200)
    expect(scene.agent.post(f"{here}/close"), 200)

    def listed(view: str) -> dict[str, str]:
        page = expect(me.get(f"{scene.path}/cases?view={view}"), 200)
        return {line["id"]: line["status"] for line in page["data"]}

    assert listed("open") == {active["id"]: "new", answered["id"]: "answered"}
    assert listed("closed") == {closed["id"]: "closed"}
    assert set(scene.team.profile["views"]) == {"open", "closed"}


@pytest.mark.seed("E22", "E24")
def test_both_sides_comment_and_every_comment_by_support_is_mailed(scene: Scene, post: Post) -> None:
    case, here = scene.open()
    talk = [
        (scene.customer, "Det är bråttom."),
        (scene.agent, "Vi tittar på det."),
        (scene.customer, "Tack!"),
        (scene.agent, "Nu ska det fungera."),
    ]
    for who, body in talk:
        expect(who.post(f"{here}/comments", {"body": body}), 201)
    for reader in (scene.customer, scene.agent):
        assert [one["body"] for one in expect(reader.get(here), 200)["comments"]] == [body for _, body in talk]
    for body in ("Vi tittar på det.", "Nu ska det fungera."):
        mail = post.wait(scene.customer, case, body)
        assert here.removeprefix("/v1") in mail["text"]


@pytest.mark.seed("E23")
def test_answering_the_mail_adds_a_comment(world: World, scene: Scene, post: Post) -> None:
    case, here = scene.open()
    expect(scene.agent.post(f"{here}/comments", {"body": "Vilken skrivare gäller det?"}), 201)
    mail = post.wait(scene.customer, case, "Vilken skrivare gäller det?")
    assert post.answer(Reply(mail, scene.customer.email, "Den på lagret.")) == "accepted"
    world.settle(lambda: len(expect(scene.agent.get(here), 200)["comments"]) == 2)
    comment = expect(scene.agent.get(here), 200)["comments"][-1]
    assert comment["body"] == "Den på lagret."
    assert (comment["author"]["id"], comment["side"], comment["channel"]) == (scene.customer.id, "customer", "email")


@pytest.mark.seed("E29")
def test_users_are_created_in_the_portal(cast: Cast, scene: Scene) -> None:
    asked = {"user_name": f"ny.{scene.home.id[-12:]}", "name": "Ny Kollega", "password": "ett-bra-losen"}
    asked["email"] = f"{asked['user_name']}@example.org"
    expect(scene.customer.post(scene.home.users, asked), 403)
    made = expect(scene.administrator.post(scene.home.users, asked), 201)
    assert (made["role"], made["own_permissions"]) == ("member", False)
    assert {"case.create", "case.read"} <= {*made["permissions"]}
    newcomer = cast.sign_in(asked["user_name"], asked["password"], asked["email"])
    case = scene.team.open_case(newcomer)
    assert case["created_by"]["id"] == newcomer.id
