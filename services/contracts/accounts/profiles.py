"""Team profiles as code: drafts, what they would change, history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from services.chassis.messages import Request, Shape, View
from services.contracts.accounts.places import TeamView
from services.contracts.cases import AffectedLine
from services.contracts.shapes import Id, Line, PageSize, Position, Slug, Text, Version

Pointer = Annotated[str, Shape(max=1024, example="/profile/types/0/charge")]


class ProfileFindingLine(View):
    """What is wrong or odd at a place of a profile; the pointer is seen from the body that holds it as ``profile``."""

    pointer: Pointer
    rule: str
    detail: str


class ProfileFindingList(View):
    """Everything that is wrong (``errors``) or odd (``warnings``) about a profile."""

    errors: list[ProfileFindingLine]
    warnings: list[ProfileFindingLine]


class ProfileDraftView(View):
    """A team's next profile in the making. ``base_version``: the applied version it was made from.

    A draft may have errors; it can be applied when it has none. ``warnings`` are allowed, but hardly meant.
    """

    team_id: Slug
    version: Version
    base_version: Version
    profile: dict[str, Any]
    errors: list[ProfileFindingLine]
    warnings: list[ProfileFindingLine]
    saved_by: Id
    saved_at: datetime


class ProfileDifferenceLine(View):
    """One place where two complete profiles differ. The pointer is seen from the new document; of what was
    ``removed``, from the old one."""

    pointer: Pointer
    change: Literal["added", "removed", "changed", "reordered"]
    before: Any
    after: Any


class ProfileConsequenceLine(View):
    """What a new profile does to people: what customers may do, how one registers, who finds the team, what staff needs
    to come in."""

    kind: Literal["granted", "withdrawn", "registration", "listing", "second_factor"]
    key: str
    detail: Text


class ProfileDryRunView(View):
    """What applying a draft would do, without doing it. ``profile`` is the draft with every default filled in.

    With errors there is nothing else to tell. ``differences`` are cut at 500 (``more_differences``). ``moved``: another
    version was applied since the draft was begun. ``open_cases`` is what would befall them.
    """

    team_id: Slug
    version: Version
    base_version: Version
    moved: bool
    errors: list[ProfileFindingLine]
    warnings: list[ProfileFindingLine]
    differences: list[ProfileDifferenceLine]
    more_differences: bool
    consequences: list[ProfileConsequenceLine]
    profile: dict[str, Any] | None = None
    open_cases: list[AffectedLine] | None = None


class ProfileVersionLine(View):
    """One profile a team had: when it began, who applied it, and what he said about it."""

    version: Version
    applied_by: Id
    applied_at: datetime
    comment: Line | None


class ProfileVersionPage(View):
    """One page of a team's profiles, newest first."""

    data: list[ProfileVersionLine]
    next_cursor: str | None


class ProfileVersionView(View):
    """One profile a team had, as it was written."""

    team_id: Slug
    version: Version
    profile: dict[str, Any]
    applied_by: Id
    applied_at: datetime
    comment: Line | None


class ReadProfileFindings(Request[ProfileFindingList]):
    """What is wrong or odd about a document, as a profile of this team. Nothing is saved; an operator may also
    ask for a team that is still to be founded."""

    team_id: Slug
    profile: dict[str, Any]


class ReadProfileDraft(Request[ProfileDraftView]):
    """The team's draft, with all that is wrong or odd about it (who may manage the profile)."""

    team_id: Slug


class SaveProfileDraft(Request[ProfileDraftView]):
    """Begin or replace the team's one draft. If-Match is demanded when there is one.

    ``base_version``: the applied version it takes into account; without it a new draft starts from the present one and
    an older draft keeps its own.
    """

    team_id: Slug
    profile: dict[str, Any]
    base_version: Version | None = None


class DropProfileDraft(Request[TeamView]):
    """Throw the team's draft away; doing it twice is doing it once."""

    team_id: Slug


class ReadProfileDryRun(Request[ProfileDryRunView]):
    """What applying the draft would do: what is wrong with it, what differs, and what follows for people and cases."""

    team_id: Slug


class ApplyProfileDraft(Request[TeamView]):
    """Make the draft the team's profile. 409 ``profile_moved`` when another version was applied since it was begun.

    Open cases that would lose their type, topic, priority or product: 409 ``open_cases_affected`` with the list, unless
    they are accepted.
    """

    team_id: Slug
    comment: Line | None = None
    accept_open_cases: bool = False


class ListProfileVersions(Request[ProfileVersionPage]):
    """Every profile the team ever had."""

    team_id: Slug
    limit: PageSize = 50
    cursor: Position | None = None


class ReadProfileVersion(Request[ProfileVersionView]):
    """One of the profiles the team had."""

    team_id: Slug
    version: Version


class RollBackProfile(Request[TeamView]):
    """Apply an earlier profile again, as a new version. It is checked as today's profiles are."""

    team_id: Slug
    version: Version
    comment: Line | None = None
