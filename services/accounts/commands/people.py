"""People: who has a login, and who belongs where with which rights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules, secrets
from services.accounts.commands.facts import membership_changed
from services.accounts.tables import memberships, users
from services.chassis.ids import new_id
from services.chassis.problems import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

Fields = Mapping[str, Any]


def add_user(uow: UnitOfWork, ask: c.AddUser) -> c.MembershipView:
    """A person who is known by both names gains a membership and keeps his password. Raises NotFound, Forbidden, and
    Conflict ``user_name_taken``, ``email_taken`` or ``already_member``."""
    standing = queries.standing(uow, ask.team_id)
    organization = queries.organization(uow, ask.team_id, ask.organization_id)
    rules.permit(standing.manages_people_of(ask.organization_id))
    place = {
        "team_id": ask.team_id,
        "organization_id": ask.organization_id,
        "organization_name": organization["name"],
        "role": ask.role,
        "permissions": ask.permissions,
    }
    return _join(uow, _person(uow, ask), place)


def add_agent(uow: UnitOfWork, ask: c.AddAgent) -> c.MembershipView:
    """The same for the team's own staff, by operators and the staff's admins."""
    rules.permit(queries.standing(uow, ask.team_id).manages_people_of(None))
    place: Fields = {
        "team_id": ask.team_id,
        "organization_id": None,
        "organization_name": None,
        "role": ask.role,
        "permissions": [],
    }
    return _join(uow, _person(uow, ask), place)


def _person(uow: UnitOfWork, ask: c.AddUser | c.AddAgent) -> Fields:
    """The person with both names, registered now when nobody has either."""
    keys = (rules.fold(ask.user_name), rules.fold(ask.email))
    known = rules.same_person(queries.people_known_as(uow, *keys), *keys)
    if known is not None:
        return known
    names = {"user_name": ask.user_name, "email": ask.email, "name": ask.name, "locale": ask.locale}
    made = new_person(uow, names, ask.password)
    if uow.run(upsert(users).values(made).on_conflict_do_nothing()):
        return made
    # Somebody was faster by a moment; now he can be seen.
    known = rules.same_person(queries.people_known_as(uow, *keys), *keys)
    if known is None:  # pragma: no cover - people are never deleted
        raise Conflict("user_name_taken", "Somebody else has this user name.")
    return known


def new_person(uow: UnitOfWork, names: Mapping[str, str], password: str) -> dict[str, Any]:
    """A row of ``users``, not stored yet. ``names`` holds user_name, email, name and locale."""
    return {
        "id": new_id("user"),
        **names,
        "user_name_key": rules.fold(names["user_name"]),
        "email_key": rules.fold(names["email"]),
        "password_hash": secrets.hash_password(password),
        "operator": False,
        "created_at": uow.now,
    }


def _join(uow: UnitOfWork, person: Fields, place: Fields) -> c.MembershipView:
    row = {
        "id": new_id("mem"),
        "user_id": person["id"],
        "active": True,
        "sort_name": rules.sort_name(person["name"]),
        "version": 1,
        "created_at": uow.now,
        **{name: value for name, value in place.items() if name != "organization_name"},
    }
    if not uow.run(upsert(memberships).values(row).on_conflict_do_nothing()):
        raise Conflict("already_member", "This person has a membership here already; change that one.")
    shown = {name: person[name] for name in ("user_name", "email", "locale")}
    membership = {**row, **shown, "person_name": person["name"], "organization_name": place["organization_name"]}
    uow.record(membership_changed(membership))
    return queries.membership_view(membership)


def change_membership(uow: UnitOfWork, ask: c.ChangeMembership) -> c.MembershipView:
    """What is left out stays. Raises NotFound, Forbidden, Invalid for a role that does not exist there, 412, and
    Conflict ``last_administrator``."""
    standing = queries.standing(uow, ask.team_id)
    membership = queries.membership(uow, ask.team_id, ask.membership_id)
    organization_id = membership["organization_id"]
    rules.permit(standing.manages_people_of(organization_id))
    if organization_id is not None:  # first the organization, so that its last two administrators cannot both leave
        queries.organization(uow, ask.team_id, organization_id, to_change=True)
    membership = queries.membership(uow, ask.team_id, ask.membership_id, to_change=True)
    uow.must_match(membership["version"])
    wanted = {"role": ask.role, "permissions": ask.permissions, "active": ask.active}
    changes = rules.membership_changes(membership, wanted)
    if not changes:
        return queries.membership_view(membership)
    if rules.leaves_the_office(membership, changes):
        himself = membership["user_id"] == uow.actor.user_id
        rules.must_leave_an_administrator(
            himself, queries.other_administrators(uow, organization_id, ask.membership_id)
        )
    changes["version"] = membership["version"] + 1
    uow.run(update(memberships).where(memberships.c.id == ask.membership_id).values(changes))
    # Not read again: who has just deactivated himself could not see it any more.
    membership = {**membership, **changes}
    uow.record(membership_changed(membership))
    return queries.membership_view(membership)
