"""Reading team profiles: the present one, the draft and what it would do, the history."""

from __future__ import annotations

from typing import Any

from services.accounts import rules
from services.accounts.queries import sight
from services.accounts.queries.sight import Fields
from services.accounts.tables import profile_drafts, team_profiles
from services.chassis.problems import Malformed, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

MOST_DIFFERENCES = 500


def profile_of(uow: UnitOfWork, team_id: str) -> Fields | None:
    """The newest profile of a team (``version``, ``profile``)."""
    rows = sight.visible(uow, team_profiles).where(team_profiles.c.team_id == team_id)
    return sight.one(uow, rows.order_by(team_profiles.c.version.desc()).limit(1))


def version_of(uow: UnitOfWork, team_id: str, version: int) -> Fields:
    """One profile the team had. Raises NotFound."""
    rows = sight.visible(uow, team_profiles)
    found = sight.one(uow, rows.where(team_profiles.c.team_id == team_id, team_profiles.c.version == version))
    if found is None:
        raise NotFound()
    return found


def draft_of(uow: UnitOfWork, team_id: str) -> Fields | None:
    """The row of the team's draft; without a ``profile`` there is none at present."""
    return sight.one(uow, sight.visible(uow, profile_drafts).where(profile_drafts.c.team_id == team_id))


def read_profile(uow: UnitOfWork, ask: c.ReadProfile) -> c.ProfileView:
    """Anyone may read it, with every default filled in. Who has the version already (``has``, from If-None-Match) gets
    no document, which the gateway tells as 304. Raises NotFound."""
    has = uow.context.more.get("has")
    if has:
        known = sight.one(uow, sight.present_version(uow, ask.team_id))
        if known is not None and known["version"] in has:
            return c.ProfileView(team_id=ask.team_id, version=known["version"], profile={})
    found = profile_of(uow, ask.team_id)
    if found is None:
        raise NotFound()
    return c.ProfileView(
        team_id=ask.team_id, version=found["version"], profile=rules.profile_defaults.complete(found["profile"])
    )


def read_profile_findings(uow: UnitOfWork, ask: c.ReadProfileFindings) -> c.ProfileFindingList:
    """Raises NotFound, Forbidden."""
    if uow.actor.kind != "operator":  # who founds teams has no team to stand in yet
        _must_manage(uow, ask.team_id)
    lint = rules.profiles.lint(ask.profile, ask.team_id)
    return c.ProfileFindingList(errors=_findings(lint.errors), warnings=_findings(lint.warnings))


def read_profile_draft(uow: UnitOfWork, ask: c.ReadProfileDraft) -> c.ProfileDraftView:
    """Raises NotFound, Forbidden."""
    return draft_view(_draft(uow, ask.team_id))


def read_profile_dry_run(uow: UnitOfWork, ask: c.ReadProfileDryRun) -> c.ProfileDryRunView:
    """Raises NotFound, Forbidden."""
    draft = _draft(uow, ask.team_id)
    present = profile_of(uow, ask.team_id)
    if present is None:  # pragma: no cover - no team is without a profile
        raise NotFound()
    lint = rules.profiles.lint(draft["profile"], ask.team_id)
    before, after = rules.profile_defaults.complete(present["profile"]), None
    differences: list[dict[str, Any]] = []
    consequences: list[dict[str, str]] = []
    if not lint.errors:
        after = rules.profile_defaults.complete(draft["profile"])
        differences = rules.profile_changes.differences(before, after)
        consequences = rules.profile_changes.consequences(before, after)
    return c.ProfileDryRunView(
        team_id=ask.team_id,
        version=draft["version"],
        base_version=draft["base_version"],
        moved=draft["base_version"] != present["version"],
        errors=_findings(lint.errors),
        warnings=_findings(lint.warnings),
        differences=[c.ProfileDifferenceLine(**one) for one in differences[:MOST_DIFFERENCES]],
        more_differences=len(differences) > MOST_DIFFERENCES,
        consequences=[c.ProfileConsequenceLine(**one) for one in consequences],  # type: ignore[arg-type]
        profile=after,
    )


def list_profile_versions(uow: UnitOfWork, ask: c.ListProfileVersions) -> c.ProfileVersionPage:
    """Newest first. Raises NotFound, Forbidden."""
    _must_manage(uow, ask.team_id)
    rows = sight.versions_without_documents(uow, ask.team_id)
    if ask.cursor is not None:
        if not ask.cursor.isdecimal():
            raise Malformed("cursor_invalid", "This cursor is not one of ours.")
        rows = rows.where(team_profiles.c.version < int(ask.cursor))
    found = sight.fields(uow, rows.order_by(team_profiles.c.version.desc()).limit(ask.limit + 1))
    lines = [c.ProfileVersionLine(**row) for row in found[: ask.limit]]
    return c.ProfileVersionPage(data=lines, next_cursor=str(lines[-1].version) if len(found) > ask.limit else None)


def read_profile_version(uow: UnitOfWork, ask: c.ReadProfileVersion) -> c.ProfileVersionView:
    """As it was written. Raises NotFound, Forbidden."""
    _must_manage(uow, ask.team_id)
    return c.ProfileVersionView(**version_of(uow, ask.team_id, ask.version))


def draft_view(draft: Fields) -> c.ProfileDraftView:
    """From ``profile_drafts``, with what is wrong or odd about it."""
    lint = rules.profiles.lint(draft["profile"], draft["team_id"])
    return c.ProfileDraftView(**draft, errors=_findings(lint.errors), warnings=_findings(lint.warnings))


def _draft(uow: UnitOfWork, team_id: str) -> Fields:
    _must_manage(uow, team_id)
    draft = draft_of(uow, team_id)
    if draft is None or draft["profile"] is None:
        raise NotFound()
    return draft


def _must_manage(uow: UnitOfWork, team_id: str) -> None:
    rules.standing.must_be_able(sight.standing(uow, team_id), "profile.manage")


def _findings(found: list[dict[str, Any]]) -> list[c.ProfileFindingLine]:
    return [c.ProfileFindingLine(**one) for one in found]
