"""Every SELECT of the notification service. What readers get begins at ``visible``; statements are built once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    LargeBinary,
    Row,
    Select,
    Text,
    all_,
    any_,
    bindparam,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, array

from services.chassis.problems import Forbidden, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import notifications as c
from services.notifications import rules
from services.notifications.tables import (
    cases,
    contacts,
    feed,
    letters,
    mails,
    memberships,
    principals_of,
    reply_tokens,
    teams,
)

me: ColumnElement[str] = bindparam("me", type_=Text())
team: ColumnElement[str] = bindparam("team_id", type_=Text())
_CASE = cases.c.case_id == bindparam("case_id", type_=Text())
_MOST: ColumnElement[int] = bindparam("most", type_=Integer())


def visible(*columns: Any, user_id: ColumnElement[str] = me, team_id: ColumnElement[str] = team) -> Select[Any]:
    """The team's cases whose audience means ``me`` (or ``user_id``), as staff or as somebody of their organization: who
    was named once and left it, is not meant any more."""
    mine = principals_of(user_id, team_id)
    either: list[Any] = ["team:" + team_id, "org:" + cases.c.organization_id]
    place = array(either, type_=Text())
    return select(*columns).where(cases.c.team_id == team_id, cases.c.audience.op("&&")(mine), place.op("&&")(mine))


# --- the feed --------------------------------------------------------------------------------------------------------

_NEWEST = select(func.max(feed.c.cursor)).where(feed.c.team_id == team).scalar_subquery()
_MEMBER = exists().where(memberships.c.user_id == me, memberships.c.team_id == team, memberships.c.active)
_WHERE_I_STAND = select(
    _MEMBER.label("member"), principals_of(me, team).label("principals"), func.coalesce(_NEWEST, 0).label("newest")
)
_PRINCIPALS = bindparam("principals", type_=ARRAY(Text))
# What was once for more people is told to those who may see the case now; what is about no case, to whom it was for.
_SEEN_NOW = or_(
    ~feed.c.subject.startswith("case_"),
    exists().where(cases.c.case_id == feed.c.subject, cases.c.audience.op("&&")(_PRINCIPALS)),
)
_FEED = (
    select(feed)
    .where(
        feed.c.team_id == team,
        feed.c.cursor > bindparam("after", type_=BigInteger()),
        feed.c.cursor <= bindparam("newest", type_=BigInteger()),
        feed.c.audience.op("&&")(_PRINCIPALS),
        _SEEN_NOW,
    )
    .order_by(feed.c.cursor)
    .limit(_MOST)
)


def list_feed(uow: UnitOfWork, ask: c.ListFeed) -> c.FeedPage:
    """Events after a cursor that the caller may know of. A caller who is not up to date costs two statements, one who
    is costs one. ``newest`` is read first: whatever is committed later has a greater cursor (see ``commands.tell``)."""
    at = uow.first(_WHERE_I_STAND, {"me": uow.actor.user_id, "team_id": ask.team_id})
    if at is None or not at.member:
        raise NotFound()
    after = at.newest if ask.after is None else ask.after
    rows = _feed_rows(uow, ask, at, after) if after < at.newest else []
    full = len(rows) == ask.limit
    return c.FeedPage(
        data=[_line_of(row) for row in rows],
        cursor=rows[-1].cursor if full else at.newest or after,  # an old feed may be empty: stay where we were
        principals=list(at.principals),
    )


def _feed_rows(uow: UnitOfWork, ask: c.ListFeed, at: Row[Any], after: int) -> list[Row[Any]]:
    values = {"team_id": ask.team_id, "after": after, "newest": at.newest, "most": ask.limit}
    return uow.all(_FEED, values | {"principals": list(at.principals)})


def _line_of(row: Row[Any]) -> c.FeedLine:
    return c.FeedLine(
        cursor=row.cursor,
        id=row.event_id,
        type=row.type,
        time=row.time,
        team_id=row.team_id,
        subject=row.subject,
        actor=row.actor,
        data=row.data,
    )


# --- mails -----------------------------------------------------------------------------------------------------------

_MY_PLACES = select(memberships.c.permissions).where(
    memberships.c.user_id == me, memberships.c.team_id == team, memberships.c.active
)
_AT_THE_DESK = _MY_PLACES.where(memberships.c.organization_id.is_(None)).scalar_subquery()
_MINE = visible(_AT_THE_DESK.label("held")).where(_CASE)
_MAILS = visible(mails).join_from(cases, mails, mails.c.case_id == cases.c.case_id).where(_CASE)
_MAILS = _MAILS.order_by(mails.c.id.desc()).limit(_MOST)
_OLDER_MAILS = _MAILS.where(mails.c.id < bindparam("cursor", type_=Text()))


def list_mails(uow: UnitOfWork, ask: c.ListMails) -> c.MailPage:
    """Staff: the mails about a case, newest first."""
    values: dict[str, Any] = {"me": uow.actor.user_id, "team_id": ask.team_id, "case_id": ask.case_id}
    case = uow.first(_MINE, values)
    if case is None:
        raise NotFound()
    decision = rules.decide(case.held, "mail.read")
    if not decision.allowed:
        raise Forbidden(decision.rule, "You may not see which mails were sent.", extra={"permission": "mail.read"})
    values |= {"most": ask.limit + 1}
    rows = uow.all(_OLDER_MAILS, values | {"cursor": ask.cursor}) if ask.cursor else uow.all(_MAILS, values)
    page = rows[: ask.limit]
    return c.MailPage(
        data=[_mail_view(row) for row in page], next_cursor=page[-1].id if len(rows) > ask.limit else None
    )


def _mail_view(row: Row[Any]) -> c.MailView:
    return c.MailView(
        id=row.id,
        case_id=row.case_id,
        to=row.to_email,
        subject=row.subject,
        state=row.state,
        tries=row.tries,
        last_error=row.last_error,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )


_STAFF = exists().where(
    memberships.c.user_id == me,
    memberships.c.team_id == team,
    memberships.c.organization_id.is_(None),
    memberships.c.active,
)
_WANTED = select(teams.c.mails_comments).where(teams.c.team_id == team).scalar_subquery()
_ABOUT_MAILING = select(_STAFF.label("staff"), func.coalesce(_WANTED, true()).label("wanted"))


def about_mailing(uow: UnitOfWork, team_id: str, actor_id: str | None) -> tuple[bool, bool]:
    """``(is the actor one of the team's staff, does the team mail comments)``."""
    row = uow.all(_ABOUT_MAILING, {"me": actor_id or "", "team_id": team_id})[0]
    return bool(row.staff), bool(row.wanted)


_PLACE = (memberships.c.user_id == mails.c.user_id) & (memberships.c.team_id == mails.c.team_id)
_NOWHERE = "%.invalid"  # RFC 6761: no mail can ever reach these


def _to() -> Any:
    """The recipient of a mail, if at this moment he may see both the case and what the mail tells of it."""
    person = visible(
        memberships.c.name,
        memberships.c.email,
        memberships.c.locale,
        memberships.c.organization_id.is_(None).label("staff"),
        (literal("case.comment", Text()) == memberships.c.permissions.any_()).label("writes"),
        user_id=mails.c.user_id,
        team_id=mails.c.team_id,
    ).join_from(cases, memberships, memberships.c.team_id == cases.c.team_id)
    person = person.where(cases.c.case_id == mails.c.case_id, _PLACE, memberships.c.active)
    person = person.where(~memberships.c.email.like(_NOWHERE))
    person = person.where(mails.c.audience.op("&&")(principals_of(mails.c.user_id, mails.c.team_id)))
    return person.order_by(memberships.c.membership_id.desc()).limit(1).correlate(mails).lateral("recipient")


def _address_of() -> Any:
    """The reply addresses the recipient of a mail has for its case."""
    tokens = reply_tokens.c
    address = select(
        func.array_agg(aggregate_order_by(tokens.nonce, tokens.created_at), type_=ARRAY(LargeBinary)).label("nonces"),
        func.array_agg(tokens.token_hash, type_=ARRAY(LargeBinary)).label("hashes"),
    )
    mine = (tokens.case_id == mails.c.case_id) & (tokens.user_id == mails.c.user_id)
    return address.where(mine).correlate(mails).lateral("address")


def _due() -> Select[Any]:
    """Mails to send now, held by this transaction, never one before an earlier one to the same person about the same
    case; beside each its recipient. Somebody without a login is told whatever is meant for him about his one case."""
    earlier = mails.alias("earlier")
    waits = exists().where(
        earlier.c.case_id == mails.c.case_id,
        earlier.c.user_id == mails.c.user_id,
        earlier.c.next_try_at.is_not(None),
        earlier.c.id < mails.c.id,
    )
    to, address = _to(), _address_of()
    outside = (contacts.c.contact_id == mails.c.user_id) & (contacts.c.case_id == mails.c.case_id)
    outside &= ~contacts.c.email.like(_NOWHERE)
    known = or_(exists().where(_PLACE).correlate(mails), contacts.c.contact_id.is_not(None))
    recipient: list[Any] = [
        *[func.coalesce(to.c[name], contacts.c[name]).label(name) for name in ("name", "email", "locale")],
        *[func.coalesce(to.c.staff, false()).label("staff"), contacts.c.contact_id, contacts.c.nonce],
    ]
    about = func.coalesce(teams.c.name, mails.c.team_id).label("team")
    writes = func.coalesce(to.c.writes, teams.c.visitors_answer, true()).label("may_write")
    beside = mails.outerjoin(to, true()).outerjoin(contacts, outside).join(address, true())
    return (
        select(mails, *recipient, address, about, writes, known.label("known"))
        .select_from(beside.outerjoin(teams, teams.c.team_id == mails.c.team_id))
        .where(mails.c.next_try_at <= bindparam("now", type_=DateTime(timezone=True)), ~waits)
        .order_by(mails.c.next_try_at, mails.c.id)
        .limit(_MOST)
        .with_for_update(skip_locked=True, of=mails)
    )


_DUE = _due()


def due_mails(uow: UnitOfWork, most: int) -> list[Row[Any]]:
    """For the errand: mails that are due with ``name, email, locale, staff`` of their recipient (null: he may not see
    it), ``contact_id`` and ``nonce`` of one without a login, whether he is ``known`` here at all, and the ``nonces``
    (oldest first) and ``hashes`` of his addresses."""
    return uow.all(_DUE, {"now": uow.now, "most": most})


_ADDRESS = func.lower(mails.c.to_email)
_RECEIPTS = (
    select(_ADDRESS.label("address"), func.count().label("many"))
    .where(
        mails.c.kind == "receipt",
        any_(bindparam("addresses", type_=ARRAY(Text))) == _ADDRESS,
        mails.c.created_at > bindparam("since", type_=DateTime(timezone=True)),
        mails.c.state != "failed",
        mails.c.id != all_(bindparam("ids", type_=ARRAY(Text))),
    )
    .group_by(_ADDRESS)
)


def receipts(uow: UnitOfWork, asked: Sequence[Row[Any]], since: datetime) -> Counter[str]:
    """For the errand: how many other receipts have gone to the addresses of these since then, in small letters."""
    addresses = [row.email.lower() for row in asked]
    values = {"addresses": addresses, "ids": [row.id for row in asked], "since": since}
    return Counter({row.address: row.many for row in uow.all(_RECEIPTS, values)})


_DUE_LETTERS = (
    select(letters, func.coalesce(teams.c.name, letters.c.team_id, "").label("team"))
    .select_from(letters.outerjoin(teams, teams.c.team_id == letters.c.team_id))
    .where(letters.c.next_try_at <= bindparam("now", type_=DateTime(timezone=True)))
    .order_by(letters.c.next_try_at, letters.c.id)
    .limit(_MOST)
    .with_for_update(skip_locked=True, of=letters)
)


def due_letters(uow: UnitOfWork, most: int) -> list[Row[Any]]:
    """For the errand: letters about accounts that are due, with the name of their ``team`` (empty: of none)."""
    return uow.all(_DUE_LETTERS, {"now": uow.now, "most": most})


# --- replies ---------------------------------------------------------------------------------------------------------

_OWNER = (
    select(
        reply_tokens.c.team_id,
        reply_tokens.c.case_id,
        reply_tokens.c.user_id,
        func.array_agg(func.lower(func.coalesce(memberships.c.email, contacts.c.email))).label("emails"),
        func.max(func.coalesce(memberships.c.locale, contacts.c.locale)).label("locale"),
        func.max(contacts.c.contact_id).label("contact_id"),
    )
    .outerjoin(
        memberships,
        (memberships.c.user_id == reply_tokens.c.user_id)
        & (memberships.c.team_id == reply_tokens.c.team_id)
        & memberships.c.active,
    )
    .outerjoin(
        contacts,
        (contacts.c.contact_id == reply_tokens.c.user_id) & (contacts.c.case_id == reply_tokens.c.case_id),
    )
    .where(reply_tokens.c.token_hash == bindparam("token_hash", type_=LargeBinary()))
    .group_by(reply_tokens.c.token_hash)
)
_SEEN = visible(cases.c.case_id).where(_CASE)


def token_owner(uow: UnitOfWork, token_hash: bytes) -> Row[Any] | None:
    """Whose address this is, and his e-mail addresses and language as far as he is active in the team; ``contact_id``
    of somebody without a login."""
    return uow.first(_OWNER, {"token_hash": token_hash})


def may_see(uow: UnitOfWork, team_id: str, case_id: str, user_id: str) -> bool:
    """Whether this person may see the case at this moment."""
    return uow.first(_SEEN, {"me": user_id, "team_id": team_id, "case_id": case_id}) is not None


_TOLD = select(cases.c.number, cases.c.title, cases.c.status).where(_CASE)


def case_told(uow: UnitOfWork, case_id: str) -> Row[Any] | None:
    """What a mail about this case tells; who may read it, is asked when it is sent."""
    return uow.first(_TOLD, {"case_id": case_id})
