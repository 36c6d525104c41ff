"""Whom a person's new name has still to reach. The timer that carries it there takes some hundred rows a round: a
person may be named on very many cases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, Select, and_, exists, func, select, true

from services.cases.tables import cases, followers, memberships, renames

MOST_PEOPLE, MOST_EACH, MOST_ROWS = 1_000, 500, 1_000
_new = renames.c
_PERSONS = (
    (cases.c.created_by, cases.c.created_by_name),
    (cases.c.contact_id, cases.c.contact_name),
    (cases.c.owner_id, cases.c.owner_name),
    (cases.c.assignee_id, cases.c.assignee_name),
)


def newly_named(learned: CTE, at: Any) -> Select[Any]:
    """The person just ``learned`` of (``user_id``, ``name``), if he had another name until now."""
    other = exists().where(memberships.c.user_id == learned.c.user_id, memberships.c.name != learned.c.name)
    return select(learned.c.user_id, learned.c.name, at).where(other)


def _wrong(person: Any, who: Any, name: Any) -> Select[Any]:
    """The cases that name somebody there as before, in the order of the index that leads to what is his. Without it the
    planner takes so many of an agent's cases for wrong that it reads all there are until it meets one."""
    within = [] if who is cases.c.assignee_id else [cases.c.organization_id]
    found = select(cases.c.id).where(who == person.user_id, name != person.name)
    return found.order_by(who, *within, cases.c.updated_at, cases.c.id)


_people = select(_new.user_id, _new.name).order_by(_new.at).limit(MOST_PEOPLE).subquery("people")


def _misnamed(who: Any, name: Any) -> Any:
    """What somebody is changing is left for the next round."""
    found = _wrong(_people.c, who, name).limit(MOST_EACH)
    found = found.with_for_update(of=cases, skip_locked=True, key_share=True)
    his = found.correlate(_people).lateral("his")
    # As an array, so that it is looked for once and not for every row.
    ids = select(his.c.id).select_from(_people.join(his, true())).limit(MOST_ROWS).scalar_subquery()
    return cases.c.id == func.any(func.array(ids))


def _misnamed_followers() -> Any:
    named = (followers.c.user_id == _people.c.user_id) & (followers.c.name != _people.c.name)
    found = select(followers.c.case_id, followers.c.user_id).where(named).limit(MOST_EACH)
    his = found.correlate(_people).lateral("his")
    pairs = select(his.c.case_id, his.c.user_id).select_from(_people.join(his, true())).limit(MOST_ROWS)
    return func.row(followers.c.case_id, followers.c.user_id).in_(pairs)


def _name_of(who: Any) -> Any:
    return select(_new.name).where(_new.user_id == who).scalar_subquery()


MISNAMED, MISNAMED_FOLLOWERS = [_misnamed(who, name) for who, name in _PERSONS], _misnamed_followers()
NAMES: Any = {name: func.coalesce(_name_of(who), name) for who, name in _PERSONS}
FOLLOWERS_NAME = _name_of(followers.c.user_id)
# Nobody bears the old name any more. Asked for each person by himself: as a join it could become a walk of all cases.
_LEFT = [_wrong(_new, who, name).limit(1).correlate(renames).scalar_subquery() for who, name in _PERSONS]
_FOLLOWS = exists().where(followers.c.user_id == _new.user_id, followers.c.name != _new.name)
CARRIED_OVER: Any = and_(*[one.is_(None) for one in _LEFT], ~_FOLLOWS)
