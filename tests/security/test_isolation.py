"""Nobody reaches what is not his: every route, as everybody, with everything (issue 3, "done when")."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from gateway.routes import ROUTES
from tests.journeys.cast import Cast
from tests.journeys.streams import EventStream
from tests.security import report
from tests.security.asking import short, unknown_names
from tests.security.matrix import Matrix, Row, controls, writes_of_others
from tests.security.stage import Stage
from tests.world import BrokerWorld, MemoryWorld

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
BUILD = Path(__file__).parents[2] / "build"
OVER_THE_WIRE = ("GET", "DELETE")  # the broker world tries these; what writes differs in nothing but the way there


@pytest.fixture(scope="module")
def stage(cast: Cast) -> Stage:
    return Stage(cast)


@pytest.fixture(scope="module")
def matrix(stage: Stage) -> Matrix:
    assert not (unknown := unknown_names(stage.b.things)), "\n".join(unknown)
    return Matrix(stage)


@pytest.fixture(scope="module")
def rows(stage: Stage, matrix: Matrix) -> list[Row]:
    over_the_wire = stage.world.kind == "broker"
    return matrix.run([route for route in ROUTES if not over_the_wire or route.method in OVER_THE_WIRE])


def test_foreign_is_missing_and_nothing_of_another_company_is_told_or_changed(stage: Stage, rows: list[Row]) -> None:
    if stage.world.kind == "memory":
        report.write(rows, stage.canary.places, BUILD)
    wrong = [what for row in rows for what in row.wrong]
    assert not wrong, "\n".join(wrong)


def test_every_route_was_tried(memory: MemoryWorld, rows: list[Row]) -> None:
    assert {short(route) for route in ROUTES} <= {row.route for row in rows}
    assert all(len({one.caller for one in row.tries}) == 8 for row in rows)


def test_who_may_only_read_changes_nothing_by_any_route(memory: MemoryWorld, stage: Stage, matrix: Matrix) -> None:
    """S15: of the staff and of the company. The journeys of permissions look at cases and files by more words."""
    readers = (stage.team.add_agent("reader"), stage.person(stage.b.organization, permissions=["case.read"]))
    before, done = stage.victim(), list[str]()
    for route in writes_of_others():
        for reader in readers:
            theirs = matrix.ids["foreign"]
            answer = matrix.fire(reader, route, stage.team.id, theirs, theirs)
            if answer.status not in (403, 404):
                done.append(f"{short(route)}: {answer.status} {answer.body[:300]!r}")
    assert not done, "\n".join(done)
    assert stage.victim() == before


def test_no_mail_to_anybody_else_tells_of_the_company(stage: Stage, rows: list[Row]) -> None:
    sink = f"http://127.0.0.1:{stage.world.stack.ports.mail_page}/api/messages"
    stage.world.settle(None)
    for caller, person in stage.callers.items():
        if person is None or not caller.startswith("A"):
            continue
        for mail in requests.get(sink, params={"to": person.email}, timeout=10).json():
            told = [place for word, place in stage.canary.places.items() if word in repr(mail)]
            assert not told, f"a mail to {caller} tells B's {told}"


def test_an_open_stream_tells_nothing_of_the_company(broker: BrokerWorld, stage: Stage, rows: list[Row]) -> None:
    path = stage.team.path
    member = stage.a.organization.person()  # the tries before have left little of the others' rights
    ours = stage.team.open_case(member)["id"]
    here, there = f"{path}/cases/{ours}", f"{path}/cases/{stage.b.things['case_id']}"
    with EventStream(broker, member, path, last_event_id=0, comes_back=True) as stream:
        assert stage.b.member.post(f"{there}/comments", {"body": stage.canary("a comment just now")}).status == 201
        assert member.post(f"{here}/comments", {"body": "Ours."}).status == 201
        stream.wait("comment.added", {"id": ours})
        assert stage.b.things["case_id"] not in repr(stream.lines)
        assert not [place for word, place in stage.canary.places.items() if word in repr(stream.lines)]


def test_those_who_may_do_reach_it_so_the_tries_meant_something(
    memory: MemoryWorld, stage: Stage, matrix: Matrix, rows: list[Row]
) -> None:
    unreached, heard = controls(stage, matrix)
    assert not unreached, "nobody reaches these with B's own ids, so the matrix proves nothing:\n" + "\n".join(
        unreached
    )
    silent = set(stage.canary.places.values()) - heard - {"content of a file", "a comment just now"}
    assert not silent, f"these canaries were never heard by anybody: {silent}"
