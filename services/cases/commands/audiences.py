"""Audiences that change though nobody touched the case: its product came to the organization, or left it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, delete, update
from sqlalchemy.dialects.postgresql import insert

from services.cases.commands.saving import record
from services.cases.queries import audience
from services.cases.rules import Policy, Round
from services.cases.tables import cases, untold
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_ids = bindparam("ids", type_=ARRAY(Text))
_OF_ORGANIZATION = insert(untold).from_select(["case_id"], audience.OF_ORGANIZATION).on_conflict_do_nothing()
_OF_TEAM = insert(untold).from_select(["case_id"], audience.OF_TEAM).on_conflict_do_nothing()
_NEXT_VERSION = update(cases).where(cases.c.id == any_(_ids)).values(version=cases.c.version + 1)
_TOLD = delete(untold).where(untold.c.case_id == any_(_ids))


def note_products(uow: UnitOfWork, organization: dict[str, Any]) -> None:
    """Before the organization's new products are written down: whose followers they touch."""
    uow.run(_OF_ORGANIZATION, {name: organization[name] for name in ("organization_id", "products")})


def note_policy(uow: UnitOfWork, team_id: str, profile: Policy) -> None:
    """The same before a new profile, which may want the product of followers or not."""
    uow.run(_OF_TEAM, {"team_id": team_id, "need_product": profile["followers"]["need_product"]})


def tell_audiences(uow: UnitOfWork) -> None:
    """A timer: tell the neighbours who sees these cases now."""
    readers = audience.untold_audiences(uow)
    if not readers:
        return
    ids = {"ids": [reader.case.id for reader in readers]}
    uow.run(_NEXT_VERSION, ids)
    uow.run(_TOLD, ids)
    for reader in readers:
        reader.case.version += 1
        record(uow, reader, c.CaseChanged, Round(), fields=["followers"])
