"""Drafts, of which nobody but the creator knows. ``own`` is the one place that says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import DateTime, Integer, Row, Select, bindparam, exists, func, or_, select, tuple_

from services.cases.queries.paging import cursor_of, position_of
from services.cases.queries.people import PLACES, PROFILE, one_at_a_time
from services.cases.queries.sight import me, mine, team
from services.cases.queries.single import looked_at, one
from services.cases.rules import Policy, Reader, Standing
from services.cases.tables import drafts, organizations, teams, technical_information
from services.chassis.problems import Invalid, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

LIFE = timedelta(days=30)
MOST_DRAFTS = 100
_NEEDED = ("type", "title", "description")


def own(*columns: Any) -> Select[Any]:
    """The caller's own drafts in a team that have not run out, as long as he belongs where they are for."""
    belongs = exists().where(
        mine.c.user_id == me,
        mine.c.team_id == drafts.c.team_id,
        mine.c.active,
        or_(mine.c.organization_id.is_(None), mine.c.organization_id == drafts.c.organization_id),
    )
    fresh = drafts.c.updated_at > bindparam("oldest", type_=DateTime(timezone=True))
    return select(*columns).where(drafts.c.creator_id == me, drafts.c.team_id == team, fresh, belongs)


_name = select(organizations.c.name).where(organizations.c.organization_id == drafts.c.organization_id)
_ONE = own(*drafts.c, _name.scalar_subquery().label("organization_name"))
_ONE = _ONE.where(drafts.c.case_id == bindparam("case_id"))
_TO_CHANGE = _ONE.with_for_update(of=drafts)
_TO_WEIGH = _ONE.add_columns(PLACES, PROFILE).where(teams.c.team_id == drafts.c.team_id)
_TO_SEND = _TO_WEIGH.with_for_update(of=drafts)
_PAGE = own(*drafts.c).order_by(drafts.c.updated_at.desc(), drafts.c.case_id.desc())
_PAGE = _PAGE.limit(bindparam("most", type_=Integer()))
_NEXT = _PAGE.where(tuple_(drafts.c.updated_at, drafts.c.case_id) < tuple_(bindparam("at"), bindparam("before")))
_COUNT = select(func.count()).select_from(own(drafts.c.case_id).limit(MOST_DRAFTS).subquery())
_INFORMATION = select(*technical_information.c).where(technical_information.c.case_id == bindparam("case_id"))

# For the timer, which looks on nobody's behalf.
EXPIRED_DRAFTS = (
    select(drafts.c.case_id)
    .where(drafts.c.updated_at <= bindparam("oldest", type_=DateTime(timezone=True)))
    .order_by(drafts.c.updated_at)
    .limit(200)
    .with_for_update(skip_locked=True)
)


def expired_values(uow: UnitOfWork) -> dict[str, Any]:
    """The values of ``EXPIRED_DRAFTS``."""
    return {"oldest": uow.now - LIFE}


def one_draft(uow: UnitOfWork, ask: Any, *, to_change: bool = False) -> Row[Any]:
    """The caller's draft, with its ``organization_name``; locked when it is ``to_change``. Raises NotFound."""
    row = uow.first(_TO_CHANGE if to_change else _ONE, _about(uow, ask.team_id) | {"case_id": ask.case_id})
    if row is None:
        raise NotFound()
    return row


def draft_to_weigh(uow: UnitOfWork, ask: Any, *, to_send: bool = False) -> tuple[Row[Any], list[Standing], Policy]:
    """The caller's draft (locked when it is ``to_send``), his places in the team, and the team's whole profile. Raises
    NotFound."""
    row = uow.first(_TO_SEND if to_send else _TO_WEIGH, _about(uow, ask.team_id) | {"case_id": ask.case_id})
    if row is None:
        raise NotFound()
    return row, [Standing(*place) for place in row.places], row.policy


def draft_count(uow: UnitOfWork, team_id: str) -> int:
    """How many drafts the caller has in this team, and nobody begins one for him meanwhile; it counts no further than
    the most he may have."""
    one_at_a_time(uow, "drafts")
    [row] = uow.all(_COUNT, _about(uow, team_id))
    return int(row[0])


def read_draft(uow: UnitOfWork, ask: c.ReadDraft) -> c.DraftView:
    """One of the caller's own. Raises NotFound."""
    return draft_view(one_draft(uow, ask))


def list_drafts(uow: UnitOfWork, ask: c.ListDrafts) -> c.DraftPage:
    """A page of the caller's own drafts; none for who does not belong to the team."""
    values = _about(uow, ask.team_id) | {"most": ask.limit + 1}
    if ask.cursor is not None:
        values["at"], values["before"] = position_of(ask.cursor)
    rows = uow.all(_PAGE if ask.cursor is None else _NEXT, values)
    last = rows[ask.limit - 1] if len(rows) > ask.limit else None
    return c.DraftPage(
        data=[_line(row) for row in rows[: ask.limit]],
        next_cursor=cursor_of(last.updated_at, last.case_id) if last else None,
    )


def _about(uow: UnitOfWork, team_id: str) -> dict[str, Any]:
    return {"me": uow.actor.user_id, "team_id": team_id, "oldest": uow.now - LIFE}


def _line(row: Row[Any]) -> c.DraftLine:
    return c.DraftLine(
        id=row.case_id,
        organization_id=row.organization_id,
        type=row.form.get("type"),
        title=row.form.get("title"),
        wants_files=row.wants_files,
        updated_at=row.updated_at,
        expires_at=row.updated_at + LIFE,
        version=row.version,
    )


def draft_view(row: Row[Any]) -> c.DraftView:
    """A row of ``drafts`` as its creator sees it."""
    form = c.DraftForm.load(row.form | {"wants_files": row.wants_files})
    return c.DraftView(
        **vars(form),
        id=row.case_id,
        team_id=row.team_id,
        organization_id=row.organization_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        expires_at=row.updated_at + LIFE,
        version=row.version,
    )


def sendable(draft: Row[Any]) -> tuple[c.OpenCase, list[dict[str, str]]]:
    """The request that would register this draft, and a fault for each thing that every case needs and that is
    missing; something stands in for it, so that all else can be judged. Raises Invalid for a draft without a type."""
    missing = [
        {"pointer": f"/{name}", "rule": "required", "detail": "Missing data for required field."}
        for name in _NEEDED
        if name not in draft.form
    ]
    if "type" not in draft.form:
        raise Invalid("invalid", "Some values are not right.", errors=missing)
    told = dict.fromkeys(_NEEDED, "…") | draft.form
    return c.OpenCase.load(told | {"team_id": draft.team_id, "organization_id": draft.organization_id}), missing


# --- technical information --------------------------------------------------------------------------------------------


def read_technical_information(uow: UnitOfWork, ask: c.ReadTechnicalInformation) -> c.GivenInformationView:
    """For all who see the case. Raises NotFound."""
    return information_of(uow, looked_at(uow, one(uow, ask)))


def information_of(uow: UnitOfWork, reader: Reader) -> c.GivenInformationView:
    """The same of a case in hand."""
    row = uow.first(_INFORMATION, {"case_id": reader.case.id})
    return information_view(reader, row and row._asdict())


def information_view(reader: Reader, row: Mapping[str, Any] | None) -> c.GivenInformationView:
    """What there is, from ``technical_information``; without consent, that there is none."""
    return c.GivenInformationView(
        case_id=reader.case.id,
        consent=row is not None,
        information=row["information"] if row else {},
        given_by=c.PersonView(id=row["given_by"], name=row["given_by_name"]) if row else None,
        given_at=row["given_at"] if row else None,
        version=reader.case.version,
    )
