"""Links between cases, and tags on them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, or_
from sqlalchemy.dialects.postgresql import insert

from services.cases import queries, rules
from services.cases.commands.saving import record, save, take
from services.cases.rules import Reader, Round
from services.cases.tables import links
from services.chassis.ids import new_id
from services.chassis.problems import Conflict, Invalid, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

MOST_TAGS = 20
_LINK = insert(links).on_conflict_do_nothing()


def add_link(uow: UnitOfWork, ask: c.AddLink) -> c.LinkList:
    """Link it with a case that the caller sees too. Raises Invalid ``/other_id``."""
    reader = take(uow, ask, "case.link")
    reader.case.status = rules.move("link", reader.case)
    try:
        other = queries.one(uow, c.ReadCase(team_id=ask.team_id, case_id=ask.other_id))
    except NotFound:
        raise no_such_case("/other_id") from None
    if other.case.id == reader.case.id:
        raise Invalid.field("/other_id", "other", "A case is not linked with itself.")
    if uow.run(_LINK, link_row(uow, reader.case.id, other.case.id, ask.kind)):  # not when it was there
        save(uow, reader, noted=[rules.came("links", {"id": other.case.id, "kind": ask.kind})])
        record(uow, reader, c.CaseChanged, Round(), fields=["links"])
    return queries.links_of(uow, reader)


def no_such_case(pointer: str) -> Invalid:
    """A second case that a request names: one the caller does not see is as wrong as one that does not exist."""
    return Invalid.field(pointer, "exists", "There is no such case.")


def link_row(uow: UnitOfWork, case_id: str, other_id: str, kind: str) -> dict[str, Any]:
    """What is kept of a link."""
    first, second = sorted((case_id, other_id)) if kind == "related" else (case_id, other_id)
    values: dict[str, Any] = {"id": new_id("link"), "case_id": first, "other_id": second, "kind": kind}
    return values | {"created_at": uow.now}


def remove_link(uow: UnitOfWork, ask: c.RemoveLink) -> c.DoneView:
    """Take it away. Raises NotFound for a link of other cases."""
    reader = take(uow, ask, "case.link")
    reader.case.status = rules.move("link", reader.case)
    ours = or_(links.c.case_id == reader.case.id, links.c.other_id == reader.case.id)
    gone = uow.first(delete(links).where(links.c.id == ask.link_id, ours).returning(links))
    if gone is None:
        raise NotFound()
    other_id = gone.other_id if gone.case_id == reader.case.id else gone.case_id
    save(uow, reader, noted=[rules.went("links", {"id": other_id, "kind": gone.kind})])
    record(uow, reader, c.CaseChanged, Round(), fields=["links"])
    return c.DoneView()


def put_tag(uow: UnitOfWork, ask: c.PutTag) -> c.TagList:
    """Mark it. Raises Conflict ``too_many_tags``."""
    reader = take(uow, ask, "case.link")
    tag(uow, reader, ask)
    return c.TagList(data=reader.tags)


def tag(uow: UnitOfWork, reader: Reader, ask: c.PutTag) -> None:
    """The same on a case that is held already."""
    reader.case.status = rules.move("link", reader.case)
    if ask.tag not in reader.tags:
        if len(reader.tags) >= MOST_TAGS:
            raise Conflict("too_many_tags", f"A case has at most {MOST_TAGS} tags.")
        _tagged(uow, reader, sorted([*reader.tags, ask.tag]))


def remove_tag(uow: UnitOfWork, ask: c.RemoveTag) -> c.DoneView:
    """Take it off; one that is not there changes nothing."""
    reader = take(uow, ask, "case.link")
    untag(uow, reader, ask)
    return c.DoneView()


def untag(uow: UnitOfWork, reader: Reader, ask: c.RemoveTag) -> None:
    """The same on a case that is held already."""
    reader.case.status = rules.move("link", reader.case)
    if ask.tag in reader.tags:
        _tagged(uow, reader, [other for other in reader.tags if other != ask.tag])


def _tagged(uow: UnitOfWork, reader: Reader, now: list[str]) -> None:
    before, reader.tags = reader.tags, now
    noted = [rules.came("tags", one) for one in now if one not in before]
    save(uow, reader, noted=noted + [rules.went("tags", one) for one in before if one not in now])
    record(uow, reader, c.CaseTagged, Round(), internal=True, tags=now)
