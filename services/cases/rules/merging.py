"""Which two cases may go on as one."""

from __future__ import annotations

from services.cases.rules.case import Reader
from services.chassis.problems import Conflict, Invalid


def must_be_mergeable(reader: Reader, target: Reader) -> None:
    """``reader``'s case goes on as ``target``'s. One level only, so that every number leads on in one step; and nobody
    may come to read what he could not read before. Raises Invalid and Conflict."""
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
    people = [(one.created_by, one.contact_id, one.owner_id) for one in (case, other)]
    open_to_all = case.visibility == other.visibility == "organization"
    if not open_to_all and (case.visibility != other.visibility or people[0] != people[1]):
        raise Conflict("different_readers", "These cases are not read by the same people.")
