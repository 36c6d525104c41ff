"""The plans of lists and searches, as PostgreSQL makes them for a team with 20,000 cases: walks along an index to the
page. What would sort or read the whole team shows here, long before anybody has a million cases."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.load.bulk import Bulk, Team, vocabulary
from tests.parts import Parts
from tests.world import MemoryWorld, memory_world

pytestmark = [pytest.mark.journey, pytest.mark.slow]
CASES = 20_000
MOST_STATEMENTS = 3
BIG = {"cases", "comments", "documents", "words"}


@dataclass
class Big:
    """A team with many cases, and who asks."""

    scene: Scene
    world: MemoryWorld

    @property
    def engine(self) -> Any:
        return self.world.client.works["cases"].engine

    def asked(self, who: Person, path: str) -> list[str]:
        """The SELECTs of one request, with their values."""
        heard: list[str] = []

        def hear(*told: Any) -> None:
            _, cursor, statement, values, *_ = told
            heard.append(cursor.mogrify(statement, values).decode())

        event.listen(self.engine, "before_cursor_execute", hear)
        try:
            expect(who.get(f"{self.scene.path}/{path}"), 200)
        finally:
            event.remove(self.engine, "before_cursor_execute", hear)
        return [text for text in heard if text.lstrip().startswith(("SELECT", "WITH"))]

    def plan(self, statement: str) -> dict[str, Any]:
        with self.engine.connect() as db:
            told = db.exec_driver_sql("EXPLAIN (ANALYZE, FORMAT JSON) " + statement.replace("%", "%%")).scalar()
        plan: dict[str, Any] = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
        return plan


@pytest.fixture(scope="module")
def big(parts: Parts) -> Iterator[Big]:
    own = Parts(parts.stack, secrets.token_hex(4))  # databases of its own: those of the journeys may be in use
    try:
        with memory_world(own) as world:
            yield _grown(world)
    finally:
        own.close()


def _grown(world: MemoryWorld) -> Big:
    scene = Scene(Cast(world).team("B"))
    case, _ = scene.open()
    customer = scene.customer
    team = Team(scene.team.id, scene.home.id, customer.id, scene.agent.id, case["type"], case["priority"], None)
    Bulk(world.client.works["cases"], team, words=(5, 15)).load(CASES)
    return Big(scene, world)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def check(big: Big, who: Person, path: str, most_rows: int) -> None:
    """No table is read as a whole, no node touches or sorts more rows than allowed."""
    statements = big.asked(who, path)
    assert 0 < len(statements) <= MOST_STATEMENTS
    for statement in statements:
        for node in nodes(big.plan(statement)):
            ran = node["Actual Loops"] > 0
            assert not (ran and node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG), (path, node)
            touched = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            assert touched <= most_rows, (path, node)
            if node["Node Type"] in ("Sort", "Incremental Sort") and ran:
                below = max(child["Actual Rows"] for child in node["Plans"])
                assert below <= most_rows, (path, node)  # a pile as small as that may be sorted


STAFF = [
    "",
    "view=open",
    "view=closed",
    "status=new,open",
    "status=cancelled",
    "view=assigned",
    "assignee=me&sort=priority&view=open",
    "organization_id={home}",
    "organization_id={home}&sort=-created_at",
    "organization_id={home}&sort=number",
    "organization_id={home}&sort=priority&view=open",
    "sort=priority&view=open",
    "sort=updated_at",
    "sort=created_at",
    "sort=-number",
    "include=last_comment",
]
CUSTOMER = [
    "",
    "view=mine",
    "view=owned",
    "view=open",
    "view=closed",
    "view=followed",
    "sort=-created_at",
    "sort=number",
]


@pytest.mark.parametrize("asked", STAFF)
def test_a_list_of_the_staff_walks_an_index_to_its_page(big: Big, asked: str) -> None:
    check(big, big.scene.agent, f"cases?{asked.format(home=big.scene.home.id)}", 600)


@pytest.mark.parametrize("asked", CUSTOMER)
def test_a_list_of_a_customer_walks_an_index_to_its_page(big: Big, asked: str) -> None:
    check(big, big.scene.customer, f"cases?{asked}", 600)


@pytest.mark.parametrize("place", [(3, 10), (200, 500), (5_000, 12_000)])
def test_a_search_for_two_words_stops_at_the_page_or_looks_them_up(big: Big, place: tuple[int, int]) -> None:
    known = vocabulary()
    asked = "+".join(known[one] for one in place)
    for who in (big.scene.agent, big.scene.customer):
        check(big, who, f"cases?q={asked}", 2_000)


def test_a_slip_of_the_pen_is_looked_up_too(big: Big) -> None:
    word = vocabulary()[9_000]
    check(big, big.scene.agent, f"cases?q={word}xq", 2_000)
