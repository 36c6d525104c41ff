"""Team profiles as code: drafts, what they would change, history."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, Table, Text

from services.accounts.tables.registry import metadata, moment

# The one draft of a team. Without a ``profile`` there is none at present; the row stays, so that no ``version`` comes
# twice and an ETag of an earlier draft fits no later one.
profile_drafts = Table(
    "profile_drafts",
    metadata,
    Column("team_id", Text, ForeignKey("teams.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("base_version", Integer, nullable=False),
    Column("profile", JSON(none_as_null=True)),
    Column("saved_by", Text, nullable=False),
    moment("saved_at"),
)
