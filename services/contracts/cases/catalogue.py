"""What a case may be: types with their forms, topics, priorities, as one organization may choose them."""

from __future__ import annotations

from typing import Any

from services.chassis.messages import Request, View
from services.contracts.access import Explain
from services.contracts.shapes import Id, Key, Line, Slug
from services.contracts.terms import Charge, Meaning, MoneyView, PriorityMeaningView


class TypeView(View):
    """A type of case, with what it costs the organization it is asked for."""

    key: Key
    name: Line
    description: Meaning
    charge: Charge
    fee: MoneyView | None


class TypeList(View):
    """The types a team takes, in its own order."""

    data: list[TypeView]


class ListTypes(Request[TypeList]):
    """Which types of case there are. Without ``organization_id``: for the caller's only organization, else by the
    team's profile alone."""

    team_id: Slug
    organization_id: Id | None = None


class FormView(View):
    """How to fill in a new case of one type: ``form`` is the JSON Schema (2020-12) of the body of ``POST ~/cases``. A
    field's ``title``, ``description`` (its help), ``x-kind`` and ``x-order`` tell how to draw it."""

    type: Key
    name: Line
    description: Meaning
    form: dict[str, Any]


class ReadForm(Request[FormView]):
    """The form of one type, as the caller may fill it in for an organization: the products are those it holds."""

    team_id: Slug
    type: Key
    organization_id: Id | None = None


class TopicView(View):
    """A topic. ``path`` tells it from others of the same key; a case takes one without ``children``."""

    key: Key
    path: Line
    name: Line
    description: Line | None
    children: bool


class TopicList(View):
    """The topics of one level, in the team's own order."""

    data: list[TopicView]


class ListTopics(Request[TopicList]):
    """The first level of the topic tree, or what is below ``parent`` (a path)."""

    team_id: Slug
    parent: Line | None = None


class PriorityList(View):
    """The priorities a team knows, most urgent first."""

    data: list[PriorityMeaningView]


class ListPriorities(Request[PriorityList]):
    """Which priorities there are, and what each means by the organization's contract. Empty for customers of a team
    that keeps them to itself. ``organization_id`` as in the list of types."""

    team_id: Slug
    organization_id: Id | None = None


class ReadAccess(Explain):
    """What may a person do with a case, and by which rule? For staff of its team and operators."""
