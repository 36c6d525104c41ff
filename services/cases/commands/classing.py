"""Correcting what a case is: its type, priority and topic."""

from __future__ import annotations

from dataclasses import asdict, replace

from services.cases import queries, rules
from services.cases.commands.quotes import quote_happening, tell_withdrawn, withdraw_open
from services.cases.commands.routing import route_again, tell_routed, wish
from services.cases.commands.saving import Notice, record, record_comment, save, say, take
from services.cases.rules import Reader, Round
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c


def reclassify_case(uow: UnitOfWork, ask: c.ReclassifyCase) -> c.CaseView:
    """Correct it, work out what it costs now, and tell the customer why. Raises NotFound, Forbidden, Invalid, Conflict
    ``not_in_this_status``."""
    reader = take(uow, ask, "case.reclassify")
    reclassify(uow, reader, ask)
    return queries.view(uow, reader)


def reclassify(uow: UnitOfWork, reader: Reader, ask: c.ReclassifyCase) -> None:
    """The same on a case that is held already."""
    case, before = reader.case, replace(reader.case)
    hands = case.assignee_id is None and rules.asks_for_hands(reader.policy["routing"], wish(reader))
    profile, agreed, around = queries.pricing(uow, case, hands=hands, known=reader.known)
    wanted = {"type": ask.type, "priority": ask.priority, "topic": ask.topic}
    rules.reclassify(profile, agreed, case, wanted)
    case.reviewed_at = case.reviewed_at or uow.now  # who corrects it has looked at it
    if (case.type, case.topic) != (before.type, before.topic):
        route_again(reader, around, wish(reader))
    gone = withdraw_open(uow, reader) if before.gate == "offered" and case.gate != "offered" else None
    # A priority that customers are not told is none of their news.
    tells = bool(profile["priority"]["customer_sets"])
    hidden = not tells and (case.type, case.topic) == (before.type, before.topic)
    owed = rules.owed(reader, rules.promises(profile, agreed.terms, case.priority), uow.now)
    body = rules.correction(profile, before, case, ask.reason, owed)
    said = Notice(**asdict(say(uow, reader, body, "portal", "internal" if hidden else "public")))
    save(uow, reader, said, reason=ask.reason, noted=[quote_happening(gone)] if gone else [])
    tell_withdrawn(uow, reader, gone)
    record_comment(uow, reader, said)
    record(
        uow,
        reader,
        c.CaseReclassified,
        Round() if hidden else rules.sides_of(reader.standing.side),
        internal=hidden,
        type=case.type,
        type_before=before.type,
        priority=case.priority if tells else None,
        priority_before=before.priority if tells else None,
        topic=case.topic,
        topic_before=before.topic,
        charge=case.charge,
        charge_before=before.charge,
        gate=case.gate,
        reason=ask.reason,
    )
    tell_routed(uow, reader, before.queue_id)
    if case.assignee_id != before.assignee_id:
        record(uow, reader, c.CaseAssigned, Round(people=(case.assignee_id or "",)), assignee_id=case.assignee_id)
