"""What must be there before the first request: the signing key and the operator's account."""

from __future__ import annotations

from sqlalchemy import insert

from services.accounts import provider, queries, rules, secrets
from services.accounts.commands import audit, codes
from services.accounts.commands.people import new_person
from services.accounts.settings import Settings
from services.accounts.tables import signing_keys, users
from services.chassis.problems import Invalid
from services.chassis.settings import SettingsError
from services.chassis.unit_of_work import UnitOfWork, Work


def prepare(work: Work, settings: Settings) -> None:
    """At every start: a signing key for this process, and the operator's account. Raises SettingsError."""
    if len(settings.secret_key) < 32:
        raise SettingsError("CASEWORK_SECRET_KEY is too short: it needs at least 32 random characters.")
    provider.allow_insecure(settings.oidc_insecure)
    codes.demand(of_staff=settings.staff_totp == "required")
    with work.writing() as uow:
        queries.installation.lock_installation(uow)
        _ensure_signing_key(uow, settings)
        audit.prepare(uow, settings)
        if settings.operator_name and settings.operator_password:
            try:
                _ensure_operator(uow, settings)
            except Invalid as problem:
                raise SettingsError(f"CASEWORK_OPERATOR_PASSWORD: {problem.detail}") from None


def _ensure_signing_key(uow: UnitOfWork, settings: Settings) -> None:
    key = queries.installation.active_signing_key(uow)
    if key is None:
        key = secrets.new_signing_key(settings.secret_key)
        row = {"id": key.id, "public": key.public, "locked_private": key.locked_private}
        uow.run(insert(signing_keys).values(**row, created_at=uow.now, signs_from=uow.now))
    secrets.install(key, settings.secret_key, settings.public_url.rstrip("/"))


def _ensure_operator(uow: UnitOfWork, settings: Settings) -> None:
    """Only what is not there yet: a password he changed since must not come back from an old file."""
    name, email = settings.operator_name, settings.operator_email
    found = queries.people.people_known_as(uow, rules.names.fold(name), rules.names.fold(email))
    person = next((one for one in found if one["user_name_key"] == rules.names.fold(name)), None)
    if person is None:
        if found:
            raise SettingsError(f"CASEWORK_OPERATOR_EMAIL: {email} belongs to somebody else. Choose another.")
        names = {"user_name": name, "email": email, "name": name, "locale": "en"}
        person = new_person(uow, names, settings.operator_password, proven=True) | {"operator": True}
        uow.run(insert(users).values(person))
    elif not person["operator"]:  # a name an organization's administrator chose must not come to power by a restart
        raise SettingsError(f"CASEWORK_OPERATOR_NAME: {name} belongs to a person who is no operator. Choose another.")
