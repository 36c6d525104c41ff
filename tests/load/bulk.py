"""Many cases at once, straight into the tables of cases: what a desk looks like after years.

The shape is that of a real desk, and always the same for the same numbers:

- the desk grows with its customers: ten organizations for every thousand cases, their sizes by Zipf (34 to 341 cases);
  the one that asks over HTTP has one in sixteen of the first 10,000 cases and no more later;
- one language per organization (English at home, then English, Swedish, Norwegian and Danish in turn); texts of 20 to
  120 words from 4,000 per language, by Zipf: some words stand in most cases, most in few (``vocabulary.py``);
- arrived evenly over two years; of those older than a month 97 in 100 are closed, of the others 40: 5 in 100 are open;
- 0 to 6 comments each, two on average, one of support's in four internal; tags on one case in ten;
- cases spread over 20 desks, an eighth of the open ones on nobody's: the pile.

PostgreSQL makes the rows itself, from numbers and a few thousand prepared texts whose words are known already, while
indexes and foreign keys are away; so a million takes minutes. Nobody else may use the database meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg2.extras import execute_values

from services.chassis.unit_of_work import Work
from tests.load.vocabulary import LANGUAGES, Writer

CHUNK, HANDS = 25_000, 2
HOME_SHARE, HOME_UNTIL = 16, 10_000  # one in so many of the first so many cases
GROWN = ("cases", "comments", "documents", "tags")
Show = Callable[[str], None]  # hears what is being done

# For this connection only: durability is of no use here, a limit neither.
_OPEN = """
SET statement_timeout = 0; SET lock_timeout = 0; SET synchronous_commit = off; SET maintenance_work_mem = '512MB';
CREATE FUNCTION pg_temp.pick(n bigint, of_what int, most int) RETURNS int LANGUAGE sql IMMUTABLE
    RETURN mod(hashint8extended(n, of_what) & 2147483647, most)::int;
CREATE FUNCTION pg_temp.share(n bigint, of_what int) RETURNS float8 LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(n, of_what) & 1048575) / 1048576.0;
CREATE FUNCTION pg_temp.made_id(kind text, at timestamptz, n bigint) RETURNS text LANGUAGE sql STABLE
    RETURN kind || '_0' || lpad(to_hex((1000 * extract(epoch FROM at))::bigint), 11, '0') || lpad(to_hex(n), 14, '0');
"""
_TEXTS = """
DROP TABLE IF EXISTS bulk_texts, bulk_threads;
CREATE UNLOGGED TABLE bulk_texts (language text, title boolean, place int, body text, words tsvector,
    PRIMARY KEY (language, title, place));
CREATE UNLOGGED TABLE bulk_threads (language text, place int, said text[], inside boolean[], shown tsvector,
    whole tsvector, PRIMARY KEY (language, place));
"""
# ``read``: what ``commands.finding.index_cases`` makes of a text, words as they stand and as stems.
_READ = """
CREATE FUNCTION pg_temp.read(body text, language text) RETURNS tsvector LANGUAGE sql IMMUTABLE
    RETURN strip(to_tsvector('simple', regexp_replace(body, '[^[:alnum:]]+', ' ', 'g')))
        || strip(to_tsvector((CASE language WHEN 'sv' THEN 'swedish' WHEN 'nb' THEN 'norwegian' WHEN 'da' THEN 'danish'
            ELSE 'english' END)::regconfig, regexp_replace(body, '[^[:alnum:]]+', ' ', 'g')));
UPDATE bulk_texts SET words = pg_temp.read(body, language);
UPDATE bulk_threads SET shown = pg_temp.read(array_to_string(ARRAY(
        SELECT said[place] FROM generate_subscripts(said, 1) AS place WHERE NOT inside[place]), ' '), language),
    whole = pg_temp.read(array_to_string(said, ' '), language);
INSERT INTO words (team_id, word)
    SELECT DISTINCT %(team)s, word FROM (
        SELECT body FROM bulk_texts UNION ALL SELECT unnest(said) FROM bulk_threads
    ) AS texts, regexp_split_to_table(lower(body), '[^[:alnum:]]+') AS word WHERE word ~ '^[[:alpha:]]{4,30}$'
    ON CONFLICT DO NOTHING;
ANALYZE bulk_texts; ANALYZE bulk_threads;
"""
# ``n`` counts the cases of the team; everything about a case follows from it. ``begun`` .. ``ended`` are loaded
# together and arrive in this order over two years.
_CASES = """
WITH sized AS (
    SELECT n, n <= %(home_until)s AND n %% %(home_share)s = 0 AS at_home,
        n / 1000 * 10 + width_bucket(pg_temp.share(n, 1), %(sizes)s::float8[]) AS house,
        now() - interval '730 days' * (1 - (n - %(begun)s + pg_temp.share(n, 2)) / (%(ended)s - %(begun)s + 1))
            AS arrived
    FROM generate_series(%(first)s::bigint, %(last)s) AS n
), placed AS (
    SELECT *, CASE WHEN at_home THEN 'en' ELSE (%(languages)s::text[])[1 + house %% 4] END AS language,
        CASE WHEN at_home THEN %(home)s ELSE 'org_' || lpad(to_hex(house), 26, '0') END AS organization,
        least(now(), arrived - interval '60 hours' * ln(1 - pg_temp.share(n, 3))) AS changed,
        pg_temp.share(n, 4) < CASE WHEN now() - arrived > interval '30 days' THEN 0.97 ELSE 0.4 END AS closed
    FROM sized
), made AS MATERIALIZED (
    SELECT placed.*, pg_temp.made_id('case', arrived, n) AS id,
        CASE WHEN at_home AND pg_temp.pick(n, 5, 10) = 0 THEN %(customer)s
            ELSE 'user_' || lpad(to_hex(1000 * house + pg_temp.pick(n, 6, 12)), 26, '0') END AS person,
        CASE WHEN closed OR pg_temp.pick(n, 7, 8) > 0
            THEN (%(desks)s::text[])[1 + pg_temp.pick(n, 8, cardinality(%(desks)s::text[]))] END AS desk,
        titles.body AS title, texts.body AS description, titles.words AS title_words, texts.words AS words,
        threads.said, threads.inside, threads.shown, threads.whole
    FROM placed
    JOIN bulk_texts AS titles ON titles.language = placed.language AND titles.title
        AND titles.place = pg_temp.pick(n, 9, %(texts)s)
    JOIN bulk_texts AS texts ON texts.language = placed.language AND NOT texts.title
        AND texts.place = pg_temp.pick(n, 10, %(texts)s)
    JOIN bulk_threads AS threads ON threads.language = placed.language
        AND threads.place = pg_temp.pick(n, 11, %(texts)s)
    ORDER BY n
), opened AS (
    INSERT INTO cases (id, team_id, number, organization_id, title, description, type, priority, product, fields,
        status, visibility, charge, level, created_by, created_by_name, contact_id, contact_name, owner_id, owner_name,
        assignee_id, assignee_name, confirmation, closed_at, created_at, updated_at, version, priority_rank, queue_id,
        next_due_at, follow_up_at, language)
    SELECT id, %(team)s, 'BULK-' || lpad(n::text, 7, '0'), organization, title, description, %(type)s, %(priority)s,
        %(product)s, '{}', CASE WHEN closed THEN (ARRAY['cancelled', 'closed'])[1 + (pg_temp.pick(n, 12, 50) > 0)::int]
            ELSE (ARRAY['new', 'open', 'open', 'waiting_customer', 'answered'])[1 + pg_temp.pick(n, 13, 5)] END,
        'organization', 'included', 1 + pg_temp.pick(n, 14, 5) / 4, person, 'Ada Lind', person, 'Ada Lind', person,
        'Ada Lind', desk, CASE WHEN desk IS NOT NULL THEN 'Bo Ek' END, 'none', CASE WHEN closed THEN changed END,
        arrived, changed, 1, pg_temp.pick(n, 15, 4), 'queue_' || lpad(pg_temp.pick(n, 16, 6)::text, 26, '0'),
        CASE WHEN NOT closed AND pg_temp.pick(n, 17, 4) > 0 THEN changed + interval '40 hours' END,
        CASE WHEN NOT closed AND pg_temp.pick(n, 18, 6) = 0 THEN changed + interval '7 days' END, language
    FROM made
), known AS (
    INSERT INTO documents (case_id, team_id, organization_id, updated_at, version, language, shown, whole)
    SELECT id, %(team)s, organization, changed, 1, language, numbered || title_words || words || shown,
        numbered || title_words || words || whole
    FROM made, LATERAL (SELECT array_to_tsvector(ARRAY['bulk', lpad(n::text, 7, '0')]) AS numbered) AS also
), tagged AS (
    INSERT INTO tags (case_id, tag, team_id, arrived_at)
    SELECT id, 'tag-' || pg_temp.pick(n, 19, 30), %(team)s, arrived FROM made WHERE pg_temp.pick(n, 20, 10) = 0
)
INSERT INTO comments (id, case_id, author_id, author_name, side, body, visibility, channel, created_at)
SELECT pg_temp.made_id('cmt', said_at, 8 * n + place), id, CASE support WHEN true THEN coalesce(desk, %(agent)s) ELSE
        person END, 'Bo Ek', CASE support WHEN true THEN 'support' ELSE 'customer' END, body,
    CASE internal WHEN true THEN 'internal' ELSE 'public' END, 'portal', said_at
FROM made, unnest(said, inside) WITH ORDINALITY AS spoken (body, internal, place),
    LATERAL (
        SELECT place %% 2 = 1 AS support, arrived + (changed - arrived) * place / cardinality(said) AS said_at
    ) AS at
"""
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = current_schema AND tablename = ANY(%(tables)s)
    AND indexname NOT IN (SELECT conname FROM pg_constraint)
ORDER BY indexdef LIKE '%%USING gin%%' DESC, tablename
"""
_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid::regclass::text = ANY(%(tables)s)
"""


@dataclass
class Team:
    """Whose cases they are. ``home`` and ``customer`` are real: somebody who can ask for them over HTTP."""

    id: str
    home: str
    customer: str
    agent: str
    type: str
    priority: str | None
    product: str | None


class Bulk:
    """Grows a team. ``texts``: how many of each kind and language there are to choose from."""

    def __init__(self, work: Work, team: Team, *, texts: int = 4_000) -> None:
        self.work, self.texts, self.made = work, texts, 0
        weights = [1 / place for place in range(1, 11)]
        sizes = [sum(weights[:place]) / sum(weights) for place in range(1, 10)]
        desks = [team.agent, *(f"user_desk{place:022}" for place in range(19))]
        self.values = {
            "team": team.id, "home": team.home, "customer": team.customer, "agent": team.agent, "type": team.type,
            "priority": team.priority, "product": team.product, "texts": texts, "sizes": sizes, "desks": desks,
            "languages": list(LANGUAGES), "home_share": HOME_SHARE, "home_until": HOME_UNTIL,
        }  # fmt: skip

    def load(self, total: int, show: Show = lambda told: None) -> None:
        """Grow to this many cases, known to search; statistics are fresh afterwards."""
        if not self.made:
            show("writing texts")
            self._write()
        with self._bare(show):
            begun, self.made = self.made + 1, total
            spans = [(first, min(first + CHUNK - 1, total)) for first in range(begun, total + 1, CHUNK)]
            values = self.values | {"begun": begun, "ended": total}
            rows = [(_CASES, values | {"first": first, "last": last}) for first, last in spans]
            self._do(rows, lambda done: show(_bar(done, len(rows), "rows")))
            self._do([("UPDATE teams SET last_number = last_number + %(ended)s WHERE team_id = %(team)s", values)])
        show("gathering statistics")
        self._do([(f"VACUUM (ANALYZE) {table}", {}) for table in (*GROWN, "words")])

    def _write(self) -> None:
        """The texts that cases are put together from; they stay for the next size."""
        with self._connection() as cursor:
            cursor.execute(_TEXTS)
            for language in LANGUAGES:
                writer, places = Writer(language), range(self.texts)
                texts = [(language, True, place, writer.line(3, 8)) for place in places]
                texts += [(language, False, place, writer.text(2, 4)) for place in places]
                execute_values(cursor, "INSERT INTO bulk_texts VALUES %s", texts, page_size=1_000)
                threads = [(language, place, *_thread(writer)) for place in places]
                template = "(%s, %s, %s::text[], %s::boolean[])"
                execute_values(cursor, "INSERT INTO bulk_threads VALUES %s", threads, template, page_size=1_000)
            cursor.execute(_READ, self.values)

    @contextmanager
    def _bare(self, show: Show) -> Iterator[None]:
        """The tables without indexes and foreign keys while the block lasts."""
        tables = {"tables": list(GROWN)}
        with self._connection() as cursor:
            cursor.execute(_INDEXES, tables)
            indexes = cursor.fetchall()
            cursor.execute(_KEYS, tables)
            keys = cursor.fetchall()
            for table, name, _ in keys:
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            for name, _ in indexes:
                cursor.execute(f"DROP INDEX {name}")
        yield
        made: list[tuple[str, dict[str, Any]]] = [(told, {}) for _, told in indexes]
        self._do(made, lambda done: show(_bar(done, len(made), "indexes")))
        self._do([(f"ALTER TABLE {table} ADD CONSTRAINT {name} {told}", {}) for table, name, told in keys])

    def _do(self, statements: Sequence[tuple[str, dict[str, Any]]], show: Callable[[int], object] = id) -> None:
        """Run these, ``HANDS`` at a time."""

        def run(one: tuple[str, dict[str, Any]]) -> None:
            with self._connection() as cursor:
                cursor.execute(*one)

        with ThreadPoolExecutor(HANDS) as pool:
            for done, _ in enumerate(pool.map(run, statements), 1):
                show(done)

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """A cursor on a connection of its own: what is set there goes with it."""
        connection: Any = self.work.engine.raw_connection()
        try:
            connection.detach()
            with connection.cursor() as cursor:
                cursor.execute(_OPEN)
                yield cursor
        finally:
            connection.close()


def _bar(done: int, total: int, what: str) -> str:
    return f"[{'#' * (20 * done // total):<20}] {100 * done // total} % of the {what}"


def _thread(writer: Writer) -> tuple[list[str], list[bool]]:
    """What was said on a case, and what of it was internal: support and the customer in turns."""
    count = writer.chance.choice((0, 0, 1, 1, 2, 3, 3, 6))
    said = [writer.text(1, 2) for _ in range(count)]
    return said, [place % 2 == 0 and writer.chance.random() < 0.25 for place in range(count)]
