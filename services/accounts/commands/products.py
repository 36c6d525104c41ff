"""The catalogue of a team's products: a part of its profile, so each change is the profile's next version."""

from __future__ import annotations

from typing import Any

from services.accounts import queries, rules
from services.accounts.commands.profiles import renew
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import Standing
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

Products = list[dict[str, Any]]


def add_product(uow: UnitOfWork, ask: c.AddProduct) -> c.ProductList:
    """Raises NotFound for a foreign team, Forbidden without ``product.manage``, 412, Invalid, and Conflict
    ``product_exists``."""
    team, profile, standing = _to_change(uow, ask.team_id)
    products: Products = profile.get("products", [])
    rules.profiles.must_be_new([product["key"] for product in products], ask.key)
    made = {"key": ask.key, "name": ask.name, "ranges": ask.ranges}
    return _written(uow, team, profile | {"products": [*products, made]}, standing, ask.key)


def change_product(uow: UnitOfWork, ask: c.ChangeProduct) -> c.ProductList:
    """Raises NotFound, Forbidden, 412, Invalid."""
    team, profile, standing = _to_change(uow, ask.team_id)
    product = _product(profile, ask.key)
    said = {"name": ask.name, "ranges": ask.ranges}
    changed = product | {name: value for name, value in said.items() if value is not None}
    if changed == product:
        return queries.agreements.product_list(profile, team["profile_version"], standing)
    products = [changed if one is product else one for one in profile["products"]]
    return _written(uow, team, profile | {"products": products}, standing, ask.key)


def remove_product(uow: UnitOfWork, ask: c.RemoveProduct) -> c.ProductList:
    """Raises NotFound, Forbidden, 412, Invalid when the rest of the profile needs it. What it does to open cases the
    gateway asks before."""
    team, profile, standing = _to_change(uow, ask.team_id)
    product = _product(profile, ask.key)
    products = [one for one in profile["products"] if one is not product]
    return _written(uow, team, profile | {"products": products}, standing, ask.key)


def _to_change(uow: UnitOfWork, team_id: str) -> tuple[Fields, dict[str, Any], Standing]:
    """The team, locked, its profile as it was written, and what the caller is there."""
    standing = queries.sight.standing(uow, team_id)
    rules.standing.must_be_able(standing, "product.manage")
    team = queries.places.team_to_change(uow, team_id)
    present = queries.profiles.profile_of(uow, team_id)
    if team is None or present is None:  # pragma: no cover - teams never go away, and none is without a profile
        raise NotFound()
    uow.must_match(team["profile_version"])
    return team, present["profile"], standing


def _product(profile: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] | None = next((one for one in profile.get("products", []) if one["key"] == key), None)
    if found is None:
        raise NotFound()
    return found


def _written(uow: UnitOfWork, team: Fields, profile: dict[str, Any], standing: Standing, key: str) -> c.ProductList:
    rules.profiles.must_have_good_products(profile, team["id"], key)
    team = renew(uow, team, profile, f"Product {key}")
    return queries.agreements.product_list(profile, team["profile_version"], standing)
