"""What the neighbours say and is kept, and how long our own things are kept."""

from __future__ import annotations

from sqlalchemy import text

from services.chassis.unit_of_work import UnitOfWork
from services.contracts.accounts import MembershipChanged, TeamChanged
from services.contracts.cases import CaseErased, ContactNoted
from services.contracts.notifications import PrincipalsChanged
from services.notifications import rules
from services.notifications.tables import contacts, memberships, newer_only, teams

_MEMBERSHIP = [column.name for column in memberships.c]
_LEARN_MEMBERSHIP = newer_only(memberships)
_LEARN_CONTACT = newer_only(contacts)
_CONTACT = [column.name for column in contacts.c if column.name != "nonce"]
_LEARN_TEAM = newer_only(teams)
# Only its id and version stay, so that nothing said before brings it back.
_FORGET_CASE = text(
    """WITH mailed AS (DELETE FROM mails WHERE case_id = :case_id),
        reached AS (DELETE FROM contacts WHERE case_id = :case_id),
        answering AS (DELETE FROM reply_tokens WHERE case_id = :case_id),
        answered AS (DELETE FROM inbound WHERE case_id = :case_id)
    UPDATE cases SET number = '', title = '', audience = '{}', fact_version = :fact_version
    WHERE case_id = :case_id AND fact_version < :fact_version"""
)
_MOST = 2000  # so that locks stay short
# Each looks only at the oldest rows of its primary key, which grows with time: nothing old costs next to nothing.
_FORGET = {
    text(
        "DELETE FROM feed WHERE cursor IN (SELECT cursor FROM feed ORDER BY cursor LIMIT :most) AND time < :before"
    ): rules.FEED_KEPT,
    text(
        "DELETE FROM inbound WHERE id IN (SELECT id FROM inbound ORDER BY id LIMIT :most) AND received_at < :before"
    ): rules.INBOUND_KEPT,
    text(
        "DELETE FROM mails WHERE id IN (SELECT id FROM mails ORDER BY id LIMIT :most)"
        " AND created_at < :before AND next_try_at IS NULL"
    ): rules.MAILS_KEPT,
    text(
        "DELETE FROM letters WHERE id IN (SELECT id FROM letters ORDER BY id LIMIT :most)"
        " AND created_at < :before AND next_try_at IS NULL"
    ): rules.MAILS_KEPT,
}


def learn_membership(uow: UnitOfWork, happened: MembershipChanged) -> None:
    """Keep who belongs where, and where his mail goes; streams that know him as he was end."""
    if uow.run(_LEARN_MEMBERSHIP, {name: getattr(happened, name) for name in _MEMBERSHIP}):
        uow.record(PrincipalsChanged(team_id=happened.team_id, user_id=happened.user_id))


def learn_contact(uow: UnitOfWork, happened: ContactNoted) -> None:
    """Keep how somebody without a login is reached, and from what his link is made."""
    nonce = bytes.fromhex(happened.nonce) if happened.nonce else None
    uow.run(_LEARN_CONTACT, {name: getattr(happened, name) for name in _CONTACT} | {"nonce": nonce})


def forget_case(uow: UnitOfWork, happened: CaseErased) -> None:
    """Mails, addresses and ways to answer. Lines of the feed say nothing that people wrote, and go by their age."""
    uow.run(_FORGET_CASE, {"case_id": happened.case_id, "fact_version": happened.fact_version})


def learn_team(uow: UnitOfWork, happened: TeamChanged) -> None:
    """Keep the team's name, whether it mails comments, and whether people without a login may answer."""
    values = {
        "team_id": happened.team_id,
        "name": happened.name,
        "mails_comments": rules.mails_comments_of(happened.profile),
        "visitors_answer": happened.profile.get("access_key", "read_update") == "read_update",
        "fact_version": happened.fact_version,
    }
    uow.run(_LEARN_TEAM, values)


def forget_the_old(uow: UnitOfWork) -> bool:
    """Drop old lines of the feed, old replies as they came in, and old mails that are done; a few thousand a round.
    Says whether there may be more."""
    gone = [uow.run(statement, {"before": uow.now - kept, "most": _MOST}) for statement, kept in _FORGET.items()]
    return max(gone) >= _MOST
