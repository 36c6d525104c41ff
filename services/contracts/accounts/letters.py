"""What accounts wants to have mailed. Accounts knows why, notifications knows how."""

from __future__ import annotations

from typing import Annotated, Literal

from services.chassis.messages import Event, Shape
from services.contracts.shapes import Email, Id, Line, Locale, Secret, ShortLine, Slug

LetterKind = Literal[
    "password_lost",
    "password_changed",
    "email_confirm",
    "email_changed",
    "second_factor_removed",
    "registration_received",
    "registration_waiting",
    "registration_approved",
    "registration_rejected",
    "invitation",
    "user_request_received",
    "user_request_decided",
]


class LetterWanted(Event):
    """A mail to one address that is no notification of a case. ``link`` holds a secret: it is never logged, and
    forgotten as soon as the mail is sent. ``words``: what the text names besides (user name, organization ...)."""

    subject = "letter_id"
    letter_id: Id
    kind: LetterKind
    team_id: Slug | None
    to: Email
    name: ShortLine
    locale: Locale
    link: Secret | None
    words: dict[str, Line]
    expires_minutes: Annotated[int, Shape(min=1, max=60 * 24 * 30)] | None
