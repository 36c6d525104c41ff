"""Which two cases may go on as one, and who is told of it from then on."""

from __future__ import annotations

from typing import Any

from services.cases.rules.audience import sees
from services.cases.rules.case import Reader
from services.cases.rules.keys import without_login
from services.cases.tables import Case
from services.chassis.problems import Conflict, Invalid


def must_be_mergeable(reader: Reader, target: Reader) -> None:
    """``reader``'s case goes on as ``target``'s. One level only, so that every number leads on in one step; nobody may
    come to read what he could not read before, and no work goes on without its price. Raises Invalid and Conflict."""
    case, other = reader.case, target.case
    if case.id == other.id:
        raise Invalid.field("/into_id", "other", "A case is not merged into itself.")
    for one in (case, other):
        if one.merged_into is not None:
            detail = f"{one.number} was merged already; undo that first."
            raise Conflict("merged", detail, extra={"merged_into": one.merged_into})
    if reader.merged:
        raise Conflict("has_merged", "Others were merged into this case; merge it the other way round.")
    if case.organization_id != other.organization_id:
        raise Conflict("different_organization", "Both cases must be of the same organization.")
    if not _read_alike(reader, target):
        raise Conflict("different_readers", "These cases are not read by the same people.")
    if case.gate != "open" and other.gate == "open":  # into one that waits for a price itself, nothing goes on
        detail = "The price has to be approved first: the other case is worked on without one."
        raise Conflict("quote_required", detail, extra={"status": case.status, "gate": case.gate})


def _read_alike(reader: Reader, target: Reader) -> bool:
    """Whether nobody reads one of the cases and not the other. Who asked without a login reads his own one only."""
    case, other = reader.case, target.case
    if case.contact_id != other.contact_id and (without_login(case.contact_id) or without_login(other.contact_id)):
        return False
    open_to_all = case.visibility == other.visibility == "organization"
    return open_to_all or _readers(reader) == _readers(target)


def _readers(reader: Reader) -> tuple[Any, ...]:
    """Who reads a case that is not open to the whole organization: its people, and its followers while they may."""
    case = reader.case
    following = frozenset(user_id for user_id, _ in reader.followers) if case.visibility == "participants" else None
    return case.visibility, _ids(case), following, reader.followable or not following


def newcomers(reader: Reader, target: Reader) -> list[tuple[str, str]]:
    """Who has to follow ``target``, so that nobody waits in vain for an answer: whose case the other one is, as far as
    they see it, and its followers; whoever follows it already among them."""
    case = reader.case
    names = (case.contact_name, case.created_by_name, case.owner_name)
    people = [(one, name) for one, name in zip(_ids(case), names, strict=True) if sees(reader, one)]
    return [(one, name) for one, name in dict([*people, *reader.followers]).items() if one not in _ids(target.case)]


def _ids(case: Case) -> tuple[str, str, str]:
    return case.contact_id, case.created_by, case.owner_id
