"""Reading teams and their organizations."""

from __future__ import annotations

from services.accounts import rules
from services.accounts.queries import sight
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import NOBODY, Standing
from services.accounts.tables import (
    organizations,
    teams,
)
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c


def team_to_change(uow: UnitOfWork, team_id: str) -> Fields | None:
    """The team, locked; None when there is none."""
    return sight.one(uow, sight.visible(uow, teams).where(teams.c.id == team_id).with_for_update())


def organization(
    uow: UnitOfWork, team_id: str, organization_id: str, *, to_change: bool = False, to_join: bool = False
) -> Fields:
    """One organization of the team; ``to_join``: it stays as it is until the end. Raises NotFound when it is not there
    or not his."""
    rows = sight.visible(uow, organizations).where(
        organizations.c.team_id == team_id, organizations.c.id == organization_id
    )
    found = sight.one(uow, rows.with_for_update(read=not to_change) if to_change or to_join else rows)
    if found is None:
        raise NotFound()
    return found


def anonymous_organization(uow: UnitOfWork, team_id: str) -> Fields | None:
    """The one that cases opened without a login belong to, locked; None when the team's door was never open."""
    here = organizations.c.team_id == team_id, organizations.c.kind == "anonymous"
    return sight.one(uow, sight.visible(uow, organizations).where(*here).with_for_update())


def list_teams(uow: UnitOfWork, ask: c.ListTeams) -> c.TeamPage:
    """By id; for a caller nobody signed in, those that show themselves to everybody."""
    rows = sight.shown_teams() if ask.public or not uow.actor.known else sight.visible(uow, teams)
    found, cursor = sight.page(uow, rows, [teams.c.id], ask)
    standings = sight.standings(uow, [row["id"] for row in found]) if uow.actor.known else {}
    views = [team_view(row, standings.get(row["id"], NOBODY)) for row in found]
    return c.TeamPage(data=views, next_cursor=cursor)


def read_organization(uow: UnitOfWork, ask: c.ReadOrganization) -> c.OrganizationView:
    """Raises NotFound."""
    rules.standing.must_be_known(uow.actor)
    found = organization(uow, ask.team_id, ask.organization_id)
    return organization_view(found, sight.standing(uow, ask.team_id))


def list_organizations(uow: UnitOfWork, ask: c.ListOrganizations) -> c.OrganizationPage:
    """By name. Raises NotFound when the team is not his."""
    standing = sight.standing(uow, ask.team_id)
    rows = sight.visible(uow, organizations).where(organizations.c.team_id == ask.team_id)
    if ask.kind is not None:
        rows = rows.where(organizations.c.kind == ask.kind)
    if ask.q is not None:
        rows = rows.where(organizations.c.sort_name.contains(rules.names.fold(ask.q), autoescape=True))
    found, cursor = sight.page(uow, rows, [organizations.c.sort_name, organizations.c.id], ask)
    return c.OrganizationPage(data=[organization_view(row, standing) for row in found], next_cursor=cursor)


def team_view(row: Fields, standing: Standing) -> c.TeamView:
    """From ``teams``; ``standing`` is the reader's there."""
    return c.TeamView(
        id=row["id"],
        name=row["name"],
        locale=row["locale"],
        profile_version=row["profile_version"],
        permissions=standing.able(rules.standing.OF_A_TEAM),
    )


def organization_view(row: Fields, standing: Standing) -> c.OrganizationView:
    """From ``organizations``; ``standing`` is the reader's in its team."""
    return c.OrganizationView(
        id=row["id"],
        team_id=row["team_id"],
        name=row["name"],
        kind=row["kind"],
        products=list(row["products"]),
        active=row["active"],
        version=row["version"],
        permissions=standing.able(rules.standing.OF_AN_ORGANIZATION, row["id"]),
    )
