"""Commands and reactions of the notification service: learn, tell the feed, queue mails, send them, take replies."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.actor import Context
from services.chassis.ids import new_id
from services.chassis.offload import offload
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import notifications as c
from services.contracts.accounts import MembershipChanged, TeamChanged
from services.contracts.cases import CaseEvent, CommentAdded
from services.contracts.files import FileEvent
from services.notifications import channels, queries, rules
from services.notifications.rules import letters, replies
from services.notifications.settings import settings
from services.notifications.tables import cases, feed, inbound, mails, memberships, newer_only, reply_tokens, teams

# --- reactions: the neighbours' facts --------------------------------------------------------------------------------


def learn_membership(uow: UnitOfWork, happened: MembershipChanged) -> None:
    """Keep who belongs where, and where his mail goes."""
    names = [column.name for column in memberships.c]
    uow.run(newer_only(memberships, {name: getattr(happened, name) for name in names}))


def learn_team(uow: UnitOfWork, happened: TeamChanged) -> None:
    """Keep the team's name and whether it mails comments."""
    values = {
        "team_id": happened.team_id,
        "name": happened.name,
        "mails_comments": rules.mails_comments_of(happened.profile),
        "fact_version": happened.fact_version,
    }
    uow.run(newer_only(teams, values))


def follow_case(uow: UnitOfWork, happened: CaseEvent) -> None:
    """Whatever happened to a case: keep its facts, queue the mails, tell the feed."""
    # An internal comment speaks to fewer people than the case does: it says nothing about the case itself.
    if not isinstance(happened, CommentAdded) or happened.visibility == "public":
        uow.run(newer_only(cases, {column.name: getattr(happened, column.name) for column in cases.c}))
    _queue_mails(uow, happened)
    tell(uow, happened)


def tell(uow: UnitOfWork, happened: CaseEvent | FileEvent) -> None:
    """Append an event to the feed and tell who listens right now.

    Appending goes one by one within a team (an advisory lock until the commit), so that cursors become visible in
    their order: a reader who has seen a cursor never misses a smaller one.
    """
    said = uow.context.more
    uow.run(text("SELECT pg_advisory_xact_lock(hashtextextended(:team, 1))"), {"team": happened.team_id})
    values = {
        "event_id": said["event_id"],
        "type": happened.wire_name,
        "time": datetime.fromisoformat(said["time"]) if said.get("time") else uow.now,
        "team_id": happened.team_id,
        "subject": happened.case_id,
        "actor": happened.actor_id,
        "audience": list(happened.audience),
        "data": rules.thin(happened),
    }
    row = uow.all(insert(feed).values(values).returning(feed))[0]
    uow.record(c.FeedAppended(team_id=row.team_id, audience=list(row.audience), line=queries.line_of(row)))


def _queue_mails(uow: UnitOfWork, happened: CaseEvent) -> None:
    if not happened.tell and not happened.actor_id:
        return
    staff, mails_comments = queries.about_mailing(uow, happened.team_id, happened.actor_id)
    told = rules.letters_for(happened, actor_is_staff=staff, mails_comments=mails_comments)
    facts: dict[str, Any] = {name: getattr(happened, name) for name in ("number", "title", "status", "asks")}
    facts["at"] = _rfc_date(uow)
    if isinstance(happened, CommentAdded):
        facts |= {"body": happened.body, "author": happened.author_name}
    rows = [
        {
            "id": new_id("mail"),
            "event_id": uow.context.more["event_id"],
            "user_id": user_id,
            "team_id": happened.team_id,
            "case_id": happened.case_id,
            "kind": kind,
            "facts": facts,
            "audience": list(happened.audience),
            "subject": letters.subject_of(happened.number, happened.title),
            "state": "queued",
            "tries": 0,
            "next_try_at": uow.now,
            "created_at": uow.now,
        }
        for user_id, kind in told.items()
    ]
    if rows:
        uow.run(insert(mails).on_conflict_do_nothing(constraint="mails_once"), rows)


def _rfc_date(uow: UnitOfWork) -> str:
    return uow.now.strftime("%a, %d %b %Y %H:%M:%S +0000")


# --- the errand: mails out -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outgoing:
    """A leased mail. ``tries`` tells this lease from a later one."""

    tries: int
    age_from: datetime
    letter: letters.Letter


def take_mails(uow: UnitOfWork) -> list[Outgoing]:
    """Lease some mails that are due; their recipients' rights are looked at now, not when they were queued."""
    found = []
    for row in queries.due_mails(uow, most=5):
        person = queries.recipient(uow, row)
        if person is None:
            _put_aside(uow, row)
            continue
        values = {
            "state": "sending",
            "tries": row.tries + 1,
            "to_email": person.email,
            "next_try_at": uow.now + rules.LEASE,
        }
        uow.run(update(mails).where(mails.c.id == row.id).values(values))
        letter = letters.Letter(
            mail_id=row.id,
            case_id=row.case_id,
            kind=row.kind,
            subject=row.subject,
            team_id=row.team_id,
            team=person.team,
            facts=row.facts | {"asks": row.facts.get("asks", False) and not person.staff},
            to_name=person.name,
            to_email=person.email,
            locale=person.locale,
            token=_token_for(uow, row),
        )
        found.append(Outgoing(row.tries + 1, row.created_at, letter))
    return found


def _put_aside(uow: UnitOfWork, row: Row[Any]) -> None:
    """A person we have not heard of yet may still come; one who may not see it any more gets nothing."""
    values: dict[str, Any] = {"state": "failed", "last_error": "the recipient may not see this", "next_try_at": None}
    young = uow.now - row.created_at < rules.UNKNOWN_PERSON_AFTER
    if young and not queries.is_known(uow, row.user_id, row.team_id):
        values = {"next_try_at": uow.now + rules.LEASE / 12}
    uow.run(update(mails).where(mails.c.id == row.id).values(values))


def _token_for(uow: UnitOfWork, row: Row[Any]) -> str:
    nonce = queries.nonce_of(uow, row.case_id, row.user_id) or secrets.token_bytes(20)
    token = rules.reply_token(settings().secret_key, nonce)
    values = {
        "token_hash": rules.token_hash(token),
        "team_id": row.team_id,
        "case_id": row.case_id,
        "user_id": row.user_id,
        "nonce": nonce,
        "created_at": uow.now,
    }
    uow.run(insert(reply_tokens).values(values).on_conflict_do_nothing())
    return token


def send_mail(item: Outgoing) -> channels.Outcome:
    """Write the mail and hand it to the mail server."""
    found = settings()
    mail = letters.write(item.letter, mail_domain=found.mail_domain, public_url=found.public_url)
    return channels.send(mail, found.smtp_url, found.mail_domain)


def note_outcome(uow: UnitOfWork, item: Outgoing, outcome: channels.Outcome | Exception) -> None:
    """Sent, failed for good, or again later."""
    if isinstance(outcome, Exception):  # not the mail server: we could not even write this mail
        outcome = channels.Outcome("refused", f"{type(outcome).__name__} while writing the mail")
    if outcome.kind == "sent":
        values: dict[str, Any] = {"state": "sent", "sent_at": uow.now, "next_try_at": None, "last_error": None}
        uow.run(update(mails).where(mails.c.id == item.letter.mail_id).values(values))
        return
    pause = None
    if outcome.kind != "refused":
        pause = rules.pause_after(outcome.kind, item.tries, uow.now - item.age_from)
    values = {
        "state": "queued" if pause else "failed",
        "last_error": outcome.detail[:500],
        "next_try_at": uow.now + pause if pause else None,
    }
    ours = (mails.c.id == item.letter.mail_id) & (mails.c.tries == item.tries) & (mails.c.state == "sending")
    uow.run(update(mails).where(ours).values(values))


# --- mails in --------------------------------------------------------------------------------------------------------


def read_mail(_work: Work, _context: Context, ask: c.TakeMail) -> tuple[bytes, replies.Incoming]:
    """Before ``take_mail``, outside its transaction: read what a stranger wrote."""
    try:
        raw = base64.b64decode(ask.raw)
    except (binascii.Error, ValueError):
        raw = b""
    return raw, offload(replies.read, raw, ask.sender, settings().mail_domain)


def take_mail(uow: UnitOfWork, ask: c.TakeMail, seen: tuple[bytes, replies.Incoming]) -> c.ReceiptView:
    """Accept a reply, or put the mail down as ignored or held. Strange mails are held, never an error."""
    if uow.actor.kind != "system":
        raise NotFound()
    raw, mail = seen
    token = rules.token_in(ask.recipient, settings().mail_domain)
    owner = queries.token_owner(uow, rules.token_hash(token)) if token else None
    outcome, reason = _judge(uow, mail, owner)
    values = {
        "id": new_id("inbound"),
        "received_at": uow.now,
        "sender": ask.sender.replace("\x00", ""),
        "case_id": owner.case_id if owner else None,
        "user_id": owner.user_id if owner else None,
        "message_id": mail.message_id,
        "outcome": outcome,
        "reason": reason,
        "raw": None if outcome == "ignored" else _without(raw, token),
    }
    once = (
        insert(inbound)
        .values(values)
        .on_conflict_do_nothing(
            index_elements=["case_id", "user_id", "message_id"], index_where=inbound.c.outcome == text("'accepted'")
        )
    )
    if not uow.run(once):
        return c.ReceiptView(outcome="ignored", reason="repeated")
    if outcome == "accepted" and owner is not None:
        uow.record(
            c.ReplyReceived(
                team_id=owner.team_id,
                case_id=owner.case_id,
                user_id=owner.user_id,
                body=_body(mail, owner.locale),
                message_id=mail.message_id,
            )
        )
    return c.ReceiptView(outcome=outcome, reason=reason)


def _judge(uow: UnitOfWork, mail: replies.Incoming, owner: Row[Any] | None) -> tuple[Any, str]:
    if mail.automatic:
        return "ignored", mail.automatic
    if mail.trouble or owner is None:
        return "held", mail.trouble or "unknown_reply_address"
    if mail.address is None or mail.address not in (owner.emails or []):
        return "held", "not_from_the_participant"
    if not queries.may_see(uow, owner.team_id, owner.case_id, owner.user_id):
        return "held", "no_access_to_the_case"
    return ("accepted", "") if mail.body else ("held", "nothing_new_written")


def _body(mail: replies.Incoming, locale: str) -> str:
    told = ""
    if mail.attachments:
        told = "\n\n" + letters.words(locale)["dropped"].format(names=", ".join(mail.attachments))[:2_000]
    return mail.body[: 65_000 - len(told)] + told


def _without(raw: bytes, token: str | None) -> bytes:
    """The mail as people may read it later: without the secret part of the reply address."""
    return raw.replace(token.encode(), b"...") if token else raw
