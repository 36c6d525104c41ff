"""What all ways in share: how often something may be done, what follows from a new membership, what is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, case, delete, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules, secrets
from services.accounts.commands.facts import contact_changed
from services.accounts.rules.joining import Limit
from services.accounts.tables import contacts, invitations, joining_counts, registrations
from services.chassis.unit_of_work import UnitOfWork

Fields = Mapping[str, Any]


def count(uow: UnitOfWork, what: str, limit: Limit) -> None:
    """One more of these. Raises TooManyRequests; then it does not count."""
    over = joining_counts.c.until <= uow.now
    until = uow.now + limit.window
    counted = (
        upsert(joining_counts)
        .values(key=secrets.digest(what), count=1, until=until)
        .on_conflict_do_update(
            index_elements=[joining_counts.c.key],
            set_={
                "count": case((over, 1), else_=joining_counts.c.count + 1),
                "until": case((over, until), else_=joining_counts.c.until),
            },
        )
        .returning(joining_counts.c.count.label("so_far"), joining_counts.c.until)
    )
    [row] = uow.all(counted)
    rules.joining.must_not_be_too_many(row.so_far, limit, row.until, uow.now)


def withdraw(uow: UnitOfWork, which: ColumnElement[bool]) -> None:
    """Those of these invitations that are open lead nowhere from now on."""
    pending = invitations.c.accepted_at.is_(None) & invitations.c.withdrawn_at.is_(None)
    uow.run(update(invitations).where(which, pending).values(withdrawn_at=uow.now))


def link_contacts(uow: UnitOfWork, organization_id: str | None, person: Fields) -> None:
    """The contacts with a new member's address are this person from now on."""
    if organization_id is not None:
        his = (contacts.c.organization_id == organization_id) & (contacts.c.email_key == person["email_key"])
        linked = update(contacts).where(his).values(user_id=person["id"], version=contacts.c.version + 1)
        for row in uow.all(linked.returning(*contacts.c)):
            uow.record(contact_changed(row._asdict()))


def forget_applications(uow: UnitOfWork) -> bool:
    """A timer: applications nobody decided on, what was settled long ago, counts whose window is over. Says whether
    there may be more."""
    gone = [
        uow.run(delete(registrations).where(registrations.c.id.in_(queries.joining.old_registrations(uow)))),
        uow.run(delete(invitations).where(invitations.c.id.in_(queries.joining.old_invitations(uow)))),
        uow.run(delete(joining_counts).where(joining_counts.c.key.in_(queries.joining.old_counts(uow)))),
    ]
    return max(gone) >= queries.sight.BATCH
