"""The databases: tables and migrations agree, and what has run out is forgotten."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import NullPool, Table, create_engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from services.accounts import queries, rules
from services.accounts import tables as t
from services.accounts.service import Service
from services.chassis.entrypoints import TimerLine, lines_of
from services.chassis.migrations import _config, differences, migrate
from services.chassis.unit_of_work import Work
from tests.parts import Parts
from tests.world import SERVICES

pytestmark = pytest.mark.journey
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NOW = datetime.now(UTC)


@pytest.mark.parametrize("service", SERVICES)
def test_tables_and_migrations_agree(parts: Parts, service: str) -> None:
    importlib.import_module(f"services.{service}.tables")
    name = f"{service}_schema"
    parts.sql(f'DROP DATABASE IF EXISTS "{name}"')
    parts.sql(f'CREATE DATABASE "{name}" OWNER "{service}"')
    try:
        url = parts.stack.database_url(service, name)
        migrate(service, url)
        assert differences(service, url) == []
    finally:
        parts.sql(f'DROP DATABASE IF EXISTS "{name}"')


def test_an_instance_starts_on_what_a_newer_one_made_of_the_tables(parts: Parts) -> None:
    name = "files_newer"
    parts.sql(f'DROP DATABASE IF EXISTS "{name}"')
    parts.sql(f'CREATE DATABASE "{name}" OWNER "files"')
    try:
        url = parts.stack.database_url("files", name)
        migrate("files", url)
        parts.sql("UPDATE alembic_version SET version_num = '9000'", url)
        migrate("files", url)
        assert parts.sql("SELECT version_num FROM alembic_version", url) == [("9000",)]
    finally:
        parts.sql(f'DROP DATABASE IF EXISTS "{name}"')


FIRST_RELEASE = """
INSERT INTO teams VALUES ('old', 'Old', 'en', 1, now());
INSERT INTO organizations (id, team_id, name, sort_name, kind, products, version, created_at)
VALUES ('org_1', 'old', 'Firm', 'firm', 'customer', '{}', 1, now());
INSERT INTO users (id, user_name, user_name_key, email, email_key, name, locale, password_hash, operator, created_at)
SELECT 'user_' || n, 'u' || n, 'u' || n, 'u' || n || '@x', 'u' || n || '@x', 'U', 'en', 'x', false, now()
FROM generate_series(1, 4) n;
INSERT INTO memberships
    (id, team_id, organization_id, user_id, role, permissions, active, sort_name, version, created_at)
VALUES ('mem_1', 'old', NULL, 'user_1', 'agent', '{}', true, 'u', 1, now()),
    ('mem_2', 'old', 'org_1', 'user_2', 'member', '{case.create,case.read}', true, 'u', 1, now()),
    ('mem_3', 'old', 'org_1', 'user_3', 'member', '{case.read}', true, 'u', 1, now()),
    ('mem_4', 'old', 'org_1', 'user_4', 'administrator', '{}', true, 'u', 1, now());
"""


def test_people_of_the_first_release_keep_what_they_could_do(parts: Parts) -> None:
    name = "accounts_first"
    parts.sql(f'DROP DATABASE IF EXISTS "{name}"')
    parts.sql(f'CREATE DATABASE "{name}" OWNER "accounts"')
    url = parts.stack.database_url("accounts", name)
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as db:
            command.upgrade(_config("accounts", db), "0001")
            db.execute(text(FIRST_RELEASE))
            db.commit()
        migrate("accounts", url)
        with engine.connect() as db:
            rows = db.execute(select(t.memberships).order_by(t.memberships.c.id)).all()
            held = {role.key: set(role.permissions) for role in db.execute(select(t.roles))}
        agent, member, reading, locked_out = [set(row.permissions) for row in rows]
        assert agent == held["agent"] >= {"case.read_all", "case.answer", "case.merge"}
        assert member == held["member"] >= {"case.create", "case.comment", "case.rate"}
        assert "case.comment" in reading
        assert "case.create" not in reading
        assert not locked_out
        assert [row.own_permissions for row in rows] == [False, False, True, True]
        assert all(row.version > 1 for row in rows)
        built_in = {role.key: set(role.permissions) for role in rules.roles.BUILT_IN}
        assert held == built_in, "a team founded before has the roles of one founded today"
    finally:
        engine.dispose()
        parts.sql(f'DROP DATABASE IF EXISTS "{name}"')


@pytest.fixture(scope="module")
def work(parts: Parts) -> Iterator[Work]:
    """A database of accounts in which only this test writes."""
    name = "accounts_forgetting"
    parts.sql(f'DROP DATABASE IF EXISTS "{name}"')
    parts.sql(f'CREATE DATABASE "{name}" OWNER "accounts"')
    url = parts.stack.database_url("accounts", name)
    migrate("accounts", url)
    made = Work(url, name="accounts", workers=2, clock=lambda: NOW)
    with made.writing() as uow:
        uow.run(insert(t.users).values(PERSON))
        uow.run(insert(t.teams).values(id="team", name="T", locale="en", profile_version=1, created_at=NOW))
        uow.run(insert(t.identity_providers).values(PROVIDER))
    yield made
    made.close()
    parts.sql(f'DROP DATABASE IF EXISTS "{name}"')


PERSON = dict.fromkeys(("id", "user_name", "user_name_key", "email", "email_key", "name", "sort_name"), "user_1")
PERSON |= {"locale": "en", "password_hash": "x", "operator": False, "created_at": NOW}  # type: ignore[dict-item]
PROVIDER = dict.fromkeys(("id", "name", "issuer", "client_id"), "idp_1") | {
    "team_id": "team",
    "locked_secret": b"x",
    "redirect_uris": [],
    "domains": [],
    "active": True,
    "version": 1,
    "created_at": NOW,
}
Made = Callable[[datetime], dict[str, Any]]


def _session(moment: datetime) -> dict[str, Any]:
    times = dict.fromkeys(("created_at", "last_used_at", "expires_at"), moment)
    return times | {"id": str(moment), "user_id": "user_1", "device": ""}


def _token(moment: datetime) -> dict[str, Any]:
    named = dict.fromkeys(("id", "prefix", "name"), str(moment))
    return named | {"hash": _hash(moment), "user_id": "user_1", "scopes": [], "created_at": NOW, "expires_at": moment}


def _invitation(moment: datetime) -> dict[str, Any]:
    named = dict.fromkeys(("id", "email", "email_key", "name", "role", "locale", "invited_by"), str(moment))
    return named | {"team_id": "team", "token_hash": _hash(moment), "created_at": NOW, "expires_at": moment}


def _registration(moment: datetime) -> dict[str, Any]:
    named = dict.fromkeys(
        ("id", "user_name", "user_name_key", "name", "email", "email_key", "company", "locale"), str(moment)
    )
    hashes = {"token_hash": _hash(moment), "confirmation_hash": _hash(moment)}
    return named | hashes | {"team_id": "team", "status": "pending", "created_at": moment}


def _link(moment: datetime) -> dict[str, Any]:
    return {"hash": _hash(moment), "kind": "password", "user_id": "user_1", "made_at": moment}


def _begun(moment: datetime) -> dict[str, Any]:
    return {"state_hash": _hash(moment), "provider_id": "idp_1", "redirect_uri": "", "expires_at": moment}


def _place(moment: datetime) -> dict[str, Any]:
    return {"user_id": "user_1", "place": _hash(moment), "seen_at": moment}


def _hash(moment: datetime) -> bytes:
    return str(moment).encode()


# The table, a row of this moment, and how old its moment may be: a minute younger stays, a minute older goes.
EXPIRING: list[tuple[Table, Made, timedelta]] = [
    (t.sessions, _session, DAY),
    (t.attempts, lambda moment: {"counter": _hash(moment), "times": 1, "until": moment}, timedelta()),
    (t.known_places, _place, 30 * DAY),
    (t.mailed_links, _link, 2 * DAY),
    (t.api_tokens, _token, 30 * DAY),
    (t.begun_sign_ins, _begun, timedelta()),
    (t.registrations, _registration, 30 * DAY),
    (t.invitations, _invitation, 90 * DAY),
    (t.joining_counts, lambda moment: {"key": _hash(moment), "count": 1, "until": moment}, timedelta()),
]


@pytest.mark.parametrize(("table", "made", "kept"), EXPIRING, ids=lambda one: getattr(one, "name", ""))
def test_what_has_run_out_is_forgotten_and_nothing_else(work: Work, table: Table, made: Made, kept: timedelta) -> None:
    with work.writing() as uow:
        uow.run(insert(table).values([made(NOW - kept - MINUTE), made(NOW - kept + MINUTE)]))
    for _ in range(2):
        for line in lines_of(Service).values():
            if isinstance(line, TimerLine) and line.seconds >= 300:
                with work.writing() as uow:
                    line.do(uow)
        with work.writing() as uow:
            [row] = uow.all(select(func.count()).select_from(table))
        assert row[0] == 1


def test_a_full_batch_is_followed_by_the_next_one_at_once(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries.sight, "BATCH", 2)
    old = [{"counter": bytes([number]), "times": 1, "until": NOW - MINUTE} for number in range(5)]
    with work.writing() as uow:
        uow.run(insert(t.attempts).values(old))
    told = []
    for _ in range(3):
        with work.writing() as uow:
            told.append(Service.purge.do(uow))
    assert told == [True, True, False]


def test_an_error_of_the_database_does_not_repeat_what_was_said(work: Work) -> None:
    with pytest.raises(DBAPIError) as caught, work.writing() as uow:
        uow.run(text("SELECT 1 / 0, CAST(:word AS text)"), {"word": "my secret"})
    assert "my secret" not in str(caught.value)


def test_every_table_whose_rows_run_out_is_tried() -> None:
    ends = {"expires_at", "until", "seen_at", "made_at"}
    found = {table for table in t.metadata.tables.values() if not ends.isdisjoint(table.c.keys())}
    elsewhere = {t.operator_tokens, t.contract_versions}  # they go when the next one is made; they stay for ever
    assert found - elsewhere <= {table for table, _, _ in EXPIRING}
