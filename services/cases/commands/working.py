"""Working on a case: comments, changes, review, assignment, answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import bindparam, update

from services.cases import queries, rules
from services.cases.commands.ending import ended_by
from services.cases.commands.saving import Said, record, record_comment, save, say, take, touch
from services.cases.rules import Reader, Round
from services.cases.tables import cases
from services.chassis.actor import Actor
from services.chassis.messages import ABSENT
from services.chassis.problems import Forbidden, Invalid, Problem
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.notifications import ReplyReceived

log = structlog.get_logger(__name__)

_TEXTS = ("title", "description", "priority")
_SAVE_TEXTS = (
    update(cases)
    .where(cases.c.id == bindparam("saved_id"))
    .values({name: bindparam("new_" + name) for name in (*_TEXTS, "updated_at", "version")})
)


def add_comment(uow: UnitOfWork, ask: c.AddComment) -> c.CommentView:
    """Say something on a case. Raises NotFound, Forbidden ``not_permitted``, Conflict ``not_in_this_status``."""
    reader = queries.one(uow, ask, to_change=True)
    internal = ask.visibility == "internal"
    rules.must_be_able(reader, "case.comment_internal" if internal else "case.comment")
    case = reader.case
    act = rules.reaction_to_comment(reader, ask.visibility, uow.now)
    before, case.status = case.status, rules.move(act, case.status)
    reopened = before in ("answered", "closed") and case.status == "open"
    if reopened:
        opened_again(reader)
    said = say(uow, reader, ask.body, ask.channel, ask.visibility)
    save(uow, reader, said)
    record_comment(uow, reader, said)
    if reopened:
        record(uow, reader, c.CaseReopened, Round())
    return queries.comment_view(said)


def opened_again(reader: Reader) -> None:
    """An ended or answered case is on the desk again; a question about its end is settled."""
    reader.case.closed_at = None
    reader.case.confirmation = "none"


def add_mail_reply(uow: UnitOfWork, event: ReplyReceived) -> None:
    """A participant answered a mail: a comment in his name, if he may still see the case and speak on it."""
    actor = Actor("user", event.user_id)
    his = replace(uow, context=replace(uow.context, actor=actor, if_match=None))  # the same transaction and outbox
    ask = c.AddComment(team_id=event.team_id, case_id=event.case_id, body=event.body, channel="email")
    try:
        add_comment(his, ask)
    except Problem as problem:  # raised before anything was written; the reply can never be taken
        log.info("mail_reply_ignored", case_id=event.case_id, message_id=event.message_id, reason=problem.code)


def change_case(uow: UnitOfWork, ask: c.ChangeCase) -> c.CaseView:
    """Save changes; the case stays open. Raises Forbidden ``field_not_editable``, Invalid, PreconditionFailed."""
    reader = take(uow, ask, "case.change")
    case = reader.case
    case.status = rules.move("change", case.status)
    sent = {name: value for name in _TEXTS if (value := getattr(ask, name)) is not ABSENT}
    refused = sorted(set(sent) - rules.editable(reader))
    if refused:
        raise Forbidden("field_not_editable", "These fields can no longer be changed.", extra={"fields": refused})
    errors = rules.check_priority(reader.policy, sent.get("priority"), staff=reader.standing.staff)
    if errors:
        raise Invalid("invalid", "Some values are not right.", errors=errors)
    changed = [name for name, value in sent.items() if getattr(case, name) != value]
    if changed:
        for name in changed:
            setattr(case, name, sent[name])
        touch(uow, reader)
        values: dict[str, Any] = {"new_" + name: getattr(case, name) for name in (*_TEXTS, "updated_at", "version")}
        uow.run(_SAVE_TEXTS, values | {"saved_id": case.id})
        record(uow, reader, c.CaseChanged, rules.sides_of(reader.standing.side), fields=changed)
    return queries.view(uow, reader)


def review_case(uow: UnitOfWork, ask: c.ReviewCase) -> c.CaseView:
    """Somebody looked at it. The first look stays the first; a later one may correct what it found."""
    reader = take(uow, ask, "case.review")
    case = reader.case
    case.status = rules.move("review", case.status)
    case.complexity, case.level = ask.complexity, ask.level
    case.reviewed_at = case.reviewed_at or uow.now
    save(uow, reader)
    record(uow, reader, c.CaseReviewed, Round(), complexity=ask.complexity, level=ask.level)
    return queries.view(uow, reader)


def assign_case(uow: UnitOfWork, ask: c.AssignCase) -> c.CaseView:
    """Give the case to one of the active staff, who is told, or back to the pile. Raises Invalid ``/assignee_id``."""
    reader = take(uow, ask, "case.assign")
    case = reader.case
    case.status = rules.move("assign", case.status)
    name = None
    if ask.assignee_id is not None:
        name = queries.agent_name(uow, ask.team_id, ask.assignee_id)
        if name is None:
            raise Invalid.field("/assignee_id", "choice", "This is not one of the team's staff.")
    case.assignee_id, case.assignee_name = ask.assignee_id, name
    save(uow, reader)
    told = Round(people=(ask.assignee_id,) if ask.assignee_id else ())  # of a case back on the pile nobody is told
    record(uow, reader, c.CaseAssigned, told, assignee_id=ask.assignee_id)
    return queries.view(uow, reader)


def answer_case(uow: UnitOfWork, ask: c.AnswerCase) -> c.CaseView:
    """Support answers: a comment and its effect in one act; ``close`` ends the case with it."""
    reader = take(uow, ask, "case.answer")
    case = reader.case
    case.status = rules.move("answer", case.status)
    case.answered_at = uow.now
    if ask.close:
        ended_by(uow, reader)
    said: Said = say(uow, reader, ask.body, ask.channel)
    save(uow, reader, said)
    record_comment(uow, reader, said)
    record(uow, reader, c.CaseAnswered, Round())
    if ask.close:
        record(uow, reader, c.CaseClosed, Round(), by=reader.standing.side)
    return queries.view(uow, reader)
