"""Which queue a new case lies in, and who of the staff gets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.cases.rules.case import Policy
from services.cases.rules.form import walk

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of the team. ``topics``: what lands in it (none: everything). ``agents``: ``user_id``, ``level``,
    ``products`` and ``types`` he takes (none: all)."""

    queue_id: str
    topics: Sequence[str]
    agents: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Hand:
    """One of the active staff. ``load``: his open cases; ``newest``: when the youngest of them was registered."""

    user_id: str
    name: str
    available: bool
    replacement_id: str | None
    load: int
    newest: datetime | None

    @classmethod
    def told(cls, values: Sequence[Any]) -> Hand:
        """From the JSON in which the database tells of him."""
        user_id, name, available, replacement_id, load, newest = values
        return cls(user_id, name, available, replacement_id, load, datetime.fromisoformat(newest) if newest else None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a new case decides where it goes. ``topics``: every name of its topic and of those above it."""

    type: str
    product: str | None
    level: int
    topics: Set[str]
    favourite: str | None = None


def names_of_topic(profile: Policy, topic: str | None) -> set[str]:
    """Every name by which a queue can take this topic: its key and path, and those of the topics above it."""
    path = next((path for path, _ in walk(profile["topics"]) if topic in (path, path.rpartition(".")[2])), None)
    if path is None:
        return set()
    keys = path.split(".")
    return {*keys, *(".".join(keys[: depth + 1]) for depth in range(len(keys)))}


def queue_for(wanted: Wanted, queues: Sequence[Queue]) -> Queue | None:
    """A queue that names the topic goes before one that takes everything; then one with somebody for this case before
    one without; then the older one."""
    taking = [queue for queue in queues if not queue.topics or not wanted.topics.isdisjoint(queue.topics)]
    return min(taking, key=lambda one: (not one.topics, not fitting(wanted, one), one.queue_id), default=None)


def fitting(wanted: Wanted, queue: Queue) -> dict[str, int]:
    """The agents of a queue who take such a case, each with his level."""
    return {
        agent["user_id"]: agent["level"]
        for agent in queue.agents
        if agent["level"] >= wanted.level
        and (not agent["products"] or wanted.product in agent["products"])
        and (not agent["types"] or wanted.type in agent["types"])
    }


def asks_for_hands(routing: Policy, favourite: str | None) -> bool:
    """Whether it matters who is there: cases are handed out at once, or this one to somebody who was wished for."""
    return routing.get("assign") == "immediately" or (favourite is not None and bool(routing["honour_preference"]))


def routed(
    wanted: Wanted, queues: Sequence[Queue], staff: Sequence[Hand], routing: Policy
) -> tuple[Queue | None, Hand | None]:
    """The queue of a case and who gets it at once, by what the team wants: the favourite always, others only where
    cases are handed out ``immediately``."""
    queue = queue_for(wanted, queues)
    working = queue if routing.get("assign") == "immediately" else None
    return queue, hand_for(wanted, working, staff, honours=routing["honour_preference"])


def hand_for(wanted: Wanted, queue: Queue | None, staff: Sequence[Hand], *, honours: bool) -> Hand | None:
    """Who gets the case at once; None leaves it on the pile.

    The customer's favourite, if the team honours that and he is there, or who stands in for him. Otherwise, of the
    queue's available agents who take such a case: the lowest level that suffices, then the least loaded, then who has
    been without a new case for longest, then by id.
    """
    there = {hand.user_id: hand for hand in staff if hand.available}
    favourite = next((hand for hand in staff if hand.user_id == wanted.favourite), None) if honours else None
    if favourite is not None:
        chosen = there.get(favourite.user_id) or there.get(favourite.replacement_id or "")
        if chosen is not None:
            return chosen
    levels = fitting(wanted, queue) if queue else {}
    return min(
        (there[user_id] for user_id in levels if user_id in there),
        key=lambda hand: (levels[hand.user_id], hand.load, hand.newest or _LONG_AGO, hand.user_id),
        default=None,
    )
