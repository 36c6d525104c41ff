"""Ending a case, and what its customer says about it."""

from __future__ import annotations

from typing import Annotated, Literal

from services.chassis.messages import Request, Shape
from services.contracts.cases.core import (
    CaseView,
)
from services.contracts.shapes import (
    Id,
    Slug,
    Text,
)


class CloseCase(Request[CaseView]):
    """Close a resolved case. Closed by support, the customer is asked whether it was answered."""

    team_id: Slug
    case_id: Id


class CancelCase(Request[CaseView]):
    """The case is not needed any more. Terminal; it leaves the customers' default lists."""

    team_id: Slug
    case_id: Id
    reason: Text | None = None


class ReopenCase(Request[CaseView]):
    """Open a closed or answered case again, into support's queue, with the feedback as a comment."""

    team_id: Slug
    case_id: Id
    feedback: Text | None = None


class ConfirmCase(Request[CaseView]):
    """Was it answered? ``no`` takes feedback and, if wished, reopens the case."""

    team_id: Slug
    case_id: Id
    answer: Literal["yes", "no"]
    feedback: Text | None = None
    reopen: bool = False


class RateCase(Request[CaseView]):
    """How content the contact or the creator is with a closed case, 1 to 5; saying it again replaces it."""

    team_id: Slug
    case_id: Id
    score: Annotated[int, Shape(min=1, max=5)]
    text: Text | None = None
