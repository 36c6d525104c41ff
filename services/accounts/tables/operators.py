"""One-time tokens with which somebody becomes an operator."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, LargeBinary, Table

from services.accounts.tables.registry import metadata, moment

# As SHA-256. ``another``: good also where there is an operator already.
operator_tokens = Table(
    "operator_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("another", Boolean, nullable=False),
    moment("expires_at"),
)
