"""Working on a case: comments, changes, review, assignment, answers."""

from __future__ import annotations

from dataclasses import replace

import structlog

from services.cases import queries, rules
from services.cases.commands.ending import ended_by
from services.cases.commands.merging import follow_up
from services.cases.commands.saving import Said, bring, record, record_comment, save, say, take
from services.cases.rules import Reader, Round
from services.chassis.problems import Conflict, Invalid, Problem
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

log = structlog.get_logger(__name__)


def add_comment(uow: UnitOfWork, ask: c.AddComment) -> c.CommentView:
    """Say something on a case. Raises NotFound, Forbidden ``not_permitted``, Conflict ``not_in_this_status``, Invalid
    ``/channel``."""
    reader = queries.one(uow, ask, to_change=True)
    rules.must_speak_by(reader, ask.channel)
    return queries.comment_view(comment(uow, reader, ask))


def comment(uow: UnitOfWork, reader: Reader, ask: c.AddComment) -> Said:
    """The same on a case that is held already, as whoever reads it."""
    internal = ask.visibility == "internal"
    rules.must_be_able(reader, "case.comment_internal" if internal else "case.comment")
    case = reader.case
    act = rules.reaction_to_comment(reader, ask.visibility, uow.now)
    before, case.status = case.status, rules.move(act, case)
    reopened = before in ("answered", "closed") and case.status != before
    if reopened:
        opened_again(reader)
    if ask.status is not None:
        turn(reader, ask.status)
    said = bring(say(uow, reader, ask.body, ask.channel, ask.visibility), ask.file_ids)
    save(uow, reader, said)
    record_comment(uow, reader, said)
    if reopened:
        record(uow, reader, c.CaseReopened, rules.sides_of(reader.standing.side))
    if ask.status is not None:
        record(uow, reader, c.CaseChanged, Round(), fields=["status"])
    if rules.goes_on_elsewhere(reader, ask.visibility, uow.now):
        _go_on_elsewhere(uow, reader, ask)
    return said


def _go_on_elsewhere(uow: UnitOfWork, reader: Reader, ask: c.AddComment) -> None:
    """A customer's word on a case that cannot be opened again begins the next one, linked, or stands on the one that
    was begun already; where neither is possible, the word stands on the old case alone."""
    try:
        begun = queries.open_follow_up(uow, reader.case)
        if begun is None:
            follow_up(uow, reader, reader.case.title, ask.body, {})
        else:
            again = replace(ask, case_id=begun, file_ids=[])  # the files lie where they were put
            comment(uow, queries.one(uow, again, to_change=True), again)
    except Problem as problem:  # raised before anything of the new case was written
        log.info("no_follow_up", case_id=reader.case.id, reason=problem.code)


def opened_again(reader: Reader) -> None:
    """An ended or answered case is on the desk again; a question about its end is settled."""
    reader.case.closed_at = None
    reader.case.confirmation = "none"


def review_case(uow: UnitOfWork, ask: c.ReviewCase) -> c.CaseView:
    """Somebody looked at it. The first look stays the first; a later one may correct what it found."""
    reader = take(uow, ask, "case.review")
    review(uow, reader, ask)
    return queries.view(uow, reader)


def review(uow: UnitOfWork, reader: Reader, ask: c.ReviewCase) -> None:
    """The same on a case that is held already."""
    case = reader.case
    case.status = rules.move("review", case)
    case.complexity, case.level = ask.complexity, ask.level or case.level
    if ask.queue_id is not None:
        lay_in_queue(uow, reader, ask.queue_id)
    case.reviewed_at = case.reviewed_at or uow.now
    save(uow, reader)
    record(uow, reader, c.CaseReviewed, Round(), complexity=ask.complexity, level=case.level)


def lay_in_queue(uow: UnitOfWork, reader: Reader, queue_id: str | None) -> None:
    """The case lies in this queue, or in none; it is not saved yet. Raises Invalid ``/queue_id``."""
    if queue_id is not None and not queries.has_queue(uow, reader.case.team_id, queue_id, reader.known):
        raise Invalid.field("/queue_id", "choice", "The team has no such queue.")
    reader.case.queue_id = queue_id


def assign_case(uow: UnitOfWork, ask: c.AssignCase) -> c.CaseView:
    """Give the case to one of the active staff, who is told, or back to the pile. Raises Invalid ``/assignee_id``,
    Conflict ``already_assigned`` when it had to be free."""
    reader = take(uow, ask, "case.assign")
    hand_to(uow, reader, ask)
    return queries.view(uow, reader)


def hand_to(uow: UnitOfWork, reader: Reader, ask: c.AssignCase) -> None:
    """The same on a case that is held already."""
    case = reader.case
    case.status = rules.move("assign", case)
    assignee_id = meant(uow, ask.assignee_id)
    only_if_free = ask.assignee_id == "me" if ask.only_if_free is None else ask.only_if_free
    if only_if_free and case.assignee_id not in (None, assignee_id):
        raise Conflict("already_assigned", "Somebody else has taken this case.")
    assign(uow, reader, assignee_id)
    save(uow, reader)
    told = Round(people=(assignee_id,) if assignee_id else ())  # of a case back on the pile nobody is told
    record(uow, reader, c.CaseAssigned, told, assignee_id=assignee_id)


def meant(uow: UnitOfWork, assignee_id: str | None) -> str | None:
    """Whom a request names: ``me`` is the caller."""
    return uow.actor.user_id if assignee_id == "me" else assignee_id


def assign(uow: UnitOfWork, reader: Reader, assignee_id: str | None) -> None:
    """Put the case on this desk, or back on the pile. Raises Invalid ``/assignee_id`` for who is not of the staff."""
    name = None
    if assignee_id == uow.actor.user_id:
        name = reader.standing.name
    elif assignee_id is not None:
        name = queries.agent_name(uow, reader.case.team_id, assignee_id, reader.known)
    if assignee_id is not None and name is None:
        raise Invalid.field("/assignee_id", "choice", "This is not one of the team's staff.")
    reader.case.assignee_id, reader.case.assignee_name = assignee_id, name


def change_status(uow: UnitOfWork, ask: c.ChangeStatus) -> c.CaseView:
    """Support says whose turn it is. Raises NotFound, Forbidden, Conflict ``not_in_this_status``."""
    reader = take(uow, ask, "case.answer")
    set_status(uow, reader, ask)
    return queries.view(uow, reader)


def set_status(uow: UnitOfWork, reader: Reader, ask: c.ChangeStatus) -> None:
    """The same on a case that is held already."""
    turn(reader, ask.status)
    save(uow, reader)
    record(uow, reader, c.CaseChanged, Round(), fields=["status"])


def turn(reader: Reader, status: str) -> None:
    """Raises Invalid ``/status``, Forbidden for who is not to say it, Conflict where it cannot be said."""
    category, own = rules.turn_of(reader.policy, status)
    act = rules.TURNS[category]
    rules.must_be_able(reader, f"case.{act}")
    reader.case.status, reader.case.substatus = rules.move(act, reader.case), own


def answer_case(uow: UnitOfWork, ask: c.AnswerCase) -> c.CaseView:
    """Support answers: a comment and its effect in one act; ``close`` ends the case with it."""
    reader = take(uow, ask, "case.answer")
    rules.must_speak_by(reader, ask.channel)
    answer(uow, reader, ask)
    return queries.view(uow, reader)


def answer(uow: UnitOfWork, reader: Reader, ask: c.AnswerCase) -> None:
    """The same on a case that is held already. Raises Invalid ``/close`` for what is no answer yet."""
    if ask.status != "answered":
        if ask.close:
            raise Invalid.field("/close", "answered", "A case is closed with its answer; leave one of the two out.")
        names = ("team_id", "case_id", "body", "channel", "file_ids", "status")
        comment(uow, reader, c.AddComment(**{name: getattr(ask, name) for name in names}))
        return
    case = reader.case
    case.status = rules.move("answer", case)
    case.answered_at = uow.now
    if ask.close:
        ended_by(uow, reader)
    said: Said = bring(say(uow, reader, ask.body, ask.channel), ask.file_ids)
    save(uow, reader, said)
    record_comment(uow, reader, said)
    record(uow, reader, c.CaseAnswered, Round())
    if ask.close:
        record(uow, reader, c.CaseClosed, rules.sides_of(reader.standing.side), by=reader.standing.side)
