"""Cases together: what a case is linked with, its tags, single comments."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    DateTime,
    Row,
    Text,
    any_,
    bindparam,
    case,
    column,
    exists,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.cases.queries.sight import visible
from services.cases.queries.single import one
from services.cases.rules import Reader
from services.cases.tables import OPEN, Case, cases, comments, followers, links, merges
from services.chassis.problems import Forbidden
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

MOSTLINKS = 200
_here: Any = bindparam("case_id", type_=Text())
_linked = union_all(
    # A follow-up is written from the new case to the old one: seen from the new one it is what it follows.
    select(
        links.c.id,
        links.c.other_id,
        case((links.c.kind == "follow_up", literal("follows")), else_=links.c.kind).label("kind"),
        links.c.created_at,
    ).where(links.c.case_id == _here),
    select(
        links.c.id,
        links.c.case_id.label("other_id"),
        case(
            *[
                (links.c.kind == kind, literal(back))
                for kind, back in (("parent", "child"), ("duplicate", "duplicated_by"))
            ],
            else_=links.c.kind,
        ).label("kind"),
        links.c.created_at,
    ).where(links.c.other_id == _here),
).subquery("linked")
LINKS = (
    visible(
        _linked.c.id,
        _linked.c.kind,
        _linked.c.created_at,
        cases.c.id.label("case_id"),
        cases.c.number,
        cases.c.title,
        cases.c.status,
    )
    .where(cases.c.id == _linked.c.other_id)
    .distinct()  # who has two places that see it reads it once
    .order_by(_linked.c.created_at, _linked.c.id)
    .limit(MOSTLINKS)
)
_after = cases.alias("after")
_begun = select(func.coalesce(_after.c.merged_into, _after.c.id)).where(
    links.c.other_id == _here, links.c.kind == "follow_up", _after.c.id == links.c.case_id
)
_FOLLOW_UP = visible(cases.c.id).where(OPEN, cases.c.merged_into.is_(None), cases.c.id.in_(_begun))
_FOLLOW_UP = _FOLLOW_UP.order_by(cases.c.id.desc()).limit(1)
_known = merges.alias("known")
_brought = select(func.unnest(_known.c.follower_ids).label("user_id")).where(_known.c.into_id == bindparam("into_id"))
_brought_ids = _brought.subquery("brought").c.user_id
# Of these people, those whom another merge brought: they belong to this one as well.
BROUGHT_ALREADY = (
    select(func.coalesce(func.array_agg(_brought_ids.distinct()), literal([], ARRAY(Text))))
    .where(_brought_ids == any_(bindparam("others", type_=ARRAY(Text))))
    .scalar_subquery()
)
# Whether no merge any more brings a follower.
LEFT_OVER = ~exists().where(_known.c.into_id == followers.c.case_id, followers.c.user_id == any_(_known.c.follower_ids))
_COMMENTS = (
    select(*comments.c)
    .where(
        comments.c.case_id == any_(bindparam("case_ids", type_=ARRAY(Text))),
        comments.c.id == any_(bindparam("ids", type_=ARRAY(Text))),
    )
    .order_by(comments.c.created_at, comments.c.id)
)
# Comments that a new case begins with, as the rows of ``comments`` that its INSERT writes along.
_copy = (
    func.jsonb_to_recordset(bindparam("copies_rows", type_=JSONB))
    .table_valued(*[column(one.name, one.type) for one in comments.c])
    .render_derived(name="copy", with_types=True)
)
COPIED = select(*_copy.c)
# The tags that a case gets, as the rows of ``tags`` that its UPDATE writes along.
TAGGED = select(
    bindparam("saved_id", type_=Text()),
    bindparam("tags_team", type_=Text()),
    bindparam("tags_arrived", type_=DateTime(timezone=True)),
    func.unnest(bindparam("tags_new", type_=ARRAY(Text))),
)


def list_links(uow: UnitOfWork, ask: c.ListLinks) -> c.LinkList:
    """The linked cases the actor may see."""
    return links_of(uow, one(uow, ask))


def links_of(uow: UnitOfWork, reader: Reader) -> c.LinkList:
    """The same of a case in hand."""
    rows = uow.all(LINKS, {"me": uow.actor.user_id, "team_id": reader.case.team_id, "case_id": reader.case.id})
    return c.LinkList(data=[c.LinkLine(**row._mapping) for row in rows])


def open_follow_up(uow: UnitOfWork, case: Case) -> str | None:
    """The newest case that follows this one, or that its follow-up goes on as, if it is open and the actor sees it."""
    row = uow.first(_FOLLOW_UP, {"me": uow.actor.user_id, "team_id": case.team_id, "case_id": case.id})
    return None if row is None else str(row.id)


def list_tags(uow: UnitOfWork, ask: c.ListTags) -> c.TagList:
    """A case's tags. Raises Forbidden for customers: tags are how staff sort their work."""
    reader = one(uow, ask)
    if not reader.standing.staff:
        raise Forbidden("not_permitted", "Tags are for the support team.")
    return c.TagList(data=reader.tags)


def comments_of(uow: UnitOfWork, reader: Reader, ids: list[str]) -> list[Row[Any]]:
    """Those of these comments that a case in hand shows: its own, and those of the cases merged into it. Oldest
    first."""
    case_ids = [reader.case.id, *(case_id for case_id, _ in reader.merged)]
    return uow.all(_COMMENTS, {"case_ids": case_ids, "ids": ids})
