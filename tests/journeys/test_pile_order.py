"""The order of work is total and stable: priority, next breach, age, id; for random piles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.journeys.cast import Cast, Scene, expect
from tests.world import MemoryWorld

pytestmark = pytest.mark.journey
SIZE = 8
DAY = datetime(2026, 11, 20, tzinfo=UTC)
PLACE = text("UPDATE cases SET priority_rank = :rank, next_due_at = :due, created_at = :at WHERE id = :id")
FREE = text("UPDATE cases SET assignee_id = NULL, assignee_name = NULL, status = 'new' WHERE id = ANY(:ids)")
few = st.integers(0, 2)  # so that many are equal, and the next word decides
piles = st.lists(st.tuples(few, st.none() | few, few), min_size=SIZE, max_size=SIZE)


@pytest.fixture(scope="module")
def scene(cast: Cast) -> Scene:
    return Scene(cast.team("C"))


@pytest.fixture(scope="module")
def ids(scene: Scene) -> list[str]:
    return [scene.open()[0]["id"] for _ in range(SIZE)]


@pytest.fixture(scope="module")
def elsewhere(scene: Scene) -> str:
    """A case that somebody works on."""
    _, here = scene.open()
    expect(scene.agent.put(f"{here}/assignee", {"assignee_id": "me"}), 200)
    return here


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.tuples(piles, st.integers(1, SIZE)))
def test_a_pile_of_any_kind_is_worked_in_one_order(
    memory: MemoryWorld, scene: Scene, ids: list[str], elsewhere: str, asked: tuple[list[Any], int]
) -> None:
    pile, limit = asked
    with memory.client.works["cases"].writing() as unit:
        for case_id, (rank, due, at) in zip(ids, pile, strict=True):
            due_at = None if due is None else DAY + timedelta(days=due)
            unit.run(PLACE, {"id": case_id, "rank": rank, "due": due_at, "at": DAY + timedelta(hours=at)})
    places = [(rank, 9 if due is None else due, at, one) for one, (rank, due, at) in zip(ids, pile, strict=True)]
    wanted = [one for *_, one in sorted(places)]
    assert _paged(scene, limit) == wanted
    expect(scene.agent.post(f"{elsewhere}/comments", {"body": "And now?"}), 201)
    assert _paged(scene, limit) == wanted, "another case has no say in it"
    taken: list[str] = []
    for _ in ids:
        assert expect(scene.agent.get(f"{scene.path}/queues/all/next"), 200)["case"]["id"] == wanted[len(taken)]
        taken.append(expect(scene.agent.post(f"{scene.path}/queues/all/take-next"), 200)["case"]["id"])
    assert taken == wanted
    with memory.client.works["cases"].writing() as unit:
        unit.run(FREE, {"ids": ids})


def _paged(scene: Scene, limit: int) -> list[str]:
    """The whole pile, page by page."""
    found: list[str] = []
    cursor = ""
    while True:
        page = expect(scene.agent.get(f"{scene.path}/queues/all/cases?limit={limit}{cursor}"), 200)
        found += [one["id"] for one in page["data"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"
