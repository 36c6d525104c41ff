"""Macros: several acts on a case under one name."""

from __future__ import annotations

from typing import Annotated, Literal

from services.chassis.messages import Request, Shape, View
from services.contracts.cases.core import CaseView, Level
from services.contracts.cases.grouping import DoneView
from services.contracts.cases.working import Assignee
from services.contracts.shapes import Id, Key, PageSize, Position, ShortLine, Slug, Text, Version


class MacroLine(View):
    """One act, with what it takes: ``comment`` (``body``, ``visibility``, ``status``), ``answer`` (``body``, and
    ``status`` when it is no answer yet), ``status`` (``status``), ``review`` (``complexity``, ``level``), ``assign``
    (``assignee_id``; null: back on the pile), ``queue`` (``queue_id``; null: none), ``escalate`` (``level``,
    ``assignee_id``, ``body`` as the note), ``reclassify`` (``type``, ``priority``, ``topic``, and ``body`` as the
    reason), ``tag`` and ``untag`` (``tag``), ``close``, ``cancel`` (``body`` as the reason). A body may have the places
    of a snippet."""

    action: Literal[
        "comment",
        "answer",
        "status",
        "review",
        "assign",
        "queue",
        "escalate",
        "reclassify",
        "tag",
        "untag",
        "close",
        "cancel",
    ]
    body: Text | None = None
    visibility: Literal["public", "internal"] | None = None
    complexity: Literal["simple", "complex"] | None = None
    level: Level | None = None
    assignee_id: Assignee | None = None
    queue_id: Id | None = None
    type: Key | None = None
    priority: Key | None = None
    topic: Key | None = None
    tag: Key | None = None
    status: Key | None = None


Actions = Annotated[list[MacroLine], Shape(min=1, max=20)]


class MacroView(View):
    """A macro of the team: acts that are done in this order, all or none."""

    id: Id
    name: ShortLine
    actions: Actions
    version: Version


class MacroPage(View):
    """One page of macros, by id."""

    data: list[MacroView]
    next_cursor: str | None


class ListMacros(Request[MacroPage]):
    """The team's macros (staff)."""

    team_id: Slug
    limit: PageSize = 50
    cursor: Position | None = None


class AddMacro(Request[MacroView]):
    """Keep acts under a name, for the whole team."""

    team_id: Slug
    name: ShortLine
    actions: Actions


class ChangeMacro(Request[MacroView]):
    """Another name, other acts; what is left out stays."""

    team_id: Slug
    macro_id: Id
    name: ShortLine | None = None
    actions: Actions | None = None


class RemoveMacro(Request[DoneView]):
    """Nobody needs it any more."""

    team_id: Slug
    macro_id: Id


class ApplyMacro(Request[CaseView]):
    """Do all acts of a macro on this case, or none of them. Each needs the same right, and the same status of the case,
    as if it were done by itself; a refusal says which ``action`` it was. Everybody concerned is told once."""

    team_id: Slug
    case_id: Id
    macro_id: Id
