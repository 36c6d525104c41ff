"""Integrations: members of staff that are programs. Each has one token and cannot sign in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, update

from services.accounts import queries, rules
from services.accounts.commands.facts import membership_changed
from services.accounts.commands.people import join, new_login, rights
from services.accounts.commands.tokens import add, revoke
from services.accounts.tables import memberships, users
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c


def add_service_token(uow: UnitOfWork, ask: c.AddServiceToken) -> c.NewTokenView:
    """Makes the integration a member of the staff, too, who may no more than who makes it. Raises NotFound, Forbidden,
    Invalid, and Conflict ``too_many_tokens``."""
    standing = queries.sight.standing(uow, ask.team_id)
    rules.standing.must_be_able(standing, "token.manage")
    rules.tokens.must_be_signed_in(uow.actor)
    place: dict[str, Any] = {"team_id": ask.team_id, "organization_id": None, "organization_name": None}
    place |= rights(uow, place, ask.role, None)
    rules.roles.must_hold(standing, place["permissions"], None)
    rules.tokens.must_have_room(queries.tokens.living(uow, ask.team_id))
    service = _service(uow, ask.name)
    uow.run(insert(users).values(service))
    join(uow, service, place, standing)
    return add(uow, ask, user_id=service["id"], team_id=ask.team_id)


def _service(uow: UnitOfWork, name: str) -> dict[str, Any]:
    """A row of ``users`` for an integration. No mail can reach it (RFC 6761)."""
    user_name = new_id("service").replace("_", "-")
    names = {"user_name": user_name, "email": f"{user_name}@service.invalid", "name": name, "locale": "en"}
    return new_login(uow, names) | {"kind": "service"}


def remove_service_token(uow: UnitOfWork, ask: c.RemoveServiceToken) -> c.DoneView:
    """Raises NotFound, Forbidden."""
    rules.standing.must_be_able(queries.sight.standing(uow, ask.team_id), "token.manage")
    rules.tokens.must_be_signed_in(uow.actor)
    token = queries.tokens.service_token(uow, ask.team_id, ask.token_id)
    revoke(uow, token)
    place = queries.tokens.staff_membership(uow, ask.team_id, token["user_id"])
    if place is not None and place["active"]:
        left = {"active": False, "version": place["version"] + 1}
        uow.run(update(memberships).where(memberships.c.id == place["id"]).values(left))
        uow.record(membership_changed({**place, **left}))
    return c.DoneView()
