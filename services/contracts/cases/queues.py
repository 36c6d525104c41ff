"""The pile: which case comes next, who takes it, and handing it on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from services.chassis.messages import Request, Shape, View
from services.contracts.cases.core import CaseView, Gate, Level, PersonView, Status
from services.contracts.cases.working import Assignee
from services.contracts.shapes import Id, Key, Line, Number, PageSize, Position, Slug, Text, Version

QueueName = Annotated[
    str,
    Shape(min=3, max=64, pattern=r"all|[a-z]{2,8}_[0-9a-hjkmnp-tv-z]{26}", example="queue_01m7x2c4e6g8j0k2m4n6p8q0r2"),
]


class PileLine(View):
    """A case that waits for somebody to take it. ``next_due_at``: when the next promise would be broken."""

    id: Id
    number: Number
    title: Line
    type: Key
    topic: Key | None
    priority: Key | None
    level: int
    complexity: Literal["simple", "complex"] | None
    status: Status
    gate: Gate
    organization_id: Id
    contact: PersonView
    queue_id: Id | None
    next_due_at: datetime | None
    created_at: datetime
    version: Version


class PilePage(View):
    """One page of the pile, the most pressing first."""

    data: list[PileLine]
    next_cursor: str | None


class NextView(View):
    """The case that comes next; null when the pile is empty."""

    case: PileLine | None


class TakenView(View):
    """The case that was taken; null when the pile is empty."""

    case: CaseView | None


class ListPile(Request[PilePage]):
    """What waits in a queue (``all``: in any, or in none) in the order of work: priority, next breach, age, id. With a
    ``level`` only the cases of that support level. Staff."""

    team_id: Slug
    queue_id: QueueName
    level: Level | None = None
    limit: PageSize = 25
    cursor: Position | None = None


class ReadNext(Request[NextView]):
    """The first case of the pile that ``take-next`` would give me; it stays there."""

    team_id: Slug
    queue_id: QueueName
    level: Level | None = None


class TakeNext(Request[TakenView]):
    """Take the first case of the pile. Two who ask at the same moment get different cases. Who works in the queue (of
    ``all``: in any) gets what he takes there by level, product and type, and of ``all`` what lies in no queue; a
    ``level`` that is named counts instead."""

    team_id: Slug
    queue_id: QueueName
    level: Level | None = None


class MoveCase(Request[CaseView]):
    """Put the case into another queue of the team; null takes it out of all."""

    team_id: Slug
    case_id: Id
    queue_id: Id | None


class EscalateCase(Request[CaseView]):
    """Hand over to a higher support level: to one of its agents, or as the team routes a new case of that level (at
    once to somebody, or back to the pile). The note is internal."""

    team_id: Slug
    case_id: Id
    level: Level = 2
    assignee_id: Assignee | None = None
    note: Text | None = None
