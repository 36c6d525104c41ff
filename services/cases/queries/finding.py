"""Own views, and what was read."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, cast, get_args

from sqlalchemy import DateTime, Text, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.cases import rules
from services.cases.queries.lists import list_cases, must_be_allowed
from services.cases.queries.people import one_at_a_time, standings
from services.cases.queries.sight import me, mine, team, visible
from services.cases.queries.single import tells_priority
from services.cases.tables import cases, read_markers, views
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_BUILT_IN: tuple[c.Found, ...] = get_args(c.Found)
_NAMES = {
    "en": (
        *("All cases", "My cases", "Cases I own", "Cases of my organization", "Open cases", "Closed cases"),
        *("Cases I follow", "On my desk"),
    ),
    "sv": (
        *("Alla ärenden", "Mina ärenden", "Ärenden jag ansvarar för", "Min organisations ärenden", "Öppna ärenden"),
        *("Stängda ärenden", "Ärenden jag följer", "På mitt bord"),
    ),
    "nb": (
        *("Alle saker", "Mine saker", "Saker jeg har ansvar for", "Saker i min organisasjon", "Åpne saker"),
        *("Lukkede saker", "Saker jeg følger", "På mitt bord"),
    ),
    "da": (
        *("Alle sager", "Mine sager", "Sager jeg ejer", "Min organisations sager", "Åbne sager", "Lukkede sager"),
        *("Sager jeg følger", "På mit bord"),
    ),
}
_LOCALE = select(mine.c.locale).where(mine.c.user_id == me, mine.c.team_id == team, mine.c.active).limit(1)
_OWN = select(*views.c).where(views.c.user_id == me, views.c.team_id == team).order_by(views.c.name, views.c.id)


def list_views(uow: UnitOfWork, ask: c.ListViews) -> c.ViewList:
    """Raises NotFound for a team that is not his."""
    places, policy = standings(uow, ask.team_id)
    desk = ["assigned"] if any(place.staff for place in places) else []
    told = uow.first(_LOCALE, {"me": uow.actor.user_id, "team_id": ask.team_id})
    locale = str((told and told.locale) or policy["locale"])
    offered = [_built_in(key, locale) for key in (*desk, *policy["views"])]
    return c.ViewList(data=offered + own(uow, ask.team_id))


def _built_in(key: Any, locale: str = "en") -> c.OwnView:
    names = dict(zip(_BUILT_IN, _NAMES.get(locale[:2], _NAMES["en"]), strict=True))
    filters = c.FiltersView(view=key)
    return c.OwnView(id=key, name=names[key], built_in=True, filters=filters, sort="-updated_at")


def own(uow: UnitOfWork, team_id: str) -> list[c.OwnView]:
    """My views of this team."""
    return [_view(row) for row in uow.all(_OWN, {"me": uow.actor.user_id, "team_id": team_id})]


def _view(row: Any) -> c.OwnView:
    filters = c.FiltersView.load(row.filters)
    return c.OwnView(id=row.id, name=row.name, built_in=False, filters=filters, sort=row.sort, version=row.version)


def count(uow: UnitOfWork, team_id: str) -> int:
    """How many views of this team I have, and nobody adds one for me meanwhile."""
    one_at_a_time(uow, "views")
    return len(own(uow, team_id))


def one(uow: UnitOfWork, team_id: str, view_id: str, *, to_change: bool = False) -> c.OwnView:
    """One of my views. Raises NotFound."""
    wanted = _OWN.where(views.c.id == view_id)
    row = uow.first(wanted.with_for_update() if to_change else wanted, {"me": uow.actor.user_id, "team_id": team_id})
    if row is None:
        raise NotFound()
    return _view(row)


def must_be_offered(uow: UnitOfWork, team_id: str, filters: c.FiltersView, sort: c.Sort) -> None:
    """Hold a view's filters against what lists offer. Raises NotFound, Forbidden, Malformed ``not_offered``."""
    places, policy = standings(uow, team_id)
    standing = next((place for place in places if place.staff), places[0])
    ask = _ask(uow, team_id, filters, sort)
    must_be_allowed(standing, ask, tells_priority(standing, policy))
    rules.walk_of(ask, uow.now, staff=standing.staff)


def _ask(uow: UnitOfWork, team_id: str, filters: c.FiltersView, sort: c.Sort, **more: Any) -> c.ListCases:
    """What a view asks for at this moment."""
    chosen = {field.name: getattr(filters, field.name) for field in fields(filters)}
    for name in ("created", "updated"):
        if (seconds := chosen.pop(f"{name}_within_seconds")) is not None:
            chosen[f"{name}_after"] = uow.now - timedelta(seconds=seconds)
    return c.ListCases(team_id=team_id, sort=sort, **chosen | more)


def list_view_cases(uow: UnitOfWork, ask: c.ListViewCases) -> c.CasePage:
    """As ``list_cases`` with what the view keeps. Raises NotFound for a view that is not mine."""
    view = _built_in(ask.view_id) if ask.view_id in _BUILT_IN else one(uow, ask.team_id, ask.view_id)
    more: dict[str, Any] = {"include": ask.include, "limit": ask.limit, "cursor": ask.cursor}
    if ask.organization_id is not None:
        more["organization_id"] = ask.organization_id
    return list_cases(uow, _ask(uow, ask.team_id, view.filters, view.sort, **more))


_HERE = cases.c.id == bindparam("case_id", type_=Text())
_mark = insert(read_markers).from_select(
    ["user_id", "case_id", "read_at"],
    visible(me, cases.c.id, bindparam("now", type_=DateTime(timezone=True))).where(_HERE).limit(1),
)
_MARK = _mark.on_conflict_do_update(
    index_elements=["user_id", "case_id"],
    set_={"read_at": func.greatest(read_markers.c.read_at, _mark.excluded.read_at)},
).returning(read_markers.c.read_at)
_UNMARK = (
    visible(cases.c.id)
    .where(_HERE)
    .add_cte(
        delete(read_markers)
        .where(read_markers.c.user_id == me, read_markers.c.case_id == bindparam("case_id"))
        .cte("gone")
    )
)


def mark(uow: UnitOfWork, ask: c.MarkRead) -> datetime:
    """Write down up to when I have read a case that I may see; one statement. Raises NotFound."""
    until = min(ask.until or uow.now, uow.now)
    values = {"me": uow.actor.user_id, "team_id": ask.team_id, "case_id": ask.case_id, "now": until}
    row = uow.first(_MARK, values)
    if row is None:
        raise NotFound()
    return cast(datetime, row.read_at)


def unmark(uow: UnitOfWork, ask: c.MarkUnread) -> None:
    """Forget it. Raises NotFound."""
    if uow.first(_UNMARK, {"me": uow.actor.user_id, "team_id": ask.team_id, "case_id": ask.case_id}) is None:
        raise NotFound()
