"""What all table modules share. ``migrations/versions`` makes the tables."""

from __future__ import annotations

from sqlalchemy import MetaData

from services.chassis.unit_of_work import machinery_tables

metadata = MetaData()
machinery_tables(metadata)
