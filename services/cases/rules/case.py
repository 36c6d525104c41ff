"""A case as the rules see it, and who looks at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.cases.tables import Case

Policy = dict[str, Any]  # a team's profile, or the part of it that decides about a case


@dataclass(frozen=True, slots=True)
class Standing:
    """One active membership of the caller in the team; without an organization he is of the team's staff."""

    membership_id: str
    organization_id: str | None
    role: str
    permissions: list[str]
    name: str
    organization_name: str = ""

    @property
    def staff(self) -> bool:
        """True for the team's own people."""
        return self.organization_id is None

    @property
    def side(self) -> str:
        """The side of the conversation he speaks for."""
        return "support" if self.staff else "customer"


@dataclass(slots=True)
class Reader:
    """Somebody who sees a case: the case, his standing, the team's policy, and the people around the case.

    ``followers``: ``(user id, name)``. ``present``: who of the customer side may still see the case's organization.
    ``desk``: the team's active staff, the assignee first. The last two are known in commands only.
    """

    case: Case
    standing: Standing
    policy: Policy
    followers: list[tuple[str, str]] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    desk: list[str] = field(default_factory=list)
