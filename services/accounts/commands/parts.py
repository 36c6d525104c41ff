"""A profile changed entry by entry: each change is its next version."""

from __future__ import annotations

from typing import Any

from services.accounts import queries, rules
from services.accounts.commands.profiles import renew
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import Standing
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

Profile = dict[str, Any]


def add_profile_entry(uow: UnitOfWork, ask: c.AddProfileEntry) -> c.ProfilePartView:
    """Raises NotFound for a foreign team, Forbidden, 412, Invalid, and Conflict ``type_exists`` and the like."""
    team, profile, standing = to_change(uow, ask.team_id, ask.part)
    made, path = rules.profile_parts.added(profile, ask.part, ask.entry, ask.parent)
    rules.profile_parts.must_fit(made, ask.team_id, path)
    team = renew(uow, team, made, rules.profile_parts.comment(ask.part, ask.entry))
    return queries.parts.part_view(made, ask.part, team["profile_version"], standing)


def change_profile_entry(uow: UnitOfWork, ask: c.ChangeProfileEntry) -> c.ProfilePartView:
    """Raises NotFound, Forbidden, 412, Invalid."""
    team, profile, standing = to_change(uow, ask.team_id, ask.part)
    made, path = rules.profile_parts.changed(profile, ask.part, ask.key, ask.entry)
    if made != profile:
        rules.profile_parts.must_fit(made, ask.team_id, path)
        team = renew(uow, team, made, rules.profile_parts.comment(ask.part, ask.key))
    return queries.parts.part_view(made, ask.part, team["profile_version"], standing)


def remove_profile_entry(uow: UnitOfWork, ask: c.RemoveProfileEntry) -> c.ProfilePartView:
    """Raises NotFound, Forbidden, 412, Conflict ``status_decides``, and Invalid when the rest of the profile needs it.
    What it does to open cases the gateway asks before."""
    team, profile, standing = to_change(uow, ask.team_id, ask.part)
    made = rules.profile_parts.removed(profile, ask.part, ask.key)
    rules.profile_parts.must_fit(made, ask.team_id)
    team = renew(uow, team, made, rules.profile_parts.comment(ask.part, ask.key))
    return queries.parts.part_view(made, ask.part, team["profile_version"], standing)


def to_change(uow: UnitOfWork, team_id: str, part: str) -> tuple[Fields, Profile, Standing]:
    """The team, locked, its profile as it was written, and what the caller is there."""
    standing = queries.sight.standing(uow, team_id)
    rules.standing.must_be_able(standing, rules.profile_parts.permission(part))
    team = queries.places.team_to_change(uow, team_id)
    present = queries.profiles.profile_of(uow, team_id)
    if team is None or present is None:  # pragma: no cover - teams never go away, and none is without a profile
        raise NotFound()
    uow.must_match(team["profile_version"])
    return team, present["profile"], standing
