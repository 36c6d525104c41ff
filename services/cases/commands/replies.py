"""Answers by mail: a comment in the name of who wrote it, or a refusal that he is told of."""

from __future__ import annotations

from dataclasses import replace

import structlog

from services.cases import queries, rules
from services.cases.commands.working import comment
from services.cases.rules import Reader
from services.chassis.actor import Actor
from services.chassis.problems import Problem
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.notifications import ReplyReceived

log = structlog.get_logger(__name__)


def add_mail_reply(uow: UnitOfWork, event: ReplyReceived) -> None:
    """A participant answered a mail: a comment in his name, if he may still see the case and speak on it. Otherwise
    whoever took the mail learns why it is no comment."""
    ask = c.AddComment(team_id=event.team_id, case_id=event.case_id, body=event.body, channel="email")
    try:
        his, reader = _place(uow, ask, event.user_id)
        comment(his, reader, ask)
    except Problem as problem:  # raised before anything was written; the reply can never be taken
        log.info("mail_reply_refused", case_id=event.case_id, message_id=event.message_id, reason=problem.code)
        told = {name: getattr(event, name) for name in ("team_id", "case_id", "user_id", "message_id")}
        uow.record(c.ReplyRefused(**told, reason=problem.code))


def _place(uow: UnitOfWork, ask: c.AddComment, user_id: str) -> tuple[UnitOfWork, Reader]:
    """The unit of work in his name, and the case his words belong to: after a merge, the one that goes on. Raises
    NotFound."""
    if rules.without_login(user_id):
        behind = queries.behind_address(uow, ask.team_id, ask.case_id, user_id)
        if into := behind.reader.case.merged_into:  # it has the same contact, or the two could not be merged
            behind = queries.behind_address(uow, ask.team_id, into, user_id)
        return behind.uow, behind.reader
    actor = Actor("user", user_id)
    his = replace(uow, context=replace(uow.context, actor=actor, if_match=None))  # the same transaction and outbox
    found = queries.pair(his, ask)
    case = found[ask.case_id].case
    return his, found.get(case.merged_into or case.id, found[case.id])
