"""What a macro may say. What a case may be done, its own rules decide when the macro is applied."""

from __future__ import annotations

from dataclasses import dataclass

from services.cases.rules.case import Policy
from services.cases.rules.form import Error, check_priority, find_topic
from services.cases.rules.moves import MOVES, TURNS, Moves, turn_of
from services.cases.rules.snippets import PLACES, unknown_places
from services.chassis.problems import Invalid
from services.contracts import cases as c


@dataclass(frozen=True, slots=True)
class Act:
    """The row of ``MOVES`` an act is (``status``: of ``TURNS``), what it cannot be without, and what else it takes."""

    move: str
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


_CHANGES = ("type", "priority", "topic")
_ACTS = {
    "comment": Act("support_comments", ("body",), ("visibility", "status")),
    "answer": Act("answer", ("body",), ("status",)),
    "status": Act("", ("status",)),
    "review": Act("review", ("complexity",), ("level",)),
    "assign": Act("assign", (), ("assignee_id",)),
    "queue": Act("queue", (), ("queue_id",)),
    "escalate": Act("escalate", (), ("level", "assignee_id", "body")),
    "reclassify": Act("reclassify", ("body",), _CHANGES),
    "tag": Act("link", ("tag",)),
    "untag": Act("link", ("tag",)),
    "close": Act("close"),
    "cancel": Act("cancel", (), ("body",)),
}
_PARAMETERS = [name for name in c.MacroLine.__dataclass_fields__ if name != "action"]


def check_macro(profile: Policy, actions: list[c.MacroLine], people: set[str], queues: set[str]) -> None:
    """Hold the acts against the team's profile, and against its ``people`` and ``queues``. Raises Invalid naming every
    wrong place."""
    errors: list[Error] = []
    for place, action in enumerate(actions):
        wrong = [*_parameters(action), *_values(profile, action), *_names(action, people, queues)]
        errors += [error | {"pointer": f"/actions/{place}{error['pointer']}"} for error in wrong]
    errors = errors or _order(profile, actions)
    if errors:
        raise Invalid("invalid", "Some values are not right.", errors=errors)


def _parameters(action: c.MacroLine) -> list[Error]:
    act = _ACTS[action.action]
    given = {name for name in _PARAMETERS if getattr(action, name) is not None}
    missing = [_error(name, "required", f"To {action.action}, say {name}.") for name in act.needs if name not in given]
    if action.action == "reclassify" and not given & {*_CHANGES}:
        missing.append(_error("type", "required", "To reclassify, say type, priority or topic."))
    surplus = sorted(given - {*act.needs, *act.takes})
    return missing + [_error(name, "unknown", f"To {action.action} takes no {name}.") for name in surplus]


def _values(profile: Policy, action: c.MacroLine) -> list[Error]:
    errors = check_priority(profile, action.priority, staff=True)
    if action.type is not None and all(kind["key"] != action.type for kind in profile["types"]):
        errors.append(_error("type", "choice", "The team has no such type of case."))
    if action.topic is not None:
        errors += find_topic(profile, action.topic)[1]
    if action.status is not None:
        errors += _status(profile, action.status)
    if unknown := unknown_places(action.body or ""):
        detail = f"Nothing can be filled into {', '.join(unknown)}; there are: {', '.join(PLACES)}."
        errors.append(_error("body", "choice", detail))
    return errors


def _status(profile: Policy, status: str) -> list[Error]:
    try:
        turn_of(profile, status)
    except Invalid as unknown:
        return unknown.errors
    return []


def _names(action: c.MacroLine, people: set[str], queues: set[str]) -> list[Error]:
    errors = []
    if action.assignee_id not in (None, "me", *people):
        errors.append(_error("assignee_id", "choice", "This is not one of the team's staff."))
    if action.queue_id not in (None, *queues):
        errors.append(_error("queue_id", "choice", "The team has no such queue."))
    return errors


def _order(profile: Policy, actions: list[c.MacroLine]) -> list[Error]:
    """An act that no case could come to, whatever its status was at the beginning."""
    reached = {status for moves in MOVES.values() for status in moves}
    for place, action in enumerate(actions):
        for moves in _moves(profile, action):
            reached = {moves[status] for status in reached if status in moves}
        if not reached:
            detail = f"After what comes before, no case can be subject to: {action.action}."
            return [{"pointer": f"/actions/{place}/action", "rule": "order", "detail": detail}]
    return []


def _moves(profile: Policy, action: c.MacroLine) -> list[Moves]:
    """The rows of the table that it goes through. Raises Invalid ``/status``."""
    name = _ACTS[action.action].move
    if action.action == "comment" and action.visibility == "internal":
        name = "comment_internal"
    if action.action == "answer" and action.status:
        name = "support_comments"  # no answer yet
    turn = TURNS[turn_of(profile, action.status)[0]] if action.status else ""
    return [MOVES[one] for one in (name, turn) if one]


def _error(name: str, rule: str, detail: str) -> Error:
    return {"pointer": f"/{name}", "rule": rule, "detail": detail}
