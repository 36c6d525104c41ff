"""Invitations by mail, and requests that a colleague be invited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules, secrets
from services.accounts.commands.joining import count, link_contacts, withdraw
from services.accounts.commands.letters import Link, want_letter
from services.accounts.commands.people import join, new_person, rights
from services.accounts.notes import note
from services.accounts.rules.standing import Standing
from services.accounts.tables import invitations, user_requests, users
from services.chassis.ids import new_id
from services.chassis.problems import Conflict, Forbidden
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

Fields = Mapping[str, Any]


# --- inviting --------------------------------------------------------------------------------------------------------


def add_invitation(uow: UnitOfWork, ask: c.AddInvitation) -> c.InvitationView:
    """An older invitation of the same person to the same place ends. Raises NotFound, Forbidden, Invalid for a role
    that does not exist there, TooManyRequests, and Conflict ``already_member`` or ``organization_inactive``."""
    standing = queries.sight.standing(uow, ask.team_id)
    organization = None
    if ask.organization_id is not None:
        organization = queries.places.organization(uow, ask.team_id, ask.organization_id, to_join=True)
    rules.standing.must_be_able(standing, rules.standing.office(ask.organization_id), ask.organization_id)
    asked = {name: getattr(ask, name) for name in ("team_id", "organization_id", "email", "name", "role")}
    asked |= {"permissions": ask.permissions, "locale": ask.locale}
    return _invite(uow, standing, organization, asked)


def _invite(uow: UnitOfWork, standing: Standing, organization: Fields | None, asked: Fields) -> c.InvitationView:
    place = asked["organization_id"]
    given = rights(uow, asked, asked["role"], asked["permissions"])
    rules.roles.must_hold(standing, given["permissions"], place)
    if organization is not None:
        rules.joining.must_be_served(organization)
    email_key = rules.names.fold(asked["email"])
    if queries.joining.member_with_email(uow, place, asked["team_id"], email_key) is not None:
        raise Conflict("already_member", "This person has a membership here already; change that one.")
    count(uow, f"invitation {uow.actor.user_id}", rules.joining.INVITATIONS_OF_A_PERSON)
    here = (invitations.c.team_id == asked["team_id"]) & invitations.c.organization_id.is_not_distinct_from(place)
    withdraw(uow, here & (invitations.c.email_key == email_key))
    me = queries.people.person(uow, uow.actor.user_id)
    token = secrets.new_token("cwi_")
    row = {
        "id": new_id("inv"),
        **asked,
        "locale": asked["locale"] or me["locale"],
        "email_key": email_key,
        "token_hash": secrets.digest(token),
        "invited_by": me["id"],
        "created_at": uow.now,
        "expires_at": uow.now + rules.joining.INVITATION_LASTS,
    }
    uow.run(insert(invitations).values(row))
    want_letter(
        uow,
        "invitation",
        row,
        team_id=asked["team_id"],
        link=Link(f"/invitation#token={token}", rules.joining.INVITATION_LASTS),
        by=me["name"],
        organization=organization["name"] if organization else asked["team_id"],
    )
    note(uow, "invitation.sent", team_id=asked["team_id"], object_id=row["id"], role=asked["role"])
    about = {"team_id": asked["team_id"], "thing_id": row["id"], "actor_id": me["id"]}
    uow.record(c.UserInvited(**about, organization_id=place))
    return queries.joining.invitation_view(row, standing)


def remove_invitation(uow: UnitOfWork, ask: c.RemoveInvitation) -> c.DoneView:
    """Twice is done, too. Raises NotFound, Forbidden, Conflict ``invitation_used``."""
    standing = queries.sight.standing(uow, ask.team_id)
    invitation = queries.joining.invitation_to_change(uow, ask.team_id, ask.invitation_id)
    into = invitation["organization_id"]
    rules.standing.must_be_able(standing, rules.standing.office(into), into)
    if invitation["accepted_at"] is not None:
        raise Conflict("invitation_used", "This invitation was accepted. Change the membership instead.")
    withdraw(uow, invitations.c.id == ask.invitation_id)
    note(uow, "invitation.withdrawn", team_id=ask.team_id, object_id=ask.invitation_id)
    return c.DoneView()


# --- accepting -------------------------------------------------------------------------------------------------------


def accept_invitation(uow: UnitOfWork, ask: c.AcceptInvitation) -> c.InvitedView:
    """The account gets the invited address, which the token has proven. Raises NotFound ``invitation_gone`` and
    Conflict ``invitation_used``, ``sign_in_to_join``, ``user_name_taken``."""
    invitation = rules.joining.must_be_open(queries.joining.invitation_of_token(uow, ask.token), uow.now)
    found = queries.people.people_known_as(uow, rules.names.fold(ask.user_name), invitation["email_key"])
    rules.joining.must_be_newcomer(found, invitation["email_key"])
    names = {name: invitation[name] for name in ("email", "name", "locale")}
    if ask.name is not None:
        names["name"] = ask.name
    person = new_person(uow, {**names, "user_name": ask.user_name}, ask.password, proven=True)
    if not uow.run(upsert(users).values(person).on_conflict_do_nothing()):  # somebody was faster by a moment
        raise Conflict("user_name_taken", "Somebody else has this user name.")
    membership = join_by(uow, invitation, person)
    user = queries.people.user_view(person["id"], person["name"], person)
    return c.InvitedView(user=user, membership=membership)


def join_by_invitation(uow: UnitOfWork, ask: c.JoinByInvitation) -> c.MembershipView:
    """Raises Unauthenticated, NotFound ``invitation_gone``, Forbidden ``other_address``, and Conflict
    ``address_unproven``, ``invitation_used`` or ``already_member``."""
    rules.standing.must_be_known(uow.actor)
    invitation = rules.joining.must_be_open(queries.joining.invitation_of_token(uow, ask.token), uow.now)
    person = queries.people.person(uow, uow.actor.user_id)
    if person["email_key"] != invitation["email_key"]:
        raise Forbidden("other_address", "This invitation is for somebody with another e-mail address.")
    return join_by(uow, invitation, person)


def join_by(uow: UnitOfWork, invitation: Fields, person: Fields) -> c.MembershipView:
    """The person takes the (locked, open) invitation. Raises NotFound ``invitation_gone`` when who sent it could not
    send it now, and Conflict ``address_unproven`` or ``already_member``."""
    rules.joining.must_be_proven(person)
    place = place_of(uow, invitation)
    if place is None:
        raise rules.joining.invitation_gone()
    made = join(uow, person, place)
    link_contacts(uow, invitation["organization_id"], person)
    uow.run(update(invitations).where(invitations.c.id == invitation["id"]).values(accepted_at=uow.now))
    note(uow, "invitation.accepted", team_id=invitation["team_id"], object_id=invitation["id"], user_id=person["id"])
    return made


def place_of(uow: UnitOfWork, invitation: Fields) -> Fields | None:
    """Where it leads, with the rights it gives; None when who sent it could not send it now. Raises Invalid."""
    place = {name: invitation[name] for name in ("team_id", "organization_id", "organization_name")}
    place |= rights(uow, place, invitation["role"], invitation["permissions"])
    inviter = queries.joining.standing_of_inviter(uow, invitation)
    return place if rules.joining.is_still_meant(inviter, place) else None


# --- requests for a colleague ----------------------------------------------------------------------------------------


def add_user_request(uow: UnitOfWork, ask: c.AddUserRequest) -> c.UserRequestView:
    """Those who decide are told by mail. Who has access may ask: who registers cases there himself. Raises NotFound,
    Forbidden, Invalid, TooManyRequests, Conflict."""
    standing = queries.sight.standing(uow, ask.team_id)
    organization = queries.places.organization(uow, ask.team_id, ask.organization_id)
    rules.standing.must_be_able(standing, "case.create", ask.organization_id)
    rules.joining.must_be_served(organization)
    rights(uow, {"team_id": ask.team_id, "organization_id": ask.organization_id}, ask.role, None)
    count(uow, f"user request {uow.actor.user_id}", rules.joining.REQUESTS_OF_A_PERSON)
    me = queries.people.person(uow, uow.actor.user_id)
    row = {
        "id": new_id("ureq"),
        **{name: getattr(ask, name) for name in ("team_id", "organization_id", "name", "email", "role", "note")},
        "status": "pending",
        "reason": None,
        "requested_by": me["id"],
        "requested_by_name": me["name"],
        "invitation_id": None,
        "created_at": uow.now,
        "decided_at": None,
    }
    uow.run(insert(user_requests).values(row))
    words = {"by": me["name"], "organization": organization["name"], "person": ask.name, "email": ask.email}
    for reader in queries.joining.who_decides(uow, ask.team_id, "user.manage", ask.organization_id):
        want_letter(uow, "user_request_received", reader, team_id=ask.team_id, link=Link("/"), **words, note=ask.note)
    note(uow, "user_request.filed", team_id=ask.team_id, object_id=row["id"], role=ask.role)
    return queries.joining.user_request_view(row, standing)


def approve_user_request(uow: UnitOfWork, ask: c.ApproveUserRequest) -> c.UserRequestView:
    """The colleague is invited. Raises NotFound, Forbidden, Conflict ``already_decided`` and as ``add_invitation``."""
    standing, organization, asked = _request_to_decide(uow, ask)
    wanted = {name: asked[name] for name in ("team_id", "organization_id", "email", "name")}
    role = ask.role or asked["role"]
    invitation = _invite(uow, standing, organization, {**wanted, "role": role, "permissions": None, "locale": None})
    decision = {"status": "approved", "role": role, "invitation_id": invitation.id}
    return _decide(uow, organization, asked, decision, standing)


def reject_user_request(uow: UnitOfWork, ask: c.RejectUserRequest) -> c.UserRequestView:
    """Raises NotFound, Forbidden, Conflict ``already_decided``."""
    standing, organization, asked = _request_to_decide(uow, ask)
    return _decide(uow, organization, asked, {"status": "rejected", "reason": ask.reason}, standing)


def _request_to_decide(uow: UnitOfWork, ask: Any) -> tuple[Standing, Fields, Fields]:
    standing = queries.sight.standing(uow, ask.team_id)
    organization = queries.places.organization(uow, ask.team_id, ask.organization_id, to_join=True)
    asked = queries.joining.user_request_to_change(uow, ask)
    rules.standing.must_be_able(standing, "user.manage", ask.organization_id)
    rules.joining.must_be_pending(asked)
    return standing, organization, asked


def _decide(
    uow: UnitOfWork, organization: Fields, asked: Fields, decision: Fields, standing: Standing
) -> c.UserRequestView:
    changes = {**decision, "decided_at": uow.now}
    uow.run(update(user_requests).where(user_requests.c.id == asked["id"]).values(changes))
    reader = queries.joining.person_to_tell(uow, asked["requested_by"])
    if reader is not None:
        want_letter(
            uow,
            "user_request_decided",
            reader,
            team_id=asked["team_id"],
            decision=decision["status"],
            organization=organization["name"],
            person=asked["name"],
            email=asked["email"],
            reason=decision.get("reason"),
        )
    note(uow, f"user_request.{decision['status']}", team_id=asked["team_id"], object_id=asked["id"])
    return queries.joining.user_request_view({**asked, **changes}, standing)
