"""Signing in with a code of an authenticator app besides the password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules, secrets
from services.accounts.commands import codes
from services.accounts.commands.attempts import count, forget
from services.accounts.commands.letters import want_letter
from services.accounts.commands.passwords import proved
from services.accounts.commands.sessions import end_sessions
from services.accounts.notes import note
from services.accounts.rules.attempts import Limit
from services.accounts.tables import recovery_codes, second_factors, sessions
from services.chassis.actor import Context
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c

Fields = Mapping[str, Any]
RECOVERY_CODES = 10


def start_totp(uow: UnitOfWork, ask: c.StartTotp) -> c.TotpView:
    """Starting again makes a new secret. Raises Unauthenticated, and Conflict ``totp_on``."""
    person = _me(uow)
    rules.passwords.must_not_be_on(queries.passwords.second_factor(uow, person["id"]))
    secret, locked = secrets.new_totp()
    new = {"locked_secret": locked, "last_step": 0, "confirmed_at": None}
    begun = upsert(second_factors).values(user_id=person["id"], **new)
    uow.run(begun.on_conflict_do_update(index_elements=[second_factors.c.user_id], set_=new))
    return c.TotpView(secret=secret, uri=secrets.totp_uri(secret, person["user_name"]))


def confirm_totp(uow: UnitOfWork, ask: c.ConfirmTotp) -> c.RecoveryCodesView:
    """Raises Unauthenticated, Conflict ``totp_on``, and Invalid for a wrong code."""
    person = _me(uow)
    rules.passwords.must_not_be_on(queries.passwords.second_factor(uow, person["id"]))
    if not codes.accept(uow, person["id"], ask.code):
        raise rules.passwords.wrong_code()
    mine = second_factors.c.user_id == person["id"]
    uow.run(second_factors.update().where(mine).values(confirmed_at=uow.now))
    note(uow, "totp.started", team_id=None, object_id=person["id"])
    return _new_codes(uow, person)


def _new_codes(uow: UnitOfWork, person: Fields) -> c.RecoveryCodesView:
    made = [secrets.new_recovery_code() for _ in range(RECOVERY_CODES)]
    uow.run(insert(recovery_codes).values([{"user_id": person["id"], "hash": secrets.digest(code)} for code in made]))
    return c.RecoveryCodesView(codes=made)


def count_a_code(work: Work, context: Context, ask: c.RenewRecoveryCodes) -> Limit:
    """The try is counted whatever comes of it. Raises Unauthenticated, 429."""
    rules.standing.must_be_known(context.actor)
    rules.tokens.must_be_signed_in(context.actor)
    limit = rules.attempts.code(context.actor.user_id)
    with work.writing(context) as uow:
        count(uow, [limit])
    return limit


def renew_recovery_codes(uow: UnitOfWork, ask: c.RenewRecoveryCodes, counted: Limit) -> c.RecoveryCodesView:
    """Raises Conflict ``totp_off``, and Invalid for a wrong code."""
    person = _me(uow)
    rules.passwords.must_be_on(queries.passwords.second_factor(uow, person["id"]))
    if not codes.accept(uow, person["id"], ask.code):
        raise rules.passwords.wrong_code()
    forget(uow, [counted])
    uow.run(delete(recovery_codes).where(recovery_codes.c.user_id == person["id"]))
    note(uow, "recovery_codes.renewed", team_id=None, object_id=person["id"])
    return _new_codes(uow, person)


def remove_totp(uow: UnitOfWork, ask: c.RemoveTotp, proven: Fields) -> c.DoneView:
    """Raises as ``prove_present_password``, and Invalid for a wrong code, which is counted like a wrong password."""
    person = proved(uow, proven)
    if not codes.accept(uow, person["id"], ask.code):
        raise rules.passwords.wrong_code()
    _remove(uow, person)
    return c.DoneView()


def remove_second_factor(uow: UnitOfWork, ask: c.RemoveSecondFactor) -> c.DoneView:
    """His own he removes with a code, like everybody. Raises Forbidden for all but operators, NotFound, and Conflict
    ``yourself``."""
    rules.standing.must_be_known(uow.actor)
    rules.standing.permit(uow.actor.kind == "operator")
    rules.tokens.must_be_signed_in(uow.actor)
    person = queries.people.account(uow, ask.user_id)
    rules.passwords.must_be_anothers(uow.actor.user_id, person["id"])
    if _remove(uow, person):
        end_sessions(uow, sessions.c.user_id == person["id"])
        want_letter(uow, "second_factor_removed", person)
    return c.DoneView()


def _remove(uow: UnitOfWork, person: Fields) -> bool:
    uow.run(delete(recovery_codes).where(recovery_codes.c.user_id == person["id"]))
    gone = bool(uow.run(delete(second_factors).where(second_factors.c.user_id == person["id"])))
    if gone:
        note(uow, "totp.removed", team_id=None, object_id=person["id"])
    return gone


def _me(uow: UnitOfWork) -> Fields:
    rules.standing.must_be_known(uow.actor)
    return queries.people.person(uow, uow.actor.user_id, to_change=True)
