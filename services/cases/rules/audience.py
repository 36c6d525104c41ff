"""Who may know of what happens on a case, and who is told."""

from __future__ import annotations

from dataclasses import dataclass

from services.cases.rules.case import Policy, Reader

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


def round_of_comment(side: str, *, internal: bool) -> Round:
    """Whom a comment is meant for: the other side and the followers; an internal one, the desk."""
    return Round(support=True) if internal else sides_of(side)


def mails_comments(policy: Policy) -> bool:
    """Whether the team mails what is said."""
    return bool(policy["notify"]["every_public_comment"])


def sees(reader: Reader, user_id: str) -> bool:
    """Whether this person of the customer side may see the case; the same rule as ``queries.visible``."""
    case = reader.case
    if user_id not in reader.present:
        return False
    if case.visibility == "organization" or user_id in (case.created_by, case.contact_id):
        return True
    return case.visibility == "participants" and (user_id == case.owner_id or user_id in _following(reader))


def involved(reader: Reader) -> list[str]:
    """Contact, creator, owner and followers, as far as they may see the case."""
    case = reader.case
    ids = [case.contact_id, case.created_by, case.owner_id, *_following(reader)]
    return [user_id for user_id in dict.fromkeys(ids) if sees(reader, user_id)]


def _following(reader: Reader) -> list[str]:
    """Followers, while the organization has the case's product: without it, following is nothing."""
    return [user_id for user_id, _ in reader.followers] if reader.followable else []


def audience_of(reader: Reader, told: Round, *, internal: bool = False, author: str = "") -> Audience:
    """Principals and people of one event. An internal matter never leaves the staff; the author is never told."""
    case = reader.case
    seeing = involved(reader)
    principals = [f"team:{case.team_id}"]
    if not internal:
        whole = case.visibility == "organization"
        principals += [f"org:{case.organization_id}"] if whole else [f"user:{user_id}" for user_id in seeing]
    tell = [user_id for user_id in told.people if user_id in seeing or user_id in reader.desk]
    if told.support:
        tell += [case.assignee_id] if case.assignee_id in reader.desk else reader.desk
    if not internal:
        if told.customer:
            tell += [user_id for user_id in (case.contact_id, case.created_by, case.owner_id) if user_id in seeing]
        if told.followers:
            tell += [user_id for user_id in _following(reader) if user_id in seeing]
    heard = [user_id for user_id in dict.fromkeys(tell) if user_id != author]
    return Audience(principals, heard[:MOST_TOLD])
