"""Team profiles as code: drafts, applying them, going back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules
from services.accounts.commands.facts import organization_changed, team_changed
from services.accounts.notes import note
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import Standing
from services.accounts.tables import organizations, profile_drafts, roles, team_profiles, teams
from services.chassis.ids import new_id
from services.chassis.problems import Conflict, Invalid, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c


def apply_profile(uow: UnitOfWork, ask: c.ApplyProfile) -> c.TeamView:
    """Every profile ever applied is kept; applying the present one again changes nothing. Raises Forbidden for all but
    operators, Invalid with a pointer per fault, 428 without If-Match on a team that is there, 412."""
    rules.standing.must_be_known(uow.actor)
    rules.standing.permit(uow.actor.kind == "operator")
    rules.profiles.must_be_a_profile(ask.profile, ask.team_id)
    said = {"name": ask.profile["name"], "locale": ask.profile["locale"]}
    founding = {"id": ask.team_id, "profile_version": 0, "public": True, "created_at": uow.now, **said}
    founded = uow.run(upsert(teams).values(founding).on_conflict_do_nothing())
    if founded:
        uow.run(insert(roles).values(rules.roles.built_in_rows(ask.team_id)))
    team = queries.places.team_to_change(uow, ask.team_id)
    if team is None:  # pragma: no cover - an operator sees every team
        raise Conflict("conflict", "The team went away.")
    uow.must_match(team["profile_version"], demanded=not founded)
    return queries.places.team_view(_apply(uow, team, ask.profile, None), Standing(operator=True))


def save_profile_draft(uow: UnitOfWork, ask: c.SaveProfileDraft) -> c.ProfileDraftView:
    """A draft may be as wrong as it likes. Raises NotFound, Forbidden, 428 without If-Match on an existing draft, 412,
    and Invalid for a base version the team never had."""
    team, _ = _team(uow, ask.team_id)
    draft = queries.profiles.draft_of(uow, ask.team_id)
    if draft is not None and draft["profile"] is not None:
        uow.must_match(draft["version"], demanded=True)
    else:
        uow.must_match(0)
    if ask.base_version is not None and ask.base_version > team["profile_version"]:
        raise Invalid.field("/base_version", "exists", "The team has no such profile yet.")
    kept = draft["base_version"] if draft is not None and draft["profile"] is not None else team["profile_version"]
    saved = {
        "team_id": ask.team_id,
        "version": draft["version"] + 1 if draft is not None else 1,
        "base_version": ask.base_version or kept,
        "profile": ask.profile,
        "saved_by": uow.actor.user_id,
        "saved_at": uow.now,
    }
    line = upsert(profile_drafts).values(saved)
    uow.run(line.on_conflict_do_update(index_elements=[profile_drafts.c.team_id], set_=saved))
    note(uow, "profile.draft_saved", team_id=ask.team_id, object_id=ask.team_id, version=saved["version"])
    return queries.profiles.draft_view(saved)


def drop_profile_draft(uow: UnitOfWork, ask: c.DropProfileDraft) -> c.TeamView:
    """Raises NotFound, Forbidden, 412."""
    team, standing = _team(uow, ask.team_id)
    draft = queries.profiles.draft_of(uow, ask.team_id)
    if draft is not None and draft["profile"] is not None:
        uow.must_match(draft["version"])
        _clear_draft(uow, ask.team_id)
        note(uow, "profile.draft_dropped", team_id=ask.team_id, object_id=ask.team_id, version=draft["version"])
    return queries.places.team_view(team, standing)


def apply_profile_draft(uow: UnitOfWork, ask: c.ApplyProfileDraft) -> c.TeamView:
    """Raises NotFound (also when somebody else was quicker), Forbidden, 412, Conflict ``profile_moved``, and Invalid
    with a pointer per fault. What it does to open cases the gateway asks before."""
    team, standing = _team(uow, ask.team_id)
    draft = queries.profiles.draft_of(uow, ask.team_id)
    if draft is None or draft["profile"] is None:
        raise NotFound()
    uow.must_match(draft["version"])
    if draft["base_version"] != team["profile_version"]:
        detail = "Another profile was applied since this draft was begun. Take it into account, then save it again."
        present, base = team["profile_version"], draft["base_version"]
        raise Conflict("profile_moved", detail, extra={"base_version": base, "profile_version": present})
    rules.profiles.must_be_a_profile(draft["profile"], ask.team_id)
    _clear_draft(uow, ask.team_id)
    return queries.places.team_view(_apply(uow, team, draft["profile"], ask.comment), standing)


def roll_back_profile(uow: UnitOfWork, ask: c.RollBackProfile) -> c.TeamView:
    """Raises NotFound, Forbidden, 412, and Invalid when the old profile is none by today's rules."""
    team, standing = _team(uow, ask.team_id)
    uow.must_match(team["profile_version"])
    old = queries.profiles.version_of(uow, ask.team_id, ask.version)
    rules.profiles.must_be_a_profile(old["profile"], ask.team_id)
    said = ask.comment or f"Back to version {ask.version}."
    return queries.places.team_view(_apply(uow, team, old["profile"], said), standing)


def _team(uow: UnitOfWork, team_id: str) -> tuple[Fields, Standing]:
    """The team, locked, and what somebody who manages its profile is there: drafts and versions come one by one."""
    standing = queries.sight.standing(uow, team_id)
    rules.standing.must_be_able(standing, "profile.manage")
    team = queries.places.team_to_change(uow, team_id)
    if team is None:  # pragma: no cover - teams never go away
        raise NotFound()
    return team, standing


def _clear_draft(uow: UnitOfWork, team_id: str) -> None:
    gone = {"profile": None, "saved_by": uow.actor.user_id, "saved_at": uow.now}
    uow.run(update(profile_drafts).where(profile_drafts.c.team_id == team_id).values(gone))


def _open_door(uow: UnitOfWork, team_id: str, full: dict[str, Any]) -> None:
    """The organization that cases opened without a login belong to, with every product of the team; nobody joins it."""
    products = [product["key"] for product in full["products"]]
    found = queries.places.anonymous_organization(uow, team_id)
    if found is None:
        name = "Without login"
        fresh: dict[str, Any] = {"id": new_id("org"), "team_id": team_id, "name": name, "kind": "anonymous"}
        fresh |= {"sort_name": rules.names.sort_name(name), "products": products, "active": True, "version": 1}
        uow.run(insert(organizations).values(**fresh, created_at=uow.now))
        uow.record(organization_changed(fresh))
    elif found["products"] != products:
        changed = {"products": products, "version": found["version"] + 1}
        uow.run(update(organizations).where(organizations.c.id == found["id"]).values(changed))
        uow.record(organization_changed({**found, **changed}))


def _apply(uow: UnitOfWork, team: Fields, profile: dict[str, Any], comment: str | None) -> Fields:
    """The team at its next version, which is told to the neighbours with every default filled in; the team as it is
    when this profile is the present one."""
    present = queries.profiles.profile_of(uow, team["id"])
    if present is not None and present["profile"] == profile:
        return team
    return renew(uow, team, profile, comment)


def renew(uow: UnitOfWork, team: Fields, profile: dict[str, Any], comment: str | None) -> Fields:
    """The same for a profile that is another one than the present."""
    full = rules.profile_defaults.complete(profile)
    said = {"name": full["name"], "locale": full["locale"], "public": full["public"]}
    team = {**team, **said, "profile_version": team["profile_version"] + 1}
    uow.run(update(teams).where(teams.c.id == team["id"]).values(**said, profile_version=team["profile_version"]))
    version = {
        "team_id": team["id"],
        "version": team["profile_version"],
        "profile": profile,
        "applied_by": uow.actor.user_id,
        "applied_at": uow.now,
        "comment": comment,
    }
    uow.run(insert(team_profiles).values(version))
    uow.record(team_changed({**team, "profile": profile}))
    if full["intake"]["anonymous"]:
        _open_door(uow, team["id"], full)
    note(uow, "profile.applied", team_id=team["id"], object_id=team["id"], version=team["profile_version"])
    about = {"team_id": team["id"], "thing_id": team["id"], "actor_id": uow.actor.user_id}
    uow.record(c.ProfileApplied(**about, fact_version=team["profile_version"]))
    return team
