"""The first operator of an installation, and others let in from the server's console."""

from __future__ import annotations

from datetime import timedelta

import click
from sqlalchemy import delete, insert

from services.accounts import queries, rules, secrets
from services.accounts.commands.people import new_person
from services.accounts.notes import note
from services.accounts.settings import Settings
from services.accounts.tables import operator_tokens, users
from services.chassis.problems import Conflict, Forbidden
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c

GOOD_FOR = timedelta(minutes=60)


def first_operator(work: Work, settings: Settings) -> None:
    """Print a one-time token for the first operator (while there is none); see `casework setup`."""
    with work.writing() as uow:
        if queries.operators.is_run_by_somebody(uow):
            raise click.ClickException("There is an operator already. For one more: another-operator.")
        _print_token(uow, settings, another=False)


def another_operator(work: Work, settings: Settings) -> None:
    """Print a one-time token for one more operator (also when nobody can sign in any more)."""
    with work.writing() as uow:
        _print_token(uow, settings, another=True)


def _print_token(uow: UnitOfWork, settings: Settings, *, another: bool) -> None:
    uow.run(delete(operator_tokens).where(operator_tokens.c.expires_at <= uow.now))
    token = secrets.new_token("cwo_")
    row = {"hash": secrets.digest(token), "another": another, "expires_at": uow.now + GOOD_FOR}
    uow.run(insert(operator_tokens).values(row))
    note(uow, "operator_token.printed", team_id=None, object_id=None, another=another)
    click.echo(f"{settings.public_url.rstrip('/')}/setup#{token}")
    click.echo("Good for 60 minutes and for one use:  casework setup --token ...", err=True)


def add_first_operator(uow: UnitOfWork, ask: c.AddFirstOperator) -> c.UserView:
    """Raises Forbidden ``token_invalid``, Invalid for a weak password, Conflict ``operator_exists``,
    ``user_name_taken`` or ``email_taken``."""
    queries.installation.lock_installation(uow)
    spending = delete(operator_tokens).where(
        operator_tokens.c.hash == secrets.digest(ask.token), operator_tokens.c.expires_at > uow.now
    )
    spent = uow.first(spending.returning(operator_tokens.c.another))
    if spent is None:
        raise Forbidden("token_invalid", "This token was used, is too old, or never was one. Print another.")
    if not spent.another and queries.operators.is_run_by_somebody(uow):
        raise Conflict("operator_exists", "There is an operator already. Print a token with another-operator.")
    rules.passwords.must_be_good(ask.password, (ask.user_name, ask.email))
    keys = (rules.names.fold(ask.user_name), rules.names.fold(ask.email))
    if rules.people.same_person(queries.people.people_known_as(uow, *keys), *keys) is not None:
        raise Conflict("user_name_taken", "Somebody has this user name and e-mail address already. Choose others.")
    names = {"user_name": ask.user_name, "email": ask.email, "name": ask.name, "locale": ask.locale}
    person = new_person(uow, names, ask.password, proven=True) | {"operator": True}
    uow.run(insert(users).values(person))
    note(uow, "operator.added", team_id=None, object_id=person["id"])
    return queries.people.user_view(person["id"], person["name"], person)
