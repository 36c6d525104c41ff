"""Cases together: links, tags, merging, splitting, what comes after."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from services.chassis.messages import Request, Shape, View
from services.contracts.cases.core import CaseView, Fields, Status
from services.contracts.shapes import Id, Ids, Key, Line, Number, Slug, Text


class DoneView(View):
    """It is done, and there is nothing more to tell."""

    done: bool = True


class LinkLine(View):
    """A linked case, and what it is to this one: ``related``, its ``parent`` or ``child``, a ``duplicate`` of which
    this one is the copy, or the copy (``duplicated_by``), a ``follow_up``, or what this one ``follows``."""

    id: Id
    kind: Key
    case_id: Id
    number: Number
    title: Line
    status: Status
    created_at: datetime


class LinkList(View):
    """The linked cases that the reader may see, oldest link first; at most 200."""

    data: list[LinkLine]


class ListLinks(Request[LinkList]):
    """What this case is linked with."""

    team_id: Slug
    case_id: Id


class AddLink(Request[LinkList]):
    """Link it with another case of the team. ``parent``: the other is its parent; ``duplicate``: the other came first;
    linking twice changes nothing."""

    team_id: Slug
    case_id: Id
    other_id: Id
    kind: Literal["related", "parent", "duplicate"] = "related"


class RemoveLink(Request[DoneView]):
    """Take a link away, seen from either end."""

    team_id: Slug
    case_id: Id
    link_id: Id


class TagList(View):
    """The tags of a case, in alphabetical order."""

    data: list[Key]


class ListTags(Request[TagList]):
    """Staff's keywords on a case."""

    team_id: Slug
    case_id: Id


class PutTag(Request[TagList]):
    """Mark a case; at most 20 tags."""

    team_id: Slug
    case_id: Id
    tag: Key


class RemoveTag(Request[DoneView]):
    """Take a tag off; one that is not there changes nothing."""

    team_id: Slug
    case_id: Id
    tag: Key


class MergeCase(Request[CaseView]):
    """This case is the same matter as another of its organization: from now on that one is worked on. Answers the case
    that goes on; it shows the comments of both, and both numbers lead to it."""

    team_id: Slug
    case_id: Id
    into_id: Id
    reason: Text | None = None


class UnmergeCase(Request[CaseView]):
    """Undo a merge: both are as they were, and what was said since stays where it was said."""

    team_id: Slug
    case_id: Id


class SplitCase(Request[CaseView]):
    """Make a case of its own of some comments; they are copied, and the two are linked. The first public one becomes
    its description. What the form of the old case would not take any more is left out."""

    team_id: Slug
    case_id: Id
    comment_ids: Annotated[Ids, Shape(min=1, max=100)]
    title: Line


class FollowUpCase(Request[CaseView]):
    """A new case in place of one that can no longer be opened again: same type, product and contact, linked.
    ``fields`` are added to what of the old form still passes today; nothing is demanded."""

    team_id: Slug
    case_id: Id
    description: Text
    title: Line | None = None
    fields: Fields = {}
