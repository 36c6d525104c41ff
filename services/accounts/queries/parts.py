"""Reading one part of a profile, and what the profile would be without one entry of it."""

from __future__ import annotations

from typing import Any

from services.accounts import rules
from services.accounts.queries import sight
from services.accounts.queries.profiles import profile_of
from services.accounts.queries.sight import Fields
from services.accounts.rules.standing import Standing
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c


def read_profile_part(uow: UnitOfWork, ask: c.ReadProfilePart) -> c.ProfilePartView:
    """For everybody of the team. Raises NotFound."""
    standing = sight.standing(uow, ask.team_id)
    found = _present(uow, ask.team_id)
    return part_view(found["profile"], ask.part, found["version"], standing)


def read_profile_without(uow: UnitOfWork, ask: c.ReadProfileWithout) -> c.ProfileWithoutView:
    """Raises NotFound, Forbidden, Conflict ``status_decides``."""
    rules.standing.must_be_able(sight.standing(uow, ask.team_id), rules.profile_parts.permission(ask.part))
    found = _present(uow, ask.team_id)
    before = rules.profile_defaults.complete(found["profile"])
    after = rules.profile_parts.removed(before, ask.part, ask.key)
    remaining = rules.profile_parts.keys(after, ask.part)
    return c.ProfileWithoutView(
        team_id=ask.team_id,
        version=found["version"],
        kind=rules.profile_parts.ONE[ask.part],
        gone=[key for key in rules.profile_parts.keys(before, ask.part) if key not in remaining],
        profile=after,
    )


def part_view(profile: dict[str, Any], part: c.ProfilePart, version: int, standing: Standing) -> c.ProfilePartView:
    """From a profile as it was written; ``standing`` is the reader's in the team."""
    full = rules.profile_defaults.complete(profile)
    told = [entry for path, entry in rules.profile_parts.entries(full, part) if len(path) == 2]  # the rest is in these
    able = standing.able([rules.profile_parts.permission(part)])
    return c.ProfilePartView(part=part, data=told, version=version, permissions=able)


def _present(uow: UnitOfWork, team_id: str) -> Fields:
    found = profile_of(uow, team_id)
    if found is None:  # pragma: no cover - no team is without a profile
        raise NotFound()
    return found
