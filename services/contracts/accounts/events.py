"""What happened to a team's people and set-up, for its staff to hear while it happens. Facts that neighbours keep have
events of their own, beside their requests."""

from __future__ import annotations

from typing import Annotated

from services.chassis.messages import Event, Shape
from services.contracts.shapes import Id, Slug, Version


class AccountEvent(Event):
    """What every such event says. ``thing_id``: what it happened to, to be fetched by who may."""

    subject = "thing_id"
    public = True
    team_id: Slug
    thing_id: Annotated[str, Shape(min=1, max=64)]
    actor_id: Id | None


class RegistrationSubmitted(AccountEvent):
    """Somebody applies for an account, and has proven his address: it can be decided now."""


class RegistrationApproved(AccountEvent):
    """An applicant has his account."""


class RegistrationRejected(AccountEvent):
    """An applicant was told no."""


class UserInvited(AccountEvent):
    """An invitation is on its way, into an organization or (null) the team's own staff."""

    organization_id: Id | None


class ProfileApplied(AccountEvent):
    """The team's profile is another one; ``thing_id`` is the team."""

    fact_version: Version
