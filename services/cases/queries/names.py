"""Whom a person's new name has still to reach. The timer that carries it there takes some hundred rows a round: a
person may be named on very many cases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, Select, and_, exists, func, or_, select, true

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


def _misnamed() -> Any:
    """The cases of one of those in ``_PEOPLE`` that name him as before; what somebody is changing is left for later."""
    named = or_(*[and_(who == _people.c.user_id, name != _people.c.name) for who, name in _PERSONS])
    found = select(cases.c.id).where(named).limit(MOST_EACH)
    found = found.with_for_update(of=cases, skip_locked=True, key_share=True)
    return found.correlate(_people).lateral("found")


def _misnamed_followers() -> Any:
    named = (followers.c.user_id == _people.c.user_id) & (followers.c.name != _people.c.name)
    found = select(followers.c.case_id, followers.c.user_id).where(named).limit(MOST_EACH)
    return found.correlate(_people).lateral("found")


_people = select(_new.user_id, _new.name).order_by(_new.at).limit(MOST_PEOPLE).subquery("people")
_found, _following = _misnamed(), _misnamed_followers()
# As an array, so that it is looked for once and not for every row.
_ids = func.array(select(_found.c.id).select_from(_people.join(_found, true())).limit(MOST_ROWS).scalar_subquery())
MISNAMED: Any = cases.c.id == func.any(_ids)
_pairs = select(_following.c.case_id, _following.c.user_id).select_from(_people.join(_following, true()))
MISNAMED_FOLLOWERS: Any = func.row(followers.c.case_id, followers.c.user_id).in_(_pairs.limit(MOST_ROWS))


def _name_of(who: Any) -> Any:
    return select(_new.name).where(_new.user_id == who).scalar_subquery()


NAMES: Any = {name: func.coalesce(_name_of(who), name) for who, name in _PERSONS}
FOLLOWERS_NAME = _name_of(followers.c.user_id)
_ELSEWHERE = [exists().where(who == _new.user_id, name != _new.name) for who, name in _PERSONS]
_ELSEWHERE.append(exists().where(followers.c.user_id == _new.user_id, followers.c.name != _new.name))
# Nobody bears the old name any more. Asked for each person by himself: as a join it could become a walk of all cases.
_BORNE = select(or_(*[one.correlate(renames) for one in _ELSEWHERE])).correlate(renames)
CARRIED_OVER: Any = ~_BORNE.scalar_subquery()
