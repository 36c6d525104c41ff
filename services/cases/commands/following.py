"""Followers: people who are informed about a case."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from services.cases import queries, rules
from services.cases.commands.saving import record, save, take
from services.cases.rules import Agreed, Round
from services.cases.tables import followers
from services.chassis.problems import Conflict, Invalid
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

MOST_FOLLOWERS = 50
_FOLLOW = insert(followers).on_conflict_do_nothing()


def follower_refused(pointer: str) -> Invalid:
    """Why somebody cannot follow: he does not belong to the organization, or it does not hold the product."""
    detail = "A follower needs an active profile in the organization, with access to the case's product."
    errors = [{"pointer": pointer, "rule": "entitled", "detail": detail}]
    return Invalid("follower_needs_product", detail, errors=errors)


def private_refused() -> Conflict:
    """Nobody is let in to a private case before its creator widens it."""
    return Conflict("private_case", "Only the creator and the contact see a private case; widen its visibility first.")


def too_many_followers() -> Conflict:
    """A case informs a group, not a crowd (and an event names at most a hundred people)."""
    return Conflict("too_many_followers", f"A case has at most {MOST_FOLLOWERS} followers.")


def add_follower(uow: UnitOfWork, ask: c.AddFollower) -> c.CaseView:
    """Let a person follow. Raises Invalid ``follower_needs_product``, Conflict ``private_case``."""
    reader = take(uow, ask, "follower.add")
    case = reader.case
    case.status = rules.move("follow", case)
    if case.visibility == "private":
        raise private_refused()
    if any(user_id == ask.user_id for user_id, _ in reader.followers):
        return queries.view(uow, reader)
    if len(reader.followers) >= MOST_FOLLOWERS:
        raise too_many_followers()
    person = queries.member(uow, case, ask.user_id)
    if person is None:
        raise follower_refused("/user_id")
    agreed = Agreed.of(person.products, person.contract)
    if not agreed.includes("followers", reader.policy):
        raise rules.not_included("followers", reader.policy)
    if reader.policy["followers"]["need_product"] and case.product is not None and case.product not in agreed.products:
        raise follower_refused("/user_id")
    uow.run(_FOLLOW, {"case_id": case.id, "user_id": ask.user_id, "name": person.name})
    reader.followers.append((ask.user_id, person.name))
    reader.present.append(ask.user_id)
    save(uow, reader)
    record(uow, reader, c.CaseChanged, Round(people=(ask.user_id,)), fields=["followers"])
    return queries.view(uow, reader)


def remove_follower(uow: UnitOfWork, ask: c.RemoveFollower) -> c.CaseView:
    """Stop a person's following; removing somebody who does not follow changes nothing."""
    reader = take(uow, ask, "follower.remove")
    case = reader.case
    case.status = rules.move("follow", case)
    gone = delete(followers).where(followers.c.case_id == case.id, followers.c.user_id == ask.user_id)
    if uow.run(gone):
        reader.followers = [(user_id, name) for user_id, name in reader.followers if user_id != ask.user_id]
        save(uow, reader)
        record(uow, reader, c.CaseChanged, Round(), fields=["followers"])
    return queries.view(uow, reader)
