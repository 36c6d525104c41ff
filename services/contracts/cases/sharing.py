"""Whose case it is, and who sees it."""

from __future__ import annotations

from typing import Literal

from services.chassis.messages import Request
from services.contracts.access import AccessView
from services.contracts.cases.core import CaseView, Visibility
from services.contracts.cases.drafts import ReadersView
from services.contracts.shapes import Id, Permission, Slug


class ChangeOwner(Request[CaseView]):
    """Let another of the customer's people answer for it: administrators with colleagues, where the team has the field;
    staff always. Refused while it is private (409 ``private_case``)."""

    team_id: Slug
    case_id: Id
    owner_id: Id


class ChangeVisibility(Request[CaseView]):
    """Let others see it, or fewer: its creator, contact and owner, and staff. To and from ``private`` only creator and
    contact lead; support may close a case that way and never open it. It holds at once and is put on record."""

    team_id: Slug
    case_id: Id
    visibility: Visibility


class ReadAudience(Request[ReadersView]):
    """Who would read a comment, and who would get a mail of it, if the caller wrote it now: a ``public`` one or an
    ``internal`` one. With one of the other words: a public one, if the case were so visible."""

    team_id: Slug
    case_id: Id
    visibility: Literal["public", "internal", "organization", "participants", "private"] = "public"


class ReadCaseAccess(Request[AccessView]):
    """May somebody do this with the case, and by which rule? For staff with ``user.read``."""

    team_id: Slug
    case_id: Id
    user: Id
    action: Permission = "case.read"
