"""Two tables: what was asked for, and what the events did."""

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text

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
