"""Merging and taking apart again changes nothing: for random pairs of cases."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.world import MemoryWorld

pytestmark = pytest.mark.journey

ACTS = st.lists(st.sampled_from(["customer", "colleague", "agent", "internal", "tag", "follow", "answer"]), max_size=5)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=ACTS, new=ACTS, whose=st.sampled_from(["customer", "colleague"]))
def test_merge_and_unmerge_leave_two_cases_as_they_were(
    memory: MemoryWorld, cast: Cast, old: list[str], new: list[str], whose: str
) -> None:
    scene = cast.scene("C")
    (_, source), (second, target) = scene.open(getattr(scene, whose)), scene.open()
    for path, acts in ((source, old), (target, new)):
        for act in acts:
            _do(scene, path, act)
    before = [_told(who, path) for who in (scene.agent, scene.customer) for path in (source, target)]
    expect(scene.agent.post(f"{source}/merge", {"into_id": second["id"]}), 200)
    together = expect(scene.customer.get(target), 200)["comments"]
    assert [one["id"] for one in together] == [one["id"] for one in sorted(together, key=_when)]
    assert len(together) == len(before[2]["comments"]) + len(before[3]["comments"])
    expect(scene.agent.post(f"{source}/unmerge"), 200)
    assert [_told(who, path) for who in (scene.agent, scene.customer) for path in (source, target)] == before


def _do(scene: Scene, path: str, act: str) -> None:
    if act in ("customer", "colleague", "agent"):
        who: Person = getattr(scene, act)
        expect(who.post(f"{path}/comments", {"body": act}), 201)
    elif act == "internal":
        expect(scene.agent.post(f"{path}/comments", {"body": act, "visibility": "internal"}), 201)
    elif act == "tag":
        expect(scene.agent.put(f"{path}/tags/merged"), 200)
    elif act == "follow":
        expect(scene.customer.post(f"{path}/followers", {"user_id": scene.colleague.id}), 201)
    else:
        expect(scene.agent.post(f"{path}/answer", {"body": act}), 200)


def _told(who: Person, path: str) -> dict[str, Any]:
    case = expect(who.get(path), 200)
    return {name: value for name, value in case.items() if name not in ("version", "updated_at")}


def _when(comment: dict[str, Any]) -> tuple[str, str]:
    return comment["created_at"], comment["id"]
