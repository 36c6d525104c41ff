"""Who of the staff can get a case, how much each has, and what was left on desks that are nobody's any more."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Select, Text, any_, exists, func, literal, select, text, true

from services.cases.queries.sight import READS_ALL, team, visible
from services.cases.rules import Agreed, Hand, Policy, Queue
from services.cases.tables import GONE, OPEN, Case, cases, memberships, queues, teams
from services.chassis.unit_of_work import UnitOfWork

_MOST_COUNTED = 100


def _desks() -> Select[Any]:
    """The active staff who answer cases, each with what lies on his desk. Only so many are counted: beyond, everybody
    has too much, and the statement stays short."""
    desk = (
        visible(cases.c.created_at, side="support")
        .where(OPEN, cases.c.assignee_id == memberships.c.user_id)
        .order_by(cases.c.created_at.desc())
        .limit(_MOST_COUNTED)
        .correlate(memberships)
        .subquery()
    )
    load = select(func.count().label("load"), func.max(desk.c.created_at).label("newest")).select_from(desk).lateral()
    person = memberships.c["user_id", "name", "available", "replacement_id"]
    return (
        select(*person, load.c.load, load.c.newest)
        .join_from(memberships, load, true())
        .where(
            memberships.c.team_id == team,
            memberships.c.organization_id.is_(None),
            memberships.c.active,
            any_(memberships.c.permissions) == READS_ALL,
            any_(memberships.c.permissions) == literal("case.answer", Text()),
        )
    )


_desk = _desks().subquery("desk")
_hand = func.json_build_array(*_desk.c)
# As JSON, to be read along with something else.
HANDS = select(func.json_agg(_hand)).select_from(_desk).scalar_subquery().label("hands")

_pile = func.json_build_array(queues.c.queue_id, queues.c.topics, queues.c.agents)
_piles = select(func.json_agg(_pile)).where(queues.c.team_id == team, ~queues.c.removed)
PILES = _piles.scalar_subquery().label("queues")
_AROUND = select(teams.c.profile["topics"].label("topics"), PILES).where(teams.c.team_id == team)
_AROUND_AND_HANDS = _AROUND.add_columns(HANDS)
_MOST_LEFT = 100
_gone = select(memberships.c.team_id, memberships.c.user_id).where(text(GONE)).subquery("gone")
# Of each who left: his open cases along the index of desks. For no reader: the system's own round.
_lying = (
    select(cases.c.id, cases.c.assignee_id)
    .where(cases.c.team_id == _gone.c.team_id, cases.c.assignee_id == _gone.c.user_id, OPEN)
    .limit(_MOST_LEFT)
    .correlate(_gone)
    .lateral("lying")
)
_stays = exists().where(
    memberships.c.team_id == _gone.c.team_id,
    memberships.c.user_id == _gone.c.user_id,
    memberships.c.organization_id.is_(None),
    memberships.c.active,
    any_(memberships.c.permissions) == READS_ALL,
)
_LEFT = select(_lying.c.id, _lying.c.assignee_id).select_from(_gone.join(_lying, true())).where(~_stays)
_LEFT = _LEFT.limit(_MOST_LEFT)


class Around(NamedTuple):
    """What decides about where a case goes: the team's topics, its queues, and its staff where that matters."""

    topics: list[Any]
    queues: list[Queue]
    staff: list[Hand]

    @classmethod
    def told(cls, topics: list[Any], row: Any) -> Around:
        """From a row that has ``PILES``, and perhaps ``HANDS``."""
        staff = [Hand.told(one) for one in getattr(row, "hands", None) or []]
        return cls(topics, [Queue(*one) for one in row.queues or []], staff)


class Known(NamedTuple):
    """What several acts ask about, asked at once: the ``names`` of those of the staff whom they name, and where a case
    goes; where one of them wants it, the team's whole profile and what was agreed for this case."""

    names: dict[str, str]
    around: Around
    pricing: tuple[Policy, Agreed] | None

    def has_queue(self, queue_id: str) -> bool:
        """Whether the team has this queue."""
        return any(queue.queue_id == queue_id for queue in self.around.queues)

    def level_of(self, user_id: str) -> int | None:
        """The highest support level this agent has in any queue; None when he is in none."""
        agents = [agent for queue in self.around.queues for agent in queue.agents]
        return max((agent["level"] for agent in agents if agent["user_id"] == user_id), default=None)


def around(uow: UnitOfWork, case: Case, *, hands: bool, known: Known | None = None) -> Around:
    """The same for a held case; its staff if ``hands``."""
    if known is not None:
        return known.around
    row = uow.first(_AROUND_AND_HANDS if hands else _AROUND, {"team_id": case.team_id})
    assert row is not None  # noqa: S101 - the case was found by the profile of its team
    return Around.told(row.topics, row)


def left_behind(uow: UnitOfWork) -> dict[str, str]:
    """Open cases of people who are no more of the staff, each with who had it."""
    return {row.id: row.assignee_id for row in uow.all(_LEFT)}
