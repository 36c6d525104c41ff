"""Searching, in at most two statements: as the words are written, and as they may have been meant.

The newest come first, so each statement looks in three steps and stops when the page is full: it walks the freshest
documents, which answers what is common; where that is the shorter way, it walks on, as far as it must; then it asks
the inverted index for everything, which by now is rare. The planner could choose between these only by
guessing how often the words stand together, and a wrong guess walks through everything or fetches half of it; so they
are written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Row,
    Select,
    Subquery,
    Text,
    any_,
    bindparam,
    case,
    cast,
    column,
    false,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
    true,
    tuple_,
    union,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from services.cases import rules
from services.cases.queries.sight import organization, team, visible
from services.cases.tables import cases, comments, documents, teams, words
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

FRESHEST = 1_000  # documents that are walked before the inverted index is asked
WIDER = 20  # times as many, walked only as far as the page needs
ROW_COST = 12  # documents that are walked, and entries of the inverted index that are read, in the time of one row
ASSUMED = 10_000  # documents of an organization: nobody counts them
LANGUAGES = {"en": "english", "sv": "swedish", "nb": "norwegian", "da": "danish"}
ALIKE = 0.45  # of the groups of three letters, how many two words share
QUOTED_COMMENTS, QUOTED_OF_EACH, DESCRIBED = 4, 300, 800  # texts and characters that an excerpt is looked for in
LEADING = 100  # characters before the place where a word seems to stand

_most = bindparam("most", type_=Integer())
_simple: ColumnElement[Any] = literal_column("'simple'::regconfig")
# Every word as it stands (the last one as a beginning) and as each language stems it, each form once: the inverted
# index reads a form as often as it is named. A filler of any language decides nothing, unless there is nothing else.
_AS_WRITTEN = (
    text("""
    SELECT COALESCE(string_agg(forms, ' & ') FILTER (WHERE NOT filler), string_agg(forms, ' & '))::tsquery AS query,
        (string_agg(forms, ' & ') FILTER (WHERE NOT filler AND NOT last))::tsquery AS firm,
        (string_agg(forms, ' & ') FILTER (WHERE NOT filler AND last))::tsquery AS begun
    FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS given (word, place), LATERAL (
        SELECT bool_or(lexeme IS NULL) AS filler, '(' || string_agg(DISTINCT quote_literal(lexeme) || CASE
            WHEN config = 'simple' AND place = cardinality(CAST(:words AS text[])) THEN ':*' ELSE '' END, '|') || ')'
        , place = cardinality(CAST(:words AS text[]))
        FROM unnest(CAST(:configs AS text[])) AS config
            LEFT JOIN LATERAL unnest(tsvector_to_array(to_tsvector(config::regconfig, word))) AS lexeme ON true
    ) AS formed (filler, forms, last)
    """)
    .bindparams(bindparam("words", type_=ARRAY(Text)), configs=["simple", *LANGUAGES.values()])
    .columns(query=TSQUERY, firm=TSQUERY, begun=TSQUERY)
)
_STEMS = text("""
    SELECT key, word, stem FROM (
        SELECT key, word, (ts_lexize((name || '_stem')::regdictionary, word))[1] AS stem
        FROM unnest(CAST(:keys AS text[]), CAST(:names AS text[]), CAST(:spelt AS text[])) AS given (key, name, word)
    ) AS stemmed WHERE stem IS NOT NULL
""")
_PLACE = (documents.c.updated_at, documents.c.case_id)
_numbered = select(teams.c.last_number).where(teams.c.team_id == team).scalar_subquery()
_statistics = table("pg_class", column("oid"), column("reltuples", Integer))


def _in_order(pile: Select[Any], *place: ColumnElement[Any]) -> Select[Any]:
    """The newest first, before anything is joined (OFFSET 0 says so): then a join can stop at the page."""
    return pile.order_by(*(part.desc() for part in place)).offset(0)


def _as_meant() -> Select[Any]:
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
    return select(func.to_tsquery(_simple, func.string_agg(each, " & ")).label("query")).select_from(given)


def _quoted(word: ColumnElement[Any]) -> ColumnElement[Any]:
    return literal("'") + word + "'"


@dataclass(frozen=True)
class Search:
    """What is looked for, and where: ``scope`` narrows the documents, ``where`` the cases."""

    side: str
    asked: CTE
    scope: Sequence[ColumnElement[bool]]
    where: Sequence[ColumnElement[bool]]

    @property
    def query(self) -> ColumnElement[Any]:
        """The words."""
        return select(self.asked.c.query).scalar_subquery()

    @property
    def text(self) -> ColumnElement[Any]:
        """The words that this side may read."""
        return documents.c.whole if self.side == "support" else documents.c.shown

    def walk(self, most: int, *more: ColumnElement[Any]) -> Select[Any]:
        """The freshest documents in their order, as far as they are asked for."""
        return select(*_PLACE, *more).where(*self.scope).order_by(*(part.desc() for part in _PLACE)).limit(most)

    def looked_up(self, key: CTE, scope: Sequence[ColumnElement[bool]]) -> Subquery:
        """What the inverted index has for the words of the key, and the row for the others."""
        found = select(*_PLACE).where(*scope, self.text.op("@@")(select(key.c.words).scalar_subquery()))
        others = func.ts_match_vq(self.text, self.query)  # @@ by its other name, which no index answers
        found = found.where(case((select(key.c.narrow).scalar_subquery(), others), else_=true()))
        return _in_order(found, *_PLACE).subquery()

    def newest(self, pile: FromClause, *where: ColumnElement[bool]) -> Select[Any]:
        """The newest of these that the reader may see."""
        seen = visible(cases.c.id, pile.c.updated_at.label("found_at"), side=self.side)
        seen = seen.join(pile, pile.c.case_id == cases.c.id).where(*self.where, *where)
        return seen.order_by(pile.c.updated_at.desc(), pile.c.case_id.desc()).limit(_most)


def found(
    line: Sequence[Any], side: str, where: Sequence[ColumnElement[bool]], given: frozenset[str], *, alike: bool
) -> FromClause:
    """The page of cases that have the words: the columns of ``line``, ``found_at``, and what an excerpt is made of."""
    asked = (_as_meant() if alike else _AS_WRITTEN).cte("asked")
    scope = [documents.c.team_id == team]
    if side == "customer":
        scope = [documents.c.organization_id == organization]
    elif "organization_id" in given:
        scope.append(documents.c.organization_id == organization)
    if "after_0" in given:
        scope.append(tuple_(*_PLACE) < tuple_(bindparam("after_0"), bindparam("after_1")))
    search = Search(side, asked, scope, where)
    steps = _steps(search, alike=alike)
    both = union(*(select(step) for step in steps)).subquery("both")
    ids = select(both).order_by(both.c.found_at.desc(), both.c.id.desc()).limit(_most).subquery("ids")
    return _with_texts(line, search, ids, alike=alike)


def _steps(search: Search, *, alike: bool) -> list[CTE]:
    """Three piles, each wider than the one before, and empty when that filled the page or there is no more."""
    asked = search.asked.c
    parts = {"fits": asked.query} if alike else {"fits": asked.query, "firm": asked.firm, "begun": asked.begun}
    flags = [search.text.op("@@")(select(words).scalar_subquery()).label(name) for name, words in parts.items()]
    walked = search.walk(FRESHEST, *flags).cte("walked").prefix_with("MATERIALIZED")
    near = search.newest(_fitting(walked, walked.c.fits)).cte("near")
    more = (_count(walked) == FRESHEST) & (_count(near) < _most)
    wider = search.walk(FRESHEST * WIDER, search.text.label("text")).subquery("wider")
    go_on = _shorter(search, walked)
    lately = search.newest(_fitting(wider, wider.c.text.op("@@")(search.query)), more, go_on).cte("lately")
    key = _key(search, walked, alike=alike)
    return [near, lately, *_ever(search, key, more & (_count(lately) < _most))]


def _shorter(search: Search, walked: CTE) -> ColumnElement[bool]:
    """Whether walking on to a full page is at most a third of the way of fetching every row that has the words, if
    all documents have them as often as the freshest."""
    fits = func.count().filter(walked.c.fits)
    in_all = _numbered if search.side == "support" else literal(ASSUMED)
    return select(fits * fits * ROW_COST * in_all >= 3 * _most * FRESHEST**2).select_from(walked).scalar_subquery()


def _fitting(walk: FromClause, fits: ColumnElement[bool]) -> Subquery:
    return _in_order(
        select(walk.c.updated_at, walk.c.case_id).where(fits), walk.c.updated_at, walk.c.case_id
    ).subquery()


def _key(search: Search, walked: CTE, *, alike: bool) -> CTE:
    """The words that the inverted index is asked for: all, or (``narrow``) all but the last. What begins like the last
    is read as a whole, however little of it is wanted in the end; the others alone are worth it when they are rare
    among the freshest, as a row costs as much as a dozen entries of the index."""
    asked = search.asked.c
    if alike:
        return select(asked.query.label("words"), false().label("narrow")).cte("key")
    rare = func.count().filter(walked.c.firm) * ROW_COST < func.count().filter(walked.c.begun)
    weighed = select(rare.label("rare")).select_from(walked).cte("weighed").prefix_with("MATERIALIZED")
    narrow = weighed.c.rare & asked.firm.is_not(None)
    words = case((narrow, asked.firm), else_=asked.query)
    return select(words.label("words"), narrow.label("narrow")).join_from(search.asked, weighed, true()).cte("key")


def _ever(search: Search, key: CTE, unfinished: ColumnElement[bool]) -> list[CTE]:
    """All that the inverted index has. It keeps the teams apart; but a team that has most of all documents is not asked
    for there, because its own entry is as long as the index and costs more than the words."""
    if search.side == "customer":
        return [search.newest(search.looked_up(key, search.scope), unfinished).cte("ever")]
    all_documents = select(_statistics.c.reltuples).where(_statistics.c.oid == func.to_regclass("documents"))
    dominant = select((2 * _numbered > all_documents.scalar_subquery()).label("dominant")).cte("dominance")
    alone = select(dominant.c.dominant).scalar_subquery()
    hidden = [documents.c.team_id.concat("") == team, *search.scope[1:]]  # no index answers that
    return [
        search.newest(search.looked_up(key, search.scope), unfinished, ~alone).cte("ever"),
        search.newest(search.looked_up(key, hidden), unfinished, alone).cte("everywhere"),
    ]


def _count(step: CTE) -> ColumnElement[int]:
    return select(func.count()).select_from(step).scalar_subquery()


def _with_texts(line: Sequence[Any], search: Search, ids: FromClause, *, alike: bool) -> FromClause:
    """The rows, each with what an excerpt is made of: the parts of its text in which the words seem to stand, or the
    beginnings, and its language; and what was looked for in the end (``meant``), ``guessed`` or not."""
    seems = _seems_to_stand(comments.c.body)
    said = (
        select(_around(comments.c.body, seems, QUOTED_OF_EACH).label("body"))
        .where(
            comments.c.case_id == cases.c.id,
            comments.c.visibility == any_(bindparam("kinds", type_=ARRAY(Text))),
            comments.c.retracted_at.is_(None),
        )
        .order_by(seems == 0, comments.c.created_at)
        .limit(QUOTED_COMMENTS)
        .correlate(cases)
        .subquery("spoken")
    )
    spoken = select(func.string_agg(said.c.body, "\n")).correlate(cases).scalar_subquery()
    described = _around(cases.c.description, _seems_to_stand(cases.c.description), DESCRIBED)
    plain = func.concat_ws("\n", cases.c.title, described, spoken).label("plain")
    meant = [cast(search.query, Text).label("meant"), literal(alike, Boolean()).label("guessed")]
    told = (ids.c.found_at, plain, cases.c.language, *meant)
    return visible(*line, *told, side=search.side).join(ids, ids.c.id == cases.c.id).subquery("page")


def _seems_to_stand(text: ColumnElement[str]) -> ColumnElement[int]:
    """Where the first of the words seems to be; 0: nowhere."""
    return func.regexp_instr(text, bindparam("near", type_=Text()), 1, 1, 0, "i", type_=Integer())


def _around(text: ColumnElement[str], place: ColumnElement[int], most: int) -> ColumnElement[str]:
    return func.substr(text, func.greatest(1, place - LEADING), most)


def excerpts(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> list[list[c.PassageView]]:
    """Where in these rows the words were found."""
    if not rows:
        return []
    wanted = rules.sought(rows[0].meant)
    quotes = rules.quoted([(row.plain, row.language) for row in rows], wanted)
    unsure = {
        (quote.language, word)
        for quote in quotes
        if quote.language in LANGUAGES
        for word, _, _ in quote.near
        if wanted.word(word) is None
    }
    # What was guessed are words as they are written.
    stems = _stems(uow, unsure) if unsure and not rows[0].guessed else {}
    return [rules.excerpt(quote, wanted, stems) for quote in quotes]


def _stems(uow: UnitOfWork, pairs: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The stems of words in their languages; fillers have none."""
    keys, spelt = zip(*sorted(pairs), strict=True)
    values = {"keys": list(keys), "names": [LANGUAGES[key] for key in keys], "spelt": list(spelt)}
    return {(row.key, row.word): row.stem for row in uow.all(_STEMS, values)}
