"""The errand: mails out, many at a time. Each round is one look, one lease and, after every mail, one note."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, DateTime, LargeBinary, Row, Text, bindparam, text

from services.chassis.ids import made_key
from services.chassis.unit_of_work import UnitOfWork
from services.notifications import channels, queries, rules
from services.notifications.rules import letters
from services.notifications.settings import settings

MOST = 50  # mails of a round
_TEXTS: Any = ARRAY(Text)
_LEASE = text(
    """UPDATE mails SET state = 'sending', tries = tries + 1, to_email = lease.to_email, next_try_at = :until
    FROM unnest(:ids, :emails) AS lease (id, to_email) WHERE mails.id = lease.id"""
).bindparams(bindparam("ids", type_=_TEXTS), bindparam("emails", type_=_TEXTS))
_PUT_OFF = text("UPDATE mails SET next_try_at = :until WHERE id = ANY(:ids)").bindparams(bindparam("ids", type_=_TEXTS))
_REFUSE = text(
    "UPDATE mails SET state = 'failed', last_error = :error, next_try_at = NULL WHERE id = ANY(:ids)"
).bindparams(bindparam("ids", type_=_TEXTS))
_ADDRESSES = text(
    """INSERT INTO reply_tokens (token_hash, team_id, case_id, user_id, nonce, created_at)
    SELECT made.*, :now FROM unnest(:hashes, :team_ids, :case_ids, :user_ids, :nonces) AS made
    ON CONFLICT DO NOTHING"""
).bindparams(
    *[bindparam(name, type_=ARRAY(LargeBinary)) for name in ("hashes", "nonces")],
    *[bindparam(name, type_=_TEXTS) for name in ("team_ids", "case_ids", "user_ids")],
)
_SENT = text(
    "UPDATE mails SET state = 'sent', sent_at = :now, next_try_at = NULL, last_error = NULL WHERE id = :id"
).bindparams(bindparam("now", type_=DateTime(timezone=True)))
# ``tries`` and the state tell our lease from a later one.
_NOT_SENT = text(
    """UPDATE mails SET state = :new_state, last_error = :error, next_try_at = :again
    WHERE id = :id AND tries = :tries AND state = 'sending'"""
)
_GIVE_BACK = text(
    """UPDATE mails SET state = 'queued', tries = lease.tries - 1, next_try_at = :now
    FROM unnest(:ids, CAST(:tries AS integer[])) AS lease (id, tries)
    WHERE mails.id = lease.id AND mails.tries = lease.tries AND mails.state = 'sending'"""
).bindparams(bindparam("ids", type_=_TEXTS))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A leased mail. ``tries`` tells this lease from a later one."""

    tries: int
    age_from: datetime
    letter: letters.Letter


def take_mails(uow: UnitOfWork) -> list[Outgoing]:
    """Lease mails that are due; their recipients' rights are looked at now, not when they were queued."""
    rows = queries.due_mails(uow, most=MOST)
    due = [row for row in rows if row.email is not None]
    if len(due) < len(rows):
        _put_aside(uow, [row for row in rows if row.email is None])
    due = _not_too_many(uow, due)
    if not due:
        return []
    lease = {"ids": [row.id for row in due], "emails": [row.email for row in due], "until": uow.now + rules.LEASE}
    uow.run(_LEASE, lease)
    tokens = _tokens_for(uow, due)
    return [_outgoing(row, token) for row, token in zip(due, tokens, strict=True)]


def _outgoing(row: Row[Any], token: str) -> Outgoing:
    letter = letters.Letter(
        mail_id=row.id,
        case_id=row.case_id,
        kind=row.kind,
        subject=row.subject,
        team_id=row.team_id,
        team=row.team,
        facts=row.facts | {"asks": row.facts.get("asks", False) and not row.staff},
        to_name=row.name,
        to_email=row.email,
        locale=row.locale,
        token=token,
        outside=row.contact_id is not None,
        may_write=row.may_write,
        access_key=made_key("cwa", settings().secret_key, bytes(row.nonce)) if row.nonce else "",
    )
    return Outgoing(row.tries + 1, row.created_at, letter)


def _put_aside(uow: UnitOfWork, rows: list[Row[Any]]) -> None:
    """A person we have not heard of yet may still come; one who may not see it any more gets nothing."""
    young = uow.now - rules.UNKNOWN_PERSON_AFTER
    wait = [row.id for row in rows if not row.known and row.created_at > young]
    refused = [row.id for row in rows if row.known or row.created_at <= young]
    if wait:
        uow.run(_PUT_OFF, {"ids": wait, "until": uow.now + rules.LEASE / 12})
    if refused:
        uow.run(_REFUSE, {"ids": refused, "error": "the recipient may not see this"})


def _not_too_many(uow: UnitOfWork, due: list[Row[Any]]) -> list[Row[Any]]:
    """Without the receipts that strangers ask for to one address again and again: it need not be theirs."""
    asked = [row for row in due if row.contact_id is not None and row.kind == "receipt"]
    if not asked:
        return due
    sent, spent = queries.receipts(uow, asked, uow.now - rules.STRANGERS_WHILE), set[str]()
    for row in asked:
        sent[row.email.lower()] += 1
        if sent[row.email.lower()] > rules.STRANGERS_RECEIPTS:
            spent.add(row.id)
    if spent:
        uow.run(_REFUSE, {"ids": list(spent), "error": "too many receipts to this address"})
    return [row for row in due if row.id not in spent]


def _tokens_for(uow: UnitOfWork, rows: list[Row[Any]]) -> list[str]:
    """Each recipient's reply address of his case; the missing ones are written down."""
    key, told, missing = settings().secret_key, [], []
    for row in rows:
        nonce = bytes(row.nonces[0]) if row.nonces else secrets.token_bytes(20)
        token = rules.reply_token(key, nonce)
        made = rules.token_hash(token)
        if made not in [bytes(known) for known in row.hashes or ()]:
            missing.append((made, row.team_id, row.case_id, row.user_id, nonce))
        told.append(token)
    if missing:
        names = ("hashes", "team_ids", "case_ids", "user_ids", "nonces")
        columns = dict(zip(names, map(list, zip(*missing, strict=True)), strict=True))
        uow.run(_ADDRESSES, columns | {"now": uow.now})
    return told


def send_mail(item: Outgoing) -> channels.Outcome:
    """Write the mail and hand it to the mail server."""
    found = settings()
    mail = letters.write(item.letter, mail_domain=found.mail_domain, public_url=found.public_url)
    return channels.send(mail, found.smtp_url, found.mail_domain)


def note_outcome(uow: UnitOfWork, item: Outgoing, outcome: channels.Outcome | Exception) -> None:
    """Sent, failed for good, or again later. One statement: it is its own transaction."""
    if isinstance(outcome, Exception):  # not the mail server: we could not even write this mail
        outcome = channels.Outcome("refused", f"{type(outcome).__name__} while writing the mail")
    if outcome.kind == "sent":
        uow.run(_SENT, {"id": item.letter.mail_id, "now": uow.now})
        return
    pause = None
    if outcome.kind != "refused":
        pause = rules.pause_after(outcome.kind, item.tries, uow.now - item.age_from)
    values = {
        "id": item.letter.mail_id,
        "tries": item.tries,
        "new_state": "queued" if pause else "failed",
        "error": outcome.detail[:500],
        "again": uow.now + pause if pause else None,
    }
    uow.run(_NOT_SENT, values)


def give_back(uow: UnitOfWork, items: Sequence[Outgoing]) -> None:
    """These were leased and not tried: they are due again, as if they had never been taken."""
    ids, tries = [item.letter.mail_id for item in items], [item.tries for item in items]
    uow.run(_GIVE_BACK, {"ids": ids, "tries": tries, "now": uow.now})
