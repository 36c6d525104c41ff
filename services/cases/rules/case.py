"""A case as the rules see it, and who looks at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.cases.tables import Case

if TYPE_CHECKING:
    from services.cases.rules.agreed import Agreed

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
    """Somebody who sees a case: the case, his standing, the team's policy, and the people around it.

    ``followers``: ``(user id, name)``. ``present``: who of the customer side may still see the case's organization.
    ``desk``: the team's active staff, the assignee first. ``followable``: whether following it lets anybody see it (its
    product is still the organization's). ``before``: the case as it was found, to tell what changed. The last four are
    known in commands, and where the audience is asked for. ``merged``: id and number of the cases that were merged into
    this one. ``me``: his user id. ``tags``: shown to staff only; ``tagged``: those that are written down.
    ``agreed``: what holds for the organization; known while a case is opened. ``unsaved`` and ``unrecorded``: what
    several acts have to write and to say, while they are done as one. ``told``: who has heard of this act already.
    ``outsider``: the contact, if he has no login; known where he is named. ``known``: what these acts need not ask.
    """

    case: Case
    standing: Standing
    policy: Policy
    followers: list[tuple[str, str]] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    desk: list[str] = field(default_factory=list)
    approves: bool | None = None  # whether the contract names him among those who approve prices; None: it names nobody
    followable: bool = True
    before: Case | None = None
    me: str = ""
    merged: list[tuple[str, str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    agreed: Agreed | None = None
    unsaved: list[Any] | None = None
    unrecorded: list[Any] | None = None
    told: set[str] = field(default_factory=set)
    outsider: Any = None
    known: Any = None
    tagged: list[str] = field(default_factory=list)
