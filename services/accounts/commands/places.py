"""Teams with their profiles, and the organizations they serve."""

from __future__ import annotations

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules
from services.accounts.commands.facts import organization_changed, team_changed
from services.accounts.tables import organizations, team_profiles, teams
from services.chassis.ids import new_id
from services.chassis.problems import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c


def apply_profile(uow: UnitOfWork, ask: c.ApplyProfile) -> c.TeamView:
    """Every profile ever applied is kept; applying the present one again changes nothing. Raises Forbidden for all but
    operators, Invalid with a pointer per fault, 412 when If-Match names another version."""
    rules.must_be_known(uow.actor)
    rules.permit(uow.actor.kind == "operator")
    rules.must_be_a_profile(ask.profile, ask.team_id)
    said = {"name": ask.profile["name"], "locale": ask.profile["locale"]}
    founding = {"id": ask.team_id, "profile_version": 0, "created_at": uow.now, **said}
    uow.run(upsert(teams).values(founding).on_conflict_do_nothing())
    team = queries.team_to_change(uow, ask.team_id)
    if team is None:  # pragma: no cover - an operator sees every team
        raise Conflict("conflict", "The team went away.")
    uow.must_match(team["profile_version"])
    present = queries.profile_of(uow, ask.team_id)
    if present is not None and present["profile"] == ask.profile:
        return queries.team_view(team)
    team = {**team, **said, "profile_version": team["profile_version"] + 1}
    uow.run(update(teams).where(teams.c.id == ask.team_id).values(**said, profile_version=team["profile_version"]))
    version = {
        "team_id": ask.team_id,
        "version": team["profile_version"],
        "profile": ask.profile,
        "applied_by": uow.actor.user_id,
        "applied_at": uow.now,
    }
    uow.run(insert(team_profiles).values(version))
    uow.record(team_changed({**team, "profile": ask.profile}))
    return queries.team_view(team)


def add_organization(uow: UnitOfWork, ask: c.AddOrganization) -> c.OrganizationView:
    """Raises NotFound for a foreign team, Forbidden for all but operators and the staff's admins and leads."""
    rules.permit(queries.standing(uow, ask.team_id).leads)
    organization = {
        "id": new_id("org"),
        "team_id": ask.team_id,
        "name": ask.name,
        "sort_name": rules.sort_name(ask.name),
        "kind": ask.kind,
        "products": ask.products,
        "version": 1,
        "created_at": uow.now,
    }
    uow.run(insert(organizations).values(organization))
    uow.record(organization_changed(organization))
    return queries.organization_view(organization)
