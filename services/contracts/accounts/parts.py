"""The parts of a team's profile kept entry by entry: types, topics, priorities, calendars, clocks, statuses."""

from __future__ import annotations

from typing import Any, Literal

from services.chassis.messages import Request, View
from services.contracts.accounts.places import Keys
from services.contracts.shapes import Key, Permissions, Slug, Version

ProfilePart = Literal["types", "topics", "priorities", "calendars", "clocks", "statuses", "products"]


class ProfilePartView(View):
    """One part of a team's profile, in its own order and with every default filled in. ``version`` is the profile's.
    ``permissions``: what the caller may do with it now."""

    part: ProfilePart
    data: list[dict[str, Any]]
    version: Version
    permissions: Permissions = []


class ProfileWithoutView(View):
    """The complete profile of a team as it would be without one entry. ``gone``: the keys it would have no more, which
    for a topic are those below it, too; ``kind`` is what they are, as in what would befall open cases."""

    team_id: Slug
    version: Version
    kind: str
    gone: Keys
    profile: dict[str, Any]


class ReadProfilePart(Request[ProfilePartView]):
    """One part of the team's profile."""

    team_id: Slug
    part: ProfilePart


class ReadProfileWithout(Request[ProfileWithoutView]):
    """What the profile would be without one entry (who may remove it)."""

    team_id: Slug
    part: ProfilePart
    key: Key


class AddProfileEntry(Request[ProfilePartView]):
    """Add one entry to this part of the team's profile (who may manage it): the next version has it at the end.

    ``entry`` is written as in the profile; a calendar says its name as ``key``. ``parent``: the topic it goes below.
    Errors are seen from this body where they are the entry's own, otherwise from one that held the ``profile``.
    """

    team_id: Slug
    part: ProfilePart
    entry: dict[str, Any]
    parent: Key | None = None


class ChangeProfileEntry(Request[ProfilePartView]):
    """Change one entry of this part of the team's profile, as its next version. ``entry`` is a merge patch (RFC 7396):
    what is left out stays, what is null goes back to its default. Of a status that decides only the word (``label``)
    is the team's own."""

    team_id: Slug
    part: ProfilePart
    key: Key
    entry: dict[str, Any]


class RemoveProfileEntry(Request[ProfilePartView]):
    """Take one entry out of this part of the team's profile, from the next version on; a topic goes with all below it.
    While open cases would lose their type, topic or priority by it, only with ``accept_open_cases``."""

    team_id: Slug
    part: ProfilePart
    key: Key
    accept_open_cases: bool = False
