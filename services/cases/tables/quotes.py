"""Prices that were offered for cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from services.cases.tables.registry import metadata
from services.contracts.cases import QuoteState

_OFFERED = text("state = 'offered'")

# ``version`` counts the offers of one case. The amount is kept as it was written: it is shown, never reckoned with.
quotes = Table(
    "quotes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("amount", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("body", Text),
    Column("valid_until", DateTime(timezone=True)),
    Column("offered_by", Text, nullable=False),
    Column("offered_by_name", Text, nullable=False),
    Column("offered_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", Text),
    Column("decided_by_name", Text),
    Column("decided_at", DateTime(timezone=True)),
    CheckConstraint("state IN ('offered', 'approved', 'declined', 'withdrawn', 'expired')", name="quotes_state"),
    UniqueConstraint("case_id", "version", name="quotes_version"),
    Index("quotes_offered", "case_id", unique=True, postgresql_where=_OFFERED),  # a case has one open offer
    Index("quotes_due", "valid_until", postgresql_where=_OFFERED),
)


@dataclass(slots=True)
class Quote:
    """One row of ``quotes``; the fields stand in the order of the columns."""

    id: str
    case_id: str
    version: int
    state: QuoteState
    amount: str
    currency: str
    body: str | None
    valid_until: datetime | None
    offered_by: str
    offered_by_name: str
    offered_at: datetime
    decided_by: str | None = None
    decided_by_name: str | None = None
    decided_at: datetime | None = None
