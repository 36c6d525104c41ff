"""Followers: people who are informed about a case."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from services.cases import queries, rules
from services.cases.commands.saving import record, save, take
from services.cases.rules import Agreed, Round
from services.cases.tables import followers
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_FOLLOW = insert(followers).on_conflict_do_nothing()


def add_follower(uow: UnitOfWork, ask: c.AddFollower) -> c.CaseView:
    """Let a person follow. Raises Invalid ``follower_needs_product``, Conflict ``private_case``."""
    reader = take(uow, ask, "follower.add")
    wanted = uow.actor.user_id if ask.user_id == "me" else ask.user_id
    case = reader.case
    case.status = rules.move("follow", case)
    if case.visibility == "private":
        raise rules.private_refused()
    if any(user_id == wanted for user_id, _ in reader.followers):
        return queries.view(uow, reader)
    if len(reader.followers) >= rules.MOST_FOLLOWERS:
        raise rules.too_many_followers()
    person = queries.member(uow, case, wanted)
    if person is None:
        raise rules.follower_refused("/user_id")
    agreed = Agreed.of(person.products, person.contract)
    if not agreed.includes("followers", reader.policy):
        raise rules.not_included("followers", reader.policy)
    if reader.policy["followers"]["need_product"] and case.product is not None and case.product not in agreed.products:
        raise rules.follower_refused("/user_id")
    uow.run(_FOLLOW, {"case_id": case.id, "user_id": wanted, "name": person.name})
    reader.followers.append((wanted, person.name))
    reader.present.append(wanted)
    save(uow, reader, noted=[rules.came("followers", {"id": wanted, "name": person.name})])
    record(uow, reader, c.CaseChanged, Round(people=(wanted,)), fields=["followers"])
    return queries.view(uow, reader)


def remove_follower(uow: UnitOfWork, ask: c.RemoveFollower) -> c.CaseView:
    """Stop a person's following; removing somebody who does not follow changes nothing."""
    reader = take(uow, ask, "follower.remove")
    unwanted = uow.actor.user_id if ask.user_id == "me" else ask.user_id
    case = reader.case
    case.status = rules.move("follow", case)
    gone = delete(followers).where(followers.c.case_id == case.id, followers.c.user_id == unwanted)
    if uow.run(gone):
        noted = [
            rules.went("followers", {"id": who, "name": name}) for who, name in reader.followers if who == unwanted
        ]
        reader.followers = [(user_id, name) for user_id, name in reader.followers if user_id != unwanted]
        save(uow, reader, noted=noted)
        record(uow, reader, c.CaseChanged, Round(), fields=["followers"])
    return queries.view(uow, reader)
