"""One case, with everything that decides about it, and its conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Integer,
    Row,
    ScalarSelect,
    Select,
    Text,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.cases import rules
from services.cases.queries.paging import cursor_of, position_of
from services.cases.queries.sight import FOLLOWABLE, POLICY, READS, READS_ALL, me, mine, visible
from services.cases.rules import Reader, Standing
from services.cases.tables import Case, case_contacts, cases, comments, contracts, followers, memberships, tags, teams
from services.chassis.messages import hints
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

FIRST_COMMENTS = 50
START = (datetime(1, 1, 1, tzinfo=UTC), "")  # before every comment


def people_around() -> tuple[ColumnElement[Any], ...]:
    """Who of the customer side may still see the case (who asked without a login among them), the support side's
    active people, and whether following the case lets anybody see it."""
    member, agent = memberships.alias("member"), memberships.alias("agent")
    watching = select(followers.c.user_id).where(followers.c.case_id == cases.c.id).correlate(cases)
    present = select(func.array_agg(member.c.user_id)).where(
        member.c.team_id == cases.c.team_id,
        member.c.organization_id == cases.c.organization_id,
        member.c.active,
        any_(member.c.permissions) == READS,
        or_(
            member.c.user_id.in_([cases.c.created_by, cases.c.contact_id, cases.c.owner_id]),
            member.c.user_id.in_(watching),
        ),
    )
    desk = select(func.array_agg(agent.c.user_id)).where(
        agent.c.team_id == cases.c.team_id,
        agent.c.organization_id.is_(None),
        agent.c.active,
        any_(agent.c.permissions) == READS_ALL,
    )
    without_login = select(func.array_agg(case_contacts.c.contact_id)).where(case_contacts.c.case_id == cases.c.id)
    customers = func.array_cat(*[one.correlate(cases).scalar_subquery() for one in (present, without_login)])
    return customers, desk.correlate(cases).scalar_subquery(), FOLLOWABLE.label("followable")


_then = cases.alias("then")
AS_READ = select(_then.c.version).where(_then.c.id == cases.c.id).scalar_subquery().label("as_read")


def locked(uow: UnitOfWork, statement: Select[Any], values: dict[str, Any]) -> Row[Any] | None:
    """The row of a statement that locks the case and has ``AS_READ``. Who had to wait for the lock gets the case as it
    is now, and whatever stands around it as it was before he waited; so he asks once more."""
    row = uow.first(statement, values)
    waited = row is not None and row.as_read != row.version
    return uow.first(statement, values) if waited else row


def stand_around(reader: Reader, around: Sequence[Any]) -> Reader:
    """The reader with what ``people_around`` found."""
    present, desk, reader.followable = around
    reader.present, reader.desk = present or [], desk or []
    return reader


_pair = func.json_build_array(followers.c.user_id, followers.c.name)
WATCHING = select(func.json_agg(_pair)).where(followers.c.case_id == cases.c.id).correlate(cases).scalar_subquery()


def approves() -> ScalarSelect[Any]:
    """Whether the contract of the case names ``me`` among those who approve prices; null when it names nobody."""
    named = func.nullif(contracts.c.terms["quote_approvers"], literal([], JSONB))
    found = select(named.op("?", return_type=Boolean())(me)).where(
        contracts.c.organization_id == cases.c.organization_id,
        contracts.c.contract_version == cases.c.contract_version,
        cases.c.gate == "offered",
    )
    return found.correlate(cases).scalar_subquery()


_AS_STAFF = mine.c.organization_id.is_not(None)  # who is both, speaks as staff


def _one(*where: Any, to_change: bool = False, around: bool = False) -> Select[Any]:
    facts = [mine.c.membership_id, mine.c.organization_id, mine.c.role, mine.c.permissions, mine.c.name]
    joined = cases.alias("joined")
    pair_joined = func.json_build_array(joined.c.id, joined.c.number)
    merged = select(func.json_agg(pair_joined)).where(joined.c.merged_into == cases.c.id)
    tagged = select(func.array_agg(tags.c.tag)).where(tags.c.case_id == cases.c.id)
    together = (merged.correlate(cases).scalar_subquery(), tagged.correlate(cases).scalar_subquery())
    more = people_around() if to_change or around else ()
    more = (*more, AS_READ) if to_change else more
    known = (POLICY, WATCHING, *together, approves(), *more)
    found = visible(*cases.c, *facts, *known).where(teams.c.team_id == cases.c.team_id, *where)
    found = found.order_by(_AS_STAFF).limit(1)
    return found.with_for_update(of=cases) if to_change else found


_BY_ID = _one(cases.c.id == bindparam("case_id"))
_named = cases.alias("named")
# The number of a merged case leads to the one that goes on.
_BY_NUMBER = _one(
    cases.c.id
    == select(func.coalesce(_named.c.merged_into, _named.c.id))
    .where(
        _named.c.team_id == bindparam("team_id"),
        func.length(_named.c.number) == func.length(bindparam("number", type_=Text())),  # as the index has it
        _named.c.number == bindparam("number", type_=Text()),
    )
    .scalar_subquery()
)
_TO_CHANGE = _one(cases.c.id == bindparam("case_id"), to_change=True)
_WITH_PEOPLE = _one(cases.c.id == bindparam("case_id"), around=True)
_gone_into = cases.alias("gone")
_INTO = select(_gone_into.c.merged_into).where(_gone_into.c.id == bindparam("case_id")).scalar_subquery()
# Locked in the order of their ids, so that two who want the same pair wait for each other and do not block.
_PAIR = _one(or_(cases.c.id == any_(bindparam("case_ids", type_=ARRAY(Text))), cases.c.id == _INTO), to_change=True)
_PAIR = _PAIR.order_by(None).order_by(cases.c.id, _AS_STAFF).limit(None)
_WIDTH = len(cases.c)
_ONLOOKERS = (
    select(*cases.c, POLICY, WATCHING, *people_around())
    .join(teams, teams.c.team_id == cases.c.team_id)
    .where(cases.c.id == any_(bindparam("case_ids", type_=ARRAY(Text))))
    .with_for_update(of=cases, skip_locked=True)
)

_said = (
    select(*comments.c)
    .where(
        comments.c.visibility == any_(bindparam("kinds", type_=ARRAY(Text))),
        tuple_(comments.c.created_at, comments.c.id) > tuple_(bindparam("at"), bindparam("id")),
    )
    .order_by(comments.c.created_at, comments.c.id)
    .limit(bindparam("most", type_=Integer()))
)
_SAID = _said.where(comments.c.case_id == bindparam("case_id"))
_SAID_TOGETHER = _said.where(comments.c.case_id == any_(bindparam("case_ids", type_=ARRAY(Text))))
_ONE_SAID = select(*comments.c).where(
    comments.c.id == bindparam("comment_id"),
    comments.c.case_id == any_(bindparam("case_ids", type_=ARRAY(Text))),
    comments.c.visibility == any_(bindparam("kinds", type_=ARRAY(Text))),
)


# Columns that a view shows as they are, under their own name.
_ELSE = ("priority", "created_by", "complexity", "queue_id")
_SHOWN = tuple(name for name in Case.__slots__ if name in hints(c.CaseView) and name not in _ELSE)


def one(uow: UnitOfWork, ask: Any, *, to_change: bool = False) -> Reader:
    """The case of ``ask`` as the actor sees it; locked when it is ``to_change``. Raises NotFound."""
    values = {"me": uow.actor.user_id, "team_id": ask.team_id, "case_id": ask.case_id}
    row = locked(uow, _TO_CHANGE, values) if to_change else uow.first(_BY_ID, values)
    return _reader(row, uow.actor.user_id)


def with_people(uow: UnitOfWork, ask: Any) -> Reader:
    """The case of ``ask`` as the actor sees it, with the people around it. Raises NotFound."""
    values = {"me": uow.actor.user_id, "team_id": ask.team_id, "case_id": ask.case_id}
    return _reader(uow.first(_WITH_PEOPLE, values), uow.actor.user_id)


def pair(uow: UnitOfWork, ask: Any, *other_ids: str) -> dict[str, Reader]:
    """The case of ``ask``, the one it goes on as, and those others, all locked, as far as the actor sees them. Raises
    NotFound when he does not see the first."""
    values: dict[str, Any] = {"me": uow.actor.user_id, "team_id": ask.team_id, "case_id": ask.case_id}
    values["case_ids"] = [ask.case_id, *other_ids]
    rows = uow.all(_PAIR, values)
    if any(row.as_read != row.version for row in rows):  # he waited: as ``locked``
        rows = uow.all(_PAIR, values)
    found: dict[str, Reader] = {}
    for row in rows:
        found.setdefault(row.id, _reader(row, uow.actor.user_id))
    if ask.case_id not in found:
        raise NotFound()
    return found


def reader_of(uow: UnitOfWork, team_id: str, case_id: str, user_id: str) -> Reader | None:
    """The case as somebody else sees it; None when he does not."""
    row = uow.first(_BY_ID, {"me": user_id, "team_id": team_id, "case_id": case_id})
    return None if row is None else _reader(row, user_id)


def _reader(row: Row[Any] | None, me: str) -> Reader:
    if row is None:
        raise NotFound()
    case = Case(*row[:_WIDTH])
    membership_id, organization_id, role, permissions, name, policy, watching, *more = row[_WIDTH:]
    merged, tagged, approves, *around = more
    reader = Reader(
        case=case,
        standing=Standing(membership_id, organization_id, role, permissions, name),
        policy=policy,
        followers=[(user_id, follower) for user_id, follower in watching or []],
        merged=[(case_id, number) for case_id, number in merged or []],
        tags=sorted(tagged or []),
        tagged=sorted(tagged or []),
        me=me,
        approves=approves,
    )
    if around:
        stand_around(reader, around[:3]).before = Case(*row[:_WIDTH])
    return reader


def onlookers(uow: UnitOfWork, case_ids: list[str]) -> list[Reader]:
    """These cases with the people around them, locked for a timer, which is nobody and may do nothing by itself. Those
    that somebody is changing right now are left out."""
    nobody = Standing("", None, "", [], "")
    found = []
    for row in uow.all(_ONLOOKERS, {"case_ids": case_ids}):
        policy, watching, *around = row[_WIDTH:]
        pairs = [(user_id, follower) for user_id, follower in watching or []]
        reader = stand_around(Reader(Case(*row[:_WIDTH]), nobody, policy, pairs), around)
        reader.before = Case(*row[:_WIDTH])
        found.append(reader)
    return found


def read_case(uow: UnitOfWork, ask: c.ReadCase) -> c.CaseView:
    """One case with its first comments."""
    return view(uow, looked_at(uow, one(uow, ask)))


def read_case_by_number(uow: UnitOfWork, ask: c.ReadCaseByNumber) -> c.CaseView:
    """The same, by the number people quote."""
    values = {"me": uow.actor.user_id, "team_id": ask.team_id, "number": ask.number}
    return view(uow, looked_at(uow, _reader(uow.first(_BY_NUMBER, values), uow.actor.user_id)))


def looked_at(uow: UnitOfWork, reader: Reader) -> Reader:
    """Say so when the case is private and somebody else's."""
    case, me = reader.case, uow.actor.user_id
    if case.visibility == "private" and me not in (case.created_by, case.contact_id):
        uow.record(c.PrivateCaseViewed(team_id=case.team_id, case_id=case.id, number=case.number, reader_id=me))
    return reader


def view(uow: UnitOfWork, reader: Reader, *, fresh: bool = False) -> c.CaseView:
    """A case as this reader sees it now, with what he may do; a ``fresh`` one has no comments to look for."""
    case = reader.case
    said, cursor = ([], None) if fresh else conversation(uow, reader, START, FIRST_COMMENTS)
    return c.CaseView(
        **{name: getattr(case, name) for name in _SHOWN},
        complexity=case.complexity if reader.standing.staff else None,
        queue_id=case.queue_id if reader.standing.staff else None,
        priority=case.priority if tells_priority(reader.standing, reader.policy) else None,
        created_by=c.PersonView(id=case.created_by, name=case.created_by_name),
        contact=c.PersonView(id=case.contact_id, name=case.contact_name),
        owner=c.PersonView(id=case.owner_id, name=case.owner_name),
        assignee=person(case.assignee_id, case.assignee_name),
        followers=[c.PersonView(id=user_id, name=name) for user_id, name in reader.followers],
        pending_confirmation=case.confirmation == "pending",
        comments=said,
        comments_cursor=cursor,
        permissions=rules.able(reader, uow.now),
        merged_from=[number for _, number in reader.merged],
        tags=reader.tags if reader.standing.staff else [],
    )


def person(user_id: str | None, name: str | None) -> c.PersonView | None:
    return c.PersonView(id=user_id, name=name or "") if user_id else None


def tells_priority(standing: Standing, policy: Mapping[str, Any]) -> bool:
    return standing.staff or bool(policy["priority"]["customer_sets"])


def list_comments(uow: UnitOfWork, ask: c.ListComments) -> c.CommentPage:
    """The conversation the actor may read, oldest first."""
    after = START if ask.cursor is None else position_of(ask.cursor)
    said, cursor = conversation(uow, looked_at(uow, one(uow, ask)), after, ask.limit)
    return c.CommentPage(data=said, next_cursor=cursor)


def read_comment(uow: UnitOfWork, ask: c.ReadComment) -> c.CommentView:
    """Raises NotFound, also for what is not for this reader."""
    reader = looked_at(uow, one(uow, ask))
    kinds = ["public", "internal"] if reader.standing.staff else ["public"]
    case_ids = [reader.case.id, *[case_id for case_id, _ in reader.merged]]
    row = uow.first(_ONE_SAID, {"case_ids": case_ids, "kinds": kinds, "comment_id": ask.comment_id})
    if row is None:
        raise NotFound()
    return comment_view(row)


def conversation(
    uow: UnitOfWork, reader: Reader, after: tuple[datetime, str], limit: int
) -> tuple[list[c.CommentView], str | None]:
    kinds = ["public", "internal"] if reader.standing.staff else ["public"]
    values = {"case_id": reader.case.id, "kinds": kinds, "at": after[0], "id": after[1], "most": limit + 1}
    if reader.merged:
        values["case_ids"] = [reader.case.id, *[case_id for case_id, _ in reader.merged]]
    rows = uow.all(_SAID_TOGETHER if reader.merged else _SAID, values)
    return comment_page(rows, limit)


def comment_page(rows: Sequence[Any], limit: int) -> tuple[list[c.CommentView], str | None]:
    """The first of these as they are shown, and where the others begin; the rows have the columns of ``comments``."""
    cursor = cursor_of(rows[limit - 1].created_at, rows[limit - 1].id) if len(rows) > limit else None
    return [comment_view(row) for row in rows[:limit]], cursor


def comment_view(row: Any) -> c.CommentView:
    """A comment as it is shown; ``row`` has the columns of ``comments``."""
    return c.CommentView(
        id=row.id,
        case_id=row.case_id,
        author=c.PersonView(id=row.author_id, name=row.author_name),
        side=row.side,
        body=row.body,
        visibility=row.visibility,
        channel=row.channel,
        created_at=row.created_at,
        edited_at=row.edited_at,
        retracted_at=row.retracted_at,
        file_ids=list(row.file_ids),
    )
