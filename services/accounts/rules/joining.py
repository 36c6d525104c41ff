"""Who may come in, how often, and in which state things must be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.accounts.rules import roles
from services.accounts.rules.standing import Standing, office
from services.chassis.problems import Conflict, Forbidden, Invalid, NotFound, TooManyRequests

Fields = Mapping[str, Any]

INVITATION_LASTS = timedelta(days=7)
CONFIRMATION_LASTS = timedelta(days=7)
PENDING_KEPT = timedelta(days=30)  # an application nobody decided on
DECIDED_KEPT = timedelta(days=90)
LETTERS_A_DAY = 3  # to one address that somebody unknown gave
TOLD_OF_A_REQUEST = 20  # people who hear by mail of a request for a colleague, or of an application


class Limit(NamedTuple):
    """So many in so long."""

    most: int
    window: timedelta


REGISTRATIONS_OF_AN_ADDRESS = Limit(5, timedelta(hours=1))
REGISTRATIONS_OF_A_TEAM = Limit(500, timedelta(days=1))
APPLICATIONS_TOLD = Limit(20, timedelta(hours=1))  # of a team: more of them are a flood, and are seen in the list
REQUESTS_OF_A_PERSON = Limit(20, timedelta(days=1))
INVITATIONS_OF_A_PERSON = Limit(200, timedelta(days=1))


def must_not_be_too_many(count: int, limit: Limit, until: datetime, now: datetime) -> None:
    """``count`` has this one in it. Raises TooManyRequests with the seconds until the window is over."""
    if count > limit.most:
        seconds = max(1, math.ceil((until - now).total_seconds()))
        raise TooManyRequests("too_many_requests", "Too many of these. Wait a while.", retry_after=seconds)


def must_take_registrations(profile: Mapping[str, Any]) -> None:
    """Raises Forbidden ``registration_closed`` with where the team tells how one gets an account."""
    if profile["intake"]["registration"] != "approval":
        extra = {"team": profile["name"], "contact": profile["help"].get("sign_in") or profile["help"].get("home")}
        detail = f"{profile['name']} takes no registrations. Ask your administrator or the team for an invitation."
        raise Forbidden("registration_closed", detail, extra=extra)


def must_be_pending(thing: Fields) -> None:
    """Raises Conflict ``already_decided`` with what was decided."""
    if thing["status"] != "pending":
        extra = {"status": thing["status"]}
        raise Conflict("already_decided", f"This was decided before: {thing['status']}.", extra=extra)


def must_be_confirmed(registration: Fields) -> None:
    """Raises Conflict ``email_not_confirmed``."""
    if registration["confirmed_at"] is None:
        detail = "The applicant has not confirmed the e-mail address yet; it may be somebody else's."
        raise Conflict("email_not_confirmed", detail)


def must_name_one_organization(organization_id: str | None, name: str | None) -> None:
    """Raises Invalid ``/organization_id`` unless exactly one of the two is given."""
    if (organization_id is None) == (name is None):
        detail = "Name a known organization (organization_id) or a new one (organization_name), and only one of them."
        raise Invalid.field("/organization_id", "required" if name is None else "exclusive", detail)


def must_be_unknown(found: list[Fields], user_name_key: str, email_key: str) -> None:
    """Raises Conflict ``email_taken`` or ``user_name_taken``: an application never takes over an account."""
    if any(person["email_key"] == email_key for person in found):
        detail = "Somebody with this e-mail address has an account. Invite that person to the organization instead."
        raise Conflict("email_taken", detail)
    if any(person["user_name_key"] == user_name_key for person in found):
        raise Conflict("user_name_taken", "Somebody else has this user name. Approve with another one.")


def must_be_open(invitation: Fields | None, now: datetime) -> Fields:
    """Raises NotFound ``invitation_gone`` (unknown, taken back, too old) or Conflict ``invitation_used``."""
    if invitation is None or invitation["withdrawn_at"] is not None or invitation["expires_at"] <= now:
        raise invitation_gone()
    if invitation["accepted_at"] is not None:
        raise Conflict("invitation_used", "This invitation was accepted before. Sign in.")
    return invitation


def is_still_meant(inviter: Standing, place: Fields) -> bool:
    """``place``: where an invitation leads, and which permissions it gives. Not when who sent it has lost the right
    to: a letter does not outlive it."""
    where = place["organization_id"]
    return inviter.may(office(where), where) and not roles.more_than_held(inviter, place["permissions"], where)


def invitation_gone() -> NotFound:
    """Of all kinds that lead nowhere."""
    return NotFound("invitation_gone", "This invitation is not known or has run out. Ask for a new one.")


def must_be_proven(person: Fields) -> None:
    """Raises Conflict ``address_unproven``: somebody else knows, or knew, the password of his account."""
    if person["proven_at"] is None:
        detail = "Somebody registered you with a password. Choose your own by mail (lost password), then join."
        raise Conflict("address_unproven", detail)


def must_be_newcomer(found: list[Fields], email_key: str) -> None:
    """Raises Conflict ``sign_in_to_join`` or ``user_name_taken``. Only the holder of the token gets to hear it."""
    if any(person["email_key"] == email_key for person in found):
        detail = "There is an account with the invited address. Sign in (a lost password is mailed to it), then join."
        raise Conflict("sign_in_to_join", detail)
    if found:
        raise Conflict("user_name_taken", "Somebody else has this user name.")


def must_be_served(organization: Fields) -> None:
    """Raises Conflict ``organization_inactive``, or ``organization_anonymous`` for the one nobody joins."""
    if organization["kind"] == "anonymous":
        raise Conflict("organization_anonymous", "Cases opened without a login belong here; nobody does.")
    if not organization["active"]:
        raise Conflict("organization_inactive", "This organization is no longer served; nobody can join it.")


def search_text(name: str, email: str | None) -> str:
    """What parts of a contact are looked for in; both already folded."""
    return f"{name} {email or ''}".strip()
