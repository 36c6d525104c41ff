"""For random small worlds: who is foretold to read and be mailed, who can read, and whom the event tells are the same.

One transaction of the cases service per world, rolled back at the end; its rows, queries and commands are real."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from services.cases.commands import working
from services.cases.queries import read_audience
from services.cases.queries.single import reader_of
from services.cases.tables import Case, cases, followers, memberships, organizations
from services.chassis.actor import Actor
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.notifications.rules import letters_for
from tests.journeys.cast import Cast
from tests.world import MemoryWorld

pytestmark = pytest.mark.journey

CUSTOMERS, AGENTS = ("ada", "bob", "cia", "dan", "eve"), ("per", "pia")
VISIBILITIES = ("organization", "participants", "private")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
READS = ["case.read", "case.comment"]
WORKS = ["case.read_all", "case.comment", "case.comment_internal"]


class Undone(Exception):
    """Leaves the transaction without a trace."""


@dataclass(frozen=True)
class Place:
    """Where somebody of the customer's side stands: at home or elsewhere, still there or not, reading cases or not."""

    home: bool = True
    active: bool = True
    reads: bool = True

    @property
    def inside(self) -> bool:
        """Whether he is one of the organization's readers."""
        return self.home and self.active and self.reads


customers = st.sampled_from(CUSTOMERS)
worlds = st.fixed_dictionaries(
    {
        "visibility": st.sampled_from(VISIBILITIES),
        "places": st.tuples(
            *[st.builds(Place)] * 3, *[st.builds(Place, st.booleans(), st.booleans(), st.booleans())] * 2
        ),
        "second_agent": st.booleans(),
        "created_by": st.sampled_from([*CUSTOMERS, "per"]),
        "contact_id": customers,
        "owner_id": customers,
        "followers": st.sets(customers),
        "assignee_id": st.sampled_from([None, *AGENTS]),
        "product": st.sampled_from([None, "payroll", "business"]),
        "internal": st.booleans(),
        "author": st.integers(0, 5),
        "then": st.sampled_from(VISIBILITIES),
    }
)


@pytest.mark.seed("D17")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=worlds)
def test_who_is_foretold_who_reads_and_who_is_told_are_the_same(
    memory: MemoryWorld, cast: Cast, told: dict[str, Any]
) -> None:
    team = cast.scene("A").team
    assert team.knows(team.agent)
    with contextlib.suppress(Undone), memory.client.works["cases"].writing() as uow:
        Founded(uow, team.id, told).must_agree(internal=told["internal"], author=told["author"])
        raise Undone


class Founded:
    """A world as rows, and its people by their names."""

    def __init__(self, uow: UnitOfWork, team_id: str, told: dict[str, Any]) -> None:
        self.uow, self.team_id, self.then = uow, team_id, told["then"]
        self.ids = {name: new_id("user") for name in (*CUSTOMERS, *AGENTS)}
        self.names = {made: name for name, made in self.ids.items()}
        self.home, elsewhere = new_id("org"), new_id("org")
        self.places: dict[str, Place] = dict(zip(CUSTOMERS, told["places"], strict=True))
        for made in (self.home, elsewhere):
            about = {"team_id": team_id, "name": made, "kind": "customer", "products": ["payroll"], "fact_version": 1}
            uow.run(insert(organizations).values(organization_id=made, **about))
        rows = [
            self._member(name, self.home if place.home else elsewhere, READS if place.reads else [], place.active)
            for name, place in self.places.items()
        ]
        rows += [self._member("per", None, WORKS, True), self._member("pia", None, WORKS, told["second_agent"])]
        uow.run(insert(memberships), rows)
        self.case_id = self._case(told)
        if told["followers"]:
            rows = [{"case_id": self.case_id, "user_id": self.ids[one], "name": one} for one in told["followers"]]
            uow.run(insert(followers), rows)

    def _member(self, name: str, place: str | None, held: list[str], active: bool) -> dict[str, Any]:
        about = {"membership_id": new_id("mem"), "team_id": self.team_id, "organization_id": place, "name": name}
        more = {"user_id": self.ids[name], "permissions": held, "active": active, "fact_version": 1}
        return about | more | {"role": "any", "available": True, "replacement_id": None}

    def _case(self, told: dict[str, Any]) -> str:
        row: dict[str, Any] = dict.fromkeys(Case.__slots__)
        row |= {"id": new_id("case"), "team_id": self.team_id, "number": "N-1", "organization_id": self.home}
        row |= {"title": "T", "description": "D", "type": "question", "fields": {}, "status": "open", "charge": "none"}
        row |= {"level": 1, "confirmation": "none", "created_at": NOW, "updated_at": NOW, "version": 1, "gate": "open"}
        row |= {"priority_rank": 1, "clocks": [], "product": told["product"]}
        for role in ("created_by", "contact_id", "owner_id", "assignee_id"):
            who = told[role]
            row |= {role: who and self.ids[who], f"{role.removesuffix('_id')}_name": who}
        row["visibility"] = told["visibility"]
        self.uow.run(insert(cases).values(row))
        return str(row["id"])

    def as_(self, name: str) -> UnitOfWork:
        """The same transaction in somebody's name."""
        return replace(self.uow, context=replace(self.uow.context, actor=Actor("user", self.ids[name])))

    def readers(self) -> set[str]:
        """Who of the customer's side gets the case when he asks for it."""
        return {
            name for name in CUSTOMERS if reader_of(self.uow, self.team_id, self.case_id, self.ids[name]) is not None
        }

    def foretold(self, author: str, visibility: Any) -> tuple[c.ReadersView, set[str]]:
        """The preview, and the readers it names."""
        ask = c.ReadAudience(team_id=self.team_id, case_id=self.case_id, visibility=visibility)
        view = read_audience(self.as_(author), ask)
        named = {self.names[person.id] for person in view.people}
        inside = {name for name, place in self.places.items() if place.inside}
        return view, named | inside if view.organization else named

    def must_agree(self, *, internal: bool, author: int) -> None:
        """Foretell, look, say it, and compare."""
        readers = self.readers()
        writers = ["per"] if internal else ["per", *sorted(readers)]
        who = writers[author % len(writers)]
        _, supposed = self.foretold(who, self.then)
        view, named = self.foretold(who, "internal" if internal else "public")
        assert named == (set() if internal else readers)
        said: Any = "internal" if internal else "public"
        ask = c.AddComment(team_id=self.team_id, case_id=self.case_id, body="Hello.", visibility=said)
        working.add_comment(self.as_(who), ask)
        [event] = [event for event in self.uow.events if isinstance(event, c.CommentAdded)]
        assert self._meant(event.audience) == named
        mailed = set(letters_for(event, actor_is_staff=who == "per", mails_comments=True))
        theirs = {self.names[person.id] for person in view.mailed}
        assert mailed & {self.ids[name] for name in CUSTOMERS} == {self.ids[name] for name in theirs}
        assert bool(mailed - {self.ids[name] for name in CUSTOMERS}) == view.staff_mailed
        assert theirs <= readers
        self.uow.run(update(cases).where(cases.c.id == self.case_id).values(visibility=self.then))
        assert self.readers() == supposed

    def _meant(self, audience: list[str]) -> set[str]:
        """Who of the customer's side the principals of an event are."""
        assert f"team:{self.team_id}" in audience
        whole = f"org:{self.home}" in audience
        return {
            name
            for name, place in self.places.items()
            if (whole and place.inside) or f"user:{self.ids[name]}" in audience
        }
