"""Prepared answers of the team: whoever answers cases may prepare them."""

from __future__ import annotations

from sqlalchemy import delete, insert, update

from services.cases import queries, rules
from services.cases.tables import prepared
from services.chassis.ids import new_id
from services.chassis.problems import Invalid, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c


def add_snippet(uow: UnitOfWork, ask: c.AddSnippet) -> c.SnippetView:
    """Raises NotFound, Forbidden, Invalid ``/body`` for a place that nothing can be filled into."""
    queries.must_be_staff(uow, ask.team_id, "case.answer")
    _must_be_fillable(ask.body)
    row = {"id": new_id("snip"), "team_id": ask.team_id, "name": ask.name, "body": ask.body, "version": 1}
    uow.run(insert(prepared).values(row))
    return queries.snippet_view(row)


def change_snippet(uow: UnitOfWork, ask: c.ChangeSnippet) -> c.SnippetView:
    """Raises NotFound, Forbidden, 412, 428, Invalid ``/body``."""
    queries.must_be_staff(uow, ask.team_id, "case.answer")
    row = queries.snippet(uow, ask.team_id, ask.snippet_id, to_change=True)
    uow.must_match(row["version"])
    said = {"name": ask.name, "body": ask.body}
    changes = {name: value for name, value in said.items() if value is not None and value != row[name]}
    if changes:
        _must_be_fillable(changes.get("body", ""))
        row |= changes | {"version": row["version"] + 1}
        uow.run(update(prepared).where(prepared.c.id == ask.snippet_id).values(row))
    return queries.snippet_view(row)


def remove_snippet(uow: UnitOfWork, ask: c.RemoveSnippet) -> c.DoneView:
    """Removing what is gone is done. Raises NotFound for a foreign team, Forbidden, 412, 428."""
    queries.must_be_staff(uow, ask.team_id, "case.answer")
    try:
        row = queries.snippet(uow, ask.team_id, ask.snippet_id, to_change=True)
    except NotFound:
        return c.DoneView()
    uow.must_match(row["version"])
    uow.run(delete(prepared).where(prepared.c.id == ask.snippet_id))
    return c.DoneView()


def preview_snippet(uow: UnitOfWork, ask: c.PreviewSnippet) -> c.RenderedView:
    """Raises NotFound (case or snippet), Forbidden."""
    reader = queries.one(uow, ask)
    rules.must_be_able(reader, "case.answer")
    body = queries.snippet(uow, ask.team_id, ask.snippet_id)["body"]
    return c.RenderedView(body=rules.filled_in(body, rules.values_of(reader)))


def _must_be_fillable(body: str) -> None:
    unknown = rules.unknown_places(body)
    if unknown:
        detail = f"Nothing can be filled into {', '.join(unknown)}; there are: {', '.join(rules.PLACES)}."
        raise Invalid.field("/body", "choice", detail)
