"""Searching, in at most two statements: as the words are written, and as they may have been meant.

A walk over the freshest documents answers what is common, and stops at the page; what is rare is answered by the
inverted index. The planner could choose between the two only by guessing how often the words stand together, and a
wrong guess walks through everything; so both are written down, and the second runs only if the first left room.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    case,
    column,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union,
)

from services.cases.queries.sight import organization, team, visible
from services.cases.tables import cases, comments, documents, words

FRESHEST = 1_000  # documents that are walked before the inverted index is asked
LANGUAGES = {"en": "english", "sv": "swedish", "nb": "norwegian", "da": "danish"}
ALIKE = 0.45  # of the groups of three letters, how many two words share
QUOTED_COMMENTS, QUOTED_OF_EACH, QUOTED_IN_ALL = 10, 300, 2_000  # characters that an excerpt is looked for in
# Two characters that no text has: they are taken out of it before.
_MARKS = "StartSel=\x02, StopSel=\x03, MaxFragments=2, MaxWords=18, MinWords=6"

_most = bindparam("most", type_=Integer())
_simple: ColumnElement[Any] = literal_column("'simple'::regconfig")


def _config(name: str) -> ColumnElement[Any]:
    return literal_column(f"'{name}'::regconfig")


def _as_written() -> ColumnElement[Any]:
    """The words in every language that a document may have been read in: each drops its own fillers and endings."""
    text = bindparam("words", type_=Text())
    query: ColumnElement[Any] = func.to_tsquery(_simple, text)
    for name in LANGUAGES.values():
        query = query.op("||")(func.to_tsquery(_config(name), text))
    return query


def _as_meant() -> ColumnElement[Any]:
    """For every word the words of the team that look like it. Whose they are does not matter: they are only looked for
    in what the reader may see, and there is no limit on them that one could be pushed out of."""
    given = (
        func.unnest(bindparam("spelt", type_=ARRAY(Text))).table_valued(column("word", Text)).render_derived("given")
    )
    near = (
        select(func.string_agg(_quoted(words.c.word), " | "))
        .where(
            words.c.team_id == team,
            words.c.word.op("%")(given.c.word),
            func.similarity(words.c.word, given.c.word) >= ALIKE,
        )
        .correlate(given)
        .scalar_subquery()
    )
    each = literal("(") + func.coalesce(near, _quoted(given.c.word)) + ")"
    meant = select(func.to_tsquery(_simple, func.string_agg(each, " & ")).label("query")).select_from(given)
    return select(meant.cte("meant").c.query).scalar_subquery()


def _quoted(word: ColumnElement[Any]) -> ColumnElement[Any]:
    return literal("'") + word + "'"


def found(
    line: Sequence[Any], side: str, where: Sequence[ColumnElement[bool]], given: frozenset[str], *, alike: bool
) -> FromClause:
    """The page of cases that have the words: the columns of ``line``, ``found_at`` and ``excerpt``."""
    query = _as_meant() if alike else _as_written()
    text = documents.c.whole if side == "support" else documents.c.shown
    place = (documents.c.updated_at, documents.c.case_id)
    scope = [documents.c.team_id == team]
    if side == "customer":
        scope = [documents.c.organization_id == organization]
    elif "organization_id" in given:
        scope.append(documents.c.organization_id == organization)
    if "after_0" in given:
        scope.append(tuple_(*place) < tuple_(bindparam("after_0"), bindparam("after_1")))
    freshest = select(*place, text.label("text")).where(*scope)
    freshest = freshest.order_by(*(part.desc() for part in place)).limit(FRESHEST)
    walked = freshest.subquery("freshest")
    near = _newest(walked, side, (*where, walked.c.text.op("@@")(query))).cte("near")
    looked_up = select(*place).where(*scope, text.op("@@")(query)).cte("looked_up").prefix_with("MATERIALIZED")
    room = select(func.count()).select_from(near).scalar_subquery() < _most
    rest = _newest(looked_up, side, (*where, room)).subquery("rest")
    both = union(select(near), select(rest)).subquery("both")
    ids = select(both).order_by(both.c.found_at.desc(), both.c.id.desc()).limit(_most).subquery("ids")
    return _with_excerpts(line, side, ids, query)


def _newest(pile: FromClause, side: str, where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The newest of these that the reader may see."""
    seen = visible(cases.c.id, pile.c.updated_at.label("found_at"), side=side).join(pile, pile.c.case_id == cases.c.id)
    return seen.where(*where).order_by(pile.c.updated_at.desc(), pile.c.case_id.desc()).limit(_most)


def _with_excerpts(line: Sequence[Any], side: str, ids: FromClause, query: ColumnElement[Any]) -> FromClause:
    said = (
        select(func.left(comments.c.body, QUOTED_OF_EACH).label("body"))
        .where(
            comments.c.case_id == cases.c.id,
            comments.c.visibility == any_(bindparam("kinds", type_=ARRAY(Text))),
            comments.c.retracted_at.is_(None),
        )
        .order_by(comments.c.created_at)
        .limit(QUOTED_COMMENTS)
        .correlate(cases)
        .subquery("spoken")
    )
    spoken = select(func.string_agg(said.c.body, "\n")).correlate(cases).scalar_subquery()
    whole = func.concat_ws("\n", cases.c.title, func.left(cases.c.description, QUOTED_IN_ALL), spoken)
    plain = func.left(func.translate(whole, "\x02\x03", ""), QUOTED_IN_ALL).label("plain")
    told = visible(*line, ids.c.found_at, documents.c.language, plain, side=side)
    told = told.join(ids, ids.c.id == cases.c.id).join(documents, documents.c.case_id == cases.c.id)
    page = told.subquery("told")
    config = case({key: _config(name) for key, name in LANGUAGES.items()}, value=page.c.language, else_=_simple)
    stemmed = select(page, func.ts_headline(config, page.c.plain, query, _MARKS).label("stemmed"))
    marked = stemmed.cte("marked").prefix_with("MATERIALIZED")  # or it would be worked out anew for each mention
    bare = func.ts_headline(_simple, marked.c.plain, query, _MARKS)
    excerpt = case((func.strpos(marked.c.stemmed, "\x02") > 0, marked.c.stemmed), else_=bare).label("excerpt")
    kept = [part for part in marked.c if part.name not in ("plain", "language", "stemmed")]
    return select(*kept, excerpt).subquery("page")
