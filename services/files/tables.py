"""The tables: folders and files of cases, and copies of the neighbours' facts."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert

from services.chassis.unit_of_work import machinery_tables

metadata = MetaData()
machinery_tables(metadata)

# --- facts of the neighbours, fed by their events --------------------------------------------------------------------

memberships = Table(
    "memberships",
    metadata,
    Column("membership_id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text),
    Column("user_id", Text, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("fact_version", Integer, nullable=False),
    Index("memberships_user", "user_id", "team_id"),
)

teams = Table(
    "teams",
    metadata,
    Column("team_id", Text, primary_key=True),
    Column("max_bytes", BigInteger, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("features", ARRAY(Text)),
    Column("fact_version", Integer, nullable=False),
    Column("before_submit", Boolean, nullable=False, server_default="true"),
    Column("with_comments", Boolean, nullable=False, server_default="true"),
)

# Versions of contracts, which never change. ``features`` null: all that the team offers.
contracts = Table(
    "contracts",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("contract_version", Integer, primary_key=True),
    Column("effective_from", DateTime(timezone=True), nullable=False),
    Column("features", ARRAY(Text)),
)

# Drafts too: their status is ``draft`` (``dropped`` when they ended, as that of a case that was erased), their audience
# is their creator alone. The status of a case that goes on as another one is ``merged`` here.
cases = Table(
    "cases",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("audience", ARRAY(Text), nullable=False),
    Column("fact_version", Integer, nullable=False),
    Column("wants_files", Boolean, nullable=False, server_default="true"),
)

# --- our own ---------------------------------------------------------------------------------------------------------

folders = Table(
    "folders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("parent_id", Text),
    Column("depth", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("internal", Boolean, nullable=False, server_default="false"),
)
Index(
    "folders_one_name",
    folders.c.case_id,
    folders.c.internal,  # a name taken among the staff's folders must not show in what customers may choose
    func.coalesce(folders.c.parent_id, ""),
    folders.c.name_key,
    unique=True,
)

# state: pending (bytes not here yet) -> clean -> removed (row and bytes go by an errand). What is ``for_comment`` is
# ``held`` before it is clean. ``replaced``: other bytes were sent after it was finished, so it is about to be removed.
# ``etag``: what the store called the bytes when it was finished; they are compared once more at ``look_at``. An
# ``internal`` file lies in an internal folder, always.
files = Table(
    "files",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("folder_id", Text),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text),
    Column("state", Text, nullable=False),
    Column("store_key", Text, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True)),  # when the errand looks at it: never for clean files
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("for_comment", Boolean, nullable=False, server_default="false"),
    Column("internal", Boolean, nullable=False, server_default="false"),
    Column("etag", Text),
    Column("look_at", DateTime(timezone=True)),
    Index("files_case", "case_id"),
    Index("files_due", "due_at", postgresql_where=Column("due_at").is_not(None)),
    Index("files_to_look_at", "look_at", postgresql_where=Column("look_at").is_not(None)),
)
Index(
    "files_one_name",
    files.c.case_id,
    func.coalesce(files.c.folder_id, ""),
    files.c.name_key,
    unique=True,
    postgresql_where=files.c.state == "clean",
)


def newer_only(table: Table) -> Insert:
    """Write a fact down, given as values named like the columns, unless a newer one is there already. The version is
    kept even when nothing else changed: otherwise an older fact that comes late would pass for a newer one."""
    key = next(iter(table.primary_key)).name
    made = insert(table).values({column.name: bindparam(column.name) for column in table.c})
    fresh = {column.name: made.excluded[column.name] for column in table.c if column.name != key}
    newer = made.excluded.fact_version > table.c.fact_version
    return made.on_conflict_do_update(index_elements=[key], set_=fresh, where=newer)
