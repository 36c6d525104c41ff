"""Who did what: written with the deed, chained, readable by those who answer for it - and by nobody changeable."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli import chain
from tests.journeys.cast import Cast, Team, expect, unique
from tests.journeys.record import Record
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def team(cast: Cast) -> Team:
    return cast.team("B")


@pytest.fixture(scope="module")
def record(world: World, cast: Cast, team: Team) -> Record:
    return Record(world, team.id, cast.operator)


@pytest.mark.seed("B08")
def test_who_joined_and_who_let_him_in_is_on_record(cast: Cast, team: Team, record: Record) -> None:
    organization = team.organization()
    person = organization.person("administrator")
    entries = record.find("membership.added")
    assert entries[0]["detail"]["user_id"] == person.id
    assert entries[0]["detail"]["organization_id"] == organization.id
    assert entries[0]["actor_id"] == cast.operator.id
    assert entries[0]["team_id"] == team.id
    [added] = record.find("organization.added", object=organization.id)
    assert added["actor_id"] == cast.operator.id
    [applied] = record.find("profile.applied")
    assert (applied["seq"], applied["detail"]) == (1, {"version": 1})


def test_so_is_what_people_ask_for_and_prepare(world: World, cast: Cast, team: Team, record: Record) -> None:
    home = team.organization()
    me, agent = home.person(), team.add_agent()
    asked = {"name": "Ny Kollega", "email": f"{unique('ny')}@example.org"}
    request = expect(me.post(f"{home.path}/user-requests", asked), 201)
    assert request["permissions"] == []
    applied = {"user_name": unique("appl"), "company": "Lind & Co", "password": "correct-horse-battery-staple"} | asked
    filed = expect(world.http("POST", f"{team.path}/registrations", json=applied), 201)
    contact = expect(me.post(f"{home.path}/contacts", {"name": "Bo Ek"}), 201)
    assert contact["permissions"] == ["contact.manage"]
    expect(me.patch(f"{home.path}/contacts/{contact['id']}", {"phone": "+46 70 111 22 33"}), 200)
    expect(me.http("DELETE", f"{home.path}/contacts/{contact['id']}"), 204)
    expect(agent.put("/v1/me/availability", {"team_id": team.id, "state": "away"}), 200)
    expect(cast.operator.put(f"{team.path}/profile/draft", {"profile": team.profile}), 200)
    expect(cast.operator.http("DELETE", f"{team.path}/profile/draft"), 204)
    expect(me.patch("/v1/me", {"phone": "+46 70 111 22 33"}), 200)
    expect(me.http("DELETE", "/v1/sessions"), 204)
    for action, thing, actor in (
        ("user_request.filed", request["id"], me.id),
        ("registration.filed", filed["id"], None),
        ("contact.added", contact["id"], me.id),
        ("contact.changed", contact["id"], me.id),
        ("contact.removed", contact["id"], me.id),
        ("availability.changed", None, agent.id),
        ("profile.draft_saved", team.id, cast.operator.id),
        ("profile.draft_dropped", team.id, cast.operator.id),
    ):
        [entry] = record.find(action, **({"object": thing} if thing else {}))
        assert entry["actor_id"] == actor
    for action in ("person.changed", "session.all_ended"):
        [entry] = expect(cast.operator.get(f"/v1/audit?action={action}&object={me.id}"), 200)["data"]
        assert (entry["actor_id"], "70 111" in str(entry)) == (me.id, False)


def test_looking_at_the_record_is_on_record(record: Record, cast: Cast) -> None:
    record.find("profile.applied")
    assert record.find("audit.read")[0]["actor_id"] == cast.operator.id


def test_only_administrators_of_the_staff_read_it(team: Team, record: Record, cast: Cast) -> None:
    assert team.agent.get(record.path).status == 403
    assert team.add_agent("admin").get(record.path).status == 200
    assert cast.scene("E").customer.get(record.path).status == 404
    assert team.agent.get("/v1/audit").status == 403
    assert expect(cast.operator.get("/v1/audit?action=session.started"), 200)["data"][0]["team_id"] is None


def test_a_failed_sign_in_is_on_record_and_what_was_typed_is_not(world: World, cast: Cast) -> None:
    customer = cast.scene("E").customer
    for login, person in ((customer.user_name, customer.id), ("hunter2-typed-into-the-wrong-field", None)):
        wrong = {"login": login, "password": "swordfish-1234"}
        expect(world.http("POST", "/v1/sessions", json=wrong), 401)

        def noted(person: str | None = person) -> dict[str, Any] | None:
            Record(world, "", cast.operator).seal()
            entries = expect(cast.operator.get("/v1/audit?action=sign_in.failed"), 200)["data"]
            return next((entry for entry in entries if entry["object_id"] == person), None)

        entry = world.settle(noted)
        assert "swordfish" not in str(entry)
        assert "hunter2" not in str(entry)


def test_who_is_throttled_is_on_record_once_a_window(memory: MemoryWorld, cast: Cast) -> None:
    customer, now = cast.scene("E").home.person(), datetime.now(UTC)
    wrong = {"login": customer.user_name, "password": "swordfish-1234"}

    def tried(moment: datetime) -> tuple[list[int], int]:
        with memory.at(moment):
            statuses = [
                memory.http("POST", "/v1/sessions", json=wrong, environ_base={"REMOTE_ADDR": "203.0.113.77"}).status
                for _ in range(14)
            ]
        Record(memory, "", cast.operator).seal()
        entries = expect(cast.operator.get("/v1/audit?action=sign_in.throttled&limit=100"), 200)["data"]
        return statuses, sum(entry["object_id"] == customer.id for entry in entries)

    assert tried(now) == ([401] * 10 + [429] * 4, 1)
    assert tried(now + timedelta(minutes=14)) == ([429] * 14, 1)
    assert tried(now + timedelta(minutes=16)) == ([401] * 10 + [429] * 4, 2)


def test_pages_follow_each_other_in_both_directions(record: Record) -> None:
    record.find("audit.read")
    for order in ("newest", "oldest"):
        first = expect(record.reader.get(f"{record.path}?limit=2&order={order}"), 200)
        after = f"&cursor={first['next_cursor']}"
        more = expect(record.reader.get(f"{record.path}?limit=2&order={order}{after}"), 200)
        places = [entry["seq"] for entry in first["data"] + more["data"]]
        assert places == sorted(places, reverse=order == "newest")
        assert len(set(places)) == 4


def test_an_entry_proves_its_place(record: Record) -> None:
    record.find("audit.read")
    proof = expect(record.reader.get(f"{record.path}/proof?entry=1"), 200)
    assert proof["previous_hash"] == "00" * 32
    end = bytes.fromhex(proof["entry"]["hash"])
    for content in proof["contents"]:
        end = hashlib.sha256(end + bytes.fromhex(content)).digest()
    if proof["checkpoint"]:
        assert end.hex() == proof["checkpoint"]["hash"]
    else:
        entries = expect(record.reader.get(f"{record.path}?after={len(proof['contents'])}&order=oldest"), 200)["data"]
        assert end.hex() == entries[0]["hash"]
    assert record.reader.get(f"{record.path}/proof?entry=1000000").status == 404


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET action = 'nothing.happened' WHERE team_id = '{team}' AND seq = 1",
        "UPDATE audit_entries SET seq = 99999 WHERE team_id = '{team}' AND seq = 1",
        "DELETE FROM audit_entries WHERE team_id = '{team}' AND seq = 1",
        "TRUNCATE audit_entries",
        "DELETE FROM audit_keys",
        "UPDATE audit_checkpoints SET seq = 1",
        "DELETE FROM audit_heads",
    ],
)
def test_the_database_refuses_to_change_it(record: Record, statement: str) -> None:
    assert "audit" in record.attempt(statement.format(team=record.team_id))


def test_what_happens_to_cases_and_files_is_on_record_without_their_words(
    world: World, team: Team, record: Record
) -> None:
    customer = team.organization().person()
    case = team.open_case(customer)
    [opened] = record.find("case.opened", object=case["id"])
    assert (opened["actor_id"], opened["detail"]["number"]) == (customer.id, case["number"])
    assert case["title"] not in str(opened)
    here = f"{team.path}/cases/{case['id']}"
    expect(customer.post(f"{here}/comments", {"body": "My password is swordfish"}), 201)
    world.settle(lambda: customer.get(f"{here}/tree").status == 200)
    file = expect(customer.upload(f"{here}/files", "diary.txt", b"dear diary"), 201)["data"][0]
    [added] = record.find("file.added", object=case["id"])
    assert added["detail"]["file_id"] == file["id"]
    [comment] = record.find("comment.added", object=case["id"])
    assert "swordfish" not in str(comment)
    assert "diary" not in str(added)


@pytest.mark.seed("B08")
def test_support_that_looks_at_a_private_case_leaves_a_trace(world: World, cast: Cast) -> None:
    scene = cast.scene("E")
    record = Record(world, scene.team.id, cast.operator)
    case, here = scene.open(visibility="private")
    world.settle(lambda: scene.customer.get(f"{here}/tree").status == 200)
    file = expect(scene.customer.upload(f"{here}/files", "secret.txt", b"secret"), 201)["data"][0]
    expect(scene.customer.get(here), 200)
    assert scene.customer.get(f"{scene.path}/files/{file['id']}/content").status == 302
    expect(scene.agent.get(here), 200)
    [looked] = record.find("private_case.viewed", object=case["id"])
    assert (looked["actor_id"], looked["detail"]) == (scene.agent.id, {"number": case["number"]})
    expect(scene.customer.get(f"{here}/tree"), 200)
    expect(scene.agent.get(f"{here}/tree"), 200)
    [listed] = record.find("closed_files.listed", object=case["id"])
    assert listed["actor_id"] == scene.agent.id
    assert scene.agent.get(f"{scene.path}/files/{file['id']}/content").status == 302
    [fetched] = record.find("closed_file.fetched", object=case["id"])
    assert (fetched["actor_id"], fetched["detail"]) == (scene.agent.id, {"file_id": file["id"]})


def test_so_does_reading_its_calls_and_technical_information(world: World, cast: Cast) -> None:
    scene = cast.scene("E")
    record = Record(world, scene.team.id, cast.operator)
    case, here = scene.open(visibility="private")
    for part in ("calls", "technical-info"):
        expect(scene.agent.get(f"{here}/{part}"), 200)
    world.settle(lambda: len(record.find("private_case.viewed", object=case["id"])) == 2)


def test_reading_an_open_case_leaves_none(world: World, cast: Cast) -> None:
    scene = cast.scene("E")
    record = Record(world, scene.team.id, cast.operator)
    case, here = scene.open()
    expect(scene.agent.get(here), 200)
    record.find("case.opened", object=case["id"])
    looks = f"{record.path}?action=private_case.viewed&object={case['id']}"
    assert expect(cast.operator.get(looks), 200)["data"] == []


@pytest.fixture
def marked(memory: MemoryWorld, cast: Cast) -> Record:
    """The record of a team with some entries, the last one under a signed checkpoint."""
    team = cast.team("C")
    for _ in range(4):
        team.organization()
    record = Record(memory, team.id, cast.operator)
    record.mark()
    chain = record.check()
    assert (chain.seq, list(chain.checkpoints), chain.findings) == (5, [5], [])
    return record


def test_a_grown_chain_is_signed_once(marked: Record) -> None:
    marked.mark()  # reading it was an entry, so it has grown by one
    marked.mark()
    assert list(marked.check().checkpoints) == [5, 6]


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("DELETE FROM audit_entries WHERE team_id = '{team}' AND seq >= 4", 4),
        ("DELETE FROM audit_entries WHERE team_id = '{team}' AND seq = 1", 1),
        ("UPDATE audit_entries SET detail = '{{}}' WHERE team_id = '{team}' AND seq = 3", 3),
        ("UPDATE audit_checkpoints SET signature = reverse(signature) WHERE chain = '{team}'", 5),
        ("UPDATE audit_checkpoints SET hash = decode(repeat('ab', 32), 'hex') WHERE chain = '{team}'", 5),
    ],
    ids=["tail dropped", "first dropped", "flipped", "forged signature", "forged hash"],
)
def test_what_an_intruder_did_to_the_database_is_named(marked: Record, statement: str, place: int) -> None:
    marked.tamper(statement.format(team=marked.team_id))
    found = marked.check().findings
    assert (found[0].chain, found[0].seq) == (marked.team_id, place)


def test_an_entry_proves_its_place_up_to_the_checkpoint(marked: Record) -> None:
    proof = expect(marked.reader.get(f"{marked.path}/proof?entry=2"), 200)
    end = bytes.fromhex(proof["previous_hash"])
    for content in (chain.content(proof["entry"]).hex(), *proof["contents"]):
        end = hashlib.sha256(end + bytes.fromhex(content)).digest()
    assert (proof["checkpoint"]["seq"], end.hex()) == (5, proof["checkpoint"]["hash"])
