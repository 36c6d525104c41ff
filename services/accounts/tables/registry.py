"""What all table modules share. ``migrations/versions`` makes the tables."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData

from services.chassis.unit_of_work import machinery_tables

metadata = MetaData()
machinery_tables(metadata)


def moment(name: str, *, optional: bool = False) -> Column[object]:
    """A point in time with its zone."""
    return Column(name, DateTime(timezone=True), nullable=optional)
