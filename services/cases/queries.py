"""Every SELECT of the cases service. Statements are built once; only their values change.

``visible`` is the one place that knows who may see which case; the one place that knows who is told of it is
``rules.audience``. A reader's standing, the team's policy and the people around a case come with the case itself,
so that a read is two statements and a command's question is one.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from services.cases import rules
from services.cases.rules import Case, Reader, Standing
from services.cases.tables import cases, comments, followers, memberships, organizations, teams
from services.chassis.problems import Conflict, Forbidden, Invalid, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

FIRST_COMMENTS = 50
_START = (datetime(1, 1, 1, tzinfo=UTC), "")  # before every comment
_ENDED = ("closed", "cancelled")

_me: ColumnElement[str] = bindparam("me", type_=Text())
_team: ColumnElement[str] = bindparam("team_id", type_=Text())
_mine = memberships.alias("mine")
# What of a profile decides about a case that exists; the long rest stays in the database.
_POLICY = teams.c.profile.op("-")(
    literal(["types", "topics", "products", "help", "labels", "guidance", "clocks", "calendars"], ARRAY(Text))
).label("policy")


def visible(*columns: Any) -> Select[Any]:
    """The cases ``me`` may see in ``team_id``: the one place that knows.

    Staff see every case of their team. A customer sees cases of organizations he is an active member of, with
    ``case.read``: ``organization`` all of them; ``participants`` as creator, contact, owner or follower; ``private`` as
    creator or contact. Private beats every customer-side role. A missing fact hides.
    """
    following = exists().where(followers.c.case_id == cases.c.id, followers.c.user_id == _me)
    taking_part = and_(cases.c.visibility == "participants", or_(cases.c.owner_id == _me, following))
    as_customer = and_(
        _mine.c.organization_id == cases.c.organization_id,
        _mine.c.permissions.any("case.read"),
        or_(
            cases.c.visibility == "organization",
            cases.c.created_by == _me,
            cases.c.contact_id == _me,
            taking_part,
        ),
    )
    return select(*columns).where(
        cases.c.team_id == _team,
        _mine.c.user_id == _me,
        _mine.c.team_id == _team,
        _mine.c.active,
        or_(_mine.c.organization_id.is_(None), as_customer),
    )


def _people_around() -> tuple[ScalarSelect[Any], ScalarSelect[Any]]:
    """Who of the customer side may still see the organization's cases, and the support side's active people."""
    member, agent = memberships.alias("member"), memberships.alias("agent")
    watching = select(followers.c.user_id).where(followers.c.case_id == cases.c.id).correlate(cases)
    present = select(func.array_agg(member.c.user_id)).where(
        member.c.team_id == cases.c.team_id,
        member.c.organization_id == cases.c.organization_id,
        member.c.active,
        member.c.permissions.any("case.read"),
        or_(member.c.user_id.in_([cases.c.created_by, cases.c.contact_id, cases.c.owner_id]), member.c.user_id.in_(watching)),
    )
    desk = select(func.array_agg(agent.c.user_id)).where(
        agent.c.team_id == cases.c.team_id, agent.c.organization_id.is_(None), agent.c.active
    )
    return present.correlate(cases).scalar_subquery(), desk.correlate(cases).scalar_subquery()


def _one(*where: Any, to_change: bool = False) -> Select[Any]:
    pair = func.json_build_array(followers.c.user_id, followers.c.name)
    watching = (
        select(func.json_agg(pair)).where(followers.c.case_id == cases.c.id).correlate(cases).scalar_subquery()
    )
    facts = [_mine.c.membership_id, _mine.c.organization_id, _mine.c.role, _mine.c.permissions, _mine.c.name]
    more = _people_around() if to_change else ()
    found = visible(*cases.c, *facts, _POLICY, watching, *more).where(teams.c.team_id == cases.c.team_id, *where)
    found = found.order_by(_mine.c.organization_id.is_not(None)).limit(1)  # who is both, speaks as staff
    return found.with_for_update(of=cases) if to_change else found


_BY_ID = _one(cases.c.id == bindparam("case_id"))
_BY_NUMBER = _one(cases.c.number == bindparam("number"))
_TO_CHANGE = _one(cases.c.id == bindparam("case_id"), to_change=True)
_WIDTH = len(cases.c)

_SAID = (
    select(*comments.c)
    .where(
        comments.c.case_id == bindparam("case_id"),
        comments.c.visibility == func.any(bindparam("kinds", type_=ARRAY(Text))),
        tuple_(comments.c.created_at, comments.c.id) > tuple_(bindparam("at"), bindparam("id")),
    )
    .order_by(comments.c.created_at, comments.c.id)
    .limit(bindparam("most"))
)

_place = func.json_build_array(
    _mine.c.membership_id, _mine.c.organization_id, _mine.c.role, _mine.c.permissions, _mine.c.name, organizations.c.name
)
_places = (
    select(func.json_agg(_place))
    .select_from(_mine.outerjoin(organizations, organizations.c.organization_id == _mine.c.organization_id))
    .where(_mine.c.user_id == _me, _mine.c.team_id == _team, _mine.c.active)
    .scalar_subquery()
    .label("places")
)
_STANDINGS = select(_places, _POLICY).where(teams.c.team_id == _team)
_STANDINGS_AND_PROFILE = select(_places, teams.c.profile.label("policy")).where(teams.c.team_id == _team)

_colleague = (
    exists()
    .where(
        memberships.c.organization_id == organizations.c.organization_id,
        memberships.c.team_id == organizations.c.team_id,
        memberships.c.active,
        memberships.c.user_id != _me,
    )
    .correlate(organizations)
)
_members = (
    select(func.json_object_agg(memberships.c.user_id, memberships.c.name))
    .where(
        memberships.c.team_id == organizations.c.team_id,
        memberships.c.organization_id == organizations.c.organization_id,
        memberships.c.active,
        memberships.c.permissions.any("case.read"),
        memberships.c.user_id == func.any(bindparam("people", type_=ARRAY(Text))),
    )
    .correlate(organizations)
    .scalar_subquery()
)
_staff = (
    select(func.array_agg(memberships.c.user_id))
    .where(
        memberships.c.team_id == organizations.c.team_id,
        memberships.c.organization_id.is_(None),
        memberships.c.active,
    )
    .correlate(organizations)
    .scalar_subquery()
)
_HOUSE = select(
    organizations.c.products, _colleague.label("colleagues"), _members.label("members"), _staff.label("desk")
).where(organizations.c.organization_id == bindparam("organization_id"), organizations.c.team_id == _team)

_AGENT = select(memberships.c.name).where(
    memberships.c.team_id == _team,
    memberships.c.organization_id.is_(None),
    memberships.c.active,
    memberships.c.user_id == bindparam("user_id"),
)
_MEMBER = select(memberships.c.name, organizations.c.products).where(
    memberships.c.team_id == _team,
    memberships.c.organization_id == bindparam("organization_id"),
    memberships.c.active,
    memberships.c.permissions.any("case.read"),
    memberships.c.user_id == bindparam("user_id"),
    organizations.c.organization_id == memberships.c.organization_id,
)


# --- one case --------------------------------------------------------------------------------------------------------


def one(uow: UnitOfWork, ask: Any, *, to_change: bool = False) -> Reader:
    """The case of ``ask`` as the actor sees it; locked when it is ``to_change``. Raises NotFound."""
    values = {"me": uow.actor.user_id, "team_id": ask.team_id, "case_id": ask.case_id}
    return _reader(uow.first(_TO_CHANGE if to_change else _BY_ID, values))


def _reader(row: Row[Any] | None) -> Reader:
    if row is None:
        raise NotFound()
    case = Case(*row[:_WIDTH])
    membership_id, organization_id, role, permissions, name, policy, watching, *around = row[_WIDTH:]
    reader = Reader(
        case=case,
        standing=Standing(membership_id, organization_id, role, permissions, name),
        policy=policy,
        followers=[(user_id, follower) for user_id, follower in watching or []],
    )
    if around:
        reader.present, reader.desk = around[0] or [], around[1] or []
    return reader


def read_case(uow: UnitOfWork, ask: c.ReadCase) -> c.CaseView:
    """One case with its first comments."""
    return view(uow, one(uow, ask))


def read_case_by_number(uow: UnitOfWork, ask: c.ReadCaseByNumber) -> c.CaseView:
    """The same, by the number people quote."""
    values = {"me": uow.actor.user_id, "team_id": ask.team_id, "number": ask.number}
    return view(uow, _reader(uow.first(_BY_NUMBER, values)))


def view(uow: UnitOfWork, reader: Reader, *, fresh: bool = False) -> c.CaseView:
    """A case as this reader sees it now, with what he may do; a ``fresh`` one has no comments to look for."""
    case = reader.case
    said, cursor = ([], None) if fresh else _conversation(uow, reader, _START, FIRST_COMMENTS)
    return c.CaseView(
        id=case.id,
        team_id=case.team_id,
        number=case.number,
        organization_id=case.organization_id,
        title=case.title,
        description=case.description,
        type=case.type,
        topic=case.topic,
        priority=case.priority if _tells_priority(reader.standing, reader.policy) else None,
        product=case.product,
        fields=case.fields,
        status=case.status,
        visibility=case.visibility,
        charge=case.charge,
        level=case.level,
        complexity=case.complexity,
        created_by=c.PersonView(id=case.created_by, name=case.created_by_name),
        contact=c.PersonView(id=case.contact_id, name=case.contact_name),
        owner=c.PersonView(id=case.owner_id, name=case.owner_name),
        assignee=_person(case.assignee_id, case.assignee_name),
        followers=[c.PersonView(id=user_id, name=name) for user_id, name in reader.followers],
        confirmation=case.confirmation,
        pending_confirmation=case.confirmation == "pending",
        reviewed_at=case.reviewed_at,
        answered_at=case.answered_at,
        closed_at=case.closed_at,
        created_at=case.created_at,
        updated_at=case.updated_at,
        comments=said,
        comments_cursor=cursor,
        permissions=rules.able(reader, uow.now),
        version=case.version,
    )


def _person(user_id: str | None, name: str | None) -> c.PersonView | None:
    return c.PersonView(id=user_id, name=name or "") if user_id else None


def _tells_priority(standing: Standing, policy: Mapping[str, Any]) -> bool:
    return standing.staff or bool(policy["priority"]["customer_sets"])


# --- comments --------------------------------------------------------------------------------------------------------


def list_comments(uow: UnitOfWork, ask: c.ListComments) -> c.CommentPage:
    """The conversation the actor may read, oldest first."""
    after = _START if ask.cursor is None else _position(ask.cursor)
    said, cursor = _conversation(uow, one(uow, ask), after, ask.limit)
    return c.CommentPage(data=said, next_cursor=cursor)


def _conversation(
    uow: UnitOfWork, reader: Reader, after: tuple[datetime, str], limit: int
) -> tuple[list[c.CommentView], str | None]:
    kinds = ["public", "internal"] if reader.standing.staff else ["public"]
    values = {"case_id": reader.case.id, "kinds": kinds, "at": after[0], "id": after[1], "most": limit + 1}
    rows = uow.all(_SAID, values)
    cursor = _cursor(rows[limit - 1].created_at, rows[limit - 1].id) if len(rows) > limit else None
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
    )


# --- lists -----------------------------------------------------------------------------------------------------------

_LINE = (
    cases.c.id,
    cases.c.number,
    cases.c.title,
    cases.c.type,
    cases.c.priority,
    cases.c.status,
    cases.c.visibility,
    cases.c.organization_id,
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
_SCOPES: dict[str, list[ColumnElement[bool]]] = {
    "all": [],
    "company": [],
    "mine": [or_(cases.c.contact_id == _me, cases.c.created_by == _me)],
    "owned": [cases.c.owner_id == _me],
    "open": [cases.c.status.not_in(_ENDED)],
    "closed": [cases.c.status == "closed"],
    "followed": [cases.c.id.in_(select(followers.c.case_id).where(followers.c.user_id == _me))],
    "assigned": [cases.c.assignee_id == _me],
}


def list_cases(uow: UnitOfWork, ask: c.ListCases) -> c.CasePage:
    """One page of a view. Raises NotFound (team or organization), Conflict ``organization_required`` and Forbidden."""
    places, policy = standings(uow, ask.team_id)
    standing, organization_id = represented(places, ask.organization_id)
    if ask.view == "assigned" and not standing.staff:
        raise Forbidden("not_permitted", "This is a view of the support team.")
    if not standing.staff and "case.read" not in standing.permissions:
        raise Forbidden("not_permitted", "You may not read this organization's cases.")
    values: dict[str, Any] = {"me": uow.actor.user_id, "team_id": ask.team_id, "most": ask.limit + 1}
    values["membership_id"] = standing.membership_id
    if organization_id is not None:
        values["organization_id"] = organization_id
    if ask.status is not None:
        values["status"] = ask.status
    if ask.cursor is not None:
        values["at"], values["before"] = _position(ask.cursor)
    hide_cancelled = not standing.staff and ask.status is None
    page = _page(ask.view, organization_id is not None, ask.status is not None, hide_cancelled, ask.cursor is not None)
    rows = uow.all(page, values)
    tells_priority = _tells_priority(standing, policy)
    last = rows[ask.limit - 1] if len(rows) > ask.limit else None
    cursor = _cursor(last.updated_at, last.id) if last else None
    return c.CasePage(data=[_line(row, tells_priority) for row in rows[: ask.limit]], next_cursor=cursor)


@cache
def _page(view: str, organization: bool, status: bool, hide_cancelled: bool, further: bool) -> Select[Any]:  # noqa: FBT001
    """The statement of one kind of page; the planner gets exactly the conditions that apply."""
    page = visible(*_LINE).where(_mine.c.membership_id == bindparam("membership_id"), *_SCOPES[view])
    if organization:
        page = page.where(cases.c.organization_id == bindparam("organization_id"))
    if status:
        page = page.where(cases.c.status == bindparam("status"))
    if hide_cancelled:
        page = page.where(cases.c.status != "cancelled")
    if further:
        page = page.where(tuple_(cases.c.updated_at, cases.c.id) < tuple_(bindparam("at"), bindparam("before")))
    return page.order_by(cases.c.updated_at.desc(), cases.c.id.desc()).limit(bindparam("most"))


def _line(row: Row[Any], tells_priority: bool) -> c.CaseLine:  # noqa: FBT001
    return c.CaseLine(
        id=row.id,
        number=row.number,
        title=row.title,
        type=row.type,
        priority=row.priority if tells_priority else None,
        status=row.status,
        visibility=row.visibility,
        organization_id=row.organization_id,
        contact=c.PersonView(id=row.contact_id, name=row.contact_name),
        owner=c.PersonView(id=row.owner_id, name=row.owner_name),
        assignee=_person(row.assignee_id, row.assignee_name),
        pending_confirmation=row.confirmation == "pending",
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def _cursor(at: datetime, last_id: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([at, last_id])).decode()


def _position(cursor: str) -> tuple[datetime, str]:
    try:
        at, last_id = orjson.loads(base64.urlsafe_b64decode(cursor))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or "\x00" in last_id:
            raise ValueError("not one of ours")
    except (binascii.Error, ValueError, TypeError) as error:
        raise Invalid.field("/cursor", "pattern", "This cursor is not one of ours.") from error
    return moment, str(last_id)


# --- people and places -----------------------------------------------------------------------------------------------


def standings(uow: UnitOfWork, team_id: str, *, whole_profile: bool = False) -> tuple[list[Standing], dict[str, Any]]:
    """The caller's active places in the team, and the team's policy. Raises NotFound when he has none there."""
    statement = _STANDINGS_AND_PROFILE if whole_profile else _STANDINGS
    row = uow.first(statement, {"me": uow.actor.user_id, "team_id": team_id})
    if row is None or not row.places:
        raise NotFound()
    return [Standing(*place) for place in row.places], cast(dict[str, Any], row.policy)


def represented(places: list[Standing], organization_id: str | None) -> tuple[Standing, str | None]:
    """For whom the caller speaks: staff for any organization of the team, a customer for one of his own.

    Raises NotFound for an organization that is not his and Conflict ``organization_required`` when he must choose.
    """
    staff = next((place for place in places if place.staff), None)
    if staff is not None:
        return staff, organization_id
    known = [place for place in places if place.organization_id == organization_id or organization_id is None]
    if not known:
        raise NotFound()
    if len(known) > 1:
        raise must_choose(known)
    return known[0], known[0].organization_id


def must_choose(places: list[Standing]) -> Conflict:
    """The refusal that asks whom the caller represents."""
    choices = [{"id": place.organization_id, "name": place.organization_name} for place in places if not place.staff]
    return Conflict("organization_required", "Say which organization you represent.", extra={"choices": choices})


def house(uow: UnitOfWork, team_id: str, organization_id: str, people: list[str]) -> Row[Any]:
    """An organization's ``products``, whether the caller has ``colleagues`` there, the names of those ``people`` who are
    active ``members``, and the team's ``desk``. Raises NotFound."""
    values = {"me": uow.actor.user_id, "team_id": team_id, "organization_id": organization_id, "people": people}
    row = uow.first(_HOUSE, values)
    if row is None:
        raise NotFound()
    return row


def agent_name(uow: UnitOfWork, team_id: str, user_id: str) -> str | None:
    """The name of one of the team's active staff; None when he is not."""
    row = uow.first(_AGENT, {"team_id": team_id, "user_id": user_id})
    return None if row is None else str(row.name)


def member(uow: UnitOfWork, case: Case, user_id: str) -> Row[Any] | None:
    """``name`` of an active member of the case's organization who may read cases, and the organization's ``products``."""
    values = {"team_id": case.team_id, "organization_id": case.organization_id, "user_id": user_id}
    return uow.first(_MEMBER, values)
