"""The errand: letters about accounts, which accounts wants mailed. They belong to no case and know no rights.

A link in them is as good as a password: it stands in the database only until the letter is sent or given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert

from services.chassis.unit_of_work import UnitOfWork
from services.contracts.accounts import LetterWanted
from services.notifications import channels, queries, rules
from services.notifications.rules import account_letters
from services.notifications.settings import settings
from services.notifications.tables import letters

MOST = 50  # letters of a round
_LEASE = text("UPDATE letters SET state = 'sending', tries = tries + 1, next_try_at = :until WHERE id = ANY(:ids)")
_EXPIRE = text(
    """UPDATE letters SET state = 'failed', last_error = 'its link ran out first', next_try_at = NULL, link = NULL
    WHERE id = ANY(:ids)"""
)
_SENT = text(
    """UPDATE letters SET state = 'sent', sent_at = :now, next_try_at = NULL, last_error = NULL, link = NULL
    WHERE id = :id"""
)
# ``tries`` and the state tell our lease from a later one.
_LATER = text(
    """UPDATE letters SET state = 'queued', last_error = :error, next_try_at = :again
    WHERE id = :id AND tries = :tries AND state = 'sending'"""
)
_GIVEN_UP = text(
    """UPDATE letters SET state = 'failed', last_error = :error, next_try_at = NULL, link = NULL
    WHERE id = :id AND tries = :tries AND state = 'sending'"""
)
_GIVE_BACK = text(
    """UPDATE letters SET state = 'queued', tries = lease.tries - 1, next_try_at = :now
    FROM unnest(CAST(:ids AS text[]), CAST(:tries AS integer[])) AS lease (id, tries)
    WHERE letters.id = lease.id AND letters.tries = lease.tries AND letters.state = 'sending'"""
)


@dataclass(frozen=True, slots=True)
class Leased:
    """A letter on its way. ``tries`` tells this lease from a later one."""

    tries: int
    age_from: datetime
    letter: account_letters.AccountLetter

    def __repr__(self) -> str:
        return f"<Leased {self.letter.letter_id}>"


def queue_letter(uow: UnitOfWork, wanted: LetterWanted) -> None:
    """Write the letter down for the next round. The same letter twice is one letter."""
    lasts = wanted.expires_minutes
    row = {
        "id": wanted.letter_id,
        "kind": wanted.kind,
        "team_id": wanted.team_id,
        "to_email": wanted.to,
        "to_name": wanted.name,
        "locale": wanted.locale,
        "link": wanted.link,
        "words": wanted.words,
        "state": "queued",
        "tries": 0,
        "next_try_at": uow.now,
        "created_at": uow.now,
        "expires_at": uow.now + timedelta(minutes=lasts) if lasts else None,
    }
    uow.run(insert(letters).values(row).on_conflict_do_nothing())


def take_letters(uow: UnitOfWork) -> list[Leased]:
    """Lease letters that are due; those whose link has run out meanwhile are given up."""
    rows = queries.due_letters(uow, most=MOST)
    late = [row.id for row in rows if row.expires_at is not None and row.expires_at <= uow.now]
    due = [row for row in rows if row.id not in late]
    if late:
        uow.run(_EXPIRE, {"ids": late})
    if due:
        uow.run(_LEASE, {"ids": [row.id for row in due], "until": uow.now + rules.LEASE})
    return [_leased(row, uow.now) for row in due]


def _leased(row: Row[Any], now: datetime) -> Leased:
    letter = account_letters.AccountLetter(
        letter_id=row.id,
        kind=row.kind,
        team=row.team,
        to_name=row.to_name,
        to_email=row.to_email,
        locale=row.locale,
        link=row.link,
        words=row.words,
        at=now,
        lasts=row.expires_at - row.created_at if row.expires_at else None,
    )
    return Leased(row.tries + 1, row.created_at, letter)


def send_letter(item: Leased) -> channels.Outcome:
    """Write the letter and hand it to the mail server."""
    found = settings()
    return channels.send(
        account_letters.write(item.letter, mail_domain=found.mail_domain), found.smtp_url, found.mail_domain
    )


def note_letter(uow: UnitOfWork, item: Leased, outcome: channels.Outcome | Exception) -> None:
    """Sent, failed for good, or again later. One statement: it is its own transaction."""
    if isinstance(outcome, Exception):  # not the mail server: we could not even write this letter
        outcome = channels.Outcome("refused", f"{type(outcome).__name__} while writing the letter")
    if outcome.kind == "sent":
        uow.run(_SENT, {"id": item.letter.letter_id, "now": uow.now})
        return
    pause = None
    if outcome.kind != "refused":
        pause = rules.pause_after(outcome.kind, item.tries, uow.now - item.age_from)
    values = {"id": item.letter.letter_id, "tries": item.tries, "error": outcome.detail[:500]}
    if pause is None:
        uow.run(_GIVEN_UP, values)
    else:
        uow.run(_LATER, values | {"again": uow.now + pause})


def give_back_letters(uow: UnitOfWork, items: Sequence[Leased]) -> None:
    """These were leased and not tried: they are due again, as if they had never been taken."""
    ids, tries = [item.letter.letter_id for item in items], [item.tries for item in items]
    uow.run(_GIVE_BACK, {"ids": ids, "tries": tries, "now": uow.now})
