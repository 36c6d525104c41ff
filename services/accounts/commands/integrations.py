"""Integrations: members of staff that are programs. Each has one token and cannot sign in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from services.accounts import queries, rules
from services.accounts.commands.facts import change_memberships
from services.accounts.commands.people import join, new_login, rights
from services.accounts.commands.tokens import add, revoke
from services.accounts.tables import memberships, users
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

Fields = Mapping[str, Any]


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
    return new_login(uow, names, proven=False) | {"kind": "service"}


def remove_service_token(uow: UnitOfWork, ask: c.RemoveServiceToken) -> c.DoneView:
    """One that has ended is removed, too. Raises NotFound, Forbidden."""
    rules.standing.must_be_able(queries.sight.standing(uow, ask.team_id), "token.manage")
    rules.tokens.must_be_signed_in(uow.actor)
    _end(uow, [queries.tokens.service_token(uow, ask.team_id, ask.token_id)])
    return c.DoneView()


def end_expired(uow: UnitOfWork) -> None:
    """A timer: an integration whose token is too old is removed, as if somebody had done it."""
    expired = queries.tokens.expired_service_tokens(uow)
    if expired:
        _end(uow, expired)


def _end(uow: UnitOfWork, ended: Sequence[Fields]) -> None:
    """Its only token ends, and with it the integration's place."""
    revoke(uow, [token["id"] for token in ended])
    its_places = memberships.c.user_id.in_([token["user_id"] for token in ended])
    change_memberships(uow, [its_places, memberships.c.active], {"active": False})
