"""What search knows of the cases, own views, and what was read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, text, update

from services.cases import queries
from services.cases.tables import views
from services.chassis.ids import new_id
from services.chassis.messages import Absent
from services.chassis.problems import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

BATCH = 200
MOST_VIEWS = 50

# Words are letters and digits, everything else parts them, in documents as in searches. They stand there as they are
# written (for beginnings and slips of the pen) and as the language stems them, for the staff all that twice: so 360 kB
# of text stay below the megabyte that PostgreSQL allows. Letters have one to four bytes. No case is locked meanwhile.
_READ = text("""
WITH heard AS (
    DELETE FROM unindexed WHERE id IN (SELECT id FROM unindexed ORDER BY id DESC LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING case_id
), batch AS (
    SELECT cases.id, cases.team_id, organization_id, updated_at, version, number, title, description,
        left(COALESCE(language, teams.profile ->> 'locale'), 2) AS language
    FROM cases JOIN teams ON teams.team_id = cases.team_id WHERE cases.id IN (SELECT case_id FROM heard)
), texts AS (
    SELECT batch.*, CASE language WHEN 'sv' THEN 'swedish' WHEN 'nb' THEN 'norwegian' WHEN 'da' THEN 'danish'
            ELSE 'english' END::regconfig AS config,
        regexp_replace(concat_ws(' ', number, title, description, said.public), '[^[:alnum:]]+', ' ', 'g') AS shown,
        regexp_replace(COALESCE(said.internal, ''), '[^[:alnum:]]+', ' ', 'g') AS hidden
    FROM batch CROSS JOIN LATERAL (
        SELECT left(string_agg(body, ' ' ORDER BY created_at) FILTER (WHERE visibility = 'public'), 400000) AS public,
            left(string_agg(body, ' ' ORDER BY created_at) FILTER (WHERE visibility = 'internal'), 200000) AS internal
        FROM comments WHERE case_id = batch.id AND retracted_at IS NULL
    ) AS said
), cut AS (
    SELECT id, team_id, organization_id, updated_at, version, language, config,
        left(shown, CASE WHEN octet_length(left(shown, 240000)) <= 240000 THEN 240000
            WHEN octet_length(left(shown, 120000)) <= 240000 THEN 120000 ELSE 60000 END) AS shown,
        left(hidden, CASE WHEN octet_length(left(hidden, 120000)) <= 120000 THEN 120000
            WHEN octet_length(left(hidden, 60000)) <= 120000 THEN 60000 ELSE 30000 END) AS hidden
    FROM texts
), vectors AS (
    SELECT id, team_id, organization_id, updated_at, version, language,
        strip(to_tsvector('simple', shown)) AS plain, strip(to_tsvector('simple', hidden)) AS inside,
        strip(to_tsvector(config, shown)) AS stems, strip(to_tsvector(config, hidden)) AS inner_stems
    FROM cut
), learned AS (
    INSERT INTO words (team_id, word)
    SELECT DISTINCT team_id, word FROM vectors, unnest(tsvector_to_array(plain || inside)) AS word
    WHERE word ~ '^[[:alpha:]]{4,30}$' ORDER BY team_id, word
    ON CONFLICT DO NOTHING
)
INSERT INTO documents (case_id, team_id, organization_id, updated_at, version, language, shown, whole)
SELECT id, team_id, organization_id, updated_at, version, language,
    plain || stems, plain || stems || inside || inner_stems FROM vectors
ON CONFLICT (case_id) DO UPDATE SET team_id = excluded.team_id, organization_id = excluded.organization_id,
    updated_at = excluded.updated_at, version = excluded.version, language = excluded.language,
    shown = excluded.shown, whole = excluded.whole
WHERE documents.version <= excluded.version
""")


def index_cases(uow: UnitOfWork, most: int = BATCH) -> None:
    """Let search know of what changed, the freshest first. A case that changes meanwhile is on the list once more."""
    uow.run(_READ, {"most": most})


def mark_read(uow: UnitOfWork, ask: c.MarkRead) -> c.ReadMarkerView:
    """Raises NotFound."""
    return c.ReadMarkerView(case_id=ask.case_id, read_at=queries.finding.mark(uow, ask))


def mark_unread(uow: UnitOfWork, ask: c.MarkUnread) -> c.ReadMarkerView:
    """Raises NotFound."""
    queries.finding.unmark(uow, ask)
    return c.ReadMarkerView(case_id=ask.case_id, read_at=None)


def add_view(uow: UnitOfWork, ask: c.AddView) -> c.OwnView:
    """Raises NotFound, Malformed ``not_offered`` for what no list answers, and Conflict ``too_many_views``."""
    queries.finding.must_be_offered(uow, ask.team_id, ask.filters, ask.sort)
    if queries.finding.count(uow, ask.team_id) >= MOST_VIEWS:
        raise Conflict("too_many_views", f"Keep at most {MOST_VIEWS} views.")
    view = c.OwnView(id=new_id("view"), name=ask.name, built_in=False, filters=ask.filters, sort=ask.sort, version=1)
    uow.run(insert(views).values(team_id=ask.team_id, user_id=uow.actor.user_id, **_row(view)))
    return view


def change_view(uow: UnitOfWork, ask: c.ChangeView) -> c.OwnView:
    """Raises NotFound, Malformed ``not_offered``, PreconditionFailed."""
    known = queries.finding.one(uow, ask.team_id, ask.view_id, to_change=True)
    assert known.version is not None  # noqa: S101 - only built-in views have none
    uow.must_match(known.version)
    name = known.name if isinstance(ask.name, Absent) else ask.name
    filters = known.filters if isinstance(ask.filters, Absent) else ask.filters
    sort = known.sort if isinstance(ask.sort, Absent) else ask.sort
    queries.finding.must_be_offered(uow, ask.team_id, filters, sort)
    version = known.version + 1
    view = c.OwnView(id=known.id, name=name, built_in=False, filters=filters, sort=sort, version=version)
    uow.run(update(views).where(views.c.id == view.id).values(**_row(view)))
    return view


def _row(view: c.OwnView) -> dict[str, Any]:
    return {
        "id": view.id,
        "name": view.name,
        "filters": view.filters.dump(),
        "sort": view.sort,
        "version": view.version,
    }


def remove_view(uow: UnitOfWork, ask: c.RemoveView) -> c.GoneView:
    """Of mine only; somebody else's is not there for me."""
    mine = (views.c.user_id == uow.actor.user_id, views.c.team_id == ask.team_id)
    queries.finding.one(uow, ask.team_id, ask.view_id, to_change=True)
    uow.run(delete(views).where(views.c.id == ask.view_id, *mine))
    return c.GoneView()
