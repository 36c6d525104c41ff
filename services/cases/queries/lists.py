"""Pages of cases. Each is a walk along one index to the page (``rules.finding`` says which there are); what was read
and said last is looked up for the rows of the page only."""

from __future__ import annotations

from collections.abc import Sequence
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
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union,
)

from services.cases import rules
from services.cases.queries.lines import FAR_OFF, Onlooker, line
from services.cases.queries.paging import place_of, values_of
from services.cases.queries.people import represented, standings
from services.cases.queries.search import excerpts, found
from services.cases.queries.sight import me, organization, team, visible
from services.cases.queries.single import approves, tells_priority
from services.cases.queries.unread import KINDS, unread
from services.cases.rules import Standing, Walk
from services.cases.tables import NEVER_DUE, cases, comments, followers, tags
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
    cases.c.product,
    cases.c.topic,
    cases.c.level,
    cases.c.gate,
    cases.c.queue_id,
    cases.c.next_due_at,
    cases.c.substatus,
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
    "assigned": [cases.c.assignee_id == me, _OPEN],
}
_MINE = (cases.c.contact_id == me, cases.c.created_by == me)
_DEARER = {"last_comment", "clocks", "permissions"}  # the others stand in every line
_at = DateTime(timezone=True)
_NEVER: ColumnElement[datetime] = literal_column(NEVER_DUE, _at)
# A filter by the name of its value.
_FILTERS: dict[str, ColumnElement[bool]] = {
    "type": cases.c.type == bindparam("type"),
    "priority": cases.c.priority == bindparam("priority"),
    "product": cases.c.product == bindparam("product"),
    "topic": cases.c.topic == bindparam("topic"),
    "level": cases.c.level == bindparam("level"),
    "owner": cases.c.owner_id == bindparam("owner"),
    "contact": cases.c.contact_id == bindparam("contact"),
    "substatus": cases.c.substatus == bindparam("substatus"),
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
    "topic",
    "level",
    "substatus",
    "queue",
    "tag",
    "created_after",
    "created_before",
    "updated_after",
    "updated_before",
)
_PEOPLE = ("assignee", "owner", "contact")  # an id, or ``me``
# The names of an order, each with the kind of its values; ``_key`` knows what they are in the database.
_ORDERS: dict[str, tuple[tuple[str, type], ...]] = {
    "updated_at": (("updated_at", datetime), ("id", str)),
    "created_at": (("created_at", datetime), ("id", str)),
    "number": (("number_length", int), ("number", str)),
    "priority": (("priority_rank", int), ("created_at", datetime), ("id", str)),
    "due": (("due", datetime), ("id", str)),
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
    unread: bool = False
    include: frozenset[str] = frozenset()


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
    unassigned, include = ask.assignee == "none", frozenset(ask.include) & _DEARER
    page = Page(standing.side, ask.view, walk, frozenset(values), unassigned, ask.unread, include)
    words = rules.words_of(ask.q) if ask.q is not None else []
    rows = uow.all(_page(page), values) if ask.q is None else _find(uow, words, page, values)
    last = rows[ask.limit - 1] if len(rows) > ask.limit else None
    names = ("found_at", "id") if ask.q is not None else [name for name, _ in _ORDERS[walk.order]]
    cursor = place_of([_of(last, name) for name in names]) if last else None
    shown = rows[: ask.limit]
    quoted = excerpts(uow, shown) if ask.q is not None else [None] * len(shown)
    onlooker = Onlooker(standing, policy, shows_priority, uow.actor.user_id, uow.now)
    lines = [line(row, onlooker, page.include, quote) for row, quote in zip(shown, quoted, strict=True)]
    return c.CasePage(data=lines, next_cursor=cursor)


def must_be_allowed(standing: Standing, ask: c.ListCases, shows_priority: bool) -> None:
    """Refuse what this side may not ask for at all. Raises Forbidden, Malformed ``not_offered``."""
    inside = ask.view == "assigned" or any(one is not None for one in (ask.queue, ask.tag, ask.level))
    if not standing.staff and inside:
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
    people = {name: getattr(ask, name) for name in _PEOPLE if getattr(ask, name) not in (None, "none")}
    values |= {name: uow.actor.user_id if whom == "me" else whom for name, whom in people.items()}
    if walk.statuses:
        values |= {f"walked_{place}": status for place, status in enumerate(walk.statuses)}
    elif ask.status:
        values["statuses"] = list(ask.status)
    if ask.cursor is not None:
        kinds = (datetime, str) if ask.q is not None else [kind for _, kind in _ORDERS[walk.order]]
        values |= {f"after_{place}": value for place, value in enumerate(values_of(ask.cursor, kinds))}
    return values


@cache
def _page(page: Page) -> Select[Any]:
    """The statement of one kind of page; the planner gets exactly the conditions that were ``given``."""
    order = [_key(name, cases) for name, _ in _ORDERS[page.walk.order]]
    if page.walk.base == "tag":  # the same, as the index of tags has it
        order = [tags.c.arrived_at, tags.c.case_id]
    backwards = page.walk.backwards
    after: list[Any] = [bindparam(f"after_{place}") for place in range(len(order))]
    walks: list[Select[Any]] = []
    branches = _branches(page)
    for branch in branches:
        one = visible(*(_columns(page) if len(branches) == 1 else (cases.c.id, *order)), side=page.side)
        one = one.where(*branch, *_narrowed(page))
        if "after_0" in page.given:
            one = one.where(tuple_(*order) < tuple_(*after) if backwards else tuple_(*order) > tuple_(*after))
        one = one.order_by(*(column.desc() if backwards else column for column in order))
        walks.append(one.limit(bindparam("most", type_=Integer())))
    if len(walks) == 1:
        return _dressed(walks[0].subquery("page"), page)
    ids = union(*(select(walk.subquery().c.id) for walk in walks)).subquery("ids")
    both = visible(*_columns(page), side=page.side).join(ids, ids.c.id == cases.c.id)
    both = both.order_by(*(column.desc() if backwards else column for column in order))
    return _dressed(both.limit(bindparam("most", type_=Integer())).subquery("page"), page)


def _key(name: str, of: FromClause) -> ColumnElement[Any]:
    """One part of an order."""
    if name == "number_length":
        return func.length(of.c.number)
    return func.coalesce(of.c.next_due_at, _NEVER) if name == "due" else of.c[name]


def _columns(page: Page) -> Sequence[Any]:
    """What of a case the lines are made of; what somebody may do with it, depends on all of it."""
    if "permissions" in page.include:
        return (*cases.c, approves().label("approves"))
    return (*_LINE, cases.c.clocks) if "clocks" in page.include else _LINE


def _branches(page: Page) -> list[list[ColumnElement[bool]]]:
    """What is walked one by one, each along its own index; together they are the list."""
    if page.view == "mine":
        return [[whose] for whose in _MINE]
    if page.walk.statuses:
        return [[cases.c.status == bindparam(f"walked_{place}")] for place in range(len(page.walk.statuses))]
    return [[]]


def _narrowed(page: Page) -> list[ColumnElement[bool]]:
    by_tag = page.walk.base == "tag"
    asked = [name for name in _FILTERS if name in page.given and not (by_tag and name == "tag")]
    where = list(_SCOPES[page.view]) + [_FILTERS[name] for name in asked]
    if by_tag:
        where += [tags.c.case_id == cases.c.id, tags.c.team_id == team, tags.c.tag == bindparam("tag")]
    if page.walk.order in ("priority", "due"):
        where.append(_OPEN)  # said as the index says it
    if page.unread:
        where.append(unread(cases, page.side))
    if page.side == "support" and "organization_id" in page.given:
        where.append(cases.c.organization_id == organization)
    if page.view == "open":  # what was merged goes on elsewhere
        where.append(cases.c.merged_into.is_(None))
    if page.unassigned:
        where.append(cases.c.assignee_id.is_(None))
    wanted = "statuses" in page.given or "walked_0" in page.given
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
    return _dressed(found(_columns(page), page.side, where, page.given, alike=alike), page)


def _dressed(page: FromClause, asked: Page) -> Select[Any]:
    """The rows of a page in their order, whether there is something new in them, and what was asked for besides."""
    more: list[Any] = [unread(page, asked.side).label("unread")]
    if asked.side == "support":
        tagged = select(func.array_agg(tags.c.tag)).where(tags.c.case_id == page.c.id).correlate(page)
        more.append(tagged.scalar_subquery().label("tags"))
    rows = select(*page.c, *more)
    if "last_comment" in asked.include:
        said = _said_last(page)
        rows = select(*page.c, *more, *said.c).select_from(page.outerjoin(said, true()))
    names = ("found_at", "id") if "found_at" in page.c else [name for name, _ in _ORDERS[asked.walk.order]]
    order = [page.c[name] if name in page.c else _key(name, page) for name in names]
    return rows.order_by(*(column.desc() if asked.walk.backwards else column for column in order))


def _said_last(page: FromClause) -> FromClause:
    last = select(
        comments.c.author_id,
        comments.c.author_name,
        comments.c.side,
        comments.c.visibility.label("said_to"),
        comments.c.created_at.label("said_at"),
        func.left(comments.c.body, MOST_OF_A_COMMENT).label("body"),
    )
    last = last.where(
        comments.c.case_id == page.c.id, comments.c.visibility == KINDS, comments.c.retracted_at.is_(None)
    )
    return last.order_by(comments.c.created_at.desc(), comments.c.id.desc()).limit(1).lateral("said")


def _of(row: Row[Any], name: str) -> Any:
    if name == "due":
        return row.next_due_at or FAR_OFF
    return len(row.number) if name == "number_length" else getattr(row, name)
