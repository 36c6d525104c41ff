"""Audiences that change though nobody touched the case: its product came to the organization, or left it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, delete, update
from sqlalchemy.dialects.postgresql import insert

from services.cases.commands.saving import record
from services.cases.queries import audience
from services.cases.rules import Policy, Round
from services.cases.tables import cases, second_looks, untold
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_ids = bindparam("ids", type_=ARRAY(Text))
_OF_ORGANIZATION = insert(untold).from_select(["case_id"], audience.OF_ORGANIZATION).on_conflict_do_nothing()
_OF_TEAM = insert(untold).from_select(["case_id"], audience.OF_TEAM).on_conflict_do_nothing()
_look = insert(second_looks)
_LOOK_AGAIN_HERE, _LOOK_AGAIN_AT_ALL = (
    _look.from_select(["id", "products", "at"], asked).on_conflict_do_update(
        index_elements=[second_looks.c.id],
        set_={"at": _look.excluded.at, "products": second_looks.c.products + _look.excluded.products},
    )
    for asked in (audience.LOOK_AGAIN_HERE, audience.LOOK_AGAIN_AT_ALL)
)
_PAST = delete(second_looks).where(second_looks.c.at < bindparam("before")).returning(second_looks)
_SECOND_LOOK = insert(untold).from_select(["case_id"], audience.SECOND_LOOK).on_conflict_do_nothing()
_NEXT_VERSION = update(cases).where(cases.c.id == any_(_ids)).values(version=cases.c.version + 1)
_TOLD = delete(untold).where(untold.c.case_id == any_(_ids))

LONGEST_WORK = timedelta(seconds=6)  # no command takes longer: its deadline is 5 s


def note_products(uow: UnitOfWork, organization: dict[str, Any]) -> None:
    """Before the organization's new products are written down: whose followers they touch."""
    new = {name: organization[name] for name in ("organization_id", "products")}
    uow.run(_OF_ORGANIZATION, new)
    uow.run(_LOOK_AGAIN_HERE, new | {"at": uow.now})


def note_policy(uow: UnitOfWork, team_id: str, profile: Policy) -> None:
    """The same before a new profile, which may want the product of followers or not."""
    new = {"team_id": team_id, "need_product": profile["followers"]["need_product"]}
    uow.run(_OF_TEAM, new)
    uow.run(_LOOK_AGAIN_AT_ALL, new | {"at": uow.now})


def tell_audiences(uow: UnitOfWork) -> None:
    """A timer: tell the neighbours who sees these cases now; a while later also of those that somebody was writing when
    it changed, who had read what was before."""
    past = uow.all(_PAST, {"before": uow.now - LONGEST_WORK})
    if past:
        here = [row for row in past if row.products is not None]
        changed = {"organizations": [row.id for row in here], "products": [one for row in here for one in row.products]}
        uow.run(_SECOND_LOOK, changed | {"teams": [row.id for row in past if row.products is None]})
    readers = audience.untold_audiences(uow)
    if not readers:
        return
    ids = {"ids": [reader.case.id for reader in readers]}
    uow.run(_NEXT_VERSION, ids)
    uow.run(_TOLD, ids)
    for reader in readers:
        reader.case.version += 1
        record(uow, reader, c.CaseChanged, Round(), fields=["followers"])
