"""People: who has a login, and who belongs where with which rights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules, secrets
from services.accounts.commands.facts import membership_changed
from services.accounts.commands.joining import count, withdraw
from services.accounts.commands.sessions import end_sessions
from services.accounts.commands.tokens import revoke_all
from services.accounts.notes import note
from services.accounts.rules.standing import NOBODY, Standing
from services.accounts.tables import invitations, memberships, sessions, users
from services.chassis.ids import new_id
from services.chassis.messages import ABSENT, Absent
from services.chassis.problems import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

Fields = Mapping[str, Any]


def add_user(uow: UnitOfWork, ask: c.AddUser) -> c.MembershipView:
    """A person the caller sees already, known by both names, gains a membership and keeps his password. Raises
    NotFound, Forbidden, Invalid for a role or permission that does not exist there, TooManyRequests, and Conflict
    ``user_name_taken``, ``email_taken``, ``invite_instead`` or ``already_member``."""
    standing = queries.sight.standing(uow, ask.team_id)
    organization = queries.places.organization(uow, ask.team_id, ask.organization_id, to_join=True)
    rules.standing.must_be_able(standing, "user.manage", ask.organization_id)
    rules.joining.must_be_served(organization)
    place: dict[str, Any] = {
        "team_id": ask.team_id,
        "organization_id": ask.organization_id,
        "organization_name": organization["name"],
    }
    place |= rights(uow, place, ask.role, ask.permissions)
    rules.roles.must_hold(standing, place["permissions"], ask.organization_id)
    return join(uow, _person(uow, ask, place, standing), place, standing)


def add_agent(uow: UnitOfWork, ask: c.AddAgent) -> c.MembershipView:
    """The same for the team's own staff, by who manages its roles."""
    standing = queries.sight.standing(uow, ask.team_id)
    rules.standing.must_be_able(standing, "role.manage")
    place: dict[str, Any] = {"team_id": ask.team_id, "organization_id": None, "organization_name": None}
    place |= rights(uow, place, ask.role, ask.permissions)
    rules.roles.must_hold(standing, place["permissions"], None)
    return join(uow, _person(uow, ask, place, standing), place, standing)


def rights(uow: UnitOfWork, place: Fields, role: str, own: Collection[str] | None) -> dict[str, Any]:
    """``role``, ``permissions`` and ``own_permissions`` of a membership at this place (``team_id``,
    ``organization_id``). The role is held as it is until the end. Raises Invalid."""
    side = rules.roles.side_of(place["organization_id"])
    found = queries.roles.role_to_give(uow, place["team_id"], role, side)
    return rules.roles.rights(rules.roles.must_be_a_role(found), own)


def _person(uow: UnitOfWork, ask: c.AddUser | c.AddAgent, place: Fields, standing: Standing) -> Fields:
    """The person with both names, registered now when nobody has either. Who registers him knows his password, so he
    is proven only when an operator does, who could do anything without it. Counted, because the answer tells whether
    a name is known."""
    if not standing.operator:
        count(uow, f"invitation {uow.actor.user_id}", rules.joining.INVITATIONS_OF_A_PERSON)
    keys = (rules.names.fold(ask.user_name), rules.names.fold(ask.email))
    found = queries.people.people_known_as(uow, *keys)
    if not found:
        names = {"user_name": ask.user_name, "email": ask.email, "name": ask.name, "locale": ask.locale}
        made = new_person(uow, names, ask.password, proven=standing.operator)
        if uow.run(upsert(users).values(made).on_conflict_do_nothing()):
            return made
        found = queries.people.people_known_as(uow, *keys)  # somebody was faster by a moment; now he can be seen
    seen = queries.people.places_in_sight(uow, [person["id"] for person in found])
    here = (place["team_id"], place["organization_id"])
    return rules.people.to_be_placed(found, keys, seen, here)


def new_person(uow: UnitOfWork, names: Mapping[str, str], password: str, *, proven: bool) -> dict[str, Any]:
    """A row of ``users``, not stored yet. ``names`` holds user_name, email, name and locale; ``proven``: the address
    is his and the password nobody else's. Raises Invalid when the password is no good one."""
    rules.passwords.must_be_good(password, (names["user_name"], names["email"]))
    return new_login(uow, names, proven=proven) | {"password_hash": secrets.hash_password(password)}


def new_login(uow: UnitOfWork, names: Mapping[str, str], *, proven: bool) -> dict[str, Any]:
    """The same for somebody without a password: none fits him."""
    return {
        "id": new_id("user"),
        **names,
        "user_name_key": rules.names.fold(names["user_name"]),
        "email_key": rules.names.fold(names["email"]),
        "password_hash": secrets.NOBODY,
        "operator": False,
        "sort_name": rules.names.sort_name(names["name"]),
        "active": True,
        "version": 1,
        "created_at": uow.now,
        "proven_at": uow.now if proven else None,
    }


def join(uow: UnitOfWork, person: Fields, place: Fields, standing: Standing = NOBODY) -> c.MembershipView:
    """Give a person a membership, or a former member his again, with these rights. ``place`` holds team_id,
    organization_id, organization_name, role, permissions (None: the role's), or what ``rights`` made of these two;
    ``standing`` is the caller's. Raises Invalid, Conflict ``already_member``."""
    if "own_permissions" not in place:
        place = {**place, **rights(uow, place, place["role"], place["permissions"])}
    [shown] = queries.people.with_people_of_now(uow, [{"user_id": person["id"]}], held=True)
    row = {
        "id": new_id("mem"),
        "user_id": person["id"],
        "active": True,
        "away": False,
        "replacement_id": None,
        "away_until": None,
        "sort_name": rules.names.sort_name(shown["person_name"]),
        "version": 1,
        "created_at": uow.now,
        "derived": False,
        **{name: value for name, value in place.items() if name != "organization_name"},
    }
    added = upsert(memberships).values(row)
    anew = {name: added.excluded[name] for name in row.keys() - {"id", "version", "created_at"}}
    again = added.on_conflict_do_update(
        index_elements=[memberships.c.user_id, memberships.c.team_id, memberships.c.organization_id],
        set_=anew | {"version": memberships.c.version + 1},
        where=~memberships.c.active,
    )
    stored = uow.first(again.returning(memberships.c.id, memberships.c.version))
    if stored is None:
        raise Conflict("already_member", "This person has a membership here already; change that one.")
    row |= stored._asdict()
    membership = {**row, **shown, "organization_name": place["organization_name"]}
    uow.record(membership_changed(membership))
    told = {name: row[name] for name in ("user_id", "organization_id", "role", "permissions", "own_permissions")}
    note(uow, "membership.added", team_id=row["team_id"], object_id=row["id"], **told)
    return queries.people.membership_view(membership, standing)


def change_membership(uow: UnitOfWork, ask: c.ChangeMembership) -> c.MembershipView:
    """What is left out stays. Raises NotFound, Forbidden, Invalid for a role or permission that does not exist there,
    412, and Conflict ``last_administrator``, ``last_manager`` or ``organization_inactive``."""
    organization_id = queries.people.membership(uow, ask.team_id, ask.membership_id)["organization_id"]
    # First the place, so that its last two administrators cannot both leave, nor remove each other.
    organization = None
    if organization_id is None:
        queries.places.team_to_change(uow, ask.team_id)
    else:
        organization = queries.places.organization(uow, ask.team_id, organization_id, to_change=True)
    standing = queries.sight.standing(uow, ask.team_id)
    rules.standing.must_be_able(standing, rules.standing.office(organization_id), organization_id)
    membership = queries.people.membership(uow, ask.team_id, ask.membership_id, to_change=True)
    rules.agreements.must_be_his_own(membership)
    uow.must_match(membership["version"])
    changes = rules.people.membership_changes(membership, _wanted(uow, ask, membership))
    if not changes:
        return queries.people.membership_view(membership, standing)
    if organization is not None and changes.get("active"):
        rules.joining.must_be_served(organization)
    rules.roles.must_hold(standing, rules.people.gained(membership, changes), organization_id)
    if rules.people.leaves_the_office(membership, changes):
        _must_be_replaceable(uow, membership)
    changes["version"] = membership["version"] + 1
    uow.run(update(memberships).where(memberships.c.id == ask.membership_id).values(changes))
    # Not read again: who has just deactivated himself could not see it any more.
    membership = {**membership, **changes}
    uow.record(membership_changed(membership))
    if not membership["active"]:
        _let_go(uow, membership)
    note(uow, "membership.changed", team_id=ask.team_id, object_id=ask.membership_id, **changes)
    return queries.people.membership_view(membership, standing)


def _let_go(uow: UnitOfWork, membership: Fields) -> None:
    """An older letter does not bring him back, and no token of an integration acts for it."""
    place = invitations.c.organization_id.is_not_distinct_from(membership["organization_id"])
    place &= invitations.c.team_id == membership["team_id"]
    withdraw(uow, place & (invitations.c.email_key == rules.names.fold(membership["email"])))
    if membership["organization_id"] is None and queries.tokens.is_service_user(uow, membership["user_id"]):
        revoke_all(uow, membership["user_id"])


def change_organization_user(uow: UnitOfWork, ask: c.ChangeOrganizationUser) -> c.MembershipView:
    """The same, named by organization and person."""
    membership = queries.people.place_of(uow, ask)
    told = c.ChangeMembership(
        team_id=ask.team_id,
        membership_id=membership["id"],
        role=ask.role,
        permissions=ask.permissions,
        active=ask.active,
    )
    return change_membership(uow, told)


def remove_organization_user(uow: UnitOfWork, ask: c.RemoveOrganizationUser) -> c.DoneView:
    """He is inactive from now on; who is already, stays so."""
    membership = queries.people.place_of(uow, ask)
    change_membership(uow, c.ChangeMembership(team_id=ask.team_id, membership_id=membership["id"], active=False))
    return c.DoneView()


def _wanted(uow: UnitOfWork, ask: c.ChangeMembership, membership: Fields) -> Fields:
    """The values the membership should have; a list of his own stays until it is replaced or taken back (null)."""
    if ask.role is None and ask.permissions is ABSENT:
        return {"active": ask.active}
    own: list[str] | None
    if isinstance(ask.permissions, Absent):
        own = membership["permissions"] if membership["own_permissions"] else None
    else:
        own = ask.permissions
    return {**rights(uow, membership, ask.role or membership["role"], own), "active": ask.active}


def _must_be_replaceable(uow: UnitOfWork, membership: Fields) -> None:
    if membership["organization_id"] is None:
        rules.roles.must_leave_a_manager(queries.people.other_managers(uow, membership["team_id"], membership["id"]))
        return
    others = queries.people.other_administrators(uow, membership["organization_id"], membership["id"])
    rules.people.must_leave_an_administrator(others)


def change_user(uow: UnitOfWork, ask: c.ChangeUser) -> c.LoginView:
    """Raises Forbidden for all but operators, NotFound, 412, and Conflict ``yourself``."""
    rules.standing.must_be_known(uow.actor)
    rules.standing.permit(uow.actor.kind == "operator")
    person = queries.people.account(uow, ask.user_id)
    uow.must_match(person["version"])
    if person["active"] == ask.active:
        return queries.people.login_view(person)
    rules.people.must_not_shut_himself_out(uow.actor.user_id, ask.user_id)
    person = change_person(uow, person, {"active": ask.active})
    if not ask.active:
        end_sessions(uow, sessions.c.user_id == ask.user_id)
        revoke_all(uow, ask.user_id)
    note(uow, "user.changed", team_id=None, object_id=ask.user_id, active=ask.active)
    return queries.people.login_view(person)


def change_person(uow: UnitOfWork, person: Fields, changes: Fields) -> Fields:
    """Change the (locked) person, and tell those who know him by a membership what concerns them. Returns him
    as he is now."""
    person = {**person, **changes, "version": person["version"] + 1}
    uow.run(update(users).where(users.c.id == person["id"]).values(**changes, version=person["version"]))
    if changes.keys().isdisjoint(("name", "locale", "email", "active")):
        return person
    new = {"version": memberships.c.version + 1, "sort_name": person["sort_name"]}
    changing = update(memberships).where(memberships.c.user_id == person["id"]).values(new)
    shown = queries.people.shown_of(person)
    for membership in uow.all(changing.returning(memberships)):
        uow.record(membership_changed({**membership._asdict(), **shown}))
    return person
