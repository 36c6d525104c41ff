"""What happened to a case: its changes, and everything in one order."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from sqlalchemy import (
    ARRAY,
    DateTime,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    case,
    cast,
    column,
    false,
    func,
    literal,
    null,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.cases import rules
from services.cases.queries.paging import cursor_of, position_of
from services.cases.queries.single import START, looked_at, one, tells_priority
from services.cases.rules import Reader
from services.cases.tables import calls, cases, changes, comments, memberships
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

# The changes of one act, as the rows of ``changes`` that its UPDATE writes along.
_told = (
    func.jsonb_to_recordset(bindparam("noted_changes", type_=JSONB))
    .table_valued(
        *(column(name, Text) for name in ("id", "field", "reason")), column("before", JSONB), column("after", JSONB)
    )
    .render_derived(name="told", with_types=True)
)
NOTED = select(
    _told.c.id,
    bindparam("noted_case", type_=Text()),
    bindparam("noted_at", type_=DateTime(timezone=True)),
    bindparam("noted_by", type_=Text()),
    bindparam("noted_name", type_=Text()),
    bindparam("noted_side", type_=Text()),
    _told.c.field,
    _told.c.before,
    _told.c.after,
    _told.c.reason,
)

# The same for one thing that a neighbour tells of: in the name of its actor as we know him, if the case is ours.
_actor: Any = bindparam("noted_by", type_=Text())
_known = (
    select(memberships.c.name, memberships.c.organization_id)
    .where(memberships.c.user_id == _actor, memberships.c.team_id == cases.c.team_id)
    .order_by(memberships.c.organization_id.is_not(None))
    .limit(1)
    .correlate(cases)
    .lateral("known")
)
_outside = case((cases.c.contact_id == _actor, cases.c.contact_name), else_="")
_at_the_desk = _known.c.name.is_not(None) & _known.c.organization_id.is_(None)
NOTED_BY_NEIGHBOUR = (
    select(
        bindparam("noted_id", type_=Text()),
        cases.c.id,
        bindparam("noted_at", type_=DateTime(timezone=True)),
        _actor,
        func.coalesce(_known.c.name, _outside),
        case((_at_the_desk, "support"), else_="customer"),
        bindparam("noted_field", type_=Text()),
        cast(null(), JSONB),
        bindparam("noted_after", type_=JSONB),
        cast(null(), Text),
    )
    .select_from(cases.outerjoin(_known, true()))
    .where(cases.c.id == bindparam("noted_case", type_=Text()))
)

MOST_LETTERS = 4_000_000  # of one page: what is longer than a message goes on with the cursor
_after = tuple_(bindparam("after", type_=DateTime(timezone=True)), bindparam("after_id", type_=Text()))
_most = bindparam("most", type_=Integer())
_case_ids = any_(bindparam("case_ids", type_=ARRAY(Text)))
_fields = any_(bindparam("fields", type_=ARRAY(Text)))


def _in_order(found: Select[Any], at: Any, key: Any) -> Select[Any]:
    return found.where(tuple_(at, key) > _after).order_by(at, key).limit(_most)


_CHANGES = _in_order(
    select(*changes.c).where(changes.c.case_id == bindparam("case_id"), changes.c.field == _fields),
    changes.c.at,
    changes.c.id,
)


def _part(kind: str, told: dict[str, Any], *where: Any) -> Any:
    """One sort of happenings of the cases in ``case_ids``, as the columns of a HappeningLine."""
    columns = {"kind": literal(kind)} | told
    found = select(*[columns[name].label(name) for name in _COLUMNS]).where(told["case_id"] == _case_ids, *where)
    return _in_order(found, told["at"], told["id"]).subquery(kind).select()


_COLUMNS = ("id", "case_id", "at", "kind", "actor_id", "actor_name", "side", "internal", "details")
_opened = _part(
    "opened",
    {
        "id": cases.c.id,
        "case_id": cases.c.id,
        "at": cases.c.created_at,
        "actor_id": cases.c.created_by,
        "actor_name": cases.c.created_by_name,
        "side": cast(null(), Text()),
        "internal": false(),
        "details": func.jsonb_build_object("number", cases.c.number, "title", cases.c.title),
    },
)
_commented = _part(
    "comment",
    {
        "id": comments.c.id,
        "case_id": comments.c.case_id,
        "at": comments.c.created_at,
        "actor_id": comments.c.author_id,
        "actor_name": comments.c.author_name,
        "side": comments.c.side,
        "internal": comments.c.visibility == "internal",
        "details": func.jsonb_build_object(
            *("body", comments.c.body, "channel", comments.c.channel, "file_ids", comments.c.file_ids),
            *("edited_at", comments.c.edited_at, "retracted_at", comments.c.retracted_at),
        ),
    },
    comments.c.visibility == any_(bindparam("kinds", type_=ARRAY(Text))),
)
_internal_fields = changes.c.field == any_(bindparam("hidden", type_=ARRAY(Text)))
_changed = _part(
    "change",
    {
        **{name: changes.c[name] for name in ("id", "case_id", "at", "actor_id", "actor_name", "side")},
        "internal": _internal_fields,
        "details": func.jsonb_build_object(
            *("field", changes.c.field, "before", changes.c.before),
            *("after", changes.c.after, "reason", changes.c.reason),
        ),
    },
    changes.c.field == _fields,
)
# What is no field of the case, such as a quote: the same table, told in its own words.
_happened = _part(
    "happening",
    {
        **{name: changes.c[name] for name in ("id", "case_id", "at", "actor_id", "actor_name", "side")},
        "kind": case({field: kind for field, (kind, _) in rules.HAPPENINGS.items()}, value=changes.c.field),
        "internal": _internal_fields,
        "details": changes.c.after,
    },
    changes.c.field == any_(bindparam("happenings", type_=ARRAY(Text))),
)
_phoned = _part(
    "call",
    {
        "id": calls.c.id,
        "case_id": calls.c.case_id,
        "at": calls.c.created_at,
        "actor_id": comments.c.author_id,
        "actor_name": comments.c.author_name,
        "side": comments.c.side,
        "internal": comments.c.visibility == "internal",
        "details": func.jsonb_build_object(
            *("direction", calls.c.direction, "with", calls.c.with_name),
            *("minutes", calls.c.minutes, "comment_id", calls.c.comment_id),
        ),
    },
    comments.c.id == calls.c.comment_id,
    comments.c.visibility == any_(bindparam("kinds", type_=ARRAY(Text))),
)
# Each part walks its own index to the page; what is merged and sorted is a page of each.
_HAPPENINGS = union_all(_opened, _commented, _changed, _happened, _phoned)
_HAPPENINGS = _HAPPENINGS.order_by(_HAPPENINGS.selected_columns.at, _HAPPENINGS.selected_columns.id).limit(_most)


def list_history(uow: UnitOfWork, ask: c.ListHistory) -> c.ChangePage:
    """What changed, as far as the actor sees the fields, oldest first."""
    reader = looked_at(uow, one(uow, ask))
    values = _asked(reader, ask.cursor, ask.limit)
    rows = uow.all(_CHANGES, values | {"case_id": reader.case.id})
    last = rows[ask.limit - 1] if len(rows) > ask.limit else None
    data = [
        c.ChangeLine(
            id=row.id,
            at=row.at,
            actor=c.PersonView(id=row.actor_id, name=row.actor_name),
            side=row.side,
            field=row.field,
            before=row.before,
            after=row.after,
            reason=row.reason,
        )
        for row in rows[: ask.limit]
    ]
    return c.ChangePage(data=data, next_cursor=cursor_of(last.at, last.id) if last else None)


def list_happenings(uow: UnitOfWork, ask: c.ListHappenings) -> c.HappeningPage:
    """Everything in one order, as far as the actor may read it."""
    data, cursor = happenings(uow, looked_at(uow, one(uow, ask)), ask.cursor, ask.limit)
    return c.HappeningPage(data=data, next_cursor=cursor)


def _asked(reader: Reader, cursor: str | None, limit: int) -> dict[str, Any]:
    at, last_id = START if cursor is None else position_of(cursor)
    staff = reader.standing.staff
    fields = rules.readable_fields(staff=staff, priority=tells_priority(reader.standing, reader.policy))
    return {"after": at, "after_id": last_id, "most": limit + 1, "fields": fields}


def happenings(
    uow: UnitOfWork, reader: Reader, cursor: str | None, limit: int
) -> tuple[list[c.HappeningLine], str | None]:
    """The next of a case in hand, as far as they fit into one answer, and where it goes on."""
    staff = reader.standing.staff
    values = _asked(reader, cursor, limit) | {"case_ids": [reader.case.id, *[one_ for one_, _ in reader.merged]]}
    seen = set(rules.readable_fields(staff=False, priority=tells_priority(reader.standing, reader.policy)))
    values["hidden"] = [field for field in values["fields"] if field not in seen]
    values["happenings"] = rules.readable_happenings(staff=staff)
    values["hidden"] += [field for field, (_, internal) in rules.HAPPENINGS.items() if internal]
    values["kinds"] = ["public", "internal"] if staff else ["public"]
    rows = uow.all(_HAPPENINGS, values)
    fitting = min(limit, _fitting([len(str(row.details.get("body", ""))) for row in rows]))
    last = rows[fitting - 1] if len(rows) > fitting else None
    data = [
        c.HappeningLine(
            id=row.id,
            case_id=row.case_id,
            at=row.at,
            kind=row.kind,
            actor=c.PersonView(id=row.actor_id, name=row.actor_name),
            side=row.side,
            internal=row.internal,
            details=row.details,
        )
        for row in rows[:fitting]
    ]
    return data, cursor_of(last.at, last.id) if last else None


def _fitting(lengths: list[int]) -> int:
    """How many of these fit, one at least."""
    total = list(accumulate(lengths))
    return max(1, sum(so_far <= MOST_LETTERS for so_far in total))
