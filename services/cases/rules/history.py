"""What of a case has a history, and who may read it."""

from __future__ import annotations

from typing import Any

from services.cases.rules.kept_clocks import Kept, clock_line
from services.cases.tables import Case

# What stands in ``changes`` beside the fields of the case, for the timeline: field -> kind, and whether it is the
# staff's own business.
HAPPENINGS: dict[str, tuple[str, bool]] = {
    "quote": ("quote", False),
    "callback": ("callback", False),
    "clock": ("clock", False),
    "alarm": ("clock", True),
    "file": ("file", False),
    "internal_file": ("file", True),
}
# The field as people call it -> the columns that hold it; two columns are the id and the name of a person.
_PUBLIC: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("status", "type", "topic", "priority", "product", "product_item", "product_range")},
    **{name: (name,) for name in ("title", "description", "fields", "visibility", "charge", "rating", "merged_into")},
    "substatus": ("substatus",),
    "contact": ("contact_id", "contact_name"),
    "owner": ("owner_id", "owner_name"),
    "assignee": ("assignee_id", "assignee_name"),
}
_INTERNAL: dict[str, tuple[str, ...]] = {
    "level": ("level",),
    "complexity": ("complexity",),
    "queue": ("queue_id",),
    "language": ("language",),
}
WATCHED = _PUBLIC | _INTERNAL
# What stands around the case, as its acts note it. A linked case may be hidden from the customers of this one.
_NOTED_PUBLIC = ("followers", "technical_information")
_NOTED_INTERNAL = ("links", "tags", "follow_up_at", "comment")


def differences(before: Case, after: Case) -> list[dict[str, Any]]:
    """``field``, ``before`` and ``after`` of everything with a history that is not as it was."""
    return [
        {"field": field, "before": _told(before, columns), "after": _told(after, columns)}
        for field, columns in WATCHED.items()
        if getattr(before, columns[0]) != getattr(after, columns[0])
    ]


def begun(before: Kept, after: Kept) -> list[dict[str, Any]]:
    """One line of the timeline for the clocks that began to run, if any did."""
    known = {one["kind"]: _began(one) for one in before}
    new = [one for one in after if _began(one) not in (None, known.get(one["kind"]))]
    if not new:
        return []
    return [happening("clock", state="started", clocks=[clock_line(one) for one in new])]


def _began(kept: dict[str, Any]) -> str | None:
    """When its present round began; None while it stands ready."""
    place = (kept.get("rounds") or [0])[-1]
    return str(kept["segments"][place][1]) if kept["segments"] else None


def happening(field: str, **details: Any) -> dict[str, Any]:
    """Something for the timeline that is not a field of the case, as a row of ``changes`` keeps it."""
    return came(field, details)


def came(field: str, value: Any) -> dict[str, Any]:
    """A line of the history: this is new around the case."""
    return {"field": field, "before": None, "after": value}


def went(field: str, value: Any) -> dict[str, Any]:
    """A line of the history: this is no more."""
    return {"field": field, "before": value, "after": None}


def offers(line: dict[str, Any]) -> bool:
    """Whether this line of the timeline is a price offered to the customer."""
    return bool(line["field"] == "quote" and line["after"]["state"] == "offered")


def readable_happenings(*, staff: bool) -> list[str]:
    """What of these somebody may read."""
    return [field for field, (_, internal) in HAPPENINGS.items() if staff or not internal]


def readable_fields(*, staff: bool, priority: bool) -> list[str]:
    """The fields whose history somebody may read; customers learn the ``priority`` only where the team tells it."""
    if staff:
        return [*WATCHED, *_NOTED_PUBLIC, *_NOTED_INTERNAL]
    return [*[field for field in _PUBLIC if field != "priority" or priority], *_NOTED_PUBLIC]


def _told(case: Case, columns: tuple[str, ...]) -> Any:
    value = getattr(case, columns[0])
    return value if len(columns) == 1 or value is None else {"id": value, "name": getattr(case, columns[1])}
