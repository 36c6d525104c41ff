"""Lost and changed passwords, changed addresses, second factors."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, LargeBinary, Table, Text

from services.accounts.tables.registry import metadata, moment

# Somebody says he has lost his password. A timer finds out a moment later whether there is such a person, so that the
# answer cannot tell.
password_wishes = Table(
    "password_wishes",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("login", Text, nullable=False),
    moment("at"),
)


# Links that were mailed, as SHA-256 of their token. ``kind``: ``password`` (choose a new one) or ``email`` (confirm
# ``email``). ``ended_at``: used, replaced, or void.
mailed_links = Table(
    "mailed_links",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("email", Text),
    moment("made_at"),
    moment("ended_at", optional=True),
    Index("mailed_links_of_user", "user_id", "made_at"),
    Index("mailed_links_by_age", "made_at"),
)


# Secrets of authenticator apps, locked with the installation's secret key. Of ``last_step`` and before, no code counts
# any more. It counts from ``confirmed_at`` on.
second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("locked_secret", LargeBinary, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    moment("confirmed_at", optional=True),
)


# What still is left of the codes for who lost his app, as SHA-256.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
)
