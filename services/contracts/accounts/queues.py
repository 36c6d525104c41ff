"""Queues: who of the staff works on what. And who is there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from services.chassis.messages import Event, Request, Shape, View
from services.contracts.accounts.people import MembershipView
from services.contracts.accounts.places import Keys
from services.contracts.accounts.sessions import DoneView
from services.contracts.shapes import Id, PageSize, Permissions, Position, ShortLine, Slug, Version

Level = Annotated[int, Shape(min=1, max=2)]


class QueueAgentLine(View):
    """One of the staff in a queue: his support level, and the products and types he takes (none named: all)."""

    user_id: Id
    level: Level
    products: Keys
    types: Keys


class QueueView(View):
    """A queue with its agents. ``topics``: what lands in it (none named: everything). ``permissions``: what the caller
    may do with it now."""

    id: Id
    team_id: Slug
    name: ShortLine
    topics: Keys
    agents: Annotated[list[QueueAgentLine], Shape(max=200)]
    permissions: Permissions = []
    version: Version


class QueuePage(View):
    """One page of queues, by id."""

    data: list[QueueView]
    next_cursor: str | None


class ListQueues(Request[QueuePage]):
    """The team's queues (staff)."""

    team_id: Slug
    limit: PageSize = 50
    cursor: Position | None = None


class AddQueue(Request[QueueView]):
    """A new queue, without agents."""

    team_id: Slug
    name: ShortLine
    topics: Keys = []


class ChangeQueue(Request[QueueView]):
    """Another name, other topics; what is left out stays."""

    team_id: Slug
    queue_id: Id
    name: ShortLine | None = None
    topics: Keys | None = None


class RemoveQueue(Request[DoneView]):
    """The queue is gone, and nobody works in it any more."""

    team_id: Slug
    queue_id: Id


class PutQueueAgent(Request[QueueView]):
    """Let one of the staff work in a queue, or change what he takes there."""

    team_id: Slug
    queue_id: Id
    user_id: Id
    level: Level = 1
    products: Keys = []
    types: Keys = []


class RemoveQueueAgent(Request[DoneView]):
    """He works in this queue no longer."""

    team_id: Slug
    queue_id: Id
    user_id: Id


class ChangeAvailability(Request[MembershipView]):
    """I am there, or away (until then, if I know), and who stands in for me. For the team's staff."""

    team_id: Slug
    state: Literal["present", "away"]
    replacement_id: Id | None = None
    until: datetime | None = None


class QueueChanged(Event):
    """A queue as it is now, with its agents; ``removed``: it is gone."""

    subject = "queue_id"
    queue_id: Id
    team_id: Slug
    name: ShortLine
    topics: Keys
    agents: Annotated[list[QueueAgentLine], Shape(max=200)]
    removed: bool = False
    fact_version: Version
