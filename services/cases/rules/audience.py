"""Who may know of what happens on a case, and who is told."""

from __future__ import annotations

from dataclasses import dataclass

from services.cases.rules.case import Reader

MOST_TOLD = 100  # the limit of Ids in the contracts


@dataclass(frozen=True, slots=True)
class Audience:
    """``audience``: principals who may know; ``tell``: people to notify."""

    audience: list[str]
    tell: list[str]


@dataclass(frozen=True, slots=True)
class Round:
    """Whom an act is meant for: the sides, whether the followers hear of it, and single people."""

    support: bool = False
    customer: bool = False
    followers: bool = False
    people: tuple[str, ...] = ()


def sides_of(side: str) -> Round:
    """The other side of the one who acts, and the followers."""
    return Round(support=side == "customer", customer=side == "support", followers=True)


def sees(reader: Reader, user_id: str) -> bool:
    """Whether this person of the customer side may see the case; the same rule as ``queries.visible``."""
    case = reader.case
    if user_id not in reader.present:
        return False
    if case.visibility == "organization" or user_id in (case.created_by, case.contact_id):
        return True
    following = any(user_id == follower for follower, _ in reader.followers)
    return case.visibility == "participants" and (user_id == case.owner_id or following)


def audience_of(reader: Reader, told: Round, *, internal: bool = False, author: str = "") -> Audience:
    """Principals and people of one event. An internal matter never leaves the staff; the author is never told."""
    case = reader.case
    ids = [case.contact_id, case.created_by, case.owner_id]
    followers = [user_id for user_id, _ in reader.followers]
    involved = [user_id for user_id in dict.fromkeys([*ids, *followers]) if sees(reader, user_id)]
    principals = [f"team:{case.team_id}"]
    if not internal:
        whole = case.visibility == "organization"
        principals += [f"org:{case.organization_id}"] if whole else [f"user:{user_id}" for user_id in involved]
    tell = [user_id for user_id in told.people if user_id in involved or user_id in reader.desk]
    if told.support:
        tell += [case.assignee_id] if case.assignee_id in reader.desk else reader.desk
    if not internal:
        if told.customer:
            tell += [user_id for user_id in ids if user_id in involved]
        if told.followers:
            tell += [user_id for user_id in followers if user_id in involved]
    heard = [user_id for user_id in dict.fromkeys(tell) if user_id != author]
    return Audience(principals, heard[:MOST_TOLD])
