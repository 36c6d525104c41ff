"""The keys that open one case: issued, told, revoked; and who opened his case without a login."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlalchemy.dialects.postgresql import insert as insert_or_replace

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
_put = insert_or_replace(case_contacts)
_REACHED = _put.on_conflict_do_update(
    index_elements=[case_contacts.c.case_id],
    set_={column.name: _put.excluded[column.name] for column in case_contacts.c if column.name != "case_id"},
)
_UNREACHED = delete(case_contacts).where(case_contacts.c.case_id == bindparam("of_case"))
_END = (
    update(access_keys)
    .where(access_keys.c.case_id == bindparam("of_case"), access_keys.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"))
)


def new_key(uow: UnitOfWork, case: Case, created_by: str | None) -> tuple[dict[str, Any], str]:
    """The row of a new key, and the key itself."""
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
    return row, key


def contact_row(case: Case, contact: c.ContactLine | rules.Outsider, locale: str) -> dict[str, Any]:
    """What is kept of a contact without a login: how he is reached."""
    row: dict[str, Any] = {"case_id": case.id, "contact_id": case.contact_id}
    row |= {name: getattr(contact, name) for name in ("name", "email", "phone")}
    return row | {"locale": getattr(contact, "locale", None) or locale}


def reach_contact(uow: UnitOfWork, reader: Reader) -> None:
    """The case has another contact: from now on he is told what concerns his case, with a login or without."""
    case, outsider = reader.case, reader.outsider
    if outsider is None or outsider.email is None:
        uow.run(_UNREACHED, {"of_case": case.id})
        return
    row = contact_row(case, outsider, reader.policy["locale"])
    uow.run(_REACHED, row)
    tell_address(uow, case, row, None)


def tell_address(uow: UnitOfWork, case: Case, contact: dict[str, Any], nonce: bytes | None) -> None:
    """Who mails him has to know how, and the nonce of the key that leads him back."""
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
    row, key = new_key(uow, reader.case, uow.actor.user_id)
    uow.run(_ISSUE, row)
    _keys_changed(uow, reader, row["nonce"])
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
        tell_address(uow, reader.case, contact._asdict(), nonce)


def forget_attempts(uow: UnitOfWork) -> bool:
    """Drop counters whose window is over."""
    return forget(uow)
