"""The states of a case as data, and who may do what.

``MOVES`` says for every act from which status it leads to which. What is not listed is refused. Notes on the choices:

- a customer's comment on an answered or waiting case opens it again; on a closed one the team's policy decides
  (``closed.comment_effect``; ``follow_up`` only appends until linked cases exist);
- support's public comment opens a new case, because a person has spoken; only the answer makes it ``answered``;
- a cancelled case accepts nothing: it stands nowhere on the left.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from services.cases.rules.case import Policy, Reader, Standing
from services.cases.tables import Case
from services.chassis.problems import Conflict, Forbidden
from services.contracts.cases import Status

Moves = dict[Status, Status]
_STAY: Moves = {
    "new": "new",
    "open": "open",
    "waiting_customer": "waiting_customer",
    "on_hold": "on_hold",
    "answered": "answered",
    "closed": "closed",
}
_ALIVE: list[Status] = ["new", "open", "waiting_customer", "on_hold", "answered"]
_AT_WORK: Moves = {status: _STAY[status] for status in _ALIVE} | {"new": "open"}

MOVES: dict[str, Moves] = {
    "customer_comments": _STAY | {"answered": "open", "waiting_customer": "open"},
    "support_comments": _STAY | {"new": "open"},
    "comment_internal": _STAY,
    "change": {status: _STAY[status] for status in _ALIVE},
    "follow": _STAY,
    "review": _AT_WORK,
    "assign": _AT_WORK,
    "answer": dict.fromkeys(_ALIVE, "answered"),
    "close": dict.fromkeys(_ALIVE, "closed"),
    "cancel": dict.fromkeys(_ALIVE, "cancelled"),
    "reopen": {"answered": "open", "closed": "open"},
    "confirm": {"closed": "closed"},
}

# The permission a client sees -> the act whose moves say when it is possible.
_ACTS = {
    "case.comment": "customer_comments",
    "case.comment_internal": "comment_internal",
    "case.change": "change",
    "case.review": "review",
    "case.assign": "assign",
    "case.answer": "answer",
    "case.close": "close",
    "case.cancel": "cancel",
    "case.reopen": "reopen",
    "case.confirm": "confirm",
    "follower.add": "follow",
    "follower.remove": "follow",
}
_CUSTOMER = {
    "case.comment",
    "case.change",
    "case.close",
    "case.cancel",
    "case.reopen",
    "case.confirm",
    "follower.add",
    "follower.remove",
}
_AGENT = set(_ACTS) - {"case.confirm"}
# Developers read along and advise their colleagues; they do not speak to customers.
_STAFF = {"agent": _AGENT, "lead": _AGENT, "admin": _AGENT}
_ADVISER = {"case.comment_internal"}


def move(act: str, status: Status) -> Status:
    """Where this act leads from here. Raises Conflict ``not_in_this_status``."""
    moves = MOVES[act]
    if status not in moves:
        detail = f"This is not possible while the case is {status.replace('_', ' ')}."
        raise Conflict("not_in_this_status", detail, extra={"status": status, "allowed": list(moves)})
    return moves[status]


def must_be_able(reader: Reader, permission: str) -> None:
    """Refuse what the caller's role or the team's policy never allows. Raises Forbidden ``not_permitted``."""
    if not _entitled(reader.standing, reader.policy, permission):
        raise Forbidden("not_permitted", "You may not do this with a case.", extra={"permission": permission})


def may_open(standing: Standing) -> bool:
    """Who may register a case: a customer with ``case.create``, support's own people on behalf of one."""
    return standing.role in _STAFF if standing.staff else "case.create" in standing.permissions


def able(reader: Reader, now: datetime) -> list[str]:
    """Everything this reader may do with this case now."""
    case = reader.case
    return [
        permission
        for permission, act in _ACTS.items()
        if case.status in MOVES[act]
        and _entitled(reader.standing, reader.policy, permission)
        and _fits(permission, reader, now)
    ]


def _entitled(standing: Standing, policy: Policy, permission: str) -> bool:
    if standing.staff:
        granted = permission in _STAFF.get(standing.role, _ADVISER)
    else:
        granted = permission in _CUSTOMER
        if permission == "case.close":
            granted = bool(policy["close"]["by_customer"])
        elif permission == "case.change":
            granted = bool(policy["fields"]["customer_editable"])
    if permission.startswith("follower."):
        granted = granted and bool(policy["followers"]["enabled"])
    return granted


def _fits(permission: str, reader: Reader, now: datetime) -> bool:
    case = reader.case
    if permission == "case.change":
        return bool(editable(reader))
    if permission == "case.confirm":
        return case.confirmation == "pending"
    if permission == "case.reopen":
        return may_reopen(case, reader.policy, now)
    if permission == "follower.add":
        return case.visibility != "private"
    return True


def editable(reader: Reader) -> set[str]:
    """The fields this reader may change now: support all, a customer what the team says until the first review."""
    if reader.standing.staff:
        return {"title", "description", "priority"}
    if reader.case.reviewed_at is not None:
        return set()
    allowed = {"title", "description", "priority"} & set(reader.policy["fields"]["customer_editable"])
    return allowed if reader.policy["priority"]["customer_sets"] else allowed - {"priority"}


def may_reopen(case: Case, policy: Policy, now: datetime) -> bool:
    """A closed case may be opened again within the team's window; an answered one always."""
    days = int(policy["reopen"]["window_days"])
    return case.closed_at is None or now <= case.closed_at + timedelta(days=days)


def reaction_to_comment(reader: Reader, visibility: str, now: datetime) -> str:
    """The act a comment is: who speaks, to whom, and what the team wants of comments on closed cases."""
    if visibility == "internal":
        return "comment_internal"
    if reader.standing.staff:
        return "support_comments"
    case, effect = reader.case, reader.policy["closed"]["comment_effect"]
    if case.status == "closed" and effect == "reopen" and may_reopen(case, reader.policy, now):
        return "reopen"
    return "customer_comments"
