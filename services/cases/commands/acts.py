"""Single acts by name, on a case that is held already: what macros and jobs are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.cases import rules
from services.cases.commands.classing import reclassify
from services.cases.commands.ending import cancel, close
from services.cases.commands.linking import tag, untag
from services.cases.commands.queues import escalate, put_into
from services.cases.commands.working import answer, comment, hand_to, review, set_status
from services.cases.rules import Reader
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c


@dataclass(frozen=True, slots=True)
class Act:
    """What is done, its message, the right it takes, and which parameters become which fields (those of the same name
    are not listed)."""

    do: Callable[[UnitOfWork, Reader, Any], object]
    message: Callable[..., Any]
    right: str
    takes: tuple[str, ...] = ()
    called: Mapping[str, str] = field(default_factory=dict)

    def ask(self, team_id: str, case_id: str, said: Mapping[str, Any]) -> Any:
        """The message of the act; what is not said stays as the message has it, but for what can be null."""
        names = {name: name for name in self.takes} | dict(self.called)
        more = {name: said[source] for name, source in names.items() if said.get(source) is not None or name in _NULL}
        return self.message(team_id=team_id, case_id=case_id, **more)


_NULL = ("assignee_id", "queue_id")  # nobody, no queue
ACTS = {
    "comment": Act(comment, c.AddComment, "case.comment", ("body", "visibility", "status")),
    "answer": Act(answer, c.AnswerCase, "case.answer", ("body", "status")),
    "status": Act(set_status, c.ChangeStatus, "case.answer", ("status",)),
    "review": Act(review, c.ReviewCase, "case.review", ("complexity", "level")),
    "assign": Act(hand_to, c.AssignCase, "case.assign", ("assignee_id",)),
    "queue": Act(put_into, c.MoveCase, "case.assign", ("queue_id",)),
    "escalate": Act(escalate, c.EscalateCase, "case.assign", ("level", "assignee_id"), {"note": "body"}),
    "reclassify": Act(
        reclassify, c.ReclassifyCase, "case.reclassify", ("type", "priority", "topic"), {"reason": "body"}
    ),
    "tag": Act(tag, c.PutTag, "case.link", ("tag",)),
    "untag": Act(untag, c.RemoveTag, "case.link", ("tag",)),
    "close": Act(close, c.CloseCase, "case.close"),
    "cancel": Act(cancel, c.CancelCase, "case.cancel", (), {"reason": "body"}),
}


def right_of(action: str, visibility: str | None) -> str:
    """The right that an act takes; a word among the staff has its own."""
    return "case.comment_internal" if action == "comment" and visibility == "internal" else ACTS[action].right


def do(uow: UnitOfWork, reader: Reader, action: str, said: Mapping[str, Any]) -> None:
    """Do it as if it were asked for by itself. Raises what the single act raises."""
    rules.must_be_able(reader, right_of(action, said.get("visibility")))
    case = reader.case
    act = ACTS[action]
    act.do(uow, reader, act.ask(case.team_id, case.id, said))
