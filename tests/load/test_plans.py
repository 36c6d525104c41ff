"""The plans of lists, the pile and searches, as PostgreSQL makes them for a team with 10,000 cases: walks along an
index to the page. What would sort or read the whole team shows here, long before anybody has a million cases."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from services.cases.commands.facts import settle_names
from services.cases.commands.finding import index_cases
from services.cases.queries.search import FRESHEST
from tests.journeys.cast import Cast, Person, Scene, expect
from tests.load.bulk import Bulk, Team
from tests.load.vocabulary import ROOTS, vocabulary
from tests.parts import Parts
from tests.world import MemoryWorld, memory_world

pytestmark = [pytest.mark.journey, pytest.mark.slow]
CASES = 10_000
MOST_STATEMENTS = 3
BIG = {"cases", "comments", "documents", "words"}
PAGE = 26  # what is asked for: the page and one more
SPARE = 50  # rows that a walk may pass over on its way: cancelled ones, open ones in the list of the closed


@dataclass
class Big:
    """A team with many cases, and who asks."""

    scene: Scene
    world: MemoryWorld

    @property
    def engine(self) -> Any:
        return self.world.client.works["cases"].engine

    @contextmanager
    def heard(self) -> Iterator[list[str]]:
        """The statements run inside, with their values."""
        heard: list[str] = []

        def hear(*told: Any) -> None:
            _, cursor, statement, values, *_ = told
            heard.append(cursor.mogrify(statement, values).decode())

        event.listen(self.engine, "before_cursor_execute", hear)
        try:
            yield heard
        finally:
            event.remove(self.engine, "before_cursor_execute", hear)

    def asked(self, who: Person, path: str) -> list[str]:
        """The SELECTs of one request, with their values."""
        with self.heard() as heard:
            expect(who.get(f"{self.scene.path}/{path}"), 200)
        return [text for text in heard if text.lstrip().startswith(("SELECT", "WITH"))]

    def ran(self, who: Person, path: str) -> list[dict[str, Any]]:
        """The nodes of the plans of one request that were executed."""
        statements = self.asked(who, path)
        assert 0 < len(statements) <= MOST_STATEMENTS
        return [node for text in statements for node in nodes(self.plan(text)) if node["Actual Loops"] > 0]

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
    Bulk(world.client.works["cases"], team, texts=200).load(CASES)
    return Big(scene, world)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def met(node: dict[str, Any]) -> int:
    """The rows that a node gave and those it passed over, all its rounds together."""
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return int(rows * node["Actual Loops"])


def check(big: Big, who: Person, path: str, walks: int = 1) -> None:
    """Big tables are read by index scans in the order of the page; nothing meets more than a page (and ``SPARE``) for
    each walk, and nothing sorts more than their pages."""
    for node in big.ran(who, path):
        if node.get("Relation Name") in BIG:
            assert node["Node Type"] in ("Index Scan", "Index Only Scan"), (path, node)
        assert met(node) <= walks * (PAGE + SPARE), (path, node)
        if "Sort Key" in node:
            assert sum(met(below) for below in node["Plans"]) <= walks * PAGE, (path, node)


STAFF = {
    "": 1,
    "view=open": 1,
    "view=closed": 1,
    "status=new,open": 2,
    "status=cancelled": 1,
    "view=assigned": 1,
    "assignee=me&sort=priority&view=open": 1,
    "sort=due&view=open": 1,
    "view=assigned&sort=due": 1,
    "view=assigned&unread=true": 1,
    "tag=tag-7&sort=-created_at": 1,
    "include=clocks,permissions&view=open": 1,
    "organization_id={home}": 1,
    "organization_id={home}&sort=-created_at": 1,
    "organization_id={home}&sort=number": 1,
    "organization_id={home}&sort=priority&view=open": 1,
    "sort=priority&view=open": 1,
    "sort=updated_at": 1,
    "sort=created_at": 1,
    "sort=-number": 1,
    "include=last_comment": 1,
}
CUSTOMER = {
    "": 1,
    "view=company": 1,
    "view=mine": 2,
    "view=owned": 1,
    "view=open": 1,
    "view=closed": 1,
    "view=followed": 1,
    "view=mine&unread=true": 2,
    "include=permissions": 1,
    "sort=-created_at": 1,
    "sort=number": 1,
}
DESK = ["queues/all/next", "queues/all/cases", "follow-ups", "follow-ups?mine=true", "views/open/cases", "callbacks"]


@pytest.mark.parametrize("asked", STAFF)
def test_a_list_of_the_staff_walks_an_index_to_its_page(big: Big, asked: str) -> None:
    check(big, big.scene.agent, f"cases?{asked.format(home=big.scene.home.id)}", STAFF[asked])


@pytest.mark.parametrize("asked", CUSTOMER)
def test_a_list_of_a_customer_walks_an_index_to_its_page(big: Big, asked: str) -> None:
    check(big, big.scene.customer, f"cases?{asked}", CUSTOMER[asked])


@pytest.mark.parametrize("asked", DESK)
def test_the_pile_and_the_desk_walk_an_index(big: Big, asked: str) -> None:
    check(big, big.scene.agent, asked)


def test_what_somebody_takes_is_found_by_a_walk_along_each_of_his_queues(big: Big) -> None:
    agents = [{"user_id": big.scene.agent.id, "level": 2, "products": [], "types": []}]
    put = "INSERT INTO queues (queue_id, team_id, name, topics, agents, removed, fact_version)"
    put += " VALUES (%(id)s, %(team)s, 'One', '{}', %(agents)s, %(removed)s, 1)"
    put += " ON CONFLICT (queue_id) DO UPDATE SET removed = excluded.removed"
    his = [{"id": f"queue_{place:026}", "team": big.scene.team.id, "agents": json.dumps(agents)} for place in range(2)]
    with big.engine.begin() as db:
        db.exec_driver_sql(put, [one | {"removed": False} for one in his])
    try:
        for asked in ("queues/all/next", f"queues/{his[0]['id']}/next"):
            check(big, big.scene.agent, asked, 3)
    finally:
        with big.engine.begin() as db:
            db.exec_driver_sql(put, [one | {"removed": True} for one in his])


# Two common words, a common one and a rare one, two rare ones: places in the vocabulary.
@pytest.mark.parametrize("places", [(35, 40), (35, 900), (1_500, 3_000)])
def test_a_search_for_two_words_walks_the_freshest_or_looks_them_up(big: Big, places: tuple[int, int]) -> None:
    asked = "+".join(vocabulary("en")[place] for place in places)
    for who in (big.scene.agent, big.scene.customer):
        for node in big.ran(who, f"cases?q={asked}"):
            assert node["Node Type"] != "Seq Scan" or node["Relation Name"] not in BIG, node
            assert met(node) <= 2 * FRESHEST, node  # it walks on as far as it must


# What is common, common together, rare, rare with the beginning of many words, and the beginning of many alone.
@pytest.mark.parametrize("places", [(35,), (35, 40), (1_500, 40), (900, 35), (1_500, 900)])
@pytest.mark.parametrize("dominant", [True, False])
def test_whichever_way_is_taken_the_newest_are_found(big: Big, places: tuple[int, ...], dominant: bool) -> None:
    *others, last = (vocabulary("en")[place] for place in places)
    forms = [f"to_tsquery('english', '{word}') || to_tsquery('simple', '{word}')" for word in others]
    forms.append(f"to_tsquery('english', '{last}') || to_tsquery('simple', '{last[:4]}:*')")
    wanted = " && ".join(f"({one})" for one in forms)
    ordered = "SELECT case_id FROM documents WHERE team_id = %(team)s AND ts_match_vq(whole, {}) "
    ordered += "ORDER BY updated_at DESC, case_id DESC LIMIT 100"
    numbers = "UPDATE teams SET last_number = %(number)s WHERE team_id = %(team)s RETURNING last_number"
    with big.engine.begin() as db:
        db.exec_driver_sql(numbers, {"number": 10 * CASES if dominant else 0, "team": big.scene.team.id})
        found = db.exec_driver_sql(ordered.format(wanted), {"team": big.scene.team.id}).scalars().all()
    asked = "+".join([*others, last[:4]])
    page = expect(big.scene.agent.get(f"{big.scene.path}/cases?q={asked}&limit=100"), 200)
    assert [one["id"] for one in page["data"]] == found
    assert found


def test_a_slip_of_the_pen_is_looked_up_too(big: Big) -> None:
    word = vocabulary("en")[ROOTS]
    for node in big.ran(big.scene.agent, f"cases?q={word}xq"):
        assert node["Node Type"] != "Seq Scan" or node["Relation Name"] not in BIG, node


def test_the_round_that_carries_new_names_walks_an_index_to_what_is_theirs(big: Big) -> None:
    work = big.world.client.works["cases"]
    with work.writing() as uow:
        uow.run(text("INSERT INTO renames VALUES ('user_nobody', 'New', :at)"), {"at": uow.now - timedelta(minutes=1)})
    with big.heard() as said, work.writing() as uow:
        settle_names(uow)
    told = [one.removeprefix("BEGIN;") for one in said if "renames" in one]
    assert len(told) == 6
    for node in [node for one in told for node in nodes(big.plan(one))]:
        assert node["Node Type"] != "Seq Scan" or node["Relation Name"] not in BIG, node


def test_search_knows_of_bulk_cases_what_it_would_have_read_itself(big: Big) -> None:
    picked = "SELECT case_id, shown::text, whole::text FROM documents JOIN cases ON id = case_id"
    picked += " WHERE number LIKE 'BULK-%%7' AND number < 'BULK-0000500' ORDER BY case_id"
    with big.engine.connect() as db:
        before = db.exec_driver_sql(picked).all()
        db.exec_driver_sql(
            "INSERT INTO unindexed (case_id) SELECT unnest(%(ids)s)", {"ids": [one[0] for one in before]}
        )
        with big.world.client.works["cases"].writing() as uow:
            index_cases(uow)
        assert db.exec_driver_sql(picked).all() == before
        assert len(before) == 50
