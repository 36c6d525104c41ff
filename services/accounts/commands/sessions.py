"""Signing in and out: sessions, their tokens, and who fails too often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, case, delete, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules, secrets
from services.accounts.tables import attempts, refresh_tokens, sessions, users
from services.chassis.actor import Context
from services.chassis.ids import new_id
from services.chassis.problems import Unauthenticated
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c

Fields = Mapping[str, Any]


def prove_password(work: Work, context: Context, ask: c.SignIn) -> Fields | None:
    """The person whose name and password these are, or None. Raises 429 ``too_many_attempts``.

    The attempt is counted and committed before the password is looked at, so a thousand guesses at once get no more
    looks than the same number one after another; and no connection waits while argon2 works.
    """
    login = rules.fold(ask.login)
    with work.writing(context) as uow:
        _count_attempt(uow, login)
        person = queries.person_by_login(uow, login)
    password_fits = secrets.fits(person["password_hash"] if person else secrets.NOBODY, ask.password)
    return person if password_fits else None


def sign_in(uow: UnitOfWork, ask: c.SignIn, proven: Fields | None) -> c.SessionView:
    """Raises 401 ``wrong_credentials``: the same for unknown names, after the same work."""
    person = proven and queries.person(uow, proven["id"])
    if not proven or not person or person["password_hash"] != proven["password_hash"]:
        raise Unauthenticated("wrong_credentials", "User name or password is wrong.")
    uow.run(delete(attempts).where(attempts.c.login_hash == secrets.digest(rules.fold(ask.login))))
    if secrets.is_outdated(person["password_hash"]):
        set_password(uow, person["id"], ask.password)
    session = {
        "id": new_id("ses"),
        "user_id": person["id"],
        "device": ask.device or "",
        "created_at": uow.now,
        "last_used_at": uow.now,
        "expires_at": rules.expiry(uow.now, uow.now),
    }
    uow.run(insert(sessions).values(session))
    return _with_tokens(uow, session["id"], person)


def _count_attempt(uow: UnitOfWork, login: str) -> None:
    new_window = attempts.c.since <= uow.now - rules.ATTEMPT_WINDOW
    counted = (
        upsert(attempts)
        .values(login_hash=secrets.digest(login), failures=1, since=uow.now)
        .on_conflict_do_update(
            index_elements=[attempts.c.login_hash],
            set_={
                "failures": case((new_window, 1), else_=attempts.c.failures + 1),
                "since": case((new_window, uow.now), else_=attempts.c.since),
            },
        )
        .returning(attempts.c.failures, attempts.c.since)
    )
    [row] = uow.all(counted)
    rules.must_not_be_throttled(row.failures, row.since, uow.now)


def refresh_session(uow: UnitOfWork, ask: c.RefreshSession) -> c.SessionView:
    """Raises 401 ``session_ended``: unknown, expired, ended - or spent, and then the session ends too, because one of
    the two who used the token is a thief."""
    token_hash = secrets.digest(ask.refresh_token)
    session = queries.session_of_token(uow, token_hash)
    if session is None or not rules.alive(session, uow.now):
        raise Unauthenticated("session_ended", "This session has ended. Sign in again.")
    if session["spent_at"] is not None:
        end_sessions(uow, sessions.c.id == session["id"])
        raise rules.Refused("session_ended", "This session has ended. Sign in again.")
    uow.run(update(refresh_tokens).where(refresh_tokens.c.hash == token_hash).values(spent_at=uow.now))
    living = {"last_used_at": uow.now, "expires_at": rules.expiry(session["created_at"], uow.now)}
    uow.run(update(sessions).where(sessions.c.id == session["id"]).values(living))
    return _with_tokens(uow, session["id"], queries.person(uow, session["user_id"]))


def end_session(uow: UnitOfWork, ask: c.EndSession) -> c.DoneView:
    """Ending it twice is done, too. Raises NotFound for a session that is not mine."""
    rules.must_be_known(uow.actor)
    wanted = uow.actor.session_id if ask.session_id == "current" else ask.session_id
    end_sessions(uow, sessions.c.id == queries.session(uow, wanted)["id"])
    return c.DoneView()


def end_sessions(uow: UnitOfWork, which: ColumnElement[bool]) -> None:
    """End the living ones among them. They stay for a while, so that a stolen token is still known as one."""
    uow.run(update(sessions).where(which, sessions.c.ended_at.is_(None)).values(ended_at=uow.now))


def _with_tokens(uow: UnitOfWork, session_id: str, person: Fields) -> c.SessionView:
    token = secrets.new_refresh_token()
    uow.run(insert(refresh_tokens).values(hash=secrets.digest(token), session_id=session_id))
    return c.SessionView(
        id=session_id,
        access_token=secrets.access_token(person["id"], session_id, person["operator"], uow.now),
        token_type="Bearer",  # noqa: S106 - the name of the scheme
        expires_seconds=rules.ACCESS_SECONDS,
        refresh_token=token,
        user=queries.user_view(person["id"], person["name"], person),
    )


def set_password(uow: UnitOfWork, user_id: str, password: str) -> None:
    """Hash it anew and keep the hash."""
    uow.run(update(users).where(users.c.id == user_id).values(password_hash=secrets.hash_password(password)))


def purge(uow: UnitOfWork) -> None:
    """A timer: forget sessions past their time (their tokens go with them) and failures nobody counts any more."""
    uow.run(delete(sessions).where(sessions.c.id.in_(queries.dead_sessions(uow))))
    uow.run(delete(attempts).where(attempts.c.login_hash.in_(queries.old_attempts(uow))))
