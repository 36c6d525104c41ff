"""Every SELECT of the notification service. What readers get begins at ``visible`` or asks ``principals_of``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from services.chassis.problems import Forbidden, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import notifications as c
from services.notifications.tables import cases, feed, mails, memberships, principals_of, reply_tokens, teams


def visible(uow: UnitOfWork, team_id: str, user_id: str = "") -> Select[Any]:
    """The team's cases whose audience means the caller (or ``user_id``), with his ``principals`` beside them."""
    mine = _mine(user_id or uow.actor.user_id, team_id)
    found = select(cases, mine.label("principals"))
    return found.where(cases.c.team_id == team_id, cases.c.audience.op("&&")(mine))


def _mine(user_id: str, team_id: str) -> ColumnElement[Any]:
    return func.array(principals_of(user_id, team_id).scalar_subquery(), type_=ARRAY(Text))


# --- the feed --------------------------------------------------------------------------------------------------------


def list_feed(uow: UnitOfWork, ask: c.ListFeed) -> c.FeedPage:
    """Events after a cursor that the caller may know of. A caller who is not up to date costs two statements, one who
    is costs one. ``newest`` is read first: whatever is committed later has a greater cursor (see ``commands.tell``)."""
    user_id = uow.actor.user_id
    member = select(memberships.c.user_id).where(
        memberships.c.user_id == user_id, memberships.c.team_id == ask.team_id, memberships.c.active
    )
    newest = select(func.max(feed.c.cursor)).where(feed.c.team_id == ask.team_id).scalar_subquery()
    at = uow.first(
        select(
            member.exists().label("member"),
            _mine(user_id, ask.team_id).label("principals"),
            func.coalesce(newest, 0).label("newest"),
        )
    )
    if at is None or not at.member:
        raise NotFound()
    after = at.newest if ask.after is None else ask.after
    rows = _feed_rows(uow, ask, at, after) if after < at.newest else []
    full = len(rows) == ask.limit
    return c.FeedPage(
        data=[line_of(row) for row in rows],
        cursor=rows[-1].cursor if full else at.newest,
        principals=list(at.principals),
    )


def _feed_rows(uow: UnitOfWork, ask: c.ListFeed, at: Row[Any], after: int) -> list[Row[Any]]:
    found = select(feed).where(feed.c.team_id == ask.team_id, feed.c.cursor > after, feed.c.cursor <= at.newest)
    found = found.where(feed.c.audience.op("&&")(literal(list(at.principals), ARRAY(Text))))
    return uow.all(found.order_by(feed.c.cursor).limit(ask.limit))


def line_of(row: Row[Any]) -> c.FeedLine:
    """A row of the feed as everybody reads it, live or later."""
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


def list_mails(uow: UnitOfWork, ask: c.ListMails) -> c.MailPage:
    """Staff: the mails about a case, newest first."""
    case = uow.first(visible(uow, ask.team_id).where(cases.c.case_id == ask.case_id))
    if case is None:
        raise NotFound()
    if f"team:{ask.team_id}" not in case.principals:
        raise Forbidden("staff_only", "Only the team's staff may see which mails were sent.")
    found = visible(uow, ask.team_id).join(mails, mails.c.case_id == cases.c.case_id).with_only_columns(mails)
    found = found.where(cases.c.case_id == ask.case_id)
    if ask.cursor:
        found = found.where(mails.c.id < ask.cursor)
    rows = uow.all(found.order_by(mails.c.id.desc()).limit(ask.limit + 1))
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


def due_mails(uow: UnitOfWork, most: int) -> list[Row[Any]]:
    """For the errand: mails to send now, held by this transaction; never one before an earlier one to the same person
    about the same case."""
    earlier = mails.alias("earlier")
    waits = select(earlier.c.id).where(
        earlier.c.case_id == mails.c.case_id,
        earlier.c.user_id == mails.c.user_id,
        earlier.c.next_try_at.is_not(None),
        earlier.c.id < mails.c.id,
    )
    found = select(mails).where(mails.c.next_try_at <= uow.now, ~waits.exists())
    return uow.all(
        found.order_by(mails.c.next_try_at, mails.c.id).limit(most).with_for_update(skip_locked=True, of=mails)
    )


def recipient(uow: UnitOfWork, mail: Row[Any]) -> Row[Any] | None:
    """The person a mail is for, if at this moment he may see both the case and what the mail tells of it."""
    mine = _mine(mail.user_id, mail.team_id)
    found = visible(uow, mail.team_id, mail.user_id).join(
        memberships, (memberships.c.user_id == mail.user_id) & (memberships.c.team_id == mail.team_id)
    )
    found = found.outerjoin(teams, teams.c.team_id == cases.c.team_id)
    found = found.where(
        cases.c.case_id == mail.case_id,
        memberships.c.active,
        literal(list(mail.audience), ARRAY(Text)).op("&&")(mine),
    )
    team = func.coalesce(teams.c.name, cases.c.team_id).label("team")
    staff = memberships.c.organization_id.is_(None).label("staff")
    columns = (memberships.c.name, memberships.c.email, memberships.c.locale, staff, team)
    return uow.first(found.with_only_columns(*columns).order_by(memberships.c.membership_id.desc()).limit(1))


def is_known(uow: UnitOfWork, user_id: str, team_id: str) -> bool:
    """Whether any fact about this person's place in the team has arrived."""
    found = select(memberships.c.user_id).where(memberships.c.user_id == user_id, memberships.c.team_id == team_id)
    return uow.first(found.limit(1)) is not None


def about_mailing(uow: UnitOfWork, team_id: str, actor_id: str | None) -> tuple[bool, bool]:
    """``(is the actor one of the team's staff, does the team mail comments)``."""
    staff = select(memberships.c.user_id).where(
        memberships.c.user_id == (actor_id or ""),
        memberships.c.team_id == team_id,
        memberships.c.organization_id.is_(None),
        memberships.c.active,
    )
    wanted = select(teams.c.mails_comments).where(teams.c.team_id == team_id).scalar_subquery()
    row = uow.first(select(staff.exists().label("staff"), func.coalesce(wanted, text("true")).label("wanted")))
    return (bool(row.staff), bool(row.wanted)) if row else (False, True)


# --- replies ---------------------------------------------------------------------------------------------------------


def nonce_of(uow: UnitOfWork, case_id: str, user_id: str) -> bytes | None:
    """What this person's reply address of this case is made from."""
    found = select(reply_tokens.c.nonce).where(reply_tokens.c.case_id == case_id, reply_tokens.c.user_id == user_id)
    row = uow.first(found.order_by(reply_tokens.c.created_at).limit(1))
    return bytes(row.nonce) if row else None


def token_owner(uow: UnitOfWork, token_hash: bytes) -> Row[Any] | None:
    """Whose address this is, and his e-mail addresses and language as far as he is active in the team."""
    found = select(
        reply_tokens.c.team_id,
        reply_tokens.c.case_id,
        reply_tokens.c.user_id,
        func.array_agg(func.lower(memberships.c.email)).label("emails"),
        func.max(memberships.c.locale).label("locale"),
    )
    mine = or_(memberships.c.user_id == reply_tokens.c.user_id) & (memberships.c.team_id == reply_tokens.c.team_id)
    found = found.outerjoin(memberships, mine & memberships.c.active)
    return uow.first(found.where(reply_tokens.c.token_hash == token_hash).group_by(reply_tokens.c.token_hash))


def may_see(uow: UnitOfWork, team_id: str, case_id: str, user_id: str) -> bool:
    """Whether this person may see the case at this moment."""
    return uow.first(visible(uow, team_id, user_id).where(cases.c.case_id == case_id)) is not None
