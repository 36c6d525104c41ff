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
from sqlalchemy import MetaData

_LOCK = 7_274_001  # any number, the same in every instance of a service (a lock is per database)


def migrate(service: str, url: str) -> None:
    """Bring the service's database to the newest schema. Safe to call from many instances at once.

    ``service``: a name such as ``accounts``, or the dotted name of its package. Alembic is loaded only when there is
    something to do: it costs a process a good part of its start.
    """
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as db:
        if _revision_of(db) >= newest(service):  # newer: a newer instance was here, and what it added does not hurt us
            return
        from alembic import command

        db.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        db.commit()
        try:
            if _revision_of(db) < newest(service):  # whoever held the lock may have done it, or more
                command.upgrade(_config(service, db), "head")
                db.commit()
        finally:
            db.rollback()
            db.execute(sa.text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            db.commit()
    engine.dispose()


def differences(service: str, url: str) -> list[Any]:
    """What the tables in the code and the migrated database do not agree on (for a test; empty is right)."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

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
    from alembic import context

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


def newest(service: str) -> str:
    """The newest revision: files in ``versions`` are named ``<revision>_<what>.py`` and count upwards."""
    return max(file.name.partition("_")[0] for file in (_folder(service) / "versions").glob("[0-9]*_*.py"))


def _revision_of(db: sa.Connection) -> str:
    if not sa.inspect(db).has_table("alembic_version"):
        return ""
    return str(db.execute(sa.text("SELECT max(version_num) FROM alembic_version")).scalar_one() or "")


def _folder(service: str) -> Path:
    return Path(importlib.import_module(_package(service)).__file__ or "").parent / "migrations"


def _config(service: str, db: sa.Connection) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_folder(service)))
    config.attributes["connection"] = db
    config.attributes["metadata"] = metadata_of(service)
    return config
