"""Reading providers, sign-ins that were begun, and who is known where."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, exists, select

from services.accounts import rules
from services.accounts.queries import sight
from services.accounts.queries.sight import Fields
from services.accounts.tables import (
    begun_sign_ins,
    identities,
    identity_providers,
    invitations,
    memberships,
    organizations,
    users,
)
from services.chassis.messages import fields_of
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

_SHOWN = tuple(field.name for field in fields_of(c.ProviderView))
_SERVED = and_(organizations.c.active, organizations.c.kind != "anonymous")
providers = identity_providers.c


def list_providers(uow: UnitOfWork, ask: c.ListProviders) -> c.ProviderPage:
    """Oldest first. Raises NotFound when the team is not his, Forbidden."""
    rules.standing.must_be_able(sight.standing(uow, ask.team_id), "provider.manage")
    found, cursor = sight.page(uow, _of_team(uow, ask.team_id), [providers.id], ask)
    return c.ProviderPage(data=[view(row) for row in found], next_cursor=cursor)


def provider(uow: UnitOfWork, team_id: str, provider_id: str) -> Fields:
    """One of the team's, locked. Raises NotFound."""
    found = sight.one(uow, _of_team(uow, team_id).where(providers.id == provider_id).with_for_update())
    if found is None:
        raise NotFound()
    return found


def open_provider(uow: UnitOfWork, team_id: str, provider_id: str) -> Fields:
    """An active one, for whoever wants to sign in there; he is nobody yet, so this does not begin at ``visible``.
    Raises NotFound."""
    rows = select(identity_providers).where(providers.team_id == team_id, providers.id == provider_id)
    found = sight.one(uow, rows.where(providers.active))
    if found is None:
        raise NotFound()
    return found


def asked_provider(uow: UnitOfWork, provider_id: str, *, held: bool = False) -> Fields | None:
    """The active provider of a sign-in that was begun, with ``organization_name`` of where it lets people join (None:
    nowhere that is served). ``held``: until the end it is neither removed nor switched off."""
    place = and_(organizations.c.team_id == providers.team_id, organizations.c.id == providers.joins, _SERVED)
    named = select(identity_providers, organizations.c.name.label("organization_name"))
    rows = named.select_from(identity_providers.outerjoin(organizations, place))
    rows = rows.where(providers.id == provider_id, providers.active)
    return sight.one(uow, rows.with_for_update(read=True, of=identity_providers) if held else rows)


def home_of_newcomers(uow: UnitOfWork, joins: str) -> Fields:
    """The organization a provider lets people join, held as it is. Who comes is nobody yet, so this does not begin at
    ``visible``. Raises Forbidden ``not_invited`` when it is no longer served."""
    rows = select(organizations).where(organizations.c.id == joins, _SERVED)
    found = sight.one(uow, rows.with_for_update(read=True))
    if found is None:
        raise rules.oidc.not_invited()
    return found


def known_as(uow: UnitOfWork, issuer: str, subject: str) -> Fields | None:
    """The person this name of that issuer belongs to. He is nobody yet, so this does not begin at
    ``visible``."""
    rows = sight.people_with_login().join(identities, identities.c.user_id == users.c.id)
    return sight.one(uow, rows.where(identities.c.issuer == issuer, identities.c.subject == subject))


def identity(uow: UnitOfWork, issuer: str, subject: str) -> Fields:
    """The row of this name of that issuer, which is there."""
    rows = select(identities).where(identities.c.issuer == issuer, identities.c.subject == subject)
    [found] = sight.fields(uow, rows)
    return found


def list_identities(uow: UnitOfWork, ask: c.ListIdentities) -> c.IdentityList:
    """Mine. Raises Unauthenticated."""
    rules.standing.must_be_known(uow.actor)
    found = sight.fields(uow, sight.visible(uow, identities).order_by(identities.c.id).limit(100))
    return c.IdentityList(data=[identity_view(row) for row in found])


def my_identity(uow: UnitOfWork, identity_id: str) -> Fields:
    """One of mine, locked. Raises NotFound."""
    rows = sight.visible(uow, identities).where(identities.c.id == identity_id)
    found = sight.one(uow, rows.with_for_update())
    if found is None:
        raise NotFound()
    return found


def identity_view(row: Fields) -> c.IdentityView:
    """From ``identities``."""
    shown: dict[str, Any] = {name: row[name] for name in ("id", "issuer", "subject", "created_at")}
    return c.IdentityView(**shown)


def invitation_of(uow: UnitOfWork, team_id: str, email_key: str, user_id: str = "") -> Fields | None:
    """The newest open invitation of this address into one of the team's organizations that are served, locked, with
    ``organization_name``. The provider has verified the address, so its holder need not show the letter. Not where
    this person has a place already; one that ended he gets again."""
    his = (memberships.c.organization_id == organizations.c.id) & (memberships.c.user_id == user_id)
    there = exists().where(his, memberships.c.active)
    named = select(invitations, organizations.c.name.label("organization_name"))
    rows = named.join_from(invitations, organizations, organizations.c.id == invitations.c.organization_id).where(
        invitations.c.team_id == team_id,
        invitations.c.email_key == email_key,
        invitations.c.accepted_at.is_(None),
        invitations.c.withdrawn_at.is_(None),
        invitations.c.expires_at > uow.now,
        organizations.c.active,
        ~there,
    )
    return sight.one(uow, rows.order_by(invitations.c.id.desc()).limit(1).with_for_update(of=invitations))


def was_ever_here(uow: UnitOfWork, team_id: str, user_id: str) -> bool:
    """Whether this person has a place in the team, or had one: who was removed comes in again by who manages that."""
    rows = select(memberships.c.id).where(memberships.c.team_id == team_id, memberships.c.user_id == user_id)
    return uow.first(rows.limit(1)) is not None


def old_begun(uow: UnitOfWork) -> Select[Any]:
    """Sign-ins nobody can finish any more."""
    return select(begun_sign_ins.c.state_hash).where(begun_sign_ins.c.expires_at < uow.now).limit(sight.BATCH)


def _of_team(uow: UnitOfWork, team_id: str) -> Select[Any]:
    return sight.visible(uow, identity_providers).where(providers.team_id == team_id)


def view(row: Fields) -> c.ProviderView:
    """From ``identity_providers``."""
    shown: dict[str, Any] = {name: row[name] for name in _SHOWN}
    return c.ProviderView(**shown)
