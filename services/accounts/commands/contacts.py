"""People of an organization who may have no login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, update

from services.accounts import queries, rules
from services.accounts.commands.facts import contact_changed
from services.accounts.notes import note
from services.accounts.rules.standing import Standing
from services.accounts.tables import contacts
from services.chassis.ids import new_id
from services.chassis.messages import ABSENT
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import accounts as c

Fields = Mapping[str, Any]


def add_contact(uow: UnitOfWork, ask: c.AddContact) -> c.ContactView:
    """Raises NotFound, Forbidden."""
    standing = queries.sight.standing(uow, ask.team_id)
    queries.places.organization(uow, ask.team_id, ask.organization_id)
    rules.standing.must_be_able(standing, "contact.manage", ask.organization_id)
    said = {"team_id": ask.team_id, "organization_id": ask.organization_id, "name": ask.name, "phone": ask.phone}
    row = {"id": new_id("con"), **said, "email": ask.email, "version": 1, "created_at": uow.now}
    row |= _derived(uow, row)
    uow.run(insert(contacts).values(row))
    uow.record(contact_changed(row))
    _note(uow, "contact.added", row)
    return queries.joining.contact_view(row, standing)


def change_contact(uow: UnitOfWork, ask: c.ChangeContact) -> c.ContactView:
    """What is left out stays. Raises NotFound, Forbidden, 412."""
    contact, standing = _contact_to_change(uow, ask)
    uow.must_match(contact["version"])
    said = {name: getattr(ask, name) for name in ("name", "email", "phone")}
    changes = {name: value for name, value in said.items() if value is not ABSENT and value != contact[name]}
    if not changes:
        return queries.joining.contact_view(contact, standing)
    fields = sorted(changes)
    changes |= _derived(uow, {**contact, **changes}) | {"version": contact["version"] + 1}
    uow.run(update(contacts).where(contacts.c.id == contact["id"]).values(changes))
    changed = {**contact, **changes}
    uow.record(contact_changed(changed))
    _note(uow, "contact.changed", changed, fields=fields)
    return queries.joining.contact_view(changed, standing)


def remove_contact(uow: UnitOfWork, ask: c.RemoveContact) -> c.DoneView:
    """Raises NotFound, also the second time, Forbidden, 412."""
    contact, _ = _contact_to_change(uow, ask)
    uow.must_match(contact["version"])
    uow.run(delete(contacts).where(contacts.c.id == contact["id"]))
    uow.record(contact_changed({**contact, "version": contact["version"] + 1}, removed=True))
    _note(uow, "contact.removed", contact)
    return c.DoneView()


def _note(uow: UnitOfWork, action: str, contact: Fields, **detail: Any) -> None:
    told = {"organization_id": contact["organization_id"], **detail}
    note(uow, action, team_id=contact["team_id"], object_id=contact["id"], **told)


def _contact_to_change(uow: UnitOfWork, ask: c.ChangeContact | c.RemoveContact) -> tuple[Fields, Standing]:
    standing = queries.sight.standing(uow, ask.team_id)
    contact = queries.joining.contact_to_change(uow, ask)
    rules.standing.must_be_able(standing, "contact.manage", ask.organization_id)
    return contact, standing


def _derived(uow: UnitOfWork, contact: Fields) -> dict[str, Any]:
    """The columns that follow from name and address, and the member whose address it is."""
    email_key = rules.names.fold(contact["email"]) if contact["email"] else None
    member = None
    if email_key is not None:
        place = (contact["organization_id"], contact["team_id"])
        member = queries.joining.member_with_email(uow, *place, email_key)
    return {
        "sort_name": rules.names.sort_name(contact["name"]),
        "email_key": email_key,
        "search": rules.joining.search_text(rules.names.fold(contact["name"]), email_key),
        "user_id": member,
    }
