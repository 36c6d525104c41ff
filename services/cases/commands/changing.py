"""Saving changes to a case."""

from __future__ import annotations

from typing import Any

from services.cases import queries, rules
from services.cases.commands.callbacks import move_callback
from services.cases.commands.keys import end_keys, reach_contact
from services.cases.commands.saving import record, save, take
from services.cases.rules import Reader
from services.chassis.messages import ABSENT
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c


def change_case(uow: UnitOfWork, ask: c.ChangeCase) -> c.CaseView:
    """Save changes; the case stays open. Clocks follow a new priority. Raises Forbidden ``field_not_editable``, Invalid
    (``invalid`` with every wrong field, ``product_not_held``), Conflict ``private_case``, PreconditionFailed."""
    reader = take(uow, ask, "case.change")
    reader.case.status = rules.move("change", reader.case)
    sent = {name: value for name in rules.CHANGEABLE if (value := getattr(ask, name)) is not ABSENT}
    rules.must_be_editable(reader, sent)
    changed = _apply(uow, reader, sent)
    if changed:
        save(uow, reader)
        if "contact" in changed:
            reach_contact(uow, reader)
        if "callback_at" in sent:
            move_callback(uow, reader, sent["callback_at"])
        record(uow, reader, c.CaseChanged, rules.sides_of(reader.standing.side), fields=changed)
    return queries.view(uow, reader)


def _apply(uow: UnitOfWork, reader: Reader, sent: dict[str, Any]) -> list[str]:
    """The case becomes what was sent; which fields are not as they were."""
    before, contact_id = reader.case, sent.get("contact_id")
    people = [contact_id] if contact_id else []
    around = queries.surroundings(uow, before, people) if rules.looks_around(sent) else None
    reader.case = case = rules.changed_case(reader, sent, around, uow.now)
    changed = [field for name, field in rules.CHANGEABLE.items() if name in sent and _differs(name, before, case)]
    if around is not None and "contact" in changed:
        if case.visibility == "private":
            raise rules.private_refused()
        reader.present.append(case.contact_id)
        reader.outsider = around.outsiders.get(case.contact_id)
        end_keys(uow, reader)
    if "product" in changed:
        reader.followable = True  # it is held, or there is none
    return changed


def _differs(name: str, before: Any, after: Any) -> bool:
    if name == "callback_at":
        return bool(before.fields != after.fields)
    return bool(getattr(before, name) != getattr(after, name))
