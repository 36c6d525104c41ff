"""Following a case."""

from __future__ import annotations

from services.chassis.messages import Request
from services.contracts.cases.core import (
    CaseView,
)
from services.contracts.cases.working import Assignee
from services.contracts.shapes import (
    Id,
    Slug,
)


class AddFollower(Request[CaseView]):
    """Let a person follow the case; he needs access to the case's product. ``me``: the caller."""

    team_id: Slug
    case_id: Id
    user_id: Assignee


class RemoveFollower(Request[CaseView]):
    """Stop a person's following; ``me``: one's own."""

    team_id: Slug
    case_id: Id
    user_id: Assignee
