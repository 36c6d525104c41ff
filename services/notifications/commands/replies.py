"""Mails in: a reply to a mail becomes ``ReplyReceived``, or is put down as ignored or held. One that cases cannot take
after all is held, too, and its sender told."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sqlalchemy import Row, bindparam, text, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.actor import Context
from services.chassis.ids import new_id
from services.chassis.offload import offload
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import notifications as c
from services.contracts.cases import ReplyRefused
from services.notifications import queries, rules
from services.notifications.rules import letters, replies
from services.notifications.settings import settings
from services.notifications.tables import inbound, mails

_HOLD = (
    update(inbound)
    .where(*[inbound.c[name] == bindparam("held_" + name) for name in ("case_id", "user_id", "message_id")])
    .where(inbound.c.outcome == text("'accepted'"))
    .values(outcome="held", reason=bindparam("held_reason"))
)
_TELL = insert(mails).on_conflict_do_nothing(constraint="mails_once")
_PUT_DOWN = (
    insert(inbound)
    .values({column.name: bindparam(column.name) for column in inbound.c})
    .on_conflict_do_nothing(
        index_elements=["case_id", "user_id", "message_id"], index_where=inbound.c.outcome == text("'accepted'")
    )
)


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
    if not uow.run(_PUT_DOWN, values):
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
    if owner.contact_id is None and not queries.may_see(uow, owner.team_id, owner.case_id, owner.user_id):
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


def hold_reply(uow: UnitOfWork, happened: ReplyRefused) -> None:
    """An accepted reply became no comment: it waits for people, and who wrote it gets a mail (if he still sees the case
    when it is sent)."""
    names = ("case_id", "user_id", "message_id", "reason")
    case = queries.case_told(uow, happened.case_id)
    if not uow.run(_HOLD, {"held_" + name: getattr(happened, name) for name in names}) or case is None:
        return
    mail: dict[str, Any] = {"id": new_id("mail"), "event_id": uow.context.more["event_id"], "kind": "reply_refused"}
    mail |= {name: getattr(happened, name) for name in ("user_id", "team_id", "case_id")}
    facts = {name: getattr(case, name) for name in ("number", "title", "status")}
    mail["facts"] = facts | {"at": letters.written_at(uow.now)}
    mail |= {"audience": [f"user:{happened.user_id}"], "subject": letters.subject_of(case.number, case.title)}
    uow.run(_TELL, mail | {"state": "queued", "tries": 0, "next_try_at": uow.now, "created_at": uow.now})
