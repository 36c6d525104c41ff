"""Contracts: what an organization holds, what it pays, what a priority means to it, and who acts for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.accounts.service import Service as Accounts
from tests.journeys.cast import Cast, Organization, Person, Scene, Team, expect
from tests.journeys.record import Record
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey


def agree(organization: Organization, effective_from: datetime | None = None, **terms: Any) -> dict[str, Any]:
    """Make the organization's contract, or its next version; the contract's view. Settled for cases that follow."""
    team = organization.team
    path = f"{team.path}/organizations/{organization.id}/contracts"
    body: dict[str, Any] = {"terms": terms}
    if effective_from is not None:
        body["effective_from"] = effective_from.isoformat()
    operator = team.cast.operator
    there = expect(operator.get(path), 200)["data"]
    made = expect(operator.post(f"{path}/{there[0]['id']}/versions" if there else path, body), 201)
    if effective_from is None:
        world = team.cast.world
        probe = f"{team.path}/priorities?organization_id={organization.id}"
        meant = {key: said["meaning"] for key, said in terms.get("priorities", {}).items()}
        world.settle(
            lambda: (
                meant.items()
                <= {one["key"]: one["meaning"] for one in expect(team.agent.get(probe), 200)["data"]}.items()
            )
        )
    return dict(made)


def refused(organization: Organization, **terms: Any) -> list[tuple[str, str]]:
    """Pointer and rule of everything that is wrong with a contract."""
    team = organization.team
    path = f"{team.path}/organizations/{organization.id}/contracts"
    told = expect(team.cast.operator.post(path, {"terms": terms}), 422)
    return [(error["pointer"], error["rule"]) for error in told["errors"]]


@pytest.fixture
def team(cast: Cast) -> Team:
    return cast.scene("E").team


@pytest.mark.seed("E15")
def test_what_a_level_means_stands_in_the_customers_contract(world: World, team: Team) -> None:
    bound, free = team.organization(), team.organization()
    ours, theirs = bound.person(), free.person()
    agree(
        bound,
        priorities={
            "A": {
                "meaning": "No till takes payments.",
                "targets": {"first_response_seconds": 900},
                "calendar": "kontorstid",
            }
        },
    )

    def meanings(who: Person, asked: str = "") -> dict[str, Any]:
        return {one["key"]: one for one in expect(who.get(f"{team.path}/priorities{asked}"), 200)["data"]}

    profile = {one["key"]: one["meaning"] for one in team.profile["priorities"]}
    assert {key: one["meaning"] for key, one in meanings(theirs).items()} == profile
    mine = meanings(ours)
    assert {key: one["meaning"] for key, one in mine.items()} == profile | {"A": "No till takes payments."}
    assert mine["A"]["targets"]["first_response_seconds"] == 900
    assert [key for key, one in mine.items() if one["default"]] == ["C"]
    assert meanings(team.agent, f"?organization_id={bound.id}") == mine
    expect(theirs.get(f"{team.path}/priorities?organization_id={bound.id}"), 404)
    form = expect(ours.get(f"{team.path}/types/support/form"), 200)["form"]
    offered = {one["const"]: one["title"] for one in form["properties"]["priority"]["oneOf"]}
    assert offered["A"] == "No till takes payments."


@pytest.mark.seed("E10")
def test_a_case_carries_the_fee_of_the_agreement_it_was_opened_under(world: World, team: Team) -> None:
    company = team.organization()
    me = company.person()
    before = team.open_case(me)
    assert (before["charge"], before["fee"], before["contract_version"]) == ("contract_rate", None, None)
    price = {"value": "950.00", "currency": "SEK"}
    agree(company, charges={"support": {"charge": "contract_rate", "amount": price}}, priorities=_mark("first"))
    case = team.open_case(me)
    assert (case["charge"], case["fee"], case["contract_version"]) == ("contract_rate", price, 1)
    agree(company, charges={"support": {"charge": "free"}}, priorities=_mark("second"))
    later = team.open_case(me)
    assert (later["charge"], later["fee"], later["contract_version"]) == ("free", None, 2)
    same = expect(me.get(f"{team.path}/cases/{case['id']}"), 200)
    assert (same["charge"], same["fee"], same["contract_version"]) == ("contract_rate", price, 1)
    kinds = {kind["key"]: kind for kind in expect(me.get(f"{team.path}/types"), 200)["data"]}
    assert (kinds["support"]["charge"], kinds["bug"]["charge"]) == ("free", "free")
    assert kinds["rfc"]["charge"] == "quote_required"


def _mark(word: str) -> dict[str, Any]:
    return {"B": {"meaning": word}}


@pytest.mark.seed("A01", "D05")
@pytest.mark.parametrize("seed", ["A", "D"])
def test_a_case_is_opened_only_for_a_product_that_is_held(cast: Cast, world: World, seed: str) -> None:
    team = cast.scene(seed).team
    keys = [product["key"] for product in team.profile["products"]]
    company, other = team.organization(products=keys[:1]), team.organization(products=keys[1:2])
    me, form = company.person(), team.profile["types"][0]["key"]

    def offered() -> list[str]:
        told = expect(me.get(f"{team.path}/types/{form}/form?organization_id={company.id}"), 200)["form"]
        return [one["const"] for one in told["properties"]["product"]["oneOf"]]

    def listed() -> list[list[str]]:
        held = expect(me.get("/v1/me/products"), 200)["data"]
        return [[product["key"] for product in one["products"]] for one in held]

    assert (offered(), listed()) == (keys[:1], [keys[:1]])
    assert team.open_case(me, product=keys[0])["product"] == keys[0]
    told = expect(me.post(f"{team.path}/cases", team.form(product=keys[1])), 422)
    assert (told["code"], told["errors"][0]["pointer"]) == ("product_not_held", "/product")
    assert f"contact {team.profile['name']}" in told["detail"]
    agree(company, products=keys[1:2])
    world.settle(lambda: offered() == keys[1:2])
    assert listed() == [keys[1:2]]
    assert team.open_case(me, product=keys[1])["contract_version"] == 1
    assert expect(me.post(f"{team.path}/cases", team.form(product=keys[0])), 422)["code"] == "product_not_held"
    other.join(me)
    both = expect(me.get(f"/v1/me/products?organization_id={other.id}"), 200)["data"]
    assert [one["organization_id"] for one in both] == [other.id]
    expect(other.person().get(f"/v1/me/products?organization_id={company.id}"), 404)


@pytest.mark.seed("A31")
def test_a_function_outside_the_solution_says_so_and_whom_to_ask(cast: Cast, world: World) -> None:
    bare = cast.team("A", features=["cases", "files"])
    home = bare.organization()
    me, friend = home.person(), home.person()
    case = bare.open_case(me)
    added = expect(me.post(f"{bare.path}/cases/{case['id']}/followers", {"user_id": friend.id}), 403)
    opened = expect(me.post(f"{bare.path}/cases", bare.form(follower_ids=[friend.id])), 403)
    for told in (added, opened):
        assert (told["code"], told["feature"]) == ("not_included", "followers")
        assert told["detail"] == f"Followers are not included in your solution; contact {bare.profile['name']}."
    assert "follower.add" not in case["permissions"]
    # The team has followers, and one contract leaves them out.
    team = cast.scene("A").team
    small, full = team.organization(), team.organization()
    agree(small, products=[team.profile["products"][0]["key"]], features=["cases"], priorities=_any(team))
    for company, status in ((small, 403), (full, 200)):
        me, friend = company.person(), company.person()
        case = team.open_case(me)
        answer = me.post(f"{team.path}/cases/{case['id']}/followers", {"user_id": friend.id})
        assert answer.status in (status, 201)
        if status == 403:
            assert answer.json()["code"] == "not_included"
        held = expect(me.get(f"{team.path}/organizations/{company.id}/entitlements"), 200)
        assert ("followers" in held["features"]) == (status != 403)
        assert held["contact"] == team.profile["name"]


@pytest.mark.seed("A31")
def test_files_outside_the_solution_say_so_and_whom_to_ask(cast: Cast, world: World) -> None:
    bare = cast.team("A", features=["cases"])
    team = cast.scene("A").team
    small, full = team.organization(), team.organization()
    agree(small, products=[team.profile["products"][0]["key"]], features=["cases"], priorities=_any(team))
    for company, included in ((bare.organization(), False), (small, False), (full, True)):
        me, here = company.person(), company.team
        for who in (me, here.agent):
            case = f"{here.path}/cases/{here.open_case(me)['id']}"
            eventually_200(world, who, f"{case}/tree")
            answers = [
                who.upload(f"{case}/files", "a.txt", b"bytes"),
                who.post(f"{case}/folders", {"name": "Pictures"}),
                who.post(f"{here.path}/uploads", upload(case)),
            ]
            assert [answer.status for answer in answers] == ([201] * 3 if included else [403] * 3)
            for answer in answers if not included else ():
                told = answer.json()
                assert (told["code"], told["feature"]) == ("not_included", "files")
                assert told["detail"] == f"Files are not included in your solution; contact {here.profile['name']}."


@pytest.mark.seed("A31")
def test_a_callback_outside_the_solution_says_so_and_whom_to_ask(cast: Cast) -> None:
    team = cast.scene("B").team
    small, full = team.organization(), team.organization()
    agree(small, products=[team.profile["products"][0]["key"]], features=["cases"], priorities=_any(team))
    begins = datetime.now(UTC) + timedelta(hours=2)
    window = {
        "phone": "+46 8 123",
        "from_at": begins.isoformat(),
        "until_at": (begins + timedelta(hours=1)).isoformat(),
    }
    form = {"callback_at": begins.isoformat(), "phone": "+46 8 123"}
    for company, included in ((small, False), (full, True)):
        me = company.person()
        case = expect(me.post(f"{team.path}/cases", team.form(fields=form)), 201)
        here = f"{team.path}/cases/{case['id']}"
        assert len(expect(me.get(f"{here}/callbacks"), 200)["data"]) == included
        for who in (me, team.agent):
            told = expect(who.post(f"{here}/callbacks", window), 201 if included else 403)
            if not included:
                assert (told["code"], told["feature"]) == ("not_included", "callbacks")
        if not included:
            moved = {"callback_at": (begins + timedelta(days=1)).isoformat()}
            expect(team.agent.patch(here, moved), 200)
            assert expect(me.get(f"{here}/callbacks"), 200)["data"] == []


def eventually_200(world: World, who: Person, path: str) -> None:
    world.settle(lambda: who.get(path).status == 200)


def upload(case: str) -> dict[str, Any]:
    return {"case_id": case.rpartition("/")[2], "name": "b.txt", "size": 5, "content_type": "text/plain"}


def _any(team: Team) -> dict[str, Any]:
    return {team.profile["priorities"][0]["key"]: {"meaning": "agreed"}}


def test_a_contract_that_does_not_fit_the_team_is_refused_field_by_field(team: Team) -> None:
    company = team.organization()
    stranger = team.organization().person()
    faults = refused(
        company,
        products=["storefront", "rocket", "storefront"],
        features=["news"],
        priorities={"D": {"meaning": "x"}, "A": {"meaning": "x", "calendar": "never"}},
        charges={
            "wish": {"charge": "free"},
            "bug": {"charge": "free", "amount": {"value": "1", "currency": "SEK"}},
        },
        quote_approvers=[stranger.id],
        partners=[company.id],
    )
    assert sorted(faults) == sorted(
        [
            ("/terms/products/1", "choice"),
            ("/terms/products/2", "unique"),
            ("/terms/features/0", "choice"),
            ("/terms/quote_approvers/0", "choice"),
            ("/terms/partners/0", "choice"),
            ("/terms/priorities/D", "choice"),
            ("/terms/priorities/A/calendar", "choice"),
            ("/terms/charges/wish", "choice"),
            ("/terms/charges/bug/amount", "unknown"),
        ]
    )
    for amount in ({"value": "1e3", "currency": "SEK"}, {"value": "1,5", "currency": "SEK"}):
        wrong = {"charge": "contract_rate", "amount": amount}
        assert refused(company, charges={"support": wrong}) == [("/terms/charges/support/amount/value", "pattern")]
    money = {"value": "1", "currency": "kr"}
    faults = refused(company, charges={"support": {"charge": "contract_rate", "amount": money}})
    assert faults[0][0] == "/terms/charges/support/amount/currency"
    assert refused(company, charges={"support": None}) == [("/terms/charges/support", "not_null")]
    assert refused(
        company, charges={"support": {"charge": "contract_rate", "amount": {"value": 1.5, "currency": "SEK"}}}
    )


def test_versions_are_kept_and_only_the_staffs_leaders_make_them(team: Team) -> None:
    company = team.organization()
    me, path = company.person("administrator"), f"{team.path}/organizations/{company.id}/contracts"
    for who in (me, team.agent):
        assert expect(who.post(path, {"terms": {}}), 403)["code"] == "not_permitted"
    first = agree(company, products=["storefront"])
    lead = team.add_agent("lead")
    assert expect(lead.post(path, {"terms": {}}), 409)["code"] == "contract_exists"
    here = f"{path}/{first['id']}"
    stale = lead.post(f"{here}/versions", {"terms": {}}, headers={"If-Match": '"v7"'})
    assert stale.status == 412
    able = [expect(who.get(here), 200)["permissions"] for who in (me, team.agent, lead)]
    assert able == [[], [], ["contract.manage"]]
    second = expect(lead.post(f"{here}/versions", {"terms": {"products": []}}, headers={"If-Match": '"v1"'}), 201)
    assert (second["version"], second["in_force"]["version"]) == (2, 2)
    for who in (me, team.agent, lead):
        history = expect(who.get(f"{here}/versions?limit=1"), 200)
        assert [one["terms"]["products"] for one in history["data"]] == [["storefront"]]
        rest = expect(who.get(f"{here}/versions?limit=1&cursor={history['next_cursor']}"), 200)
        assert [one["version"] for one in rest["data"]] == [2]
        assert [one["id"] for one in expect(who.get(path), 200)["data"]] == [first["id"]]


def test_a_version_begins_to_hold_on_its_day_and_is_told_once(memory: MemoryWorld, cast: Cast) -> None:
    team = cast.team("E")
    company = team.organization(products=["orders"])
    me = company.person()
    agree(company, products=["storefront"], charges={"support": {"charge": "free"}})
    soon, later = datetime.now(UTC) + timedelta(days=3), datetime.now(UTC) + timedelta(days=9)
    made = agree(company, later, products=["integrations"])
    assert (made["version"], made["in_force"]["version"]) == (2, 1)
    agree(company, soon, products=["storefront", "orders"])

    def products() -> list[str]:
        return list(expect(cast.operator.get(f"{team.path}/organizations/{company.id}"), 200)["products"])

    def tick(moment: datetime) -> int:
        with memory.at(moment):
            memory.settle()
            with memory.client.works["accounts"].writing() as uow:
                Accounts.bring_into_force.do(uow)
                return len(uow.events)

    assert (tick(soon - timedelta(seconds=1)), products()) == (0, ["storefront"])
    with memory.at(soon):  # cases need not wait for the timer
        assert team.open_case(me)["contract_version"] == 3
    assert (tick(soon), products()) == (1, ["storefront", "orders"])
    assert tick(soon + timedelta(seconds=30)) == 0
    # Version 2 was overtaken before its day: it never holds.
    assert (tick(later + timedelta(days=1)), products()) == (0, ["storefront", "orders"])
    with memory.at(later + timedelta(days=1)):
        assert team.open_case(me)["contract_version"] == 3


@pytest.mark.seed("C01")
def test_customers_partners_and_employees_all_submit_cases(world: World, cast: Cast) -> None:
    team = cast.scene("C").team
    for kind in ("customer", "partner", "employees"):
        company = team.organization(kind=kind)
        person = company.person()
        case = team.open_case(person)
        assert (case["organization_id"], case["created_by"]["id"]) == (company.id, person.id)
        found = expect(cast.operator.get(f"{team.path}/organizations/{company.id}"), 200)
        assert found["kind"] == kind


def test_a_partner_acts_for_a_customer_whose_contract_says_so(world: World, scene_c: Scene) -> None:
    team = scene_c.team
    customer, partner = team.organization(), team.organization(kind="partner")
    owner, helper = customer.person("administrator"), partner.person()
    keys = [product["key"] for product in team.profile["products"]]
    case = team.open_case(owner)
    here = f"{team.path}/cases/{case['id']}"
    expect(helper.get(here), 404)
    agree(customer, products=keys, partners=[partner.id])
    world.settle(lambda: helper.get(here).status == 200)
    made = expect(helper.post(f"{team.path}/cases", team.form(organization_id=customer.id)), 201)
    assert (made["organization_id"], made["created_by"]["id"]) == (customer.id, helper.id)
    expect(helper.get(f"{team.path}/organizations/{customer.id}/entitlements"), 200)
    assert expect(helper.get(f"{team.path}/organizations/{customer.id}/contracts"), 403)["code"] == "not_permitted"
    newcomer = partner.person()
    world.settle(lambda: newcomer.get(here).status == 200)
    place = expect(owner.get(f"{customer.users}?q={newcomer.user_name}"), 200)["data"][0]
    assert place["role"] == "partner"
    told = expect(owner.patch(f"{team.path}/memberships/{place['id']}", {"role": "administrator"}), 409)
    assert told["code"] == "derived_membership"
    # Who leaves the partner leaves its customers; when the contract ends it, all do.
    at_home = expect(team.cast.operator.get(f"{partner.users}?q={newcomer.user_name}"), 200)["data"][0]
    expect(team.cast.operator.patch(f"{team.path}/memberships/{at_home['id']}", {"active": False}), 200)
    world.settle(lambda: newcomer.get(here).status == 404)
    expect(helper.get(here), 200)
    agree(customer, products=keys)
    world.settle(lambda: helper.get(here).status == 404)
    assert expect(helper.get(f"{team.path}/cases"), 200)["data"] == []


def test_nobody_acts_for_a_customer_that_is_no_longer_served(world: World, scene_c: Scene) -> None:
    team, operator = scene_c.team, scene_c.team.cast.operator
    customer, partner = team.organization(), team.organization(kind="partner")
    owner, helper = customer.person(), partner.person()
    here = f"{team.path}/cases/{team.open_case(owner)['id']}"
    kind, keys = team.profile["types"][0]["key"], [product["key"] for product in team.profile["products"]]
    price = {"charge": "contract_rate", "amount": {"value": "950.00", "currency": "SEK"}}
    terms: dict[str, Any] = {"products": keys, "partners": [partner.id], "charges": {kind: price}}
    agree(customer, **terms)
    world.settle(lambda: helper.get(here).status == 200)
    held = f"{customer.path}/entitlements"
    amounts = [expect(who.get(held), 200)["charges"][0]["amount"] for who in (owner, team.agent, helper)]
    assert amounts == [price["amount"], price["amount"], None]  # the contract's money is the customer's own
    [place] = expect(operator.get(f"{customer.users}?q={owner.user_name}"), 200)["data"]
    expect(operator.http("DELETE", customer.path), 204)
    back = operator.patch(f"{customer.users}/{owner.id}", {"active": True})
    assert expect(back, 409)["code"] == "organization_inactive"
    world.settle(lambda: helper.get(here).status == 404)
    expect(helper.patch("/v1/me", {"name": "Another Name"}), 200)
    newcomer = partner.person()
    agree(customer, **terms)
    world.settle(None)
    assert (helper.get(here).status, newcomer.get(here).status) == (404, 404)
    expect(operator.patch(customer.path, {"active": True}), 200)
    world.settle(lambda: (helper.get(here).status, newcomer.get(here).status) == (200, 200))
    expect(owner.get(here), 404)  # its own people come back one by one
    record = Record(world, team.id, operator)
    assert record.find("membership.changed", object=place["id"])[0]["detail"]["active"] is False

    def given() -> list[str]:
        told = [entry["detail"] for entry in record.find("membership.derived")]
        return [one["user_id"] for one in told if one["organization_id"] == customer.id and one["active"]]

    world.settle(lambda: sorted(given()) == sorted([helper.id, helper.id, newcomer.id]))


def test_products_are_the_teams_and_under_a_contract_the_contracts(team: Team) -> None:
    company, operator = team.organization(products=["storefront"]), team.cast.operator
    for told in (
        operator.patch(company.path, {"products": ["storefront", "rocket"]}),
        operator.post(f"{team.path}/organizations", {"name": "Typo", "products": ["storefront", "rocket"]}),
    ):
        assert [error["pointer"] for error in expect(told, 422)["errors"]] == ["/products/1"]
    expect(operator.patch(company.path, {"products": ["orders"]}), 200)
    agree(company, products=["storefront"])
    assert expect(operator.patch(company.path, {"products": ["orders"]}), 409)["code"] == "contract_decides"
    same = expect(operator.patch(company.path, {"products": ["storefront"], "name": "Renamed"}), 200)
    assert (same["products"], same["name"]) == (["storefront"], "Renamed")


def test_organizations_are_found_by_a_part_of_their_name_and_by_kind(scene_c: Scene) -> None:
    team = scene_c.team
    made = team.organization(kind="partner")
    part = made.name.partition(" ")[2].upper()

    def found(asked: str) -> list[str]:
        return [one["id"] for one in expect(team.agent.get(f"{team.path}/organizations?{asked}"), 200)["data"]]

    assert (found(f"q={part}"), found(f"q={part}&kind=partner"), found(f"q={part}&kind=customer")) == (
        [made.id],
        [made.id],
        [],
    )
    assert found("q=100%25") == []


@pytest.fixture
def scene_c(cast: Cast) -> Scene:
    return cast.scene("C")


def test_the_catalogue_tells_types_topics_and_forms(scene_c: Scene) -> None:
    team, me = scene_c.team, scene_c.customer
    profile = team.profile
    assert [one["key"] for one in expect(me.get(f"{team.path}/types"), 200)["data"]] == [
        kind["key"] for kind in profile["types"]
    ]
    top = expect(me.get(f"{team.path}/topics"), 200)["data"]
    assert [one["key"] for one in top] == [topic["key"] for topic in profile["topics"]]
    parent = next(topic for topic in profile["topics"] if topic.get("children"))
    below = expect(me.get(f"{team.path}/topics?parent={parent['key']}"), 200)["data"]
    assert [one["path"] for one in below] == [f"{parent['key']}.{child['key']}" for child in parent["children"]]
    expect(me.get(f"{team.path}/topics?parent=no.such"), 404)
    expect(me.get(f"{team.path}/types/nothing/form"), 404)
    form = expect(me.get(f"{team.path}/types/{profile['types'][0]['key']}/form"), 200)["form"]
    body = team.form()
    assert body.keys() <= form["properties"].keys()
    assert set(form["required"]) <= body.keys()
    assert [one["key"] for one in expect(me.get(f"{team.path}/products"), 200)["data"]] == [
        product["key"] for product in profile["products"]
    ]
    expect(scene_c.team.cast.scene("E").customer.get(f"{team.path}/products"), 404)
