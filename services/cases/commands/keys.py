"""The keys that open one case: issued, told, revoked; and who opened his case without a login."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from sqlalchemy import bindparam, insert, update

from services.cases import queries, rules
from services.cases.commands.saving import record, save, take
from services.cases.queries.attempts import count, forget
from services.cases.rules import Limit, Reader, Round
from services.cases.settings import settings
from services.cases.tables import Case, access_keys, case_contacts
from services.chassis.ids import made_key, new_id
from services.chassis.problems import TooManyRequests
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_ISSUE = insert(access_keys)
_NOTE_CONTACT = insert(case_contacts)
_END = (
    update(access_keys)
    .where(access_keys.c.case_id == bindparam("of_case"), access_keys.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"))
)


def new_key(uow: UnitOfWork, case: Case, created_by: str | None) -> tuple[dict[str, Any], str, bytes]:
    """Write a key down: its row, the key itself and its nonce."""
    nonce = secrets.token_bytes(32)
    key = made_key("cwa", settings().secret_key, nonce)
    row = {
        "id": new_id("akey"),
        "case_id": case.id,
        "key_hash": hashlib.sha256(key.encode()).digest(),
        "nonce": nonce,
        "created_by": created_by,
        "created_at": uow.now,
        "ended_at": None,
    }
    uow.run(_ISSUE, row)
    return row, key, nonce


def note_contact(uow: UnitOfWork, case: Case, contact: c.ContactLine, locale: str) -> str:
    """Somebody opened his case without a login: keep how he is reached, give him a key and tell who mails him."""
    row: dict[str, Any] = {"case_id": case.id, "contact_id": case.contact_id}
    row |= {name: getattr(contact, name) for name in ("name", "email", "phone")} | {"locale": contact.locale or locale}
    uow.run(_NOTE_CONTACT, row)
    _, key, nonce = new_key(uow, case, None)
    _tell_address(uow, case, row, nonce)
    uow.told_once.add("access_key")
    return key


def _tell_address(uow: UnitOfWork, case: Case, contact: dict[str, Any], nonce: bytes | None) -> None:
    told: dict[str, Any] = {name: contact[name] for name in ("contact_id", "name", "email", "locale")}
    told |= {"nonce": nonce.hex() if nonce else None, "fact_version": case.version}
    uow.record(c.ContactNoted(team_id=case.team_id, case_id=case.id, **told))


def must_not_be_too_many(uow: UnitOfWork, limits: list[Limit]) -> None:
    """Count one more. Raises 429 ``too_many_attempts``, and then counts none."""
    spent = count(uow, limits)
    if spent is not None:
        raise TooManyRequests(**rules.too_many(spent, uow.now))


def issue_access_key(uow: UnitOfWork, ask: c.IssueAccessKey) -> c.AccessKeyView:
    """A new key ends all earlier ones. Raises NotFound, Forbidden ``not_permitted``, PreconditionFailed."""
    reader = take(uow, ask, "key.manage")
    reader.case.status = rules.move("key", reader.case)
    uow.run(_END, {"of_case": ask.case_id, "at": uow.now})
    row, key, nonce = new_key(uow, reader.case, uow.actor.user_id)
    _keys_changed(uow, reader, nonce)
    uow.told_once |= {"key", "link"}
    told = {name: row[name] for name in ("id", "case_id", "created_by", "created_at")}
    link = f"{settings().public_url.rstrip('/')}/case/{reader.case.number}#key={key}"
    return c.AccessKeyView(**told, key=key, link=link)


def end_keys(uow: UnitOfWork, reader: Reader) -> None:
    """A key speaks in the contact's name: it does not go over to the next one."""
    if reader.policy["access_key"] != "off":
        uow.run(_END, {"of_case": reader.case.id, "at": uow.now})


def revoke_access_keys(uow: UnitOfWork, ask: c.RevokeAccessKeys) -> c.AccessKeyPage:
    """Raises NotFound, Forbidden ``not_permitted``, PreconditionFailed."""
    reader = take(uow, ask, "key.manage")
    if uow.run(_END, {"of_case": ask.case_id, "at": uow.now}):
        _keys_changed(uow, reader, None)
    return queries.list_access_keys(uow, c.ListAccessKeys(team_id=ask.team_id, case_id=ask.case_id))


def _keys_changed(uow: UnitOfWork, reader: Reader, nonce: bytes | None) -> None:
    """The case's next version says so; the links in mails to somebody without a login follow the newest key."""
    save(uow, reader)
    record(uow, reader, c.CaseChanged, Round(), fields=["access_key"])
    contact = queries.contact_of(uow, reader.case.id)
    if contact is not None:
        _tell_address(uow, reader.case, contact._asdict(), nonce)


def forget_attempts(uow: UnitOfWork) -> None:
    """Drop counters whose window is over."""
    forget(uow)
