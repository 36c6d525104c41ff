"""Signing in and out: sessions, their tokens, and who fails too often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Insert,
    and_,
    bindparam,
    delete,
    insert,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules, secrets
from services.accounts.commands import codes, tokens
from services.accounts.commands.attempts import SHIFT, Counted, Steps, refusal, shift, values_of
from services.accounts.notes import ENTRY, entry, note
from services.accounts.rules.attempts import Limit
from services.accounts.tables import (
    attempts,
    audit_entries,
    known_places,
    mailed_links,
    refresh_tokens,
    sessions,
    signing_keys,
    users,
)
from services.chassis.actor import Context
from services.chassis.ids import new_id
from services.chassis.problems import Unauthenticated
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proof:
    """What a look at somebody's password showed: the person (None: it is wrong), what counted the attempt, and the
    password's hash with today's parameters where the stored one has others."""

    person: Fields | None = field(repr=False)
    limits: Sequence[Limit]
    fresh_hash: str | None = field(default=None, repr=False)


def prove_password(work: Work, context: Context, ask: c.SignIn) -> Proof:
    """Whose name and password these are. Raises 429 ``too_many_attempts``.

    The attempt is counted and committed before the password is looked at, so a thousand guesses at once get no more
    looks than the same number one after another; and no connection waits while argon2 works.
    """
    login, place = rules.names.fold(ask.login), rules.attempts.place(context.more.get("ip", ""))
    with work.noting(context) as uow:
        person = queries.people.person_by_login(uow, login, secrets.digest(place))
        limits = rules.attempts.sign_in(login, place, person["id"] if person and person["usual_place"] else None)
        counted = shift(uow, [(limit, 1) for limit in limits], hurried=True)
    _must_be_let_try(work, context, counted, person["id"] if person else None)
    if not secrets.fits(person["password_hash"] if person else secrets.NOBODY, ask.password) or person is None:
        with work.noting(context) as uow:  # for unknown names too, so that both take as long
            note(uow, "sign_in.failed", team_id=None, object_id=person["id"] if person else None)
        return Proof(None, limits)
    outdated = secrets.is_outdated(person["password_hash"])
    return Proof(person, limits, secrets.hash_password(ask.password) if outdated else None)


def _must_be_let_try(work: Work, context: Context, counted: Counted, user_id: str | None) -> None:
    if all(times <= limit.most for times, limit, _ in counted.values()):
        return
    with work.writing(context) as uow:
        too_many = refusal(uow, counted, "sign_in.throttled", user_id)
    if too_many:
        raise too_many


def sign_in(uow: UnitOfWork, ask: c.SignIn, proof: Proof) -> c.SessionView:
    """Raises 401 ``wrong_credentials``: the same for unknown names, after the same work; ``code_required`` and
    ``wrong_code`` only to who has the password."""
    person = proof.person and codes.entering(uow, proof.person["id"], None)
    if not proof.person or not person or not rules.people.may_sign_in(person, proof.person["password_hash"]):
        raise Unauthenticated("wrong_credentials", "User name or password is wrong.")
    if person["has_codes"]:
        _must_bring_a_code(uow, ask, person["id"], proof.limits)
    if proof.fresh_hash is not None:
        uow.run(update(users).where(users.c.id == person["id"]).values(password_hash=proof.fresh_hash))
    own, *shared = proof.limits  # his own counter begins anew, of what he shares with others he takes one back
    return open_session(uow, person, ask.device or "", counting=[(own, -own.most), *((limit, -1) for limit in shared)])


def _must_bring_a_code(uow: UnitOfWork, ask: c.SignIn, user_id: str, limits: Sequence[Limit]) -> None:
    """A wrong one stays counted as a failure; one that is missing was none."""
    if ask.code is None:
        shift(uow, [(limit, -1) for limit in limits])
        raise rules.sessions.Refused("code_required", "Send the code of your authenticator app, too.")
    if not codes.accept(uow, user_id, ask.code):
        raise Unauthenticated("wrong_code", "This code is wrong or was used before.")


def open_session(
    uow: UnitOfWork, person: Fields, device: str, *, provider: Fields | None = None, counting: Steps = ()
) -> c.SessionView:
    """A new session of this person (from ``codes.entering``), who has proved who he is. ``provider``: it let him in, so
    the session counts in its team only and ends with it; otherwise the place he comes from is known from now on.
    ``counting``: what to count down because he got in."""
    team_id = provider["team_id"] if provider else None
    session = {
        "id": new_id("ses"),
        "user_id": person["id"],
        "device": device,
        "team_id": team_id,
        "provider_id": provider["id"] if provider else None,
        "created_at": uow.now,
        "last_used_at": uow.now,
        "expires_at": rules.sessions.expiry(uow.now, uow.now),
    }
    as_user = {"action": "session.started", "team_id": team_id, "object_id": session["id"], "detail": {}}
    noted = entry(uow, as_user | {"actor_id": person["id"], "at": uow.now})
    place = secrets.digest(rules.attempts.place(uow.context.more.get("ip", "")))
    token = secrets.new_refresh_token()
    values = _prefixed("opened", session) | _prefixed("noted", noted) | values_of(counting, uow.now)
    values |= {"seen_place": place, "token_hash": secrets.digest(token)}
    uow.run(_opening(known=team_id is None, counting=bool(counting)), values)
    return _with_tokens(uow, session, person, token)


@cache
def _opening(*, known: bool, counting: bool) -> Insert:
    """All that is written when somebody comes in, as one statement: one round trip instead of five. ``known``: his
    place is known from now on. Built once, because that takes longer than running it."""
    opened = {column.name: _bind("opened", column) for column in sessions.c if column.name != "ended_at"}
    noted = {name: _bind("noted", audit_entries.c[name]) for name in ENTRY}
    also = [insert(sessions).values(opened).cte("opened"), insert(audit_entries).values(noted).cte("noted")]
    if known:
        here = {"user_id": opened["user_id"], "place": _bind("seen", known_places.c.place)}
        seen = upsert(known_places).values(**here, seen_at=opened["created_at"])
        columns = [known_places.c.user_id, known_places.c.place]
        renewed = seen.on_conflict_do_update(index_elements=columns, set_={"seen_at": seen.excluded.seen_at})
        also.append(renewed.cte("known"))
    if counting:
        also.append(SHIFT.cte("counted"))
    token = {"hash": _bind("token", refresh_tokens.c.hash), "session_id": opened["id"]}
    return insert(refresh_tokens).values(token).add_cte(*also)


def _bind(prefix: str, column: Column[Any]) -> BindParameter[Any]:
    return bindparam(f"{prefix}_{column.name}", type_=column.type)


def _prefixed(prefix: str, row: Fields) -> dict[str, Any]:
    return {f"{prefix}_{name}": value for name, value in row.items()}


def refresh_session(uow: UnitOfWork, ask: c.RefreshSession) -> c.SessionView:
    """Raises 401 ``session_ended``: unknown, expired, ended - or spent, and then the session ends too, because one of
    the two who used the token is a thief."""
    token_hash = secrets.digest(ask.refresh_token)
    session = queries.sessions.session_of_token(uow, token_hash)
    if session is None or not rules.sessions.alive(session, uow.now):
        raise Unauthenticated("session_ended", "This session has ended. Sign in again.")
    if session["spent_at"] is not None:
        end_sessions(uow, sessions.c.id == session["id"])
        note(uow, "token.reused", team_id=None, object_id=session["id"], user_id=session["user_id"])
        raise rules.sessions.Refused("session_ended", "This session has ended. Sign in again.")
    uow.run(update(refresh_tokens).where(refresh_tokens.c.hash == token_hash).values(spent_at=uow.now))
    living = {"last_used_at": uow.now, "expires_at": rules.sessions.expiry(session["created_at"], uow.now)}
    uow.run(update(sessions).where(sessions.c.id == session["id"]).values(living))
    token = secrets.new_refresh_token()
    uow.run(insert(refresh_tokens).values(hash=secrets.digest(token), session_id=session["id"]))
    person = codes.entering(uow, session["user_id"], session["team_id"], to_change=False)
    return _with_tokens(uow, session, person, token)


def end_session(uow: UnitOfWork, ask: c.EndSession) -> c.DoneView:
    """Ending it twice is done, too. Raises NotFound for a session that is not mine."""
    rules.standing.must_be_known(uow.actor)
    wanted = uow.actor.session_id if ask.session_id == "current" else ask.session_id
    session_id = queries.sessions.session(uow, wanted)["id"]
    end_sessions(uow, sessions.c.id == session_id)
    note(uow, "session.ended", team_id=None, object_id=session_id)
    return c.DoneView()


def end_all_sessions(uow: UnitOfWork, ask: c.EndAllSessions) -> c.DoneView:
    """Raises Unauthenticated."""
    rules.standing.must_be_known(uow.actor)
    mine = queries.sessions.mine(uow)
    end_sessions(uow, and_(mine, sessions.c.id != uow.actor.session_id) if ask.keep else mine)
    note(uow, "session.all_ended", team_id=None, object_id=uow.actor.user_id, kept=ask.keep)
    return c.DoneView()


def end_sessions(uow: UnitOfWork, which: ColumnElement[bool]) -> None:
    """End the living ones among them and say so. They stay a while, so that a stolen token is still known as one."""
    ending = update(sessions).where(which, sessions.c.ended_at.is_(None)).values(ended_at=uow.now)
    until = uow.now + timedelta(seconds=rules.sessions.ACCESS_SECONDS)
    for ended in uow.all(ending.returning(sessions.c.id, sessions.c.user_id)):
        uow.record(c.SessionEnded(session_id=ended.id, user_id=ended.user_id, until=until))


def _with_tokens(uow: UnitOfWork, session: Fields, person: Fields, token: str) -> c.SessionView:
    session_id, team_id = session["id"], session["team_id"]
    rights = {"op": person["operator"] and team_id is None, "tm": team_id, "su": person["lacks_codes"]}
    if secrets.must_look(uow.now):
        secrets.sign_with(queries.installation.active_signing_key(uow), uow.now)
    return c.SessionView(
        id=session_id,
        access_token=secrets.access_token(person["id"], session_id, uow.now, **rights),
        token_type="Bearer",  # noqa: S106 - the name of the scheme
        expires_seconds=rules.sessions.ACCESS_SECONDS,
        refresh_token=token,
        user=queries.people.user_view(person["id"], person["name"], person),
        team_id=team_id,
        second_factor_needed=rights["su"],
    )


def purge(uow: UnitOfWork) -> bool:
    """A timer: forget what is past its time: sessions (their tokens go with them), counted attempts, places, links,
    API tokens and signing keys. Says whether there may be more."""
    places = tuple_(known_places.c.user_id, known_places.c.place)
    gone = [
        uow.run(delete(sessions).where(sessions.c.id.in_(queries.installation.dead_sessions(uow)))),
        uow.run(delete(attempts).where(attempts.c.counter.in_(queries.installation.old_attempts(uow)))),
        uow.run(delete(known_places).where(places.in_(queries.installation.old_places(uow)))),
        uow.run(delete(mailed_links).where(mailed_links.c.hash.in_(queries.installation.old_links(uow)))),
        tokens.purge(uow),
    ]
    spent = queries.installation.spent_keys_until(uow)
    if spent is not None:
        uow.run(delete(signing_keys).where(signing_keys.c.signs_from < spent))
    return max(gone) >= queries.sight.BATCH
