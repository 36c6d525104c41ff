"""Registering a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import Any

from sqlalchemy import Row, bindparam, insert
from sqlalchemy.sql.dml import ReturningInsert

from services.cases import queries, rules
from services.cases.commands.callbacks import callback_happening, callback_of_form
from services.cases.commands.information import information_row
from services.cases.commands.keys import contact_row, must_not_be_too_many, new_key, tell_address
from services.cases.commands.linking import link_row
from services.cases.commands.saving import Said, noted_values, record
from services.cases.queries.grouping import COPIED
from services.cases.queries.people import FOLLOWING, NEXT_NUMBER
from services.cases.queries.single import FIRST_COMMENTS, comment_page
from services.cases.queries.weighing import Like, Place, place_to_open, weigh
from services.cases.rules import Reader, Round
from services.cases.tables import (
    access_keys,
    callbacks,
    case_contacts,
    cases,
    changes,
    comments,
    followers,
    links,
    technical_information,
    unindexed,
)
from services.chassis.ids import new_id
from services.chassis.problems import Invalid
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_GIVEN = [column.name for column in cases.c if column.name != "number"]
_OPEN = (
    insert(cases)
    .values({name: bindparam("case_" + name) for name in _GIVEN} | {"number": NEXT_NUMBER})
    .returning(cases.c.number)
    .add_cte(insert(unindexed).values(case_id=bindparam("case_id")).cte("heard"))
)
_BESIDE = {
    "callback": callbacks,
    "information": technical_information,
    "contact": case_contacts,
    "key": access_keys,
    "link": links,
}
_ALONG = {
    name: insert(table).values({column.name: bindparam(f"{name}_{column.name}") for column in table.c})
    for name, table in _BESIDE.items()
}
_ALONG["followers"] = insert(followers).from_select(["case_id", "user_id", "name"], FOLLOWING)
_ALONG["copies"] = insert(comments).from_select([column.name for column in comments.c], COPIED)
_ALONG["noted"] = insert(changes).from_select([column.name for column in changes.c], queries.NOTED)
Along = dict[str, dict[str, Any]]


@cache
def _opening(along: frozenset[str]) -> ReturningInsert[Any]:
    """The case, and what comes along with it: one round trip for all."""
    opening = _OPEN
    for name in sorted(along):
        opening = opening.add_cte(_ALONG[name].cte(name))
    return opening


def open_case(uow: UnitOfWork, ask: c.OpenCase) -> c.CaseView:
    """Register a case by the form of its type.

    Raises NotFound, Forbidden (``not_permitted``, ``not_included``, ``owner_not_offered``), Conflict
    (``organization_required``, ``private_case``, ``too_many_followers``), Invalid (``invalid`` with every wrong field,
    ``product_not_held``, ``follower_needs_product``).
    """
    uow, place = _caller(uow, ask)
    return register(uow, ask, weigh(uow, ask, place))


def open_after(uow: UnitOfWork, ask: c.OpenCase, like: Like, kind: str, words: Sequence[Row[Any]] = ()) -> c.CaseView:
    """Register a case like another one, as far as that passes today, linked with it, and with these comments from
    there. The version in If-Match is that of the other one. Raises the same."""
    uow, place = _caller(replace(uow, context=replace(uow.context, if_match=None)), ask)
    reader = weigh(uow, ask, place, like=like)
    copies = [Said(**{**one._mapping, "id": new_id("cmt"), "case_id": reader.case.id}) for one in words]
    more: Along = {"link": link_row(uow, reader.case.id, like.case_id, kind)}
    if copies:
        more["copies"] = {"rows": [asdict(one) for one in copies]}
    said, cursor = comment_page(copies, FIRST_COMMENTS)
    return replace(register(uow, ask, reader, more), comments=said, comments_cursor=cursor)


def register(uow: UnitOfWork, ask: c.OpenCase, reader: Reader, more: Along | None = None) -> c.CaseView:
    """Write down what was weighed, with whatever ``more`` comes along, and say so."""
    case, profile = reader.case, reader.policy
    along, key = _along(uow, ask, reader)
    _insert(uow, reader, along | (more or {}))
    # The event reaches customers too, and a priority that support keeps to itself is not told to them.
    priority = case.priority if profile["priority"]["customer_sets"] else None
    told = Round(support=case.assignee_id is None, customer=True, followers=True)
    if "contact" in along:
        tell_address(uow, case, along["contact"], along["key"]["nonce"] if "key" in along else None)
    if key:
        uow.told_once.add("access_key")
    record(uow, reader, c.CaseOpened, told, type=case.type, priority=priority, product=case.product)
    if case.assignee_id is not None:
        record(uow, reader, c.CaseAssigned, Round(people=(case.assignee_id,)), assignee_id=case.assignee_id)
    view = queries.view(uow, reader, fresh=True)
    return replace(view, access_key=key) if key else view


def _along(uow: UnitOfWork, ask: c.OpenCase, reader: Reader) -> tuple[Along, str | None]:
    """The rows that come with the case, by what they are; and the key of somebody without a login."""
    along: Along = {}
    if reader.followers:
        ids, names = zip(*reader.followers, strict=True)
        along["followers"] = {"case": reader.case.id, "ids": list(ids), "names": list(names)}
    noted = rules.begun([], reader.case.clocks)
    if (callback := callback_of_form(uow, reader)) is not None:
        along["callback"] = callback
        noted.append(callback_happening(callback))
    if noted:
        told = noted_values(uow, reader, noted)
        along["noted"] = {name.removeprefix("noted_"): value for name, value in told.items()}
    if ask.technical_information is not None and ask.technical_information.information:
        along["information"] = information_row(uow, reader, ask.technical_information.information)
    contact = ask.contact or reader.outsider
    if contact is not None and contact.email is not None:
        along["contact"] = contact_row(reader.case, contact, reader.policy["locale"])
    if ask.contact is None and not ("contact" in along and rules.visitor(reader.case.contact_id)):
        return along, None
    along["key"], key = new_key(uow, reader.case, None)
    return along, key if ask.contact else None  # whom support files one for, finds it in his mails


def _caller(uow: UnitOfWork, ask: c.OpenCase) -> tuple[UnitOfWork, Place]:
    """In whose name the case is opened, and his place."""
    if not uow.actor.known:
        return _stranger(uow, ask)
    place = place_to_open(*queries.standings(uow, ask.team_id, whole_profile=True), ask.organization_id)
    if ask.contact is not None:
        raise Invalid.field("/contact", "login", "Who is signed in names a person by contact_id.")
    return uow, place


def _stranger(uow: UnitOfWork, ask: c.OpenCase) -> tuple[UnitOfWork, Place]:
    """Somebody without a login: he stands in the case by an id that nobody ever signs in with. Raises Unauthenticated
    where the door is shut, TooManyRequests."""
    organization_id, profile = queries.door(uow, ask.team_id)
    if ask.contact is None:
        raise Invalid.field("/contact", "required", "Without a login, say who you are and where the answer goes.")
    if ask.organization_id is not None:
        raise Invalid.field("/organization_id", "login", "Sign in to represent an organization.")
    must_not_be_too_many(uow, rules.intake_limits(str(uow.context.more.get("ip", "")), ask.team_id))
    standing = rules.at_the_door(ask.contact.name, organization_id, profile)
    return queries.in_the_name_of(uow, new_id("contact")), Place(standing, organization_id, profile)


def _insert(uow: UnitOfWork, reader: Reader, along: Along) -> None:
    case, number = reader.case, reader.policy["number"]
    values: dict[str, Any] = {"case_" + name: getattr(case, name) for name in _GIVEN}
    values |= {"number_team": case.team_id, "number_prefix": number["prefix"], "number_width": number["width"]}
    values |= {f"{name}_{column}": value for name, row in along.items() for column, value in row.items()}
    row = uow.first(_opening(frozenset(along)), values)
    assert row is not None  # noqa: S101 - an INSERT returns its row
    case.number = row.number
