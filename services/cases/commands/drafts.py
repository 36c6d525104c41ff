"""Drafts: a case in the making, seen by nobody but its creator until he sends it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, update

from services.cases import queries, rules
from services.cases.commands.opening import register
from services.cases.queries.drafts import MOST_DRAFTS, draft_to_weigh, draft_view, sendable
from services.cases.queries.weighing import place_to_open, weigh
from services.cases.tables import drafts
from services.chassis.ids import new_id
from services.chassis.messages import fields_of
from services.chassis.problems import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_FORM = [field.name for field in fields_of(c.DraftForm) if field.name != "wants_files"]
_START = insert(drafts)
_this = drafts.c.case_id == bindparam("this_id")
_SAVED = ("organization_id", "form", "wants_files", "updated_at", "version")
_SAVE = update(drafts).where(_this).values({name: bindparam("new_" + name) for name in _SAVED}).returning(*drafts.c)
_DROP = delete(drafts).where(_this)
_EXPIRED = delete(drafts).where(drafts.c.case_id.in_(queries.EXPIRED_DRAFTS)).returning(*drafts.c)


def start_draft(uow: UnitOfWork, ask: c.StartDraft) -> c.DraftView:
    """Begin a case.

    Raises NotFound, Forbidden ``not_permitted``, Conflict (``organization_required``, ``too_many_drafts``), Invalid.
    """
    organization_id = _organization(uow, ask.team_id, ask.organization_id)
    _check(ask)
    if queries.draft_count(uow, ask.team_id) >= MOST_DRAFTS:
        detail = f"You have {MOST_DRAFTS} drafts here already. Send or drop one of them."
        raise Conflict("too_many_drafts", detail)
    values = {
        "case_id": new_id("case"),
        "team_id": ask.team_id,
        "organization_id": organization_id,
        "creator_id": uow.actor.user_id,
        "form": _form(ask),
        "wants_files": _wants_files(ask),
        "created_at": uow.now,
        "updated_at": uow.now,
        "version": 1,
    }
    [draft] = uow.all(_START.returning(*drafts.c), values)
    _tell(uow, draft, c.DraftStarted)
    return draft_view(draft)


def save_draft(uow: UnitOfWork, ask: c.SaveDraft) -> c.DraftView:
    """Put this in the place of what it held. Raises NotFound, PreconditionRequired, PreconditionFailed, Invalid."""
    draft = queries.one_draft(uow, ask, to_change=True)
    uow.must_match(draft.version, demanded=True)
    _check(ask)
    organization_id = draft.organization_id
    if ask.organization_id not in (None, organization_id):
        organization_id = _organization(uow, ask.team_id, ask.organization_id)
    values = {
        "this_id": draft.case_id,
        "new_organization_id": organization_id,
        "new_form": _form(ask),
        "new_wants_files": _wants_files(ask),
        "new_updated_at": uow.now,
        "new_version": draft.version + 1,
    }
    [saved] = uow.all(_SAVE, values)
    if (saved.organization_id, saved.wants_files) != (draft.organization_id, draft.wants_files):
        _tell(uow, saved, c.DraftChanged)
    return draft_view(saved)


def drop_draft(uow: UnitOfWork, ask: c.DropDraft) -> c.DoneView:
    """Throw it away; its files go too. Raises NotFound, PreconditionFailed."""
    draft = queries.one_draft(uow, ask, to_change=True)
    uow.must_match(draft.version)
    uow.run(_DROP, {"this_id": draft.case_id})
    _tell(uow, draft, c.DraftEnded, later=1)
    return c.DoneView()


def submit_draft(uow: UnitOfWork, ask: c.SubmitDraft) -> c.CaseView:
    """Register it as a case, under the id it has had all along. Raises as ``open_case``; of many who try at once one
    succeeds, and the others get Conflict ``draft_submitted``."""
    try:
        draft, places, profile = draft_to_weigh(uow, ask, to_send=True)
    except NotFound:
        raise _submitted(uow, ask) from None
    uow.must_match(draft.version)
    opened, missing = sendable(draft)
    reader = weigh(uow, opened, place_to_open(places, profile, opened.organization_id), missing)
    reader.case.id, reader.case.version = draft.case_id, draft.version + 1
    uow.run(_DROP, {"this_id": draft.case_id})
    return register(uow, opened, reader)


def forget_drafts(uow: UnitOfWork) -> None:
    """Drop what nobody saved for 30 days, some at a time."""
    for draft in uow.all(_EXPIRED, queries.expired_values(uow)):
        _tell(uow, draft, c.DraftEnded, later=1)


def _submitted(uow: UnitOfWork, ask: c.SubmitDraft) -> Conflict | NotFound:
    """What to say of a draft that is not there: perhaps it is a case of the caller's by now."""
    try:
        case = queries.one(uow, ask).case
    except NotFound as missing:
        return missing
    if case.created_by != uow.actor.user_id:
        return NotFound()
    detail = f"This was sent already: it is {case.number}."
    return Conflict("draft_submitted", detail, extra={"case_id": case.id, "number": case.number})


def _organization(uow: UnitOfWork, team_id: str, organization_id: str | None) -> str:
    """For whom it is: one of the caller's own organizations; for staff, any of the team."""
    place = place_to_open(*queries.standings(uow, team_id), organization_id)
    if place.standing.staff:
        queries.agreed(uow, team_id, place.organization_id)
    return place.organization_id


def _check(ask: c.DraftForm) -> None:
    if ask.technical_information is not None:
        rules.check_information(ask.technical_information.consent, ask.technical_information.information)


def _form(ask: c.DraftForm) -> dict[str, Any]:
    """What was filled in, as JSON; what was not is left out."""
    told = {name: getattr(ask, name) for name in _FORM}
    if ask.technical_information is not None:
        told["technical_information"] = ask.technical_information.dump()
    return {name: value for name, value in told.items() if value not in (None, [], {})}


def _wants_files(ask: c.DraftForm) -> bool:
    return ask.wants_files or ask.fields.get("needs_documents") is True


def _tell(uow: UnitOfWork, draft: Row[Any], event: type[c.DraftEvent], later: int = 0) -> None:
    uow.record(
        event(
            team_id=draft.team_id,
            case_id=draft.case_id,
            organization_id=draft.organization_id,
            creator_id=draft.creator_id,
            wants_files=draft.wants_files,
            fact_version=draft.version + later,
        )
    )
