"""Whatever happened: keep the case's facts, queue the mails, tell the feed - in one statement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ARRAY, Text, bindparam, text

from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import notifications as c
from services.contracts.accounts import AccountEvent
from services.contracts.cases import (
    CallbackScheduled,
    CaseEvent,
    CaseMerged,
    CaseOpened,
    CommentAdded,
    CommentEdited,
    CommentRetracted,
    QuoteEvent,
    QuoteOffered,
)
from services.contracts.files import FileEvent
from services.notifications import queries, rules
from services.notifications.rules import letters

# The case as of its newest fact; ``number`` and the like are the event's own values.
_KEPT = """kept AS (
    INSERT INTO cases (case_id, team_id, organization_id, number, title, status, audience, fact_version)
    VALUES (:case_id, :team_id, :organization_id, :number, :title, :status, :audience, :fact_version)
    ON CONFLICT (case_id) DO UPDATE SET team_id = excluded.team_id, organization_id = excluded.organization_id,
        number = excluded.number, title = excluded.title, status = excluded.status, audience = excluded.audience,
        fact_version = excluded.fact_version
    WHERE excluded.fact_version > cases.fact_version RETURNING case_id), """
_QUEUED = """queued AS (
    INSERT INTO mails (id, event_id, user_id, team_id, case_id, kind, facts, audience, subject, state, tries,
        next_try_at, created_at)
    SELECT mail.id, :event_id, mail.user_id, :team_id, :case_id, mail.kind, CAST(:facts AS jsonb), :audience,
        :mail_subject, 'queued', 0, :now, :now
    FROM unnest(:mail_ids, :user_ids, :kinds) AS mail (id, user_id, kind)
    ON CONFLICT ON CONSTRAINT mails_once DO NOTHING RETURNING id), """
# What stands in ``waits`` is done first. The cursor is drawn from the row of ``locked``, so only under the lock.
_FEED = """locked AS (
    SELECT pg_advisory_xact_lock(hashtextextended(:team_id, 1)){waits})
INSERT INTO feed (event_id, type, time, team_id, subject, actor, audience, data)
SELECT :event_id, :type, :time, :team_id, :case_id, :actor_id, :audience, CAST(:data AS jsonb) FROM locked
RETURNING cursor"""
_LISTS = [bindparam(name, type_=ARRAY(Text)) for name in ("audience", "mail_ids", "user_ids", "kinds")]


_KEPT_FIRST, _QUEUED_FIRST = "(SELECT count(*) FROM kept) AS of_kept", "(SELECT count(*) FROM queued) AS of_queued"
_TELL = {  # by what else there is to do: keep the case's facts? queue mails?
    (False, False): text("WITH " + _FEED.format(waits="")),
    (True, False): text("WITH " + _KEPT + _FEED.format(waits=f" FROM {_KEPT_FIRST}")),
    (False, True): text("WITH " + _QUEUED + _FEED.format(waits=f" FROM {_QUEUED_FIRST}")),
    (True, True): text("WITH " + _KEPT + _QUEUED + _FEED.format(waits=f" FROM {_KEPT_FIRST}, {_QUEUED_FIRST}")),
}
_TELL = {way: told.bindparams(*(_LISTS if way[1] else _LISTS[:1])) for way, told in _TELL.items()}

_WAITING = "WHERE case_id = :case_id AND next_try_at IS NOT NULL AND facts ->> 'comment_id' = :comment_id"
_TAKEN_BACK = text(
    f"UPDATE mails SET state = 'failed', last_error = 'the comment was taken back', next_try_at = NULL {_WAITING}"  # noqa: S608 - our own words
)
_REWORDED = text(f"UPDATE mails SET facts = jsonb_set(facts, '{{body}}', to_jsonb(CAST(:body AS text))) {_WAITING}")  # noqa: S608


def follow_case(uow: UnitOfWork, happened: CaseEvent) -> None:
    """Whatever happened to a case: keep its facts, queue the mails, tell the feed."""
    values: dict[str, Any] = {}
    # What is internal speaks to fewer people than the case does: it says nothing about the case itself.
    keep = not happened.internal
    if keep:
        values = {
            "organization_id": happened.organization_id,
            "number": happened.number,
            "title": happened.title,
            "status": happened.status,
            "fact_version": happened.fact_version,
        }
    if isinstance(happened, CommentRetracted | CommentEdited):
        _put_right(uow, happened)
    told = _letters(uow, happened)
    if told:
        values |= _mails(uow, happened, told)
    _append(uow, happened, values, _TELL[keep, bool(told)])


def _put_right(uow: UnitOfWork, happened: CommentRetracted | CommentEdited) -> None:
    """Mails of a comment that have not gone yet: none goes of one that was taken back, and the others say its words as
    they are now. One that is on its way and fails is not sent again."""
    values = {"case_id": happened.case_id, "comment_id": happened.comment_id}
    if isinstance(happened, CommentRetracted):
        uow.run(_TAKEN_BACK, values)
    elif happened.body is not None:
        uow.run(_REWORDED, values | {"body": happened.body})


def tell(uow: UnitOfWork, happened: FileEvent | AccountEvent) -> None:
    """Append an event to the feed and tell who listens right now."""
    _append(uow, happened, {}, _TELL[False, False])


def _append(
    uow: UnitOfWork, happened: CaseEvent | FileEvent | AccountEvent, values: dict[str, Any], statement: Any
) -> None:
    """Appending goes one by one within a team (an advisory lock until the commit), so that cursors become visible in
    their order: a reader who has seen a cursor never misses a smaller one. The lock is taken by the last statement of
    the unit of work and after the rest of that statement, so that others wait for little more than a commit."""
    said, data, (subject, audience) = uow.context.more, rules.thin(happened), rules.whom(happened)
    at = datetime.fromisoformat(said["time"]) if said.get("time") else uow.now
    about = {
        "event_id": said["event_id"],
        "type": happened.wire_name,
        "time": at,
        "team_id": happened.team_id,
        "case_id": subject,
        "actor_id": happened.actor_id,
        "audience": audience,
        "data": orjson.dumps(data).decode(),
    }
    cursor = uow.all(statement, values | about)[0].cursor
    line = c.FeedLine(
        cursor=cursor,
        id=said["event_id"],
        type=happened.wire_name,
        time=at,
        team_id=happened.team_id,
        subject=subject,
        actor=happened.actor_id,
        data=data,
    )
    uow.record(c.FeedAppended(team_id=happened.team_id, audience=audience, line=line))


def _letters(uow: UnitOfWork, happened: CaseEvent) -> dict[str, str]:
    """Who gets which kind of mail. The database is asked only when the answer hangs on what it knows."""
    most = rules.letters_for(happened, actor_is_staff=False, mails_comments=True)
    if not most or not isinstance(happened, CaseOpened | CommentAdded):
        return most
    staff, mails_comments = queries.about_mailing(uow, happened.team_id, happened.actor_id)
    return rules.letters_for(happened, actor_is_staff=staff, mails_comments=mails_comments)


def _mails(uow: UnitOfWork, happened: CaseEvent, told: dict[str, str]) -> dict[str, Any]:
    facts: dict[str, Any] = {name: getattr(happened, name) for name in ("number", "title", "status", "asks")}
    facts["at"] = letters.written_at(uow.now)
    if isinstance(happened, CommentAdded):
        facts |= {name: getattr(happened, name) for name in ("body", "comment_id")} | {"author": happened.author_name}
    if isinstance(happened, QuoteEvent):
        facts["amount"] = f"{happened.amount} {happened.currency}"
    if isinstance(happened, QuoteOffered) and happened.text:
        facts["body"] = happened.text
    if isinstance(happened, CaseMerged):
        facts["into"] = happened.into_number
    if isinstance(happened, CallbackScheduled) and happened.due_at is not None:
        facts["when"] = happened.due_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return {
        "facts": orjson.dumps(facts).decode(),
        "mail_subject": letters.subject_of(happened.number, happened.title),
        "now": uow.now,
        "mail_ids": [new_id("mail") for _ in told],
        "user_ids": list(told),
        "kinds": list(told.values()),
    }
