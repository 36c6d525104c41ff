"""What was promised for a case, counted in opening hours, told once, and explained."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.cases.service import Service as Cases
from tests.journeys.cast import Cast, Person, Scene, Team, expect
from tests.journeys.test_agreements import agree
from tests.journeys.test_live import feed
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey

MONDAY = datetime(2027, 3, 1, 8, tzinfo=UTC)  # nine o'clock in Stockholm
OFFICE = {
    "time_zone": "Europe/Stockholm",
    "week": {day: ["08:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": ["2027-03-03"],
    "country": "SE",
}
ROUND_THE_CLOCK = {
    "time_zone": "UTC",
    "week": {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
}
FOUR = [
    {"kind": "review", "target_seconds": 300, "calendar": "always"},
    {"kind": "first_response", "target_seconds": 7200, "calendar": "office"},
    {"kind": "next_response", "target_seconds": 3600, "calendar": "office"},
    {"kind": "resolution", "target_seconds": 72000, "calendar": "office"},
]


@pytest.fixture(scope="module")
def scene(cast: Cast) -> Scene:
    """E's team with all four clocks."""
    return known(Scene(cast.team("E", clocks=FOUR, calendars={"office": OFFICE, "always": ROUND_THE_CLOCK})))


def known(scene: Scene) -> Scene:
    """With its people in it: nobody can sign in while the clock stands elsewhere."""
    assert scene.customer.id
    assert scene.agent.id
    return scene


def clocks(who: Person, here: str) -> dict[str, Any]:
    return {clock["kind"]: clock for clock in expect(who.get(f"{here}/clocks"), 200)["data"]}


def states(who: Person, here: str) -> dict[str, str]:
    return {kind: clock["state"] for kind, clock in clocks(who, here).items()}


def mails(scene: Scene, here: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = expect(scene.agent.get(f"{here}/mails"), 200)["data"]
    return found


def sound(memory: MemoryWorld) -> None:
    """The timer has heard of everything, and everything it says arrives."""
    memory.run("cases", "sound_alarms", rounds=5)
    memory.settle()


def told(team: Team, case: dict[str, Any], *kinds: str) -> list[tuple[str, str | None]]:
    """What the feed says of the case's clocks."""
    mine = [line for line in feed(team.agent, team, 0) if line["subject"] == case["id"]]
    return [(line["type"], line["data"].get("clock")) for line in mine if line["type"] in kinds]


CLOCK_EVENTS = ("case_clock.warned", "case_clock.breached")


@pytest.mark.seed("B02")
def test_a_case_that_nobody_reviewed_within_five_minutes_is_told_to_the_desk_once(
    cast: Cast, memory: MemoryWorld
) -> None:
    scene = known(cast.scene("B"))
    sunday = datetime(2027, 3, 7, 3, tzinfo=UTC)
    with memory.at(sunday):
        case, here = scene.open(scene.customer)
        seen, there = scene.open(scene.customer)
        assert clocks(scene.agent, here)["review"]["due_at"] == "2027-03-07T03:05:00Z"
    with memory.at(sunday + timedelta(minutes=4)):
        expect(scene.agent.post(f"{there}/triage", {"complexity": "simple"}), 200)
        sound(memory)
        assert told(scene.team, case, *CLOCK_EVENTS) == [("case_clock.warned", "review")]
    with memory.at(sunday + timedelta(minutes=5)):
        sound(memory)
        sound(memory)
        assert told(scene.team, case, *CLOCK_EVENTS)[1:] == [("case_clock.breached", "review")]
        assert told(scene.team, seen, *CLOCK_EVENTS) == []
        assert clocks(scene.agent, there)["review"]["state"] == "met"
    with memory.at(sunday + timedelta(minutes=9)):
        expect(scene.agent.post(f"{here}/triage", {"complexity": "simple"}), 200)
        late = clocks(scene.agent, here)["review"]
        assert (late["state"], late["used_seconds"], late["left_seconds"]) == ("missed", 540, -240)
        heard = feed(scene.customer, scene, 0)
        assert not [line for line in heard if line["type"] in CLOCK_EVENTS], "a breach is the staff's matter"


def test_a_breach_is_told_once_however_many_instances_look(scene: Scene, memory: MemoryWorld) -> None:
    with memory.at(MONDAY):
        opened = [scene.open(scene.customer)[0] for _ in range(6)]
    with memory.at(MONDAY + timedelta(hours=1)), ThreadPoolExecutor(4) as pool:

        def look(_: int) -> None:
            with memory.client.works["cases"].writing() as uow:
                Cases.sound_alarms.do(uow)

        list(pool.map(look, range(8)))
        memory.settle()
        for case in opened:
            assert told(scene.team, case, *CLOCK_EVENTS) == [("case_clock.breached", "review")]


def test_each_clock_begins_pauses_and_ends_with_what_happens_to_the_case(scene: Scene, memory: MemoryWorld) -> None:
    customer, agent = scene.customer, scene.agent
    with memory.at(MONDAY):
        _, here = scene.open(customer)
        begun = {"review": "running", "first_response": "running", "next_response": "idle", "resolution": "running"}
        assert states(agent, here) == begun
        expect(customer.post(f"{here}/comments", {"body": "Hello?"}), 201)
        assert states(agent, here) == begun, "who waits for the first response waits for no next one"
    with memory.at(MONDAY + timedelta(hours=1)):
        expect(agent.post(f"{here}/comments", {"body": "Among us.", "visibility": "internal"}), 201)
        assert states(agent, here) == begun
        expect(agent.post(f"{here}/comments", {"body": "We look into it."}), 201)
        assert states(customer, here) == begun | {"review": "missed", "first_response": "met"}
        expect(customer.post(f"{here}/comments", {"body": "And now?"}), 201)
        assert clocks(agent, here)["next_response"]["due_at"] == "2027-03-01T10:00:00Z"
    with memory.at(MONDAY + timedelta(hours=3)):
        expect(agent.post(f"{here}/answer", {"body": "Do this."}), 200)
        ended = {"review": "met", "first_response": "met", "next_response": "missed", "resolution": "met"}
        assert states(agent, here) == ended | {"review": "missed"}
        expect(customer.post(f"{here}/comments", {"body": "It did not help."}), 201)
        again = clocks(agent, here)
        assert (again["resolution"]["state"], again["resolution"]["used_seconds"]) == ("running", 10800)
        why = expect(agent.get(f"{here}/clocks/next_response/explain"), 200)
        assert [(one["round"], one["counted_seconds"]) for one in why["segments"]] == [(1, 7200), (2, 0)]
        assert (why["used_seconds"], why["left_seconds"]) == (0, 3600)
        assert again["next_response"]["state"] == "running"
        expect(customer.post(f"{here}/cancel"), 200)
        assert set(states(agent, here).values()) == {"missed", "met", "stopped"}


def test_support_says_whose_turn_it_is_and_its_clocks_wait_meanwhile(scene: Scene, memory: MemoryWorld) -> None:
    customer, agent = scene.customer, scene.agent
    with memory.at(MONDAY):
        _, here = scene.open(customer)
        asked = {"body": "Which version is it?", "status": "waiting_customer"}
        case = expect(agent.post(f"{here}/answer", asked), 200)
        assert (case["status"], case["answered_at"], case["comments"][-1]["body"]) == (
            "waiting_customer",
            None,
            asked["body"],
        )
        assert {"case.hold", "case.resume"} <= {*case["permissions"]} >= {"case.answer"}
        assert "case.ask_customer" not in case["permissions"], "it is asked already"
        assert expect(agent.post(f"{here}/answer", asked | {"close": True}), 422)["errors"][0]["pointer"] == "/close"
        assert states(agent, here)["resolution"] == "paused"
    with memory.at(MONDAY + timedelta(hours=2)):
        expect(customer.post(f"{here}/comments", {"body": "4.2"}), 201)
        assert expect(customer.get(here), 200)["status"] == "open"
        why = expect(agent.get(f"{here}/clocks/resolution/explain"), 200)
        assert [(one["kind"], one["why"]) for one in why["segments"]][1:] == [
            ("pause", "waiting_customer"),
            ("run", "resumed"),
        ]
        assert why["used_seconds"] == 0
        note = {"body": "The maker looks at it.", "visibility": "internal", "status": "on_hold"}
        expect(agent.post(f"{here}/comments", note), 201)
        assert expect(customer.get(here), 200)["status"] == "on_hold"
        assert (states(agent, here)["resolution"], states(agent, here)["next_response"]) == ("paused", "running")
        assert expect(customer.put(f"{here}/status", {"status": "open"}), 403)["rule"] == "staff_only"
        expect(customer.post(f"{here}/comments", {"body": "x", "status": "open"}), 403)
        back = expect(agent.put(f"{here}/status", {"status": "open"}), 200)
        assert (back["status"], states(agent, here)["resolution"]) == ("open", "running")
        expect(agent.post(f"{here}/answer", {"body": "Do this."}), 200)
        assert expect(agent.put(f"{here}/status", {"status": "on_hold"}), 409)["code"] == "not_in_this_status"
        _, priced = scene.open(customer, "rfc")
        assert expect(agent.put(f"{priced}/status", {"status": "on_hold"}), 409)["code"] == "quote_required"


def test_a_correction_of_support_is_no_answer(scene: Scene, memory: MemoryWorld) -> None:
    with memory.at(MONDAY):
        _, here = scene.open(scene.customer, "support")
        expect(scene.agent.post(f"{here}/reclassify", {"type": "bug", "reason": "It is our fault."}), 200)
        told = states(scene.agent, here)
        assert (told["first_response"], told["review"]) == ("running", "met"), "somebody has looked at it"


def test_an_offer_is_an_answer(scene: Scene, memory: MemoryWorld) -> None:
    with memory.at(MONDAY):
        _, here = scene.open(scene.customer, "rfc")
        expect(scene.agent.post(f"{here}/quotes", {"amount": "900.00", "currency": "EUR"}), 201)
        assert states(scene.agent, here)["first_response"] == "met"
        expect(scene.customer.post(f"{here}/comments", {"body": "Why so much?"}), 201)
        told = states(scene.agent, here)
        assert (told["next_response"], told["resolution"]) == ("running", "paused")
        expect(scene.agent.post(f"{here}/quotes", {"amount": "700.00", "currency": "EUR"}), 201)
        assert states(scene.agent, here)["next_response"] == "met"


def test_the_explanation_adds_up_over_nights_and_holidays(scene: Scene, memory: MemoryWorld) -> None:
    with memory.at(MONDAY):
        _, here = scene.open(scene.customer)
    with memory.at(MONDAY + timedelta(days=3)):  # Thursday at nine; Wednesday was a holiday
        why = expect(scene.customer.get(f"{here}/clocks/resolution/explain"), 200)
    counted = sum(segment["counted_seconds"] for segment in why["segments"])
    assert counted == why["used_seconds"] == (8 + 9 + 1) * 3600
    assert counted + why["left_seconds"] == why["target_seconds"] == 72000
    assert why["due_at"] == "2027-03-04T10:00:00Z"  # Thursday at eleven
    assert (why["calendar"], why["contract_version"]) == ("office", None)
    assert [(one["kind"], one["end"], one["why"]) for one in why["segments"]] == [("run", None, "started")]
    expect(scene.stranger.get(f"{here}/clocks/resolution/explain"), 404)


@pytest.mark.seed("E15")
def test_the_contract_says_within_what_time_a_level_is_answered(scene: Scene, memory: MemoryWorld) -> None:
    bound = scene.team.organization()
    me = bound.person()
    level = {"meaning": "All stands.", "targets": {"first_response_seconds": 900}, "calendar": "always"}
    agree(bound, priorities={"A": level})
    case, here = scene.open(me, priority="A")
    first = clocks(me, here)["first_response"]
    assert (first["target_seconds"], first["calendar"]) == (900, "always")
    assert clocks(me, here)["resolution"]["target_seconds"] == 72000, "the rest is the team's promise"
    why = expect(me.get(f"{here}/clocks/first_response/explain"), 200)
    assert why["contract_version"] == case["contract_version"] == 1
    expect(scene.agent.patch(here, {"priority": "B"}), 200)
    other = expect(me.get(f"{here}/clocks/first_response/explain"), 200)
    assert other["target_seconds"] == 7200
    assert [one["why"] for one in other["segments"]] == ["started", "retargeted"]
    assert [one["calendar"] for one in other["segments"]] == ["always", "office"]


def test_a_correction_tells_what_is_owed_by_when(scene: Scene, memory: MemoryWorld) -> None:
    bound = scene.team.organization()
    me = bound.person()
    level = {"meaning": "All stands.", "targets": {"first_response_seconds": 900}, "calendar": "always"}
    agree(bound, priorities={"A": level})
    with memory.at(MONDAY):
        _, here = scene.open(me, "support", priority="C")
        expect(scene.agent.post(f"{here}/reclassify", {"priority": "A", "reason": "Allt står."}), 200)
        [comment] = expect(me.get(here), 200)["comments"]
        assert comment["body"] == "C → A\nFörsta svar: 2027-03-01 08:15 (UTC)\n\nAllt står."
        assert clocks(me, here)["first_response"]["due_at"] == "2027-03-01T08:15:00Z"


def test_another_profile_leaves_the_past_of_running_clocks_alone(cast: Cast, memory: MemoryWorld) -> None:
    scene = known(Scene(cast.team("E", clocks=FOUR, calendars={"office": OFFICE, "always": ROUND_THE_CLOCK})))
    with memory.at(MONDAY):
        _, here = scene.open(scene.customer)
    shorter = [clock | {"target_seconds": 10800} if clock["kind"] == "first_response" else clock for clock in FOUR]
    with memory.at(MONDAY + timedelta(hours=1)):
        profile = scene.team.profile | {"clocks": shorter}
        scene.team.apply(profile)
        memory.settle()
        with memory.client.works["cases"].writing() as uow:
            Cases.move_clocks.do(uow)
        why = expect(scene.customer.get(f"{here}/clocks/first_response/explain"), 200)
        assert [(one["counted_seconds"], one["why"]) for one in why["segments"]] == [
            (3600, "started"),
            (0, "retargeted"),
        ]
        assert (why["target_seconds"], why["due_at"]) == (10800, "2027-03-01T11:00:00Z")
        resolution = expect(scene.customer.get(f"{here}/clocks/resolution/explain"), 200)
        assert len(resolution["segments"]) == 1, "what promises the same goes on"


def test_everybody_of_a_team_reads_its_calendars(scene: Scene, memory: MemoryWorld) -> None:
    with memory.at(MONDAY):
        found = {one["key"]: one for one in expect(scene.customer.get(f"{scene.path}/calendars"), 200)["data"]}
    office = found["office"]
    assert (office["time_zone"], office["holidays"], office["country"]) == ("Europe/Stockholm", ["2027-03-03"], "SE")
    assert office["week"][0] == {"day": "mon", "hours": ["08:00-17:00"]}
    assert office["next_days"][0] == {"opens_at": "2027-03-01T08:00:00Z", "closes_at": "2027-03-01T16:00:00Z"}
    assert not [span for span in office["next_days"] if span["opens_at"].startswith("2027-03-03")]
    with memory.at(datetime(2027, 3, 26, tzinfo=UTC)):  # Good Friday; Monday is a holiday too
        [_, office] = expect(scene.customer.get(f"{scene.path}/calendars"), 200)["data"]
    assert office["next_days"][0]["opens_at"] == "2027-03-30T06:00:00Z", "summer time, after Easter"


@pytest.mark.seed("B09")
def test_staff_are_reminded_of_an_open_case_with_nothing_happening(cast: Cast, memory: MemoryWorld) -> None:
    scene = known(cast.scene("B"))
    list_of = f"{scene.path}/follow-ups?limit=100"
    with memory.at(MONDAY):
        case, here = scene.open(scene.customer)
        expect(scene.agent.post(f"{here}/triage", {"complexity": "simple"}), 200)
        expect(scene.agent.put(f"{here}/assignee", {"assignee_id": scene.agent.id}), 200)
    with memory.at(MONDAY + timedelta(hours=20)):
        expect(scene.customer.post(f"{here}/comments", {"body": "Hello?"}), 201)
        assert case["id"] not in [one["id"] for one in expect(scene.agent.get(list_of), 200)["data"]]
        coming = expect(scene.agent.get(f"{list_of}&due=false&mine=true"), 200)["data"]
        assert [one["follow_up_at"] for one in coming if one["id"] == case["id"]] == ["2027-03-02T08:00:00Z"]
        memory.settle()
    with memory.at(MONDAY + timedelta(hours=24)):
        sound(memory)
        sound(memory)
        assert told(scene.team, case, "case_follow_up.reached") == [("case_follow_up.reached", None)]
        told_to = [mail["to"] for mail in mails(scene, here) if mail["created_at"] == "2027-03-02T08:00:00Z"]
        assert told_to == [scene.agent.email], "the assignee is reminded by mail, once"
        assert case["id"] in [one["id"] for one in expect(scene.agent.get(f"{list_of}&mine=true"), 200)["data"]]
        assert expect(scene.customer.get(list_of), 403)["code"] == "not_permitted"
        later = MONDAY + timedelta(days=7)
        put = scene.agent.put(f"{here}/follow-up-at", {"follow_up_at": later.isoformat()})
        assert expect(put, 200)["follow_up_at"] == "2027-03-08T08:00:00Z"
        assert expect(scene.agent.put(f"{here}/follow-up-at", {"follow_up_at": MONDAY.isoformat()}), 422)
        expect(scene.agent.post(f"{here}/comments", {"body": "Next week, then."}), 201)
        assert case["id"] not in [one["id"] for one in expect(scene.agent.get(list_of), 200)["data"]]
    with memory.at(later):
        sound(memory)
        assert len(told(scene.team, case, "case_follow_up.reached")) == 2
        expect(scene.agent.post(f"{here}/close"), 200)
        open_ = expect(scene.agent.get(f"{list_of}&due=false"), 200)["data"]
        assert case["id"] not in [one["id"] for one in open_]


def test_a_breach_is_told_by_the_running_system(cast: Cast, world: World) -> None:
    brief = [{"kind": "review", "target_seconds": 2, "calendar": "always"}]
    scene = known(Scene(cast.team("B", clocks=brief)))
    case, _ = scene.open(scene.customer)

    def breached() -> bool:
        if isinstance(world, MemoryWorld):
            sound(world)
        return told(scene.team, case, "case_clock.breached") == [("case_clock.breached", "review")]

    world.settle(breached)
