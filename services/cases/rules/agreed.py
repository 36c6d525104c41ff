"""What was agreed with an organization, and what follows for its cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.cases.rules.case import Policy
from services.chassis.problems import Forbidden

_NAMES = {
    "files": "Files",
    "followers": "Followers",
    "callbacks": "Callbacks",
    "quotes": "Quotes",
    "chat": "Chat",
}


@dataclass(frozen=True, slots=True)
class Agreed:
    """What holds for an organization at one moment: its products, and the contract in force with its terms. Without a
    contract ``version`` is None and the team's profile decides."""

    products: Sequence[str] = ()
    version: int | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, products: Sequence[str], contract: Sequence[Any] | None) -> Agreed:
        """From the organization's own products and ``[number, terms]`` of its contract, which go before them."""
        if contract is None:
            return cls(products)
        number, terms = contract
        return cls(terms["products"], number, terms)

    def charge(self, kind: Mapping[str, Any]) -> str:
        """What a case of this type of the profile costs."""
        return str(self._said("charges", kind["key"]).get("charge", kind["charge"]))

    def fee(self, kind: Mapping[str, Any]) -> dict[str, str] | None:
        """The amount the contract names for it."""
        return self._said("charges", kind["key"]).get("amount")

    def meaning(self, priority: Mapping[str, Any]) -> str:
        """What this priority of the profile means."""
        return str(self._said("priorities", priority["key"]).get("meaning", priority["meaning"]))

    def targets(self, priority: Mapping[str, Any]) -> Mapping[str, Any]:
        """Its promises in seconds, as ``TargetsView`` has them; empty: the team's own clocks hold."""
        targets: Mapping[str, Any] = self._said("priorities", priority["key"]).get("targets") or {}
        return targets

    def includes(self, feature: str, policy: Policy) -> bool:
        """Whether the team offers this function, and the contract does not leave it out."""
        named = self.terms.get("features")
        return feature in policy["features"] and (named is None or feature in named)

    def _said(self, about: str, key: str) -> Mapping[str, Any]:
        said: Mapping[str, Any] = self.terms.get(about, {}).get(key, {})
        return said


def not_included(feature: str, policy: Policy) -> Forbidden:
    """The refusal of a function that is not part of the customer's solution: it says whom to ask."""
    name = _NAMES.get(feature, feature.capitalize())
    detail = f"{name} are not included in your solution; contact {policy['name']}."
    return Forbidden("not_included", detail, extra={"feature": feature})
