"""The one case behind a key: the other place that knows who may see which case. Nobody is looked up here by a login."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import LargeBinary, Row, Select, Text, any_, bindparam, exists, func, literal, or_, select

from services.cases import rules
from services.cases.queries import attempts
from services.cases.queries.sight import POLICY, READS, READS_ALL, mine, team
from services.cases.queries.single import (
    AS_READ,
    START,
    WATCHING,
    conversation,
    locked,
    one,
    people_around,
    stand_around,
)
from services.cases.rules import Policy, Reader
from services.cases.tables import Case, access_keys, case_contacts, cases, memberships, organizations, teams
from services.chassis.actor import Actor
from services.chassis.messages import hints
from services.chassis.problems import NotFound, Unauthenticated
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

FIRST_COMMENTS = 100
_WIDTH = len(cases.c)
_NAME = teams.c.name.label("team_name")


# What was merged into a case is shown to its contact where it was his, too.
_joined = cases.alias("joined")
_pairs = select(func.json_agg(func.json_build_array(_joined.c.id, _joined.c.number))).where(
    _joined.c.merged_into == cases.c.id, _joined.c.contact_id == cases.c.contact_id
)
_MERGED = _pairs.correlate(cases).scalar_subquery().label("merged")


def _behind(*where: Any, to_change: bool = False) -> Select[Any]:
    more = (*people_around(), AS_READ) if to_change else ()
    found = select(*cases.c, POLICY, _NAME, WATCHING, _MERGED, *more).where(teams.c.team_id == cases.c.team_id, *where)
    return found.with_for_update(of=cases) if to_change else found


# A member's key speaks in his name, so it ends with his place; somebody without a login has none to lose.
_still_there = or_(
    *(cases.c.contact_id.startswith(kind, autoescape=True) for kind in rules.WITHOUT_LOGIN),
    exists().where(
        memberships.c.user_id == cases.c.contact_id,
        memberships.c.team_id == cases.c.team_id,
        memberships.c.organization_id == cases.c.organization_id,
        memberships.c.active,
        any_(memberships.c.permissions) == READS,
    ),
)
_source, _into = cases.alias("source"), cases.alias("into")
# A key to a case that was merged opens the one that goes on, as long as that has the same contact.
_goes_on = select(_into.c.id).where(
    _source.c.id == access_keys.c.case_id,
    _into.c.id == _source.c.merged_into,
    _into.c.contact_id == _source.c.contact_id,
)
_opened = (
    access_keys.c.key_hash == bindparam("key_hash", type_=LargeBinary()),
    access_keys.c.ended_at.is_(None),
    cases.c.id == func.coalesce(_goes_on.correlate(access_keys).scalar_subquery(), access_keys.c.case_id),
    _still_there,
)
_BY_KEY, _BY_KEY_TO_CHANGE = _behind(*_opened), _behind(*_opened, to_change=True)
_BY_CONTACT = _behind(
    case_contacts.c.case_id == bindparam("case_id", type_=Text()),
    case_contacts.c.contact_id == bindparam("contact_id", type_=Text()),
    cases.c.id == case_contacts.c.case_id,
    cases.c.team_id == team,
    to_change=True,
)


class Behind(NamedTuple):
    """A case behind a key: the unit of work in the name of its contact, the case as he sees it, the team's name."""

    uow: UnitOfWork
    reader: Reader
    team: str


def behind_key(uow: UnitOfWork, *, to_change: bool = False) -> Behind:
    """The case that the caller's key opens. The key is looked up first, so that the right one opens whatever was tried
    before. Raises WrongKey, and TooManyTries for who has tried too many that open nothing."""
    shown = bytes.fromhex(uow.actor.session_id) if uow.actor.kind == "key" else b""
    values = {"key_hash": shown}
    row = locked(uow, _BY_KEY_TO_CHANGE, values) if to_change else uow.first(_BY_KEY, values)
    found = None if row is None else _in_his_name(uow, row)
    if found is None:
        spent = attempts.count(uow, [rules.wrong_keys(str(uow.context.more.get("ip", "")))])
        if spent is not None:
            raise rules.TooManyTries(**rules.too_many(spent, uow.now))
        raise rules.WrongKey()
    return found


def behind_address(uow: UnitOfWork, team_id: str, case_id: str, contact_id: str) -> Behind:
    """The same for somebody without a login who answered a mail about his case. Raises NotFound."""
    row = locked(uow, _BY_CONTACT, {"team_id": team_id, "case_id": case_id, "contact_id": contact_id})
    found = None if row is None else _in_his_name(uow, row)
    if found is None:
        raise NotFound()
    return found


def _in_his_name(uow: UnitOfWork, row: Row[Any]) -> Behind | None:
    case = Case(*row[:_WIDTH])
    policy, name, watching, merged, *around = row[_WIDTH:]
    if not rules.opens(case, policy, uow.now):
        return None
    standing = rules.at_the_door(case.contact_name, case.organization_id, policy)
    reader = Reader(case, standing, policy, [(user_id, follower) for user_id, follower in watching or []])
    reader.merged = [(case_id, number) for case_id, number in merged or []]
    if around:
        stand_around(reader, around[:3]).before = Case(*row[:_WIDTH])
    return Behind(in_the_name_of(uow, case.contact_id), reader, name)


def in_the_name_of(uow: UnitOfWork, contact_id: str) -> UnitOfWork:
    """The same unit of work (transaction, outbox), as the contact of a case."""
    return replace(uow, context=replace(uow.context, actor=Actor("key", contact_id)))


def read_opened_case(uow: UnitOfWork, ask: c.ReadOpenedCase) -> c.OpenedCaseView:
    """What whoever holds the key sees."""
    return opened_view(behind_key(uow))


def read_key_holder(uow: UnitOfWork, _ask: c.ReadKeyHolder) -> c.KeyHolderView:
    """Asked before files are taken: a key that only reads adds none. Raises as ``behind_key``, Forbidden, Conflict."""
    reader = behind_key(uow).reader
    rules.must_be_able(reader, "case.comment")
    case = reader.case
    return c.KeyHolderView(team_id=case.team_id, case_id=case.id, contact_id=case.contact_id)


_SHOWN = tuple(name for name in Case.__slots__ if name in hints(c.OpenedCaseView))


def opened_view(behind: Behind) -> c.OpenedCaseView:
    """The case behind a key, with its public conversation."""
    uow, reader, name = behind
    case = reader.case
    said, _ = conversation(uow, reader, START, FIRST_COMMENTS)
    return c.OpenedCaseView(
        **{field: getattr(case, field) for field in _SHOWN},
        team=name,
        contact=case.contact_name,
        assignee=case.assignee_name,
        pending_confirmation=case.confirmation == "pending",
        comments=[opened_comment(comment) for comment in said],
        permissions=rules.able(reader, uow.now),
    )


def opened_comment(row: Any) -> c.OpenedCommentLine:
    """A comment without ids; ``row`` is a CommentView or has the columns of ``comments``."""
    author = row.author.name if isinstance(row, c.CommentView) else row.author_name
    return c.OpenedCommentLine(
        author=author, side=row.side, body=row.body, channel=row.channel, created_at=row.created_at
    )


# --- the keys themselves ----------------------------------------------------------------------------------------------

_KEYS = select(
    access_keys.c.id,
    access_keys.c.case_id,
    access_keys.c.created_by,
    access_keys.c.created_at,
    access_keys.c.ended_at,
).order_by(access_keys.c.id.desc())


def list_access_keys(uow: UnitOfWork, ask: c.ListAccessKeys) -> c.AccessKeyPage:
    """Raises NotFound, Forbidden ``not_permitted``."""
    reader = one(uow, ask)
    rules.must_be_able(reader, "key.manage")
    wanted = _KEYS.where(access_keys.c.case_id == reader.case.id).limit(ask.limit + 1)
    rows = uow.all(wanted.where(access_keys.c.id < ask.cursor) if ask.cursor else wanted)
    page = [c.AccessKeyView(**row._asdict()) for row in rows[: ask.limit]]
    return c.AccessKeyPage(data=page, next_cursor=page[-1].id if len(rows) > ask.limit else None)


_CONTACT = select(case_contacts).where(case_contacts.c.case_id == bindparam("case_id"))


def contact_of(uow: UnitOfWork, case_id: str) -> Row[Any] | None:
    """Who asked without a login; None for the cases of everybody else."""
    return uow.first(_CONTACT, {"case_id": case_id})


# --- the door ---------------------------------------------------------------------------------------------------------

_DOOR = select(organizations.c.organization_id, teams.c.profile.label("policy")).where(
    teams.c.team_id == team, organizations.c.team_id == teams.c.team_id, organizations.c.kind == "anonymous"
)


def door(uow: UnitOfWork, team_id: str) -> tuple[str, Policy]:
    """The organization that cases without a login belong to, and the team's profile. Raises Unauthenticated where the
    door is shut or no team is: from outside one looks like the other."""
    row = uow.first(_DOOR, {"team_id": team_id})
    if row is None or not row.policy["intake"]["anonymous"]:
        raise Unauthenticated("token_missing", "Sign in to register a case here.")
    return row.organization_id, row.policy


_open_door = select(teams.c.team_id).where(teams.c.team_id == team, teams.c.profile["intake"]["anonymous"].as_boolean())
_inside = select(mine.c.user_id).where(
    mine.c.team_id == team, mine.c.user_id == bindparam("me", type_=Text()), mine.c.active
)
_DESK = (
    select(memberships.c.user_id, memberships.c.name)
    .where(
        memberships.c.team_id == team,
        memberships.c.organization_id.is_(None),
        memberships.c.active,
        any_(memberships.c.permissions) == READS_ALL,
        memberships.c.user_id > bindparam("after", type_=Text()),
        or_(_open_door.exists(), _inside.exists()),
    )
    .order_by(memberships.c.user_id)
)


def list_representatives(uow: UnitOfWork, ask: c.ListRepresentatives) -> c.RepresentativePage:
    """Staff by name, for the form; an empty list where the caller may not know them."""
    values = {"team_id": ask.team_id, "me": uow.actor.user_id, "after": ask.cursor or ""}
    rows = uow.all(_DESK.limit(literal(ask.limit + 1)), values)
    page = [c.PersonView(id=row.user_id, name=row.name) for row in rows[: ask.limit]]
    return c.RepresentativePage(data=page, next_cursor=page[-1].id if len(rows) > ask.limit else None)
