"""What roles may say, and who may give what to whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from services.accounts.rules.standing import Standing
from services.chassis.problems import Conflict, Forbidden, Invalid
from services.contracts.access import CUSTOMER_SIDE, PERMISSIONS, Side

KNOWN = frozenset(name for of_service in PERMISSIONS.values() for name in of_service)

_CUSTOMERS_WORD = frozenset({"case.confirm", "case.rate", "quote.approve"})  # nobody of the staff says it for him
_MEMBER = CUSTOMER_SIDE - {"user.manage", "quote.approve", "report.read"}
# What somebody may do for another company at most: its people, its contract and its money are its own.
MAY_ACT = CUSTOMER_SIDE - {"user.manage", "contract.read", "quote.approve", "report.read"}
_READER = {
    *("case.read", "case.read_all", "file.read", "mail.read", "report.read"),
    *("user.read", "organization.read", "contract.read"),
}
_AGENT = {name for name in PERMISSIONS["cases"] if name not in _CUSTOMERS_WORD}
_AGENT |= {*PERMISSIONS["files"], *_READER, "contact.manage"}
_LEAD = _AGENT | {
    *("user.manage", "organization.manage", "registration.decide"),
    *("contract.manage", "product.manage", "queue.manage"),
}


class BuiltIn(NamedTuple):
    """A role every team has from its first day."""

    key: str
    name: str
    side: Side
    permissions: Collection[str]


BUILT_IN = (
    BuiltIn("member", "Member", "customer", _MEMBER),
    BuiltIn("administrator", "Administrator", "customer", CUSTOMER_SIDE),
    BuiltIn("partner", "Partner, acting for a customer", "customer", MAY_ACT),
    BuiltIn("reader", "Read-only agent", "staff", _READER),
    BuiltIn("developer", "Developer", "staff", _READER | {"case.comment_internal"}),
    BuiltIn("agent", "Agent", "staff", _AGENT),
    BuiltIn("lead", "Lead", "staff", _LEAD),
    BuiltIn("admin", "Admin", "staff", KNOWN - _CUSTOMERS_WORD),
)


def built_in_rows(team_id: str) -> list[dict[str, Any]]:
    """The roles of a new team, as rows of ``roles``."""
    return [
        {
            "team_id": team_id,
            "key": role.key,
            "name": role.name,
            "side": role.side,
            "permissions": in_order(role.permissions),
            "built_in": True,
            "version": 1,
        }
        for role in BUILT_IN
    ]


def in_order(permissions: Iterable[str]) -> list[str]:
    """Each once, in the order of the vocabulary."""
    wanted = set(permissions)
    return [name for of_service in PERMISSIONS.values() for name in of_service if name in wanted]


def side_of(organization_id: str | None) -> Side:
    """Which roles belong at such a place."""
    return "staff" if organization_id is None else "customer"


def must_be_permissions(permissions: Collection[str], side: Side) -> None:
    """Raises Invalid ``/permissions/<n>`` for each that does not exist, or that a customer can never hold."""
    possible = KNOWN if side == "staff" else CUSTOMER_SIDE
    errors = [
        {"pointer": f"/permissions/{place}", "rule": "choice", "detail": f"{name} is no permission of this side."}
        for place, name in enumerate(permissions)
        if name not in possible
    ]
    if errors:
        raise Invalid("invalid", "Some of these permissions do not exist here.", errors=errors)


def must_be_a_role(role: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Raises Invalid ``/role`` when there is none of this name on this side."""
    if role is None:
        raise Invalid.field("/role", "choice", "There is no such role for this place.")
    return role


def rights(role: Mapping[str, Any], own: Collection[str] | None) -> dict[str, Any]:
    """What a membership with this role, or with its ``own`` permissions instead, holds. Raises Invalid."""
    if own is not None:
        must_be_permissions(own, role["side"])
    held = role["permissions"] if own is None else in_order(own)
    return {"role": role["key"], "permissions": list(held), "own_permissions": own is not None}


def must_hold(standing: Standing, permissions: Collection[str], organization_id: str | None) -> None:
    """Nobody gives away what he does not have: staff give staff what they hold themselves, an organization's people
    each other what they hold there; staff who manage customers give them what a customer may hold at all. Raises
    Forbidden ``more_than_you_hold`` with the list."""
    more = more_than_held(standing, permissions, organization_id)
    if more:
        detail = "You cannot give what you do not hold yourself."
        raise Forbidden("more_than_you_hold", detail, extra={"permissions": more})


def more_than_held(standing: Standing, permissions: Collection[str], organization_id: str | None) -> list[str]:
    """Which of these he cannot give there."""
    if standing.operator or (organization_id is not None and "user.manage" in (standing.staff or ())):
        return []
    held = standing.staff if organization_id is None else standing.organizations.get(organization_id)
    return in_order(set(permissions) - (held or frozenset()))


def must_be_givable(standing: Standing, permissions: Collection[str], side: Side) -> None:
    """The same for what is put into a role. Raises Invalid and Forbidden ``more_than_you_hold``."""
    must_be_permissions(list(permissions), side)
    if side == "staff":
        must_hold(standing, permissions, None)


def must_not_be_built_in(role: Mapping[str, Any]) -> None:
    """Raises Conflict ``built_in``."""
    if role["built_in"]:
        raise Conflict("built_in", "Every team has this role. It can be changed, but not removed.")


def must_not_be_in_use(people: int) -> None:
    """Raises Conflict ``role_in_use``."""
    if people:
        raise Conflict("role_in_use", "Somebody has this role. Give these people another one first.")


def must_leave_a_manager(others: int) -> None:
    """Raises Conflict ``last_manager`` when nobody else of the staff could change roles any more."""
    if not others:
        detail = "Nobody else of the staff could manage roles then. Let somebody else do it first."
        raise Conflict("last_manager", detail)
