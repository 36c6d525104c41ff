"""Applications for an account: somebody nobody knows asks, the team's staff decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules, secrets
from services.accounts.commands.joining import count, link_contacts
from services.accounts.commands.letters import Link, want_letter
from services.accounts.commands.people import join, new_login, rights
from services.accounts.commands.places import add_organization
from services.accounts.notes import note
from services.accounts.tables import registrations, users
from services.chassis.actor import Context
from services.chassis.ids import new_id
from services.chassis.problems import Conflict, NotFound, TooManyRequests
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c

Fields = Mapping[str, Any]


def hash_wished_password(work: Work, context: Context, ask: c.StartRegistration) -> str:
    """The hash, made while no connection waits. Counted first, so that nobody makes us hash all day. Raises NotFound,
    Forbidden ``registration_closed``, Invalid for a poor password, TooManyRequests."""
    rules.passwords.must_be_good(ask.password, (ask.user_name, ask.email))
    with work.writing(context) as uow:
        rules.joining.must_take_registrations(_profile(uow, ask.team_id))
        client = rules.attempts.place(context.more.get("ip", ""))
        count(uow, f"registration {ask.team_id} {client}", rules.joining.REGISTRATIONS_OF_AN_ADDRESS)
        count(uow, f"registration {ask.team_id}", rules.joining.REGISTRATIONS_OF_A_TEAM)
    return secrets.hash_password(ask.password)


def _profile(uow: UnitOfWork, team_id: str) -> Mapping[str, Any]:
    found = queries.profiles.profile_of(uow, team_id)
    if found is None:
        raise NotFound()
    return rules.profile_defaults.complete(found["profile"])


def start_registration(uow: UnitOfWork, ask: c.StartRegistration, password_hash: str) -> c.RegistrationStartedView:
    """Nothing here looks at who has an account: known and unknown names get the same answer after the same work."""
    token, confirmation = secrets.new_token("cwg_"), secrets.new_token("cwg_")
    row: dict[str, Any] = {
        "id": new_id("reg"),
        "team_id": ask.team_id,
        "status": "pending",
        "user_name": ask.user_name,
        "user_name_key": rules.names.fold(ask.user_name),
        "name": ask.name,
        "email": ask.email,
        "email_key": rules.names.fold(ask.email),
        "company": ask.company,
        "message": ask.message,
        "locale": ask.locale or _profile(uow, ask.team_id)["locale"],
        "password_hash": password_hash,
        "token_hash": secrets.digest(token),
        "confirmation_hash": secrets.digest(confirmation),
        "created_at": uow.now,
    }
    most = rules.joining.LETTERS_A_DAY
    if queries.joining.registrations_since(uow, row["email_key"], uow.now - timedelta(days=1), most) < most:
        link = Link(f"/registration#team={ask.team_id}&token={confirmation}", rules.joining.CONFIRMATION_LASTS)
        want_letter(uow, "registration_received", row, team_id=ask.team_id, link=link)
    uow.run(insert(registrations).values(row))
    note(uow, "registration.filed", team_id=ask.team_id, object_id=row["id"])
    return c.RegistrationStartedView(id=row["id"], token=token, status="pending")


def confirm_registration(uow: UnitOfWork, ask: c.ConfirmRegistration) -> c.DoneView:
    """Who decides is told. Twice is done, too. Raises NotFound for a token that is not known or too old."""
    found = queries.joining.registration_to_confirm(uow, ask.team_id, ask.token)
    if found is None or found["created_at"] + rules.joining.CONFIRMATION_LASTS <= uow.now:
        raise NotFound("confirmation_gone", "This link is not known or has run out. Register again.")
    if found["confirmed_at"] is None:
        uow.run(update(registrations).where(registrations.c.id == found["id"]).values(confirmed_at=uow.now))
        note(uow, "registration.confirmed", team_id=ask.team_id, object_id=found["id"])
        uow.record(c.RegistrationSubmitted(team_id=ask.team_id, thing_id=found["id"], actor_id=None))
        _tell_who_decides(uow, found)
    return c.DoneView()


def _tell_who_decides(uow: UnitOfWork, applied: Fields) -> None:
    """Of what the applicant wrote they read in the list; a letter names the address only, which he has proven."""
    try:
        count(uow, f"told of registration {applied['team_id']}", rules.joining.APPLICATIONS_TOLD)
    except TooManyRequests:
        return
    for reader in queries.joining.who_decides(uow, applied["team_id"], "registration.decide"):
        team_id, link = applied["team_id"], Link("/")
        want_letter(uow, "registration_waiting", reader, team_id=team_id, link=link, email=applied["email"])


def approve_registration(uow: UnitOfWork, ask: c.ApproveRegistration) -> c.MembershipView:
    """Person and membership come about together, with the password chosen at registration. Raises NotFound, Forbidden,
    Invalid, and Conflict ``already_decided``, ``email_not_confirmed``, ``user_name_taken``, ``email_taken``."""
    standing = queries.sight.standing(uow, ask.team_id)
    applied = queries.joining.registration_to_change(uow, ask.team_id, ask.registration_id)
    rules.standing.must_be_able(standing, "registration.decide")
    rules.joining.must_name_one_organization(ask.organization_id, ask.organization_name)
    rules.joining.must_be_pending(applied)
    rules.joining.must_be_confirmed(applied)
    place = _place(uow, ask)
    rules.roles.must_hold(standing, place["permissions"], place["organization_id"])
    person = _person_of(uow, applied, ask.user_name or applied["user_name"])
    made = join(uow, person, place, standing)
    link_contacts(uow, place["organization_id"], person)
    _decide(uow, applied, {"status": "approved", "user_id": person["id"]})
    want_letter(
        uow,
        "registration_approved",
        person,
        team_id=ask.team_id,
        link=Link("/"),
        user_name=person["user_name"],
        organization=place["organization_name"],
    )
    note(uow, "registration.approved", team_id=ask.team_id, object_id=applied["id"], user_id=person["id"])
    uow.record(c.RegistrationApproved(team_id=ask.team_id, thing_id=applied["id"], actor_id=uow.actor.user_id))
    return made


def _place(uow: UnitOfWork, ask: c.ApproveRegistration) -> Fields:
    """Where the applicant will belong; a new organization is made now."""
    if ask.organization_name is not None:
        new = add_organization(uow, c.AddOrganization(team_id=ask.team_id, name=ask.organization_name))
        known = {"organization_id": new.id, "organization_name": new.name}
    else:
        organization = queries.places.organization(uow, ask.team_id, str(ask.organization_id), to_join=True)
        rules.joining.must_be_served(organization)
        known = {"organization_id": organization["id"], "organization_name": organization["name"]}
    place = {"team_id": ask.team_id, **known}
    return place | rights(uow, place, ask.role, None)


def _person_of(uow: UnitOfWork, applied: Fields, user_name: str) -> Fields:
    key = rules.names.fold(user_name)
    found = queries.people.people_known_as(uow, key, applied["email_key"])
    rules.joining.must_be_unknown(found, key, applied["email_key"])
    names = {name: applied[name] for name in ("email", "name", "locale")} | {"user_name": user_name}
    person = new_login(uow, names, proven=True) | {"password_hash": applied["password_hash"]}
    if not uow.run(upsert(users).values(person).on_conflict_do_nothing()):  # somebody was faster by a moment
        raise Conflict("user_name_taken", "Somebody else has this user name or e-mail address. Look again.")
    return person


def reject_registration(uow: UnitOfWork, ask: c.RejectRegistration) -> c.RegistrationView:
    """The password's hash is forgotten at once; an address that nobody confirmed gets no mail. Raises NotFound,
    Forbidden, Conflict ``already_decided``."""
    standing = queries.sight.standing(uow, ask.team_id)
    applied = queries.joining.registration_to_change(uow, ask.team_id, ask.registration_id)
    rules.standing.must_be_able(standing, "registration.decide")
    rules.joining.must_be_pending(applied)
    decided = _decide(uow, applied, {"status": "rejected", "reason": ask.reason})
    if applied["confirmed_at"] is not None:
        want_letter(uow, "registration_rejected", applied, team_id=ask.team_id, reason=ask.reason)
    note(uow, "registration.rejected", team_id=ask.team_id, object_id=applied["id"])
    uow.record(c.RegistrationRejected(team_id=ask.team_id, thing_id=applied["id"], actor_id=uow.actor.user_id))
    return queries.joining.registration_view(decided, standing)


def _decide(uow: UnitOfWork, applied: Fields, decision: Fields) -> Fields:
    changes = {**decision, "decided_at": uow.now, "password_hash": None}
    uow.run(update(registrations).where(registrations.c.id == applied["id"]).values(changes))
    return {**applied, **changes}
