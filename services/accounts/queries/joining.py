"""Reading registrations, requests for colleagues, invitations and contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select

from services.accounts import rules, secrets
from services.accounts.queries import places, sight
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import Standing
from services.accounts.tables import (
    contacts,
    invitations,
    joining_counts,
    memberships,
    organizations,
    registrations,
    user_requests,
    users,
)
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

# --- registrations ---------------------------------------------------------------------------------------------------


def _applications(uow: UnitOfWork, team_id: str) -> Select[Any]:
    """The team's registrations, with whether somebody has the name or the address."""
    return (
        sight.visible(uow, registrations)
        .where(registrations.c.team_id == team_id)
        .add_columns(
            exists().where(users.c.user_name_key == registrations.c.user_name_key).label("user_name_taken"),
            exists().where(users.c.email_key == registrations.c.email_key).label("email_taken"),
        )
    )


def registration_to_change(uow: UnitOfWork, team_id: str, registration_id: str) -> Fields:
    """One registration, locked. Raises NotFound."""
    rows = _applications(uow, team_id).where(registrations.c.id == registration_id)
    found = sight.one(uow, rows.with_for_update(of=registrations))
    if found is None:
        raise NotFound()
    return found


def registration_to_confirm(uow: UnitOfWork, team_id: str, token: str) -> Fields | None:
    """The registration whose mail held this token, locked. Who holds it needs no other proof."""
    rows = select(registrations).where(
        registrations.c.confirmation_hash == secrets.digest(token), registrations.c.team_id == team_id
    )
    return sight.one(uow, rows.with_for_update())


def registrations_since(uow: UnitOfWork, email_key: str, since: datetime, most: int) -> int:
    """How many registrations named this address lately, up to ``most``."""
    recent = select(registrations.c.id).where(
        registrations.c.email_key == email_key, registrations.c.created_at > since
    )
    return len(uow.all(recent.limit(most)))


def read_registration(uow: UnitOfWork, ask: c.ReadRegistration) -> c.RegistrationStatusView:
    """For who holds the token of the first answer. Raises NotFound: there is none, or the token is another one's."""
    rows = select(registrations).where(
        registrations.c.id == ask.registration_id,
        registrations.c.team_id == ask.team_id,
        registrations.c.token_hash == secrets.digest(ask.token),
    )
    found = sight.one(uow, rows)
    if found is None:
        raise NotFound()
    return c.RegistrationStatusView(
        id=found["id"],
        status=found["status"],
        email_confirmed=found["confirmed_at"] is not None,
        reason=found["reason"],
    )


def list_registrations(uow: UnitOfWork, ask: c.ListRegistrations) -> c.RegistrationPage:
    """By time, oldest first. Raises NotFound when the team is not his, Forbidden."""
    standing = sight.standing(uow, ask.team_id)
    rules.standing.must_be_able(standing, "registration.decide")
    rows = _applications(uow, ask.team_id).where(registrations.c.status == ask.status)
    found, cursor = sight.page(uow, rows, [registrations.c.id], ask)
    return c.RegistrationPage(data=[registration_view(row, standing) for row in found], next_cursor=cursor)


def registration_view(row: Fields, standing: Standing) -> c.RegistrationView:
    """From ``_applications``; ``standing`` is the reader's in the team."""
    taken = [name for name in ("user_name", "email") if row[f"{name}_taken"] and row["status"] == "pending"]
    plain = ("id", "team_id", "status", "user_name", "name", "email", "company", "message", "locale")
    later = ("reason", "created_at", "decided_at")
    return c.RegistrationView(
        **{name: row[name] for name in plain + later},
        email_confirmed=row["confirmed_at"] is not None,
        taken=taken,
        permissions=standing.able(["registration.decide"]) if row["status"] == "pending" else [],
    )


# --- requests for a colleague ----------------------------------------------------------------------------------------


def user_request_to_change(uow: UnitOfWork, ask: Any) -> Fields:
    """One request of the organization, locked. Raises NotFound."""
    rows = sight.visible(uow, user_requests).where(
        user_requests.c.team_id == ask.team_id,
        user_requests.c.organization_id == ask.organization_id,
        user_requests.c.id == ask.user_request_id,
    )
    found = sight.one(uow, rows.with_for_update())
    if found is None:
        raise NotFound()
    return found


def list_user_requests(uow: UnitOfWork, ask: c.ListUserRequests) -> c.UserRequestPage:
    """By time, oldest first. Who manages the organization's people sees all, others what they asked for themselves.
    Raises NotFound when the organization is not his."""
    standing = sight.standing(uow, ask.team_id)
    places.organization(uow, ask.team_id, ask.organization_id)
    rows = sight.visible(uow, user_requests).where(user_requests.c.organization_id == ask.organization_id)
    if not standing.may("user.manage", ask.organization_id):
        rows = rows.where(user_requests.c.requested_by == uow.actor.user_id)
    if ask.status is not None:
        rows = rows.where(user_requests.c.status == ask.status)
    found, cursor = sight.page(uow, rows, [user_requests.c.id], ask)
    return c.UserRequestPage(data=[user_request_view(row, standing) for row in found], next_cursor=cursor)


def user_request_view(row: Fields, standing: Standing) -> c.UserRequestView:
    """From ``user_requests``; ``standing`` is the reader's in the team."""
    able = standing.able(["user.manage"], row["organization_id"]) if row["status"] == "pending" else []
    return c.UserRequestView(**row, permissions=able)


def who_decides(uow: UnitOfWork, team_id: str, permission: str, organization_id: str | None = None) -> list[Fields]:
    """``email, name, locale`` of those of the team's staff who hold the permission, and first of all those of the
    organization, without the caller. Not begun at ``visible``: who applies, and a customer, do not see the staff, yet
    what they ask for reaches it."""
    here = or_(memberships.c.organization_id == organization_id, memberships.c.organization_id.is_(None))
    rows = (
        select(users.c.email, users.c.name, users.c.locale)
        .join_from(memberships, users, users.c.id == memberships.c.user_id)
        .where(
            memberships.c.team_id == team_id,
            here,
            memberships.c.permissions.any_() == permission,
            memberships.c.active,
            users.c.active,
            users.c.kind == "person",
            users.c.id != uow.actor.user_id,
        )
        .order_by(memberships.c.organization_id.nulls_last(), memberships.c.id)
        .limit(rules.joining.TOLD_OF_A_REQUEST)
    )
    return sight.fields(uow, rows)


def person_to_tell(uow: UnitOfWork, user_id: str) -> Fields | None:
    """``email, name, locale`` of somebody who waits for an answer."""
    return sight.one(uow, select(users.c.email, users.c.name, users.c.locale).where(users.c.id == user_id))


def member_with_email(uow: UnitOfWork, organization_id: str | None, team_id: str, email_key: str) -> str | None:
    """The user id of the active member (or one of the staff) with this address."""
    rows = (
        select(users.c.id)
        .join_from(users, memberships, memberships.c.user_id == users.c.id)
        .where(
            users.c.email_key == email_key,
            memberships.c.team_id == team_id,
            memberships.c.organization_id.is_not_distinct_from(organization_id),
            memberships.c.active,
        )
    )
    row = uow.first(rows)
    return None if row is None else str(row.id)


# --- invitations -----------------------------------------------------------------------------------------------------

_PENDING = and_(invitations.c.accepted_at.is_(None), invitations.c.withdrawn_at.is_(None))


def invitation_to_change(uow: UnitOfWork, team_id: str, invitation_id: str) -> Fields:
    """One invitation, locked. Raises NotFound."""
    rows = sight.visible(uow, invitations).where(invitations.c.team_id == team_id, invitations.c.id == invitation_id)
    found = sight.one(uow, rows.with_for_update())
    if found is None:
        raise NotFound()
    return found


def invitation_of_token(uow: UnitOfWork, token: str) -> Fields | None:
    """The invitation whose mail held this token, locked, with the organization's name. Who holds the token needs no
    other proof, so this does not begin at ``visible``."""
    rows = select(invitations, organizations.c.name.label("organization_name")).outerjoin(
        organizations, organizations.c.id == invitations.c.organization_id
    )
    rows = rows.where(invitations.c.token_hash == secrets.digest(token))
    return sight.one(uow, rows.with_for_update(of=invitations))


def standing_of_inviter(uow: UnitOfWork, invitation: Fields) -> Standing:
    """What who sent it is in its team today; nothing when he is shut out. Not begun at ``visible``: who accepts it
    need not see him."""
    places = and_(
        memberships.c.user_id == users.c.id, memberships.c.team_id == invitation["team_id"], memberships.c.active
    )
    rows = select(users.c.operator, memberships.c.organization_id, memberships.c.permissions).outerjoin_from(
        users, memberships, places
    )
    found = sight.fields(uow, rows.where(users.c.id == invitation["invited_by"], users.c.active))
    held = [row for row in found if row["permissions"] is not None]
    return rules.standing.standing_of(held, operator=any(row["operator"] for row in found))


def list_invitations(uow: UnitOfWork, ask: c.ListInvitations) -> c.InvitationPage:
    """By time, oldest first. Raises NotFound when the team is not his, Forbidden when he manages nobody there."""
    standing = sight.standing(uow, ask.team_id)
    into = invitations.c.organization_id
    mine = [one for one in standing.organizations if standing.may("user.manage", one)]
    managed = [into.is_not(None)] if standing.may("user.manage") else [into.in_(mine)] if mine else []
    managed += [into.is_(None)] if standing.may("role.manage") else []
    rules.standing.permit(bool(managed))
    rows = sight.visible(uow, invitations).where(
        invitations.c.team_id == ask.team_id, _PENDING, invitations.c.expires_at > uow.now, or_(*managed)
    )
    found, cursor = sight.page(uow, rows, [invitations.c.id], ask)
    return c.InvitationPage(data=[invitation_view(row, standing) for row in found], next_cursor=cursor)


def invitation_view(row: Fields, standing: Standing) -> c.InvitationView:
    """From ``invitations``; ``standing`` is the reader's in the team."""
    into = row["organization_id"]
    able = standing.able([rules.standing.office(into)], into)
    plain = ("id", "team_id", "organization_id", "email", "name", "role", "permissions", "locale")
    told = {name: row[name] for name in (*plain, "invited_by", "created_at", "expires_at")}
    return c.InvitationView(**told, may=able)


# --- contacts --------------------------------------------------------------------------------------------------------


def _of_organization(uow: UnitOfWork, ask: Any) -> Select[Any]:
    return sight.visible(uow, contacts).where(
        contacts.c.team_id == ask.team_id, contacts.c.organization_id == ask.organization_id
    )


def contact_to_change(uow: UnitOfWork, ask: Any) -> Fields:
    """One contact of the organization, locked. Raises NotFound."""
    found = sight.one(uow, _of_organization(uow, ask).where(contacts.c.id == ask.contact_id).with_for_update())
    if found is None:
        raise NotFound()
    return found


def list_contacts(uow: UnitOfWork, ask: c.ListContacts) -> c.ContactPage:
    """By name. Raises NotFound when the organization is not his."""
    rules.standing.must_be_known(uow.actor)
    places.organization(uow, ask.team_id, ask.organization_id)
    rows = _of_organization(uow, ask)
    if ask.q is not None:
        rows = rows.where(contacts.c.search.contains(rules.names.fold(ask.q), autoescape=True))
    found, cursor = sight.page(uow, rows, [contacts.c.sort_name, contacts.c.id], ask)
    standing = sight.standings(uow, [ask.team_id])[ask.team_id]
    return c.ContactPage(data=[contact_view(row, standing) for row in found], next_cursor=cursor)


def contact_view(row: Fields, standing: Standing) -> c.ContactView:
    """From ``contacts``; ``standing`` is the reader's in the team."""
    plain = ("id", "team_id", "organization_id", "name", "email", "phone", "user_id", "version")
    able = standing.able(["contact.manage"], row["organization_id"])
    return c.ContactView(**{name: row[name] for name in plain}, permissions=able)


# --- what is no longer needed ----------------------------------------------------------------------------------------


def old_registrations(uow: UnitOfWork) -> Select[Any]:
    """Applications nobody decided on in time, and those that were decided long ago."""
    kept = func.coalesce(registrations.c.decided_at, uow.now) > uow.now - rules.joining.DECIDED_KEPT
    old = registrations.c.created_at < uow.now - rules.joining.PENDING_KEPT
    rows = select(registrations.c.id).where(old, or_(registrations.c.status == "pending", ~kept))
    return rows.order_by(registrations.c.created_at).limit(sight.BATCH)


def old_invitations(uow: UnitOfWork) -> Select[Any]:
    """Invitations that ran out long ago."""
    rows = select(invitations.c.id).where(invitations.c.expires_at < uow.now - rules.joining.DECIDED_KEPT)
    return rows.order_by(invitations.c.expires_at).limit(sight.BATCH)


def old_counts(uow: UnitOfWork) -> Select[Any]:
    """Counts whose window is over."""
    return select(joining_counts.c.key).where(joining_counts.c.until < uow.now).limit(sight.BATCH)
