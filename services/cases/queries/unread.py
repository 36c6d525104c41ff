"""Whether a case has something new for a reader: the one place that knows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    FromClause,
    Text,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
)

from services.cases.queries.sight import me
from services.cases.tables import changes, comments, read_markers

KINDS: ColumnElement[Any] = any_(bindparam("kinds", type_=ARRAY(Text)))  # of comments that he may read
_NEVER: ColumnElement[Any] = literal_column("'-infinity'::timestamptz", DateTime(timezone=True))
_NEWS = ("status", "quote")  # what of the history is as good as a word


def unread(of: FromClause, side: str) -> ColumnElement[bool]:
    """True when somebody else has said something that I may read, or the other side did something, after what I have
    read and said last: what I have answered I have read. A case in which nobody has said anything is new to support,
    and to whom it was registered for.

    ``of`` has the columns of ``cases``. Each part is one step along an index."""
    read = select(func.max(read_markers.c.read_at).label("at"))
    read = read.where(read_markers.c.user_id == me, read_markers.c.case_id == of.c.id).correlate(of)
    seen = read.subquery("seen").lateral("seen")
    last = select(comments.c.author_id, comments.c.created_at.label("at")).where(
        comments.c.case_id == of.c.id, comments.c.visibility == KINDS, comments.c.retracted_at.is_(None)
    )
    word = last.order_by(comments.c.created_at.desc(), comments.c.id.desc()).limit(1).correlate(of).lateral("word")
    known = func.coalesce(seen.c.at, _NEVER)
    done = select(changes.c.at).where(
        changes.c.case_id == of.c.id, changes.c.side != side, changes.c.field.in_(_NEWS), changes.c.at > known
    )
    deed = done.order_by(changes.c.at.desc(), changes.c.id.desc()).limit(1).correlate(of, seen).lateral("deed")
    mine = word.c.author_id == me
    untouched = and_(word.c.at.is_(None), seen.c.at.is_(None), of.c.created_by != me)
    untouched = and_(untouched, of.c.status.not_in(("closed", "cancelled")))
    if side == "customer":
        untouched = and_(untouched, of.c.contact_id == me)
    new = or_(
        and_(word.c.author_id != me, word.c.at > known),
        deed.c.at > func.coalesce(case((mine, word.c.at)), _NEVER),
        untouched,
    )
    told = select(func.coalesce(new, False)).select_from(seen.outerjoin(word, true()).outerjoin(deed, true()))
    return told.correlate(of).scalar_subquery()
