"""What people change about themselves: what is said of them, their address, where they work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules
from services.accounts.commands.attempts import count
from services.accounts.commands.letters import Link, want_letter
from services.accounts.commands.passwords import PATHS, end_links, make_links, prove_present_password, proved, use_link
from services.accounts.commands.people import change_person
from services.accounts.notes import note
from services.accounts.tables import contexts, mailed_links
from services.chassis.actor import Context
from services.chassis.messages import ABSENT
from services.chassis.problems import Conflict
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c

Fields = Mapping[str, Any]


def change_me(uow: UnitOfWork, ask: c.ChangeMe) -> c.MeView:
    """Raises Unauthenticated, 412, and Invalid for a time zone that is none."""
    rules.standing.must_be_known(uow.actor)
    rules.people.must_be_a_time_zone(ask.time_zone)
    person = queries.people.person(uow, uow.actor.user_id, to_change=True)
    uow.must_match(person["version"])
    wanted = {name: value for name in ("name", "locale", "time_zone") if (value := getattr(ask, name)) is not None}
    if ask.phone is not ABSENT:
        wanted["phone"] = ask.phone
    changes = {name: value for name, value in wanted.items() if value != person[name]}
    if "name" in changes:
        changes["sort_name"] = rules.names.sort_name(changes["name"])
    if changes:
        change_person(uow, person, changes)
        told = sorted(changes.keys() & {"name", "locale", "time_zone", "phone"})
        note(uow, "person.changed", team_id=None, object_id=person["id"], fields=told)
    return queries.people.read_me(uow, c.ReadMe())


def choose_context(uow: UnitOfWork, ask: c.ChooseContext) -> c.MeView:
    """Raises Unauthenticated, and NotFound where the caller does not belong."""
    rules.standing.must_be_known(uow.actor)
    queries.people.must_belong(uow, ask.team_id, ask.organization_id)
    chosen = {"user_id": uow.actor.user_id, "team_id": ask.team_id, "organization_id": ask.organization_id}
    new = {"organization_id": ask.organization_id}
    columns = [contexts.c.user_id, contexts.c.team_id]
    uow.run(upsert(contexts).values(chosen).on_conflict_do_update(index_elements=columns, set_=new))
    return queries.people.read_me(uow, c.ReadMe())


def prove_it_is_me(work: Work, context: Context, ask: c.ChangeEmail | c.RemoveTotp) -> Fields:
    """The person, who says his password again. Raises as ``prove_present_password``."""
    return prove_present_password(work, context, ask.password)


def change_email(uow: UnitOfWork, ask: c.ChangeEmail, proven: Fields) -> c.DoneView:
    """A letter to the new address, the same whether or not somebody has it already. Raises 429 after a few."""
    person = proved(uow, proven)
    count(uow, [rules.attempts.new_address(person["id"])])
    [token] = make_links(uow, "email", [person], email=ask.email)
    link = Link(PATHS["email"] + token, rules.passwords.LIFE["email"])
    want_letter(uow, "email_confirm", {**person, "email": ask.email}, link=link, user_name=person["user_name"])
    return c.DoneView()


def confirm_email(uow: UnitOfWork, ask: c.ConfirmEmail) -> c.DoneView:
    """From now on mail goes there; the old address is told. Raises Invalid ``expired`` and Conflict ``email_taken``."""
    person = use_link(uow, "email", ask.token)
    email = person.pop("wanted_email")
    key = rules.names.fold(email)
    if any(one["id"] != person["id"] for one in queries.people.people_known_as(uow, person["user_name_key"], key)):
        raise Conflict("email_taken", "Somebody else has this e-mail address.")
    end_links(uow, mailed_links.c.user_id == person["id"])
    change_person(uow, person, {"email": email, "email_key": key})
    want_letter(uow, "email_changed", person, email=email)
    note(uow, "email.changed", team_id=None, object_id=person["id"])
    return c.DoneView()
