"""Prices: work on a change begins only after the customer approved what it costs."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.journeys.crowd import at_once, patiently
from tests.world import World

pytestmark = pytest.mark.journey
PRICE = {"amount": "12500.00", "currency": "SEK", "text": "Två dagars arbete."}


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("E")


def offered(scene: Scene, **more: Any) -> tuple[str, str]:
    """A change with an offer: where the case lives, and where the offer does."""
    _, here = scene.open(type_key="rfc")
    quote = expect(scene.agent.post(f"{here}/quotes", PRICE | more), 201)
    return here, f"{here}/quotes/{quote['id']}"


def standing(scene: Scene, here: str) -> tuple[str, str]:
    case = expect(scene.agent.get(here), 200)
    return case["status"], case["gate"]


@pytest.mark.seed("E11")
def test_the_customer_is_presented_a_price_and_approves_it(scene: Scene) -> None:
    here, quote = offered(scene)
    assert standing(scene, here) == ("waiting_customer", "offered")
    [shown] = expect(scene.administrator.get(f"{here}/quotes"), 200)["data"]
    assert (shown["state"], shown["amount"], shown["currency"], shown["text"]) == ("offered", *PRICE.values())
    assert "quote.approve" in expect(scene.administrator.get(here), 200)["permissions"]
    assert "quote.approve" not in expect(scene.customer.get(here), 200)["permissions"]
    assert expect(scene.customer.post(f"{quote}/approve"), 403)["code"] == "not_permitted"
    assert expect(scene.agent.post(f"{quote}/approve"), 403)["rule"] == "customer_only"
    assert expect(scene.administrator.post(f"{quote}/approve"), 200)["state"] == "approved"
    assert standing(scene, here) == ("open", "open")
    charge = expect(scene.customer.get(f"{here}/charge"), 200)
    assert charge["amount"] == {"value": "12500.00", "currency": "SEK"}
    assert "approved by" in charge["explanation"]


@pytest.mark.seed("E12")
def test_no_work_on_a_change_before_its_price_is_approved(scene: Scene) -> None:
    case, here = scene.open(type_key="rfc")
    assert (case["status"], case["gate"]) == ("new", "wanted")
    agent = scene.agent
    expect(agent.post(f"{here}/triage", {"complexity": "simple", "level": 2}), 200)
    expect(agent.put(f"{here}/assignee", {"assignee_id": agent.id}), 200)
    expect(agent.post(f"{here}/comments", {"body": "Vi räknar på det."}), 201)
    assert standing(scene, here) == ("new", "wanted")
    for body in ({"body": "Klart."}, {"body": "Klart.", "close": True}):
        assert expect(agent.post(f"{here}/answer", body), 409)["code"] == "quote_required"
    assert "case.answer" not in expect(agent.get(here), 200)["permissions"]
    quote = expect(agent.post(f"{here}/quotes", PRICE), 201)
    expect(scene.customer.post(f"{here}/comments", {"body": "Varför så dyrt?"}), 201)
    assert standing(scene, here) == ("waiting_customer", "offered")
    assert expect(agent.post(f"{here}/answer", {"body": "Klart."}), 409)["code"] == "quote_required"
    expect(scene.administrator.post(f"{here}/quotes/{quote['id']}/approve"), 200)
    assert expect(agent.post(f"{here}/answer", {"body": "Klart."}), 200)["status"] == "answered"


def test_a_closed_case_without_a_price_comes_back_for_one(scene: Scene) -> None:
    _, here = scene.open(type_key="rfc")
    expect(scene.agent.post(f"{here}/close"), 200)
    expect(scene.customer.post(f"{here}/reopen"), 200)
    assert standing(scene, here) == ("new", "wanted")
    assert expect(scene.agent.post(f"{here}/answer", {"body": "Klart."}), 409)["code"] == "quote_required"


def test_a_declined_price_waits_for_a_better_one(scene: Scene) -> None:
    here, quote = offered(scene)
    expect(scene.administrator.post(f"{quote}/decline", {"reason": "För dyrt."}), 200)
    assert standing(scene, here) == ("on_hold", "wanted")
    assert expect(scene.agent.get(here), 200)["comments"][-1]["body"] == "För dyrt."
    refused = expect(scene.administrator.post(f"{quote}/approve"), 409)
    assert (refused["code"], refused["state"]) == ("quote_not_open", "declined")
    better = expect(scene.agent.post(f"{here}/quotes", PRICE | {"amount": "9000"}), 201)
    assert better["version"] == 2
    expect(scene.administrator.post(f"{here}/quotes/{better['id']}/approve"), 200)
    told = expect(scene.customer.get(f"{here}/quotes?limit=1"), 200)
    assert [line["amount"] for line in told["data"]] == ["9000"]
    [first] = expect(scene.customer.get(f"{here}/quotes?limit=1&cursor={told['next_cursor']}"), 200)["data"]
    assert (first["state"], first["version"]) == ("declined", 1)


def test_what_waits_for_a_better_price_lies_on_the_pile_again(cast: Cast) -> None:
    scene = Scene(cast.team("E"))
    here, quote = offered(scene)
    pile = f"{scene.path}/queues/all/cases"
    assert expect(scene.agent.get(pile), 200)["data"] == [], "it is the customer's turn"
    expect(scene.administrator.post(f"{quote}/decline"), 200)
    [line] = expect(scene.agent.get(pile), 200)["data"]
    assert (line["status"], line["gate"]) == ("on_hold", "wanted")
    taken = expect(scene.agent.post(f"{scene.path}/queues/all/take-next"), 200)["case"]
    assert (taken["id"], taken["assignee"]["id"]) == (line["id"], scene.agent.id)
    assert standing(scene, here) == ("on_hold", "wanted")


def test_an_approved_price_is_charged_only_while_the_type_needs_one(scene: Scene) -> None:
    here, quote = offered(scene)
    expect(scene.administrator.post(f"{quote}/approve"), 200)
    expect(scene.agent.post(f"{here}/reclassify", {"type": "bug", "reason": "Det är vårt fel."}), 200)
    charge = expect(scene.customer.get(f"{here}/charge"), 200)
    assert (charge["charge"], charge["amount"]) == ("free", None)
    assert charge["explanation"] == "Cases of this type are free of charge."
    expect(scene.agent.post(f"{here}/reclassify", {"type": "support", "reason": "Nej."}), 200)
    assert "rate of" in expect(scene.customer.get(f"{here}/charge"), 200)["explanation"]


def test_a_new_offer_takes_the_place_of_the_open_one(scene: Scene) -> None:
    here, first = offered(scene)
    second = expect(scene.agent.post(f"{here}/quotes", PRICE | {"amount": "1"}), 201)
    assert expect(scene.administrator.post(f"{first}/approve"), 409)["state"] == "withdrawn"
    expect(scene.agent.post(f"{here}/quotes/{second['id']}/withdraw"), 200)
    assert standing(scene, here) == ("on_hold", "wanted")
    assert expect(scene.administrator.post(f"{here}/quotes/{second['id']}/approve"), 409)["code"] == "quote_not_open"


def test_only_a_case_that_waits_for_a_price_is_offered_one(scene: Scene) -> None:
    _, here = scene.open(type_key="bug")
    expect(scene.agent.post(f"{here}/quotes", PRICE), 409)
    _, here = scene.open(type_key="rfc")
    for wrong, pointer in (
        ({"amount": "-1"}, "/amount"),
        ({"currency": "kr"}, "/currency"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, "/valid_until"),
    ):
        refused = expect(scene.agent.post(f"{here}/quotes", PRICE | wrong), 422)
        assert [error["pointer"] for error in refused["errors"]] == [pointer]
    expect(scene.customer.post(f"{here}/quotes", PRICE), 403)


def test_an_offer_runs_out_by_itself(world: World, scene: Scene) -> None:
    people = (scene.administrator, scene.customer, scene.agent)  # they are here before the offer runs
    assert len(people) == 3
    _, here = scene.open(type_key="rfc")
    soon = datetime.now(UTC) + timedelta(seconds=3)
    body = PRICE | {"valid_until": soon.isoformat().replace("+00:00", "Z")}
    quote = f"{here}/quotes/{expect(scene.agent.post(f'{here}/quotes', body), 201)['id']}"
    time.sleep(3.1)
    world.settle(lambda: standing(scene, here) == ("on_hold", "wanted"))
    assert expect(scene.administrator.post(f"{quote}/approve"), 409)["state"] == "expired"
    [shown] = expect(scene.customer.get(f"{here}/quotes"), 200)["data"]
    assert (shown["state"], shown["decided_by"]) == ("expired", None)


def test_of_fifty_who_approve_and_withdraw_at_once_one_wins(scene: Scene) -> None:
    here, quote = offered(scene)
    administrator, agent = scene.administrator, scene.agent

    def act(place: int) -> tuple[str, int]:
        who, verb = ((administrator, "approve"), (agent, "withdraw"))[place % 2]
        return verb, patiently(who, "POST", f"{quote}/{verb}").status

    told = at_once(act)
    assert sorted(status for _, status in told) == [200] + [409] * 49
    [winner] = [verb for verb, status in told if status == 200]
    ends = {"approve": ("open", "open"), "withdraw": ("on_hold", "wanted")}
    assert standing(scene, here) == ends[winner]


def test_the_contract_may_name_who_approves(world: World, scene: Scene) -> None:
    named, home = scene.abroad.person(), scene.abroad.path
    terms = {"products": [product["key"] for product in scene.team.profile["products"]], "quote_approvers": [named.id]}
    expect(scene.team.cast.operator.post(f"{home}/contracts", {"terms": terms}), 201)
    other = scene.abroad.person("administrator")

    def asked() -> str:
        _, here = scene.open(named, "rfc")
        return here if expect(scene.agent.get(here), 200)["contract_version"] else ""

    here = str(world.settle(asked))
    quote = expect(scene.agent.post(f"{here}/quotes", PRICE), 201)
    refused = expect(other.post(f"{here}/quotes/{quote['id']}/approve"), 403)
    assert refused["rule"] == "contract_names_others"
    assert "quote.approve" not in expect(other.get(here), 200)["permissions"]
    expect(named.post(f"{here}/quotes/{quote['id']}/approve"), 200)


@pytest.mark.seed("E10")
def test_a_support_case_costs_the_rate_of_the_agreement(world: World, scene: Scene) -> None:
    customer = scene.home
    rate = {"charge": "contract_rate", "amount": {"value": "950.00", "currency": "SEK"}}
    terms = {"products": [product["key"] for product in scene.team.profile["products"]], "charges": {"support": rate}}
    expect(scene.team.cast.operator.post(f"{customer.path}/contracts", {"terms": terms}), 201)
    here = str(world.settle(lambda: _priced(scene)))
    charge = expect(scene.customer.get(f"{here}/charge"), 200)
    assert (charge["charge"], charge["amount"]) == ("contract_rate", rate["amount"])
    assert "950.00 SEK" in charge["explanation"]
    assert expect(scene.stranger.get(f"{here}/charge"), 404)["code"] == "not_found"


def _priced(scene: Scene) -> str:
    case, here = scene.open(type_key="support")
    return here if case["fee"] else ""


@pytest.mark.seed("E18", "E19")
def test_support_corrects_type_and_priority_and_the_fee_follows(scene: Scene) -> None:
    case, here = scene.open(type_key="support", priority="A")
    asked = {"type": "bug", "priority": "C", "reason": "Det är vårt fel."}
    expect(scene.customer.post(f"{here}/reclassify", asked), 403)
    told = expect(scene.agent.post(f"{here}/reclassify", asked), 200)
    assert (told["type"], told["priority"], told["charge"], told["fee"]) == ("bug", "C", "free", None)
    assert expect(scene.customer.get(f"{here}/charge"), 200)["explanation"] == "Cases of this type are free of charge."
    [comment] = expect(scene.customer.get(here), 200)["comments"]
    rate = " ({value} {currency})".format(**case["fee"]) if case["fee"] else ""
    price = f"Pris: enligt avtalet{rate} → kostnadsfritt"
    assert comment["body"] == f"Support → Bugg\nA → C\n{price}\n\nDet är vårt fel."
    assert case["charge"] == "contract_rate"


@pytest.mark.seed("E12", "E18")
def test_a_case_at_work_that_turns_out_to_be_a_change_waits_for_its_price(scene: Scene) -> None:
    _, here = scene.open(type_key="bug")
    expect(scene.agent.post(f"{here}/triage", {"complexity": "complex", "level": 2}), 200)
    expect(scene.agent.post(f"{here}/answer", {"body": "Så fungerar det."}), 200)
    expect(scene.agent.post(f"{here}/reclassify", {"type": "rfc", "reason": "Det är en ändring."}), 200)
    assert standing(scene, here) == ("on_hold", "wanted")
    assert expect(scene.agent.post(f"{here}/answer", {"body": "Klart."}), 409)["code"] == "quote_required"
    expect(scene.agent.post(f"{here}/quotes", PRICE), 201)
    expect(scene.agent.post(f"{here}/reclassify", {"type": "bug", "reason": "Nej, en bugg."}), 200)
    assert standing(scene, here) == ("open", "open")
    [quote] = expect(scene.customer.get(f"{here}/quotes"), 200)["data"]
    assert quote["state"] == "withdrawn"


@pytest.mark.seed("C16")
def test_a_misused_high_priority_is_corrected_with_a_reason(cast: Cast) -> None:
    scene = cast.scene("C")
    first, *_, last = sorted(scene.team.profile["priorities"], key=lambda one: int(one["rank"]))
    assert first["meaning"]
    _, here = scene.open(priority=first["key"])
    agent: Person = scene.agent
    assert expect(agent.post(f"{here}/reclassify", {"priority": last["key"]}), 422)["errors"][0]["pointer"] == "/reason"
    asked = {"priority": last["key"], "reason": "It can wait."}
    assert expect(agent.post(f"{here}/reclassify", asked), 200)["priority"] == last["key"]
    assert "It can wait." in expect(scene.customer.get(here), 200)["comments"][-1]["body"]
    assert expect(agent.post(f"{here}/reclassify", asked), 422)["errors"][0]["rule"] == "changed"
    topic = scene.team.profile["topics"][-1]
    while topic.get("children"):
        topic = topic["children"][-1]
    expect(agent.post(f"{here}/reclassify", {"topic": topic["key"], "reason": "So."}), 200)
    [moved, _, reason] = expect(scene.customer.get(here), 200)["comments"][-1]["body"].splitlines()
    assert (" → " in moved, moved.endswith(topic["name"]), reason) == (True, True, "So.")
    refused = expect(agent.post(f"{here}/reclassify", {"priority": "nil", "type": "nil", "reason": "x"}), 422)
    assert {error["pointer"] for error in refused["errors"]} == {"/priority", "/type"}
