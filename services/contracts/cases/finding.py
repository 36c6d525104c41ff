"""Finding cases: filters, order, own views, what was read, searching."""

from __future__ import annotations

from datetime import datetime

from services.chassis.messages import ABSENT, Absent, Request, View
from services.contracts.cases.core import CasePage, Found, Include, Level, Sort, Statuses
from services.contracts.shapes import Id, Key, PageSize, Position, Query, ShortLine, Slug, Version
from services.contracts.terms import Seconds


class FiltersView(View):
    """What a view shows, as ``~/cases`` takes it. Absent means: does not matter. ``created_within_seconds``,
    ``updated_within_seconds``: at most so long ago, whenever the view is looked at."""

    view: Found = "all"
    organization_id: Id | None = None
    status: Statuses = []
    type: Key | None = None
    priority: Key | None = None
    assignee: Key | None = None
    owner: Key | None = None
    contact: Key | None = None
    product: Key | None = None
    topic: Key | None = None
    level: Level | None = None
    queue: Id | None = None
    tag: Key | None = None
    substatus: Key | None = None
    unread: bool = False
    created_within_seconds: Seconds | None = None
    updated_within_seconds: Seconds | None = None
    q: Query | None = None


class OwnView(View):
    """A view of one's own. Views that come with every team (``built_in``) have their key as id and no version."""

    id: Key
    name: ShortLine
    built_in: bool
    filters: FiltersView
    sort: Sort
    version: Version | None = None


class ViewList(View):
    """The views a person has in a team: the built-in ones first."""

    data: list[OwnView]


class ListViews(Request[ViewList]):
    """The views I have: those the team's profile offers (``views``), for staff their desk before them, in my language;
    then my own by name. The others that are built in answer to their key all the same."""

    team_id: Slug


class AddView(Request[OwnView]):
    """Keep filters and an order under a name. At most 50 each; 409 ``too_many_views``."""

    team_id: Slug
    name: ShortLine
    filters: FiltersView
    sort: Sort = "-updated_at"


class ChangeView(Request[OwnView]):
    """Rename a view of mine, or keep other filters in it."""

    team_id: Slug
    view_id: Id
    name: ShortLine | Absent = ABSENT
    filters: FiltersView | Absent = ABSENT
    sort: Sort | Absent = ABSENT


class GoneView(View):
    """It is gone, or was never there."""


class RemoveView(Request[GoneView]):
    """Drop a view of mine. The cases stay."""

    team_id: Slug
    view_id: Id


class ListViewCases(Request[CasePage]):
    """The cases of one view: a built-in one by its key, or one of mine by its id. ``organization_id``: whom I
    represent, where the view does not say it."""

    team_id: Slug
    view_id: Key
    organization_id: Id | None = None
    include: Include = []
    limit: PageSize = 25
    cursor: Position | None = None


class ReadMarkerView(View):
    """Up to when I have read a case, on any device."""

    case_id: Id
    read_at: datetime | None


class MarkRead(Request[ReadMarkerView]):
    """I have read the case up to now, or up to ``until``: the last thing this device shows. What another device has
    read stays read."""

    team_id: Slug
    case_id: Id
    until: datetime | None = None


class MarkUnread(Request[ReadMarkerView]):
    """As if I had never read the case."""

    team_id: Slug
    case_id: Id
