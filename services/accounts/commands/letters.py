"""Letters that accounts wants mailed. It says what and to whom; notifications writes and sends them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from services.accounts import secrets
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c


class Link(NamedTuple):
    """Where a letter leads at the configured public address (never at one that a request named). A secret stands
    behind the ``#``, where no server sees it. ``lasts``: how long it is good."""

    path: str
    lasts: timedelta | None = None


def want_letter(
    uow: UnitOfWork,
    kind: c.LetterKind,
    to: Mapping[str, Any],
    *,
    team_id: str | None = None,
    link: Link | None = None,
    **words: str | None,
) -> None:
    """Have it mailed once this commits. ``to`` holds email, name and locale. Words that are None or empty are left
    out, and the sentences that need them."""
    letter = c.LetterWanted(
        letter_id=new_id("letter"),
        kind=kind,
        team_id=team_id,
        to=to["email"],
        name=to["name"],
        locale=to["locale"],
        link=secrets.signer().issuer + link.path if link else None,
        words={name: word for name, word in words.items() if word},
        expires_minutes=int(link.lasts.total_seconds() // 60) if link and link.lasts else None,
    )
    uow.record(letter)
