"""A case as a line of a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from services.cases import rules
from services.cases.queries.single import person
from services.cases.rules import Clock, Policy, Reader, Standing
from services.cases.tables import Case
from services.contracts import cases as c

FAR_OFF = datetime(9999, 12, 31, tzinfo=UTC)  # NEVER_DUE, for a cursor


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who reads the lines, and when."""

    standing: Standing
    policy: Policy
    shows_priority: bool
    id: str
    now: datetime


# What a line shows under the name it has in the database; the second ones to the staff only.
_SHOWN = (
    *("id", "number", "title", "type", "status", "visibility", "organization_id", "created_at", "updated_at"),
    *("version", "product", "topic", "gate", "next_due_at", "unread", "substatus"),
)
_INSIDE = ("queue_id", "level")


def line(row: Row[Any], onlooker: Onlooker, include: frozenset[str], excerpt: list[c.PassageView] | None) -> c.CaseLine:
    """One row of a page as this reader sees it, with what he asked for besides."""
    staff = onlooker.standing.staff
    return c.CaseLine(
        **{name: getattr(row, name) for name in (*_SHOWN, *(_INSIDE if staff else ()))},
        tags=sorted(row.tags or []) if staff else None,
        priority=row.priority if onlooker.shows_priority else None,
        contact=c.PersonView(id=row.contact_id, name=row.contact_name),
        owner=c.PersonView(id=row.owner_id, name=row.owner_name),
        assignee=person(row.assignee_id, row.assignee_name),
        pending_confirmation=row.confirmation == "pending",
        last_comment=_last_comment(row) if "last_comment" in include else None,
        excerpt=excerpt,
        clocks=[_clock(clock) for clock in rules.clocks_of(row.clocks)] if "clocks" in include else None,
        permissions=_able(row, onlooker) if "permissions" in include else None,
    )


def _clock(clock: Clock) -> c.ClockLine:
    return c.ClockLine(kind=clock.kind, state=clock.state, due_at=clock.due_at)


def _able(row: Row[Any], onlooker: Onlooker) -> list[str]:
    case = Case(**{name: getattr(row, name) for name in Case.__slots__})
    reader = Reader(case, onlooker.standing, onlooker.policy, me=onlooker.id, approves=row.approves)
    return rules.able(reader, onlooker.now)


def _last_comment(row: Row[Any]) -> c.LastCommentView | None:
    if row.said_at is None:
        return None
    return c.LastCommentView(
        author=c.PersonView(id=row.author_id, name=row.author_name),
        side=row.side,
        body=row.body,
        visibility=row.said_to,
        created_at=row.said_at,
    )
