"""One call when an app starts (A03, D13)."""

from __future__ import annotations

import pytest

from tests.journeys.cast import Cast, Scene, expect
from tests.world import World

pytestmark = pytest.mark.journey


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("D")


@pytest.mark.seed("D13")
def test_an_app_starts_with_one_call_that_says_what_the_single_ones_say(world: World, scene: Scene) -> None:
    case, _ = scene.open()
    told = expect(scene.customer.get(f"{scene.path}/bootstrap"), 200)
    assert told["me"] == expect(scene.customer.get("/v1/me"), 200)
    assert told["organizations"] == expect(scene.customer.get(f"{scene.path}/organizations"), 200)["data"]
    assert told["cases"] == expect(scene.customer.get(f"{scene.path}/cases?view=mine"), 200)["data"]
    assert case["id"] in [line["id"] for line in told["cases"]]
    assert told["unread"] == sum(line["unread"] for line in told["cases"])
    assert told["views"] == expect(scene.customer.get(f"{scene.path}/views"), 200)["data"]
    tag = told["profile"]["etag"]
    assert scene.customer.get(f"{scene.path}/profile", headers={"If-None-Match": tag}).status == 304
    expect(scene.customer.get(f"{scene.path}/events?after={told['event_cursor']}"), 200)


def test_nobody_else_starts_there(cast: Cast, world: World, scene: Scene) -> None:
    outsider = cast.scene("E").customer
    assert outsider.get(f"{scene.path}/bootstrap").status == 404
    assert outsider.get("/v1/teams/no-such-team/bootstrap").status == 404
    assert world.http("GET", f"{scene.path}/bootstrap").status == 401
