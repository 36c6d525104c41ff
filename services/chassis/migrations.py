"""Schema migrations: one alembic environment per service, inside its package, run under an advisory lock.

A service's ``migrations/env.py`` is two lines::

    from services.chassis.migrations import run
    run()
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData

_LOCK = 7_274_001  # any number, the same in every instance of a service (a lock is per database)


def migrate(service: str, url: str) -> None:
    """Bring the service's database to the newest schema. Safe to call from many instances at once.

    ``service``: a name such as ``accounts``, or the dotted name of its package.
    """
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as db:
        db.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        db.commit()
        try:
            command.upgrade(_config(service, db), "head")
            db.commit()
        finally:
            db.rollback()
            db.execute(sa.text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            db.commit()
    engine.dispose()


def differences(service: str, url: str) -> list[Any]:
    """What the tables in the code and the migrated database do not agree on (for a test; empty is right)."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as db:
        found: list[Any] = compare_metadata(MigrationContext.configure(db), metadata_of(service))
    engine.dispose()
    return found


def metadata_of(service: str) -> MetaData:
    """The MetaData of the service's ``tables.py``."""
    tables = importlib.import_module(f"{_package(service)}.tables")
    return tables.metadata  # type: ignore[no-any-return]


def run() -> None:
    """The body of every ``env.py``."""
    context.configure(
        connection=context.config.attributes["connection"], target_metadata=context.config.attributes["metadata"]
    )
    with context.begin_transaction():
        context.run_migrations()


def create_machinery(op: Any) -> None:
    """The chassis' tables, for a service's first migration."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("fleeting", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "inbox",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("reply", sa.LargeBinary),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("inbox_at", "inbox", ["at"])


def _package(service: str) -> str:
    return service if "." in service else f"services.{service}"


def _config(service: str, db: sa.Connection) -> Config:
    config = Config()
    here = Path(importlib.import_module(_package(service)).__file__ or "").parent
    config.set_main_option("script_location", str(here / "migrations"))
    config.attributes["connection"] = db
    config.attributes["metadata"] = metadata_of(service)
    return config
