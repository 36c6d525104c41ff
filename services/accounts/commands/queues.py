"""Queues, who works in them, and who is there."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules
from services.accounts.commands.facts import change_memberships, queue_changed
from services.accounts.notes import note
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import Standing
from services.accounts.tables import memberships, queue_agents, queues
from services.chassis.ids import new_id
from services.chassis.problems import Conflict, Forbidden, Invalid, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

MOST_AGENTS = 200
_LONGEST_AWAY = timedelta(days=366)


def add_queue(uow: UnitOfWork, ask: c.AddQueue) -> c.QueueView:
    """Raises NotFound for a foreign team, Forbidden without ``queue.manage``."""
    standing = _may_manage(uow, ask.team_id)
    queue = {
        "id": new_id("queue"),
        "team_id": ask.team_id,
        "name": ask.name,
        "topics": list(dict.fromkeys(ask.topics)),
        "version": 1,
        "created_at": uow.now,
    }
    uow.run(insert(queues).values(queue))
    return _told(uow, {**queue, "agents": []}, "queue.added", standing)


def change_queue(uow: UnitOfWork, ask: c.ChangeQueue) -> c.QueueView:
    """Raises NotFound, Forbidden, 412."""
    standing = _may_manage(uow, ask.team_id)
    queue = _to_change(uow, ask)
    said = {"name": ask.name, "topics": ask.topics}
    changes = {name: value for name, value in said.items() if value is not None and value != queue[name]}
    if not changes:
        return queries.queues.queue_view(queue, standing)
    return _told(uow, _touched(uow, queue, **changes), "queue.changed", standing)


def remove_queue(uow: UnitOfWork, ask: c.RemoveQueue) -> c.DoneView:
    """Removing what is gone is done. Raises NotFound for a foreign team, Forbidden, 412."""
    _may_manage(uow, ask.team_id)
    try:
        queue = _to_change(uow, ask)
    except NotFound:
        return c.DoneView()
    uow.run(delete(queues).where(queues.c.id == ask.queue_id))
    uow.record(queue_changed({**queue, "agents": [], "version": queue["version"] + 1}, removed=True))
    note(uow, "queue.removed", team_id=ask.team_id, object_id=ask.queue_id)
    return c.DoneView()


def put_queue_agent(uow: UnitOfWork, ask: c.PutQueueAgent) -> c.QueueView:
    """Raises NotFound, Forbidden, 412, Invalid ``/user_id`` for who is not of the active staff, Conflict
    ``queue_full``."""
    standing = _may_manage(uow, ask.team_id)
    queue = _to_change(uow, ask)
    if not queries.queues.is_agent(uow, ask.team_id, ask.user_id):
        raise Invalid.field("/user_id", "choice", "This is not one of the team's active staff.")
    place = {"level": ask.level, "products": ask.products, "types": ask.types}
    there = {agent["user_id"]: agent for agent in queue["agents"]}
    if there.get(ask.user_id) == {"user_id": ask.user_id, **place}:
        return queries.queues.queue_view(queue, standing)
    if ask.user_id not in there and len(there) >= MOST_AGENTS:
        raise Conflict("queue_full", f"A queue has at most {MOST_AGENTS} agents.")
    put = upsert(queue_agents).values(queue_id=ask.queue_id, user_id=ask.user_id, **place)
    uow.run(put.on_conflict_do_update(index_elements=["queue_id", "user_id"], set_=place))
    return _told(uow, _touched(uow, queue), "queue.agent_put", standing, user_id=ask.user_id)


def remove_queue_agent(uow: UnitOfWork, ask: c.RemoveQueueAgent) -> c.DoneView:
    """Removing who is not there is done. Raises NotFound, Forbidden, 412."""
    standing = _may_manage(uow, ask.team_id)
    queue = _to_change(uow, ask)
    here = (queue_agents.c.queue_id == ask.queue_id, queue_agents.c.user_id == ask.user_id)
    if uow.run(delete(queue_agents).where(*here)):
        _told(uow, _touched(uow, queue), "queue.agent_removed", standing, user_id=ask.user_id)
    return c.DoneView()


def _may_manage(uow: UnitOfWork, team_id: str) -> Standing:
    standing = queries.sight.standing(uow, team_id)
    rules.standing.must_be_able(standing, "queue.manage")
    return standing


def _to_change(uow: UnitOfWork, ask: c.ChangeQueue | c.RemoveQueue | c.PutQueueAgent | c.RemoveQueueAgent) -> Fields:
    queue = queries.queues.queue_to_change(uow, ask.team_id, ask.queue_id)
    uow.must_match(queue["version"])
    return queue


def _touched(uow: UnitOfWork, queue: Fields, **changes: object) -> Fields:
    """The queue with these changes and its next version, read again with its agents."""
    uow.run(update(queues).where(queues.c.id == queue["id"]).values(**changes, version=queue["version"] + 1))
    return queries.queues.queue(uow, queue["id"])


def _told(uow: UnitOfWork, queue: Fields, action: str, standing: Standing, **detail: str) -> c.QueueView:
    uow.record(queue_changed(queue))
    note(uow, action, team_id=queue["team_id"], object_id=queue["id"], name=queue["name"], **detail)
    return queries.queues.queue_view(queue, standing)


def change_availability(uow: UnitOfWork, ask: c.ChangeAvailability) -> c.MembershipView:
    """Raises NotFound for a foreign team, Forbidden for customers, Invalid for a replacement who is not of the active
    staff, or an end that is past or more than a year away."""
    standing = queries.sight.standing(uow, ask.team_id)
    if standing.staff is None:
        raise Forbidden("staff_only", "Only the team's own staff are present or away.")
    away = ask.state == "away"
    _must_be_possible(uow, ask, away)
    values = {"away": away, "replacement_id": ask.replacement_id, "away_until": ask.until}
    mine = (
        memberships.c.team_id == ask.team_id,
        memberships.c.organization_id.is_(None),
        memberships.c.user_id == uow.actor.user_id,
        memberships.c.active,
    )
    rows = change_memberships(uow, mine, values)
    told = {"state": ask.state, "replacement_id": ask.replacement_id}
    note(uow, "availability.changed", team_id=ask.team_id, object_id=rows[0]["id"], **told)
    return queries.people.membership_view({**rows[0], "organization_name": None}, standing)


def _must_be_possible(uow: UnitOfWork, ask: c.ChangeAvailability, away: bool) -> None:
    for name, value in (("replacement_id", ask.replacement_id), ("until", ask.until)):
        if value is not None and not away:
            raise Invalid.field(f"/{name}", "away", "Who is present needs none.")
    if ask.until is not None and not uow.now < ask.until <= uow.now + _LONGEST_AWAY:
        raise Invalid.field("/until", "range", "Must lie ahead, within a year.")
    if ask.replacement_id is not None and (
        ask.replacement_id == uow.actor.user_id or not queries.queues.is_agent(uow, ask.team_id, ask.replacement_id)
    ):
        raise Invalid.field("/replacement_id", "choice", "This is not another one of the team's active staff.")


def end_absences(uow: UnitOfWork) -> None:
    """Who is back by his own word is available again."""
    over = (memberships.c.away_until <= uow.now,)
    change_memberships(uow, over, {"away": False, "replacement_id": None, "away_until": None})
