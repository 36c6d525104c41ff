"""Reading queues."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, any_, func, or_, select

from services.accounts import rules
from services.accounts.queries import sight
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import Standing
from services.accounts.tables import memberships, queue_agents, queues
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

_AGENT = func.json_build_object(
    *("user_id", queue_agents.c.user_id, "level", queue_agents.c.level),
    *("products", queue_agents.c.products, "types", queue_agents.c.types),
)
_AGENTS = (
    select(func.coalesce(func.json_agg(_AGENT), "[]"))
    .where(queue_agents.c.queue_id == queues.c.id)
    .correlate(queues)
    .scalar_subquery()
    .label("agents")
)


def with_agents(uow: UnitOfWork) -> Select[Any]:
    """Visible queues, each with its agents as a list of objects."""
    return sight.visible(uow, queues).add_columns(_AGENTS)


def queue_to_change(uow: UnitOfWork, team_id: str, queue_id: str) -> Fields:
    """One queue with its agents, locked. Raises NotFound."""
    rows = sight.visible(uow, queues).where(queues.c.team_id == team_id, queues.c.id == queue_id)
    if sight.one(uow, rows.with_for_update()) is None:
        raise NotFound()
    # Read again under the lock: whoever held it before may have changed the agents.
    return queue(uow, queue_id)


def queue(uow: UnitOfWork, queue_id: str) -> Fields:
    """The queue as it is now. Raises NotFound."""
    found = sight.one(uow, with_agents(uow).where(queues.c.id == queue_id))
    if found is None:
        raise NotFound()
    return found


def is_agent(uow: UnitOfWork, team_id: str, user_id: str) -> bool:
    """Whether this is one of the team's active staff."""
    rows = sight.visible(uow, memberships).where(
        memberships.c.user_id == user_id,
        memberships.c.team_id == team_id,
        memberships.c.organization_id.is_(None),
        memberships.c.active,
    )
    return uow.first(rows) is not None


def working_on(team_id: str, topic: str) -> Select[Any]:
    """The user ids of who works in a queue of the team that takes this topic."""
    taken = or_(queues.c.topics == [], any_(queues.c.topics) == topic)
    return (
        select(queue_agents.c.user_id)
        .join(queues, queues.c.id == queue_agents.c.queue_id)
        .where(queues.c.team_id == team_id, taken)
    )


def list_queues(uow: UnitOfWork, ask: c.ListQueues) -> c.QueuePage:
    """By id. Raises NotFound when the team is not his, Forbidden for customers."""
    standing = sight.standing(uow, ask.team_id)
    rules.standing.must_be_able(standing, "user.read")
    rows = with_agents(uow).where(queues.c.team_id == ask.team_id)
    found, cursor = sight.page(uow, rows, [queues.c.id], ask)
    return c.QueuePage(data=[queue_view(row, standing) for row in found], next_cursor=cursor)


def queue_view(row: Fields, standing: Standing) -> c.QueueView:
    """From ``with_agents``."""
    return c.QueueView(
        id=row["id"],
        team_id=row["team_id"],
        name=row["name"],
        topics=list(row["topics"]),
        agents=[c.QueueAgentLine(**agent) for agent in row["agents"]],
        permissions=standing.able(["queue.manage"]),
        version=row["version"],
    )
