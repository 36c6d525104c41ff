"""The lines of a service's ``service.py``: this message leads to this function.

Five kinds of line, one path: each runs its function in a unit of work. The lines know neither nameko nor the broker;
``hosting.py`` puts them on the wire, the in-memory tests call them directly. So both take the same way in.

    paint_house = rpc(PaintHouse, commands.paint_house)
    learn_owner = event("owners", OwnerChanged, commands.learn_owner)
    tell = events("owners", OwnerEvent, commands.tell)
    sweep = timer(seconds=60, do=commands.sweep)
    send_letters = errand(seconds=1, take=..., run=..., finish=...)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from services.chassis.actor import SYSTEM, Context
from services.chassis.messages import Event, Request, View
from services.chassis.problems import Problem
from services.chassis.unit_of_work import AlreadyApplied, Answer, UnitOfWork, Work, fingerprint_of

LONGEST_ID = 200
LONGEST_ROUND_SECONDS = 20
V = TypeVar("V", bound=View)
E = TypeVar("E", bound=Event)
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Poison(Exception):
    """This message can never be handled (unknown version, unreadable): park it at once."""


@dataclass(frozen=True)
class RpcLine:
    """One request, one function, one reply.

    ``look`` (commands only) runs before the transaction: there the outside world may be asked or heavy work be done.
    What it returns is the third argument of ``do``. It decides nothing; ``do`` checks again under its locks. When it
    refuses what was done before under the same key, the answer of then counts.
    """

    message: type[Request[Any]]
    do: Callable[..., View]
    look: Callable[[Work, Context, Any], Any] | None = None
    keyed: bool = True

    @property
    def verb(self) -> str:
        """The wire name, such as ``paint_house``."""
        return self.message.wire_name

    @property
    def may_be_repeated(self) -> bool:
        """Whether it can be done once more without harm: it changes nothing, or a key can see to that."""
        return self.message.reads or self.keyed

    def answer(self, work: Work, context: Context, data: dict[str, Any]) -> Answer:
        """Read the request, do it in one unit of work, return the reply's bytes - after the commit. Raises Problem."""
        ask = self.message.load(data)
        if self.message.reads:
            try:
                with work.reading(context) as unit:
                    return Answer(self.do(unit, ask).dump_json())
            except Problem as problem:
                if problem.code != "database_away":
                    raise
            with work.reading(context) as unit:  # a stale pooled connection: reading again is safe
                return Answer(self.do(unit, ask).dump_json())
        if not self.keyed:
            context = replace(context, key="")
        fingerprint = fingerprint_of(self.message, data)
        try:
            seen = (self.look(work, context, ask),) if self.look else ()
        except Problem:
            kept = work.kept(context, fingerprint)  # done before: what it looked at has been used up, perhaps
            if kept is None:
                raise
            return kept
        return work.once(context, fingerprint, lambda unit: self.do(unit, ask, *seen).dump_json())


@dataclass(frozen=True)
class EventLine:
    """One event of a neighbour (``source``), one reaction. A service hears an event on one line only."""

    source: str
    message: type[Event]
    do: Callable[[UnitOfWork, Any], None]

    def apply(self, work: Work, told: dict[str, Any]) -> bool:
        """Apply one delivered event; False when an earlier delivery was applied. Raises Poison when it never can be."""
        if told.get("version") != self.message.version:
            raise Poison(f"{told.get('type')} version {told.get('version')} is not known here")
        try:
            happened = self.message.load(told.get("data"))
        except Problem as error:
            raise Poison(f"not a readable {self.message.wire_name}: {error}") from error
        event_id = told.get("id")
        if not isinstance(event_id, str) or not 0 < len(event_id) <= LONGEST_ID or "\x00" in event_id:
            raise Poison(f"a {self.message.wire_name} without a readable id")
        context = Context(actor=SYSTEM, request_id=str(told.get("request_id", "")), trace=str(told.get("trace", "")))
        context.more.update(event_id=event_id, time=told.get("time"), actor=told.get("actor"))
        try:
            with work.applying(event_id, context) as unit:
                self.do(unit, happened)
        except AlreadyApplied:
            return False
        return True


def _members(base: type[Event]) -> list[type[Event]]:
    """The events of a family; what has members of its own only says what they have in common."""
    return [leaf for member in base.__subclasses__() for leaf in _members(member) or [member]]


@dataclass(frozen=True)
class FamilyLine:
    """Every event of a family (the subclasses of ``base``) leads to one reaction; a new member needs no new line.
    ``but``: members that say nothing here; not even their messages come."""

    source: str
    base: type[Event]
    do: Callable[[UnitOfWork, Any], None]
    but: tuple[type[Event], ...] = ()

    def members(self) -> list[EventLine]:
        """One event line for each event of the family."""
        wanted = [member for member in _members(self.base) if member not in self.but]
        return [EventLine(self.source, member, self.do) for member in wanted]


@dataclass(frozen=True)
class TimerLine:
    """Something to do every so often, by one instance at a time (advisory lock). ``do`` takes a batch and says whether
    it was a full one: then the next round begins at once, in a transaction of its own."""

    seconds: float
    do: Callable[[UnitOfWork], bool | None]


@dataclass(frozen=True)
class ErrandLine:
    """An act in the outside world, never inside a transaction.

    ``take`` (a transaction) leases some items and returns them; ``run`` does the outside act for one item and returns
    its outcome; ``finish`` writes the outcome down, in one statement that records nothing: by itself it is a
    transaction, so it costs one round trip. A crash between leaves the lease to expire, so ``run`` must bear being
    done twice. ``run`` may raise: then ``finish`` gets the exception as the outcome.

    A round ends between two items, when it is told to stop or has taken ``LONGEST_ROUND_SECONDS`` (leases must last
    longer); ``give_back`` (a transaction) hears which items were not carried, so that they need not wait for their
    leases to expire.
    """

    seconds: float
    take: Callable[[UnitOfWork], Sequence[Any]]
    run: Callable[[Any], Any]
    finish: Callable[[UnitOfWork, Any, Any], None]
    give_back: Callable[[UnitOfWork, Sequence[Any]], None] | None = None

    def once(self, work: Work, stopping: Callable[[], bool] = lambda: False) -> int:
        """One round; returns how many items it carried."""
        with work.writing() as unit:
            items = list(self.take(unit))
        until = time.monotonic() + LONGEST_ROUND_SECONDS
        for carried, item in enumerate(items):
            if stopping() or time.monotonic() > until:
                if self.give_back:
                    with work.writing() as unit:
                        self.give_back(unit, items[carried:])
                return carried
            try:
                outcome = self.run(item)
            except Exception as error:
                outcome = error
            with work.noting() as unit:
                self.finish(unit, item, outcome)
        return len(items)


def rpc(
    message: type[Request[V]],
    do: Callable[[UnitOfWork, Any], V] | Callable[[UnitOfWork, Any, Any], V],
    *,
    look: Callable[[Work, Context, Any], Any] | None = None,
    keyed: bool = True,
) -> RpcLine:
    """This request is answered by this function, after a ``look`` at the outside world if there is one. Not ``keyed``:
    request and answer hold secrets that must not be kept under an idempotency key, so a key is ignored."""
    return RpcLine(message, do, look, keyed)


def event(source: str, message: type[E], do: Callable[[UnitOfWork, E], None]) -> EventLine:
    """This event of that service leads to this reaction."""
    return EventLine(source, message, do)


def events(
    source: str, base: type[E], do: Callable[[UnitOfWork, E], None], *, but: tuple[type[Event], ...] = ()
) -> FamilyLine:
    """Every event of this family of that service leads to this reaction, ``but`` for these."""
    return FamilyLine(source, base, do, but)


def timer(*, seconds: float, do: Callable[[UnitOfWork], bool | None]) -> TimerLine:
    """Every so many seconds, in one instance at a time; at once again when ``do`` says that there is more."""
    return TimerLine(seconds, do)


def errand(
    *,
    seconds: float,
    take: Callable[[UnitOfWork], Sequence[Item]],
    run: Callable[[Item], Outcome],
    finish: Callable[[UnitOfWork, Item, Outcome | Exception], None],
    give_back: Callable[[UnitOfWork, Sequence[Item]], None] | None = None,
) -> ErrandLine:
    """Carry items to the outside world, looking for new ones every so many seconds."""
    return ErrandLine(seconds, take, run, finish, give_back)


Line = RpcLine | EventLine | TimerLine | ErrandLine


def lines_of(service: type) -> dict[str, Line]:
    """Every line of a service class by its attribute name; the members of a family by name and event."""
    found: dict[str, Line] = {}
    for name, line in vars(service).items():
        if isinstance(line, FamilyLine):
            found |= {f"{name}:{member.message.wire_name}": member for member in line.members()}
        elif isinstance(line, Line):
            found[name] = line
    return found


def rpc_lines(service: type) -> dict[str, RpcLine]:
    """The RPC lines of a service by verb."""
    return {line.verb: line for line in lines_of(service).values() if isinstance(line, RpcLine)}


def event_lines(service: type) -> dict[tuple[str, str], EventLine]:
    """The event lines of a service by ``(source service, wire name)``."""
    found = [line for line in lines_of(service).values() if isinstance(line, EventLine)]
    return {(line.source, line.message.wire_name): line for line in found}
