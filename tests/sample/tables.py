"""What was asked for, what the events did, and what the timer and the errand did."""

from sqlalchemy import Column, DateTime, ForeignKey, Integer, MetaData, Table, Text

from services.chassis.unit_of_work import machinery_tables

metadata = MetaData()
machinery_tables(metadata)
things = Table("things", metadata, Column("id", Integer, primary_key=True), Column("thing_id", Text, nullable=False))
effects = Table("effects", metadata, Column("id", Integer, primary_key=True), Column("thing_id", Text, nullable=False))
strict = Table(
    "strict",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", Integer, ForeignKey("things.id", deferrable=True, initially="DEFERRED")),
)
ticks = Table(
    "ticks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True), nullable=False),
)
parcels = Table(
    "parcels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("trouble", Text, nullable=False),
    Column("leased_until", DateTime(timezone=True)),
    Column("outcome", Text),
)
