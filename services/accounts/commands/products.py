"""The catalogue of a team's products: a part of its profile like others, with words of its own."""

from __future__ import annotations

from services.accounts import queries, rules
from services.accounts.commands.parts import Profile, to_change
from services.accounts.commands.profiles import renew
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import Standing
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c


def add_product(uow: UnitOfWork, ask: c.AddProduct) -> c.ProductList:
    """Raises NotFound for a foreign team, Forbidden without ``product.manage``, 412, Invalid, and Conflict
    ``product_exists``."""
    team, profile, standing = to_change(uow, ask.team_id, "products")
    product = {"key": ask.key, "name": ask.name, "ranges": ask.ranges}
    made, path = rules.profile_parts.added(profile, "products", product)
    rules.profile_parts.must_fit(made, ask.team_id, path, own="")
    return _written(uow, team, made, standing, ask.key)


def change_product(uow: UnitOfWork, ask: c.ChangeProduct) -> c.ProductList:
    """Raises NotFound, Forbidden, 412, Invalid."""
    team, profile, standing = to_change(uow, ask.team_id, "products")
    said = {"name": ask.name, "ranges": ask.ranges}
    patch = {name: value for name, value in said.items() if value is not None}
    made, path = rules.profile_parts.changed(profile, "products", ask.key, patch)
    if made == profile:
        return queries.agreements.product_list(profile, team["profile_version"], standing)
    rules.profile_parts.must_fit(made, ask.team_id, path, own="")
    return _written(uow, team, made, standing, ask.key)


def remove_product(uow: UnitOfWork, ask: c.RemoveProduct) -> c.ProductList:
    """Raises NotFound, Forbidden, 412, Invalid when the rest of the profile needs it. What it does to open cases the
    gateway asks before."""
    team, profile, standing = to_change(uow, ask.team_id, "products")
    made = rules.profile_parts.removed(profile, "products", ask.key)
    rules.profile_parts.must_fit(made, ask.team_id)
    return _written(uow, team, made, standing, ask.key)


def _written(uow: UnitOfWork, team: Fields, profile: Profile, standing: Standing, key: str) -> c.ProductList:
    team = renew(uow, team, profile, rules.profile_parts.comment("products", key))
    return queries.agreements.product_list(profile, team["profile_version"], standing)
