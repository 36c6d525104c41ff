"""Where a case goes that nobody has: again after it became something else, and back from desks that were left."""

from __future__ import annotations

from services.cases import queries, rules
from services.cases.commands.saving import record, save_many
from services.cases.queries import desks
from services.cases.queries.desks import Around
from services.cases.rules import Reader, Round
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c


def wish(reader: Reader) -> str | None:
    """Whom the customer would like to have."""
    return reader.case.fields.get("preferred_assignee")


def route_again(reader: Reader, around: Around, favourite: str | None) -> None:
    """The queue and the agent that a new case like this one would get; for a held case that lies on nobody's desk. What
    no queue takes stays where it is."""
    case = reader.case
    if case.assignee_id is not None:
        return
    topics = rules.names_of_topic({"topics": around.topics}, case.topic)
    wanted = rules.Wanted(case.type, case.product, case.level, topics, favourite)
    queue, hand = rules.routed(wanted, around.queues, around.staff, reader.policy["routing"])
    if queue is not None:
        case.queue_id = queue.queue_id
    if hand is not None:
        case.assignee_id, case.assignee_name = hand.user_id, hand.name


def route_up(uow: UnitOfWork, reader: Reader, besides: str) -> None:
    """The same after it was handed up: away from who had it, whomever the customer would like."""
    if reader.case.assignee_id is None:
        hands = rules.asks_for_hands(reader.policy["routing"], None)
        around = desks.around(uow, reader.case, hands=hands, known=reader.known)
        others = [hand for hand in around.staff if hand.user_id != besides]
        route_again(reader, around._replace(staff=others), None)


def tell_routed(uow: UnitOfWork, reader: Reader, queue_before: str | None) -> None:
    """What ``route_again`` did, once the case is saved; the other events of the act tell of its agent."""
    if reader.case.queue_id != queue_before:
        record(uow, reader, c.CaseQueued, Round(), internal=True, queue_id=reader.case.queue_id)


def clear_left_desks(uow: UnitOfWork) -> None:
    """A timer: open cases of people who are no more of the staff go back to the pile, some at a time."""
    lying = desks.left_behind(uow)
    readers = [one for one in queries.onlookers(uow, list(lying)) if one.case.assignee_id == lying[one.case.id]]
    for reader in readers:
        reader.case.assignee_id = reader.case.assignee_name = None
    save_many(uow, readers)
    for reader in readers:
        record(uow, reader, c.CaseAssigned, Round(), assignee_id=None)
