"""What the caller is in one team, and what follows from it: the one decision about rights of accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from services.chassis.actor import Actor
from services.chassis.problems import Forbidden, Unauthenticated
from services.contracts.access import CUSTOMER_SIDE, PERMISSIONS, Decision

# What a client wants to know of a team and of an organization, to draw its buttons.
OF_A_TEAM = (
    *("organization.manage", "role.manage", "registration.decide", "product.manage", "queue.manage"),
    *("token.manage", "provider.manage", "profile.manage", "audit.read", "report.read"),
)
OF_AN_ORGANIZATION = (
    *("organization.manage", "user.read", "user.manage", "contact.manage", "contract.read", "contract.manage"),
    *("case.create", "case.read"),
)
_OWN = PERMISSIONS["accounts"]  # an operator runs these; cases and their files are none of his business
_KNOWN = {name for of_service in PERMISSIONS.values() for name in of_service}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the caller holds in one team: as one of its staff (None: he is not), and in each of his organizations.
    Active memberships only."""

    operator: bool = False
    staff: Set[str] | None = None
    organizations: Mapping[str, Set[str]] = field(default_factory=dict)

    def may(self, permission: str, organization_id: str | None = None) -> bool:
        """Whether he may do this; with an organization: for its people and things."""
        return decide(self, permission, organization_id).allowed

    def able(self, permissions: Iterable[str], organization_id: str | None = None) -> list[str]:
        """Which of these permissions he has, so that a client can offer what they are for."""
        return [permission for permission in permissions if self.may(permission, organization_id)]


NOBODY = Standing()


def standing_of(places: Iterable[Mapping[str, Any]], *, operator: bool) -> Standing:
    """From the caller's active memberships in one team."""
    held = {place["organization_id"]: frozenset(place["permissions"]) for place in places}
    return Standing(operator=operator, staff=held.pop(None, None), organizations=held)


def standings_of(places: Iterable[Mapping[str, Any]], *, operator: bool) -> dict[str, Standing]:
    """The same by team, from the caller's active memberships anywhere."""
    by_team: dict[str, list[Mapping[str, Any]]] = {}
    for place in places:
        by_team.setdefault(place["team_id"], []).append(place)
    return {team_id: standing_of(there, operator=operator) for team_id, there in by_team.items()}


def decide(standing: Standing, permission: str, organization_id: str | None = None) -> Decision:
    """May he do this - in the team, or (``organization_id``) with the people and things of this organization?"""
    if permission not in _KNOWN:
        return Decision(False, "unknown_permission")
    if (standing.operator and permission in _OWN) or (standing.staff is not None and permission in standing.staff):
        return Decision(True, "granted")
    at_home = standing.organizations.get(organization_id) if organization_id is not None else None
    if at_home is not None and permission in CUSTOMER_SIDE:
        return Decision(True, "granted") if permission in at_home else Decision(False, "role_lacks_permission")
    if standing.staff is not None:
        return Decision(False, "role_lacks_permission")
    belongs = at_home is not None or (organization_id is None and bool(standing.organizations))
    return Decision(False, "staff_only" if belongs else "not_a_member")


def office(organization_id: str | None) -> str:
    """The permission to add and change people there: of an organization, or (None) of the team's own staff."""
    return "role.manage" if organization_id is None else "user.manage"


def chooses_agents(standing: Standing) -> bool:
    """Whether he may wish for one of the staff: who registers cases in one of his organizations."""
    return any(standing.may("case.create", organization_id) for organization_id in standing.organizations)


def must_be_known(actor: Actor) -> None:
    """Raises Unauthenticated for a caller nobody signed in."""
    if not actor.known:
        raise Unauthenticated("sign_in_required", "Sign in first.")


def permit(allowed: bool) -> None:
    """Raises Forbidden ``not_permitted``: the thing may be seen, but not this be done with it."""
    if not allowed:
        raise Forbidden("not_permitted", "Your role does not allow this.")


def must_be_able(standing: Standing, permission: str, organization_id: str | None = None) -> None:
    """Raises Forbidden ``not_permitted`` with the permission and the rule that says no."""
    decision = decide(standing, permission, organization_id)
    if not decision.allowed:
        extra = {"permission": permission, "rule": decision.rule}
        raise Forbidden("not_permitted", "Your role does not allow this.", extra=extra)
