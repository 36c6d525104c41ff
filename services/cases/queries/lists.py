"""Pages of cases. Each is a walk along one index to the page (``rules.finding`` says which there are); what was read
and said last is looked up for the rows of the page only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    Row,
    Select,
    Text,
    any_,
    bindparam,
    exists,
    func,
    or_,
    select,
    true,
    tuple_,
    union,
)

from services.cases import rules
from services.cases.queries.paging import place_of, values_of
from services.cases.queries.people import represented, standings
from services.cases.queries.search import excerpts, found
from services.cases.queries.sight import me, organization, visible
from services.cases.queries.single import person, tells_priority
from services.cases.rules import Standing, Walk
from services.cases.tables import cases, comments, followers, read_markers, tags
from services.chassis.problems import Forbidden, Malformed
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_LINE = (
    cases.c.id,
    cases.c.number,
    cases.c.title,
    cases.c.type,
    cases.c.priority,
    cases.c.priority_rank,
    cases.c.status,
    cases.c.visibility,
    cases.c.organization_id,
    cases.c.created_by,
    cases.c.contact_id,
    cases.c.contact_name,
    cases.c.owner_id,
    cases.c.owner_name,
    cases.c.assignee_id,
    cases.c.assignee_name,
    cases.c.confirmation,
    cases.c.created_at,
    cases.c.updated_at,
    cases.c.version,
)
_OPEN = cases.c.status.not_in(("closed", "cancelled"))
_FOLLOWED = cases.c.id.in_(select(followers.c.case_id).where(followers.c.user_id == me))
_SCOPES: dict[str, list[ColumnElement[bool]]] = {
    "all": [],
    "company": [],
    "mine": [],  # two walks, see _branches
    "owned": [cases.c.owner_id == me],
    "open": [_OPEN],
    "closed": [cases.c.status == "closed"],
    "followed": [_FOLLOWED],
    "assigned": [cases.c.assignee_id == me],
}
_MINE = (cases.c.contact_id == me, cases.c.created_by == me)
_at = DateTime(timezone=True)
# A filter by the name of its value.
_FILTERS: dict[str, ColumnElement[bool]] = {
    "type": cases.c.type == bindparam("type"),
    "priority": cases.c.priority == bindparam("priority"),
    "product": cases.c.product == bindparam("product"),
    "queue": cases.c.queue_id == bindparam("queue"),
    "tag": exists().where(tags.c.case_id == cases.c.id, tags.c.tag == bindparam("tag")),
    "assignee": cases.c.assignee_id == bindparam("assignee"),
    "statuses": cases.c.status == any_(bindparam("statuses", type_=ARRAY(Text))),
    "created_after": cases.c.created_at >= bindparam("created_after", type_=_at),
    "created_before": cases.c.created_at < bindparam("created_before", type_=_at),
    "updated_after": cases.c.updated_at >= bindparam("updated_after", type_=_at),
    "updated_before": cases.c.updated_at < bindparam("updated_before", type_=_at),
}
_PLAIN = (
    "type",
    "priority",
    "product",
    "queue",
    "tag",
    "created_after",
    "created_before",
    "updated_after",
    "updated_before",
)
_length: ColumnElement[int] = func.length(cases.c.number)
_ORDERS: dict[str, tuple[tuple[str, ColumnElement[Any], type], ...]] = {
    "updated_at": (("updated_at", cases.c.updated_at, datetime), ("id", cases.c.id, str)),
    "created_at": (("created_at", cases.c.created_at, datetime), ("id", cases.c.id, str)),
    "number": (("number_length", _length, int), ("number", cases.c.number, str)),
    "priority": (
        ("priority_rank", cases.c.priority_rank, int),
        ("created_at", cases.c.created_at, datetime),
        ("id", cases.c.id, str),
    ),
}
MOST_OF_A_COMMENT = 300


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that decides about the statement of a page; the values come later."""

    side: str
    view: str
    walk: Walk
    given: frozenset[str]
    unassigned: bool = False
    quoting: bool = False


def list_cases(uow: UnitOfWork, ask: c.ListCases) -> c.CasePage:
    """One page of a view, or of what a search finds. Raises NotFound (team or organization), Conflict
    ``organization_required``, Forbidden, and Malformed ``not_offered``."""
    places, policy = standings(uow, ask.team_id)
    standing, organization_id = represented(places, ask.organization_id)
    shows_priority = tells_priority(standing, policy)
    must_be_allowed(standing, ask, shows_priority)
    walk = rules.walk_of(ask, uow.now, staff=standing.staff)
    values = _values(uow, ask, walk, organization_id)
    values["kinds"] = ["public", "internal"] if standing.staff else ["public"]
    quoting = "last_comment" in ask.include
    page = Page(standing.side, ask.view, walk, frozenset(values), ask.assignee == "none", quoting)
    words = rules.words_of(ask.q) if ask.q is not None else []
    rows = uow.all(_page(page), values) if ask.q is None else _find(uow, words, page, values)
    last = rows[ask.limit - 1] if len(rows) > ask.limit else None
    names = ("found_at", "id") if ask.q is not None else [name for name, _, _ in _ORDERS[walk.order]]
    cursor = place_of([_of(last, name) for name in names]) if last else None
    shown = rows[: ask.limit]
    quoted = excerpts(uow, shown) if ask.q is not None else [None] * len(shown)
    me_id = uow.actor.user_id
    lines = [_line(row, standing, shows_priority, me_id, quote) for row, quote in zip(shown, quoted, strict=True)]
    return c.CasePage(data=lines, next_cursor=cursor)


def must_be_allowed(standing: Standing, ask: c.ListCases, shows_priority: bool) -> None:
    """Refuse what this side may not ask for at all. Raises Forbidden, Malformed ``not_offered``."""
    if not standing.staff and (ask.view == "assigned" or ask.queue is not None or ask.tag is not None):
        raise Forbidden("not_permitted", "This is a view of the support team.")
    if ("case.read_all" if standing.staff else "case.read") not in standing.permissions:
        raise Forbidden("not_permitted", "You may not read these cases.")
    if not shows_priority and (ask.priority is not None or ask.sort == "priority"):
        raise Forbidden("not_permitted", "This team keeps priorities to itself.")
    if ask.q is not None and ask.sort != "-updated_at":
        detail = "What a search finds comes in the order of the latest change."
        errors = [{"pointer": "/sort", "rule": "offered", "detail": detail}]
        raise Malformed("not_offered", detail, errors=errors)


def _values(uow: UnitOfWork, ask: c.ListCases, walk: Walk, organization_id: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {"me": uow.actor.user_id, "team_id": ask.team_id, "most": ask.limit + 1}
    if organization_id is not None:
        values["organization_id"] = organization_id
    values |= {name: value for name in _PLAIN if (value := getattr(ask, name)) is not None}
    if ask.assignee not in (None, "none"):
        values["assignee"] = uow.actor.user_id if ask.assignee == "me" else ask.assignee
    if walk.statuses:
        values |= {f"status_{place}": status for place, status in enumerate(walk.statuses)}
    elif ask.status:
        values["statuses"] = list(ask.status)
    if ask.cursor is not None:
        kinds = (datetime, str) if ask.q is not None else [kind for _, _, kind in _ORDERS[walk.order]]
        values |= {f"after_{place}": value for place, value in enumerate(values_of(ask.cursor, kinds))}
    return values


@cache
def _page(page: Page) -> Select[Any]:
    """The statement of one kind of page; the planner gets exactly the conditions that were ``given``."""
    order = [column for _, column, _ in _ORDERS[page.walk.order]]
    backwards = page.walk.backwards
    after: list[Any] = [bindparam(f"after_{place}") for place in range(len(order))]
    walks: list[Select[Any]] = []
    branches = _branches(page)
    for branch in branches:
        one = visible(*(_LINE if len(branches) == 1 else (cases.c.id, *order)), side=page.side).where(*branch)
        one = one.where(*_narrowed(page))
        if "after_0" in page.given:
            one = one.where(tuple_(*order) < tuple_(*after) if backwards else tuple_(*order) > tuple_(*after))
        one = one.order_by(*(column.desc() if backwards else column for column in order))
        walks.append(one.limit(bindparam("most", type_=Integer())))
    if len(walks) == 1:
        return _dressed(walks[0].subquery("page"), page)
    ids = union(*(select(walk.subquery().c.id) for walk in walks)).subquery("ids")
    both = visible(*_LINE, side=page.side).join(ids, ids.c.id == cases.c.id)
    both = both.order_by(*(column.desc() if backwards else column for column in order))
    return _dressed(both.limit(bindparam("most", type_=Integer())).subquery("page"), page)


def _branches(page: Page) -> list[list[ColumnElement[bool]]]:
    """What is walked one by one, each along its own index; together they are the list."""
    if page.view == "mine":
        return [[whose] for whose in _MINE]
    if page.walk.statuses:
        return [[cases.c.status == bindparam(f"status_{place}")] for place in range(len(page.walk.statuses))]
    return [[]]


def _narrowed(page: Page) -> list[ColumnElement[bool]]:
    where = list(_SCOPES[page.view]) + [_FILTERS[name] for name in _FILTERS if name in page.given]
    if page.walk.order == "priority":
        where.append(_OPEN)  # said as the index says it
    if page.side == "support" and "organization_id" in page.given:
        where.append(cases.c.organization_id == organization)
    if page.view == "open":  # what was merged goes on elsewhere
        where.append(cases.c.merged_into.is_(None))
    if page.unassigned:
        where.append(cases.c.assignee_id.is_(None))
    wanted = "statuses" in page.given or "status_0" in page.given
    if page.side == "customer" and not wanted:  # what was cancelled is gone from customers' lists until they ask
        where.append(cases.c.status != "cancelled")
    return where


def _find(uow: UnitOfWork, words: list[str], page: Page, values: dict[str, Any]) -> list[Row[Any]]:
    """What has all of the words; when nothing has, what has words that look like them."""
    if not words:
        return []
    values |= {"near": rules.beginnings_of(words)}
    rows = uow.all(_search(page, alike=False), values | {"words": words})
    if rows or not rules.may_be_misspelt(words):
        return rows
    return uow.all(_search(page, alike=True), values | {"spelt": words})


@cache
def _search(page: Page, *, alike: bool) -> Select[Any]:
    where = _narrowed(page)
    if page.view == "mine":
        where.append(or_(*_MINE))
    if page.walk.statuses:
        where.append(or_(*(branch for [branch] in _branches(page))))
    return _dressed(found(_LINE, page.side, where, page.given, alike=alike), page)


def _dressed(page: FromClause, asked: Page) -> Select[Any]:
    """The rows of a page in their order, with what I have read and what was said last."""
    quoted = [func.left(comments.c.body, MOST_OF_A_COMMENT).label("body")] if asked.quoting else []
    last = (
        select(
            comments.c.author_id, comments.c.author_name, comments.c.side, comments.c.visibility,
            comments.c.created_at.label("said_at"), *quoted,
        )
        .where(
            comments.c.case_id == page.c.id,
            comments.c.visibility == any_(bindparam("kinds", type_=ARRAY(Text))),
            comments.c.retracted_at.is_(None),
        )
        .order_by(comments.c.created_at.desc(), comments.c.id.desc())
        .limit(1)
        .lateral("said")
    )  # fmt: skip
    seen = page.outerjoin(read_markers, (read_markers.c.case_id == page.c.id) & (read_markers.c.user_id == me))
    rows = select(*page.c, read_markers.c.read_at, *last.c).select_from(seen.outerjoin(last, true()))
    names = ("found_at", "id") if "found_at" in page.c else [name for name, _, _ in _ORDERS[asked.walk.order]]
    order = [func.length(page.c.number) if name == "number_length" else page.c[name] for name in names]
    return rows.order_by(*(column.desc() if asked.walk.backwards else column for column in order))


def _of(row: Row[Any], name: str) -> Any:
    return len(row.number) if name == "number_length" else getattr(row, name)


def _unread(row: Row[Any], standing: Standing, reader_id: str) -> bool:
    """The other side has the last word and I have not read it; support has not read a new case either, nor somebody a
    case that was registered for him."""
    if row.said_at is not None:
        return row.side != standing.side and (row.read_at is None or row.read_at < row.said_at)
    if row.read_at is not None or row.created_by == reader_id or row.status in ("closed", "cancelled"):
        return False
    return standing.staff or bool(row.contact_id == reader_id)


def _line(
    row: Row[Any], standing: Standing, shows_priority: bool, reader_id: str, excerpt: list[c.PassageView] | None
) -> c.CaseLine:
    return c.CaseLine(
        id=row.id,
        number=row.number,
        title=row.title,
        type=row.type,
        priority=row.priority if shows_priority else None,
        status=row.status,
        visibility=row.visibility,
        organization_id=row.organization_id,
        contact=c.PersonView(id=row.contact_id, name=row.contact_name),
        owner=c.PersonView(id=row.owner_id, name=row.owner_name),
        assignee=person(row.assignee_id, row.assignee_name),
        pending_confirmation=row.confirmation == "pending",
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        unread=_unread(row, standing, reader_id),
        last_comment=_last_comment(row),
        excerpt=excerpt,
    )


def _last_comment(row: Row[Any]) -> c.LastCommentView | None:
    if row.said_at is None or not hasattr(row, "body"):
        return None
    return c.LastCommentView(
        author=c.PersonView(id=row.author_id, name=row.author_name),
        side=row.side,
        body=row.body,
        visibility=row.visibility,
        created_at=row.said_at,
    )
