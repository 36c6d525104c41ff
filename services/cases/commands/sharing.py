"""Whose case it is, and who sees it."""

from __future__ import annotations

from dataclasses import replace

from services.cases import queries, rules
from services.cases.commands.saving import record, save, take
from services.chassis.problems import Invalid
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c


def change_owner(uow: UnitOfWork, ask: c.ChangeOwner) -> c.CaseView:
    """Another owner, who is told. Raises NotFound, Forbidden (``not_permitted``, ``owner_not_offered``), Conflict
    ``private_case``, Invalid ``/owner_id``, PreconditionFailed."""
    reader = take(uow, ask, "case.change_owner")
    case, before = reader.case, reader.case.owner_id
    case.status = rules.move("share", case)
    if case.visibility == "private":
        raise rules.private_refused()
    house = queries.house(uow, (case.team_id, case.organization_id), [ask.owner_id])
    if not (reader.standing.staff or house.colleagues):
        raise rules.owner_refused()
    name = (house.members or {}).get(ask.owner_id)
    if name is None:
        raise Invalid.field("/owner_id", "member", "The owner is not an active member of the organization.")
    if ask.owner_id != before:
        case.owner_id, case.owner_name = ask.owner_id, name
        reader.present.append(ask.owner_id)
        save(uow, reader)
        told = replace(rules.sides_of(reader.standing.side), people=(ask.owner_id,))
        record(uow, reader, c.CaseOwnerChanged, told, owner_id=ask.owner_id, owner_before=before)
    return queries.view(uow, reader)


def change_visibility(uow: UnitOfWork, ask: c.ChangeVisibility) -> c.CaseView:
    """Others see it, or fewer. Its event speaks to those who see it from now on, and with it every service's copy
    follows. Raises NotFound, Forbidden (``not_permitted``, ``not_yours``), Conflict ``has_merged``, Invalid
    ``/visibility``, PreconditionFailed."""
    reader = take(uow, ask, "case.change_visibility")
    case, before = reader.case, reader.case.visibility
    case.status = rules.move("share", case)
    if ask.visibility != before:
        rules.must_be_showable(reader, ask.visibility)
        case.visibility = ask.visibility
        save(uow, reader)
        told = rules.sides_of(reader.standing.side)
        event = c.CaseVisibilityChanged
        record(uow, reader, event, told, visibility=ask.visibility, visibility_before=before)
    return queries.view(uow, reader)
