"""Lost and changed passwords, and the links that are mailed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, update

from services.accounts import queries, rules, secrets
from services.accounts.commands.attempts import count, forget, shift
from services.accounts.commands.letters import Link, want_letter
from services.accounts.commands.sessions import end_sessions
from services.accounts.commands.tokens import revoke_all
from services.accounts.notes import note
from services.accounts.tables import identities, mailed_links, password_wishes, sessions, users
from services.chassis.actor import Context
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c

Fields = Mapping[str, Any]
PATHS = {"password": "/password/reset#token=", "email": "/email/confirm#token="}


def report_lost_password(uow: UnitOfWork, ask: c.ReportLostPassword) -> c.DoneView:
    """Only written down: whether there is such a person is looked up later, by ``mail_lost_passwords``. Raises 429 for
    an address that says it too often; what is said of one name too often is passed over."""
    login = rules.names.fold(ask.login)
    count(uow, [rules.attempts.lost_by_place(rules.attempts.place(uow.context.more.get("ip", "")))])
    by_name = rules.attempts.lost_by_name(login)
    [(times, _, _)] = shift(uow, [(by_name, 1)]).values()
    if times <= by_name.most:
        uow.run(insert(password_wishes).values(login=login, at=uow.now))
    return c.DoneView()


def mail_lost_passwords(uow: UnitOfWork) -> None:
    """A timer: a letter for everybody who lost his password and exists, to the address we have; never more than a few
    an hour. The newest link is the only one that works."""
    taken = delete(password_wishes).where(password_wishes.c.id.in_(queries.passwords.oldest_wishes()))
    logins = [row.login for row in uow.all(taken.returning(password_wishes.c.login))]
    people = queries.passwords.people_to_write_to(uow, logins) if logins else []
    tokens = make_links(uow, "password", people)
    for person, token in zip(people, tokens, strict=True):
        link = Link(PATHS["password"] + token, rules.passwords.LIFE["password"])
        want_letter(uow, "password_lost", person, link=link, user_name=person["user_name"])


def make_links(uow: UnitOfWork, kind: str, people: Sequence[Fields], email: str | None = None) -> list[str]:
    """A new token for each of these people, whose older links of this kind end."""
    if not people:
        return []
    tokens = [secrets.new_link_token() for _ in people]
    ids = [person["id"] for person in people]
    end_links(uow, and_(mailed_links.c.user_id.in_(ids), mailed_links.c.kind == kind))
    rows = [
        {"hash": secrets.digest(token), "kind": kind, "user_id": user_id, "email": email, "made_at": uow.now}
        for token, user_id in zip(tokens, ids, strict=True)
    ]
    uow.run(insert(mailed_links).values(rows))
    return tokens


def end_links(uow: UnitOfWork, which: ColumnElement[bool]) -> None:
    """These links work no more."""
    uow.run(update(mailed_links).where(which, mailed_links.c.ended_at.is_(None)).values(ended_at=uow.now))


def use_link(uow: UnitOfWork, kind: str, token: str) -> dict[str, Any]:
    """Use the link up: of many at once one gets through. Returns its person, locked, with ``wanted_email``. Raises
    Invalid ``expired``."""
    this = and_(mailed_links.c.hash == secrets.digest(token), queries.passwords.living_link(uow, kind))
    using = update(mailed_links).where(this).values(ended_at=uow.now)
    used = uow.first(using.returning(mailed_links.c.user_id, mailed_links.c.email))
    person = queries.people.person(uow, used.user_id, to_change=True) if used else None
    if used is None or person is None or not person["active"]:
        raise rules.passwords.expired()
    return {**person, "wanted_email": used.email}


def hash_new_password(work: Work, context: Context, ask: c.ResetPassword) -> str:
    """The hash of the new password, made only for who holds a living link. Raises Invalid."""
    with work.reading(context) as uow:
        person = queries.passwords.person_of_link(uow, "password", secrets.digest(ask.token))
    if person is None:
        raise rules.passwords.expired()
    rules.passwords.must_be_good(ask.password, (person["user_name"], person["email"]))
    return secrets.hash_password(ask.password)


def reset_password(uow: UnitOfWork, ask: c.ResetPassword, password_hash: str) -> c.DoneView:
    """All his sessions end, and who was locked out for failing may try again. The first time, the holder of the
    address takes the account over from who registered him. Raises Invalid ``expired``."""
    person = use_link(uow, "password", ask.token)
    if person["proven_at"] is None:
        revoke_all(uow, person["id"])
        uow.run(delete(identities).where(identities.c.user_id == person["id"]))
    _put_password(uow, person, {"password_hash": password_hash, "proven_at": person["proven_at"] or uow.now})
    end_sessions(uow, sessions.c.user_id == person["id"])
    forget(uow, [rules.attempts.of_name(person[key]) for key in ("user_name_key", "email_key")])
    note(uow, "password.reset", team_id=None, object_id=person["id"])
    return c.DoneView()


def prove_present_password(work: Work, context: Context, password: str, pointer: str = "/password") -> Fields:
    """The signed-in person, who says his password again. Raises Unauthenticated, 429 and Invalid ``wrong``."""
    rules.standing.must_be_known(context.actor)
    limit = rules.attempts.present_password(context.actor.user_id)
    with work.writing(context) as uow:
        count(uow, [limit])
        person = queries.people.person(uow, context.actor.user_id)
    if not secrets.fits(person["password_hash"], password):
        raise rules.passwords.not_his(pointer)
    return person


def proved(uow: UnitOfWork, proven: Fields) -> Fields:
    """The proven person, locked, when his password is still the one he proved; what counted his try begins anew.
    Raises Invalid ``wrong``."""
    person = queries.people.person(uow, proven["id"], to_change=True)
    if not rules.people.may_sign_in(person, proven["password_hash"]):
        raise rules.passwords.not_his()
    forget(uow, [rules.attempts.present_password(person["id"])])
    return person


def hash_changed_password(work: Work, context: Context, ask: c.ChangePassword) -> tuple[Fields, str]:
    """The person and the hash of his new password. Raises as ``prove_present_password``, and Invalid for a bad one."""
    person = prove_present_password(work, context, ask.password)
    rules.passwords.must_be_good(ask.new_password, (person["user_name"], person["email"]), "/new_password")
    return person, secrets.hash_password(ask.new_password)


def change_password(uow: UnitOfWork, ask: c.ChangePassword, seen: tuple[Fields, str]) -> c.DoneView:
    """His other sessions end."""
    proven, password_hash = seen
    person = proved(uow, proven)
    _put_password(uow, person, {"password_hash": password_hash})
    end_sessions(uow, and_(sessions.c.user_id == person["id"], sessions.c.id != uow.actor.session_id))
    note(uow, "password.changed", team_id=None, object_id=person["id"])
    return c.DoneView()


def _put_password(uow: UnitOfWork, person: Fields, changes: Fields) -> None:
    uow.run(update(users).where(users.c.id == person["id"]).values(changes))
    end_links(uow, mailed_links.c.user_id == person["id"])  # also those that who knew the old one asked for
    want_letter(uow, "password_changed", person)
