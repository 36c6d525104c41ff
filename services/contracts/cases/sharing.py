"""Whose case it is, and who sees it."""

from __future__ import annotations

from typing import Literal

from services.chassis.messages import Request, View
from services.contracts.access import AccessView
from services.contracts.cases.core import CaseView, PersonView, Visibility
from services.contracts.cases.drafts import ReadersView
from services.contracts.shapes import Id, Permission, Slug


class FollowersView(View):
    """Who follows a case."""

    data: list[PersonView]


class HiddenView(View):
    """How many cases an administrator does not see; ``more``: there are more than were counted."""

    count: int
    more: bool


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


class ListFollowers(Request[FollowersView]):
    """Who follows the case, for everybody who sees it."""

    team_id: Slug
    case_id: Id


class ReadHiddenCases(Request[HiddenView]):
    """How many private cases of the organization its administrator does not see, where the team tells that
    (``visibility.private_count_for_admins``). Nothing else is told of them, and no more than 100 are counted."""

    team_id: Slug
    organization_id: Id
