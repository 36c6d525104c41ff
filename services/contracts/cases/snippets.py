"""Prepared answers."""

from __future__ import annotations

from services.chassis.messages import Request, View
from services.contracts.cases.grouping import DoneView
from services.contracts.shapes import Id, PageSize, Position, ShortLine, Slug, Text, Version


class SnippetView(View):
    """A prepared answer of the team. ``{contact.name}``, ``{case.number}``, ``{case.title}``, ``{agent.name}`` and
    ``{team.name}`` in its body stand for what they say."""

    id: Id
    name: ShortLine
    body: Text
    version: Version


class SnippetPage(View):
    """One page of snippets, by id."""

    data: list[SnippetView]
    next_cursor: str | None


class RenderedView(View):
    """A snippet with its places filled in, ready to be looked over and sent."""

    body: Text


class ListSnippets(Request[SnippetPage]):
    """The team's prepared answers (staff)."""

    team_id: Slug
    limit: PageSize = 50
    cursor: Position | None = None


class AddSnippet(Request[SnippetView]):
    """Prepare an answer for the whole team."""

    team_id: Slug
    name: ShortLine
    body: Text


class ChangeSnippet(Request[SnippetView]):
    """Another name, other words; what is left out stays."""

    team_id: Slug
    snippet_id: Id
    name: ShortLine | None = None
    body: Text | None = None


class RemoveSnippet(Request[DoneView]):
    """Nobody needs it any more."""

    team_id: Slug
    snippet_id: Id


class PreviewSnippet(Request[RenderedView]):
    """What the snippet says on this case. Nothing is written."""

    team_id: Slug
    case_id: Id
    snippet_id: Id
