"""Every SELECT of the file service. Each begins at ``visible``: the one place that knows who may see which case."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from services.chassis.problems import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import files as c
from services.files import rules
from services.files.store import store
from services.files.tables import cases, files, folders, principals_of, teams


def visible(uow: UnitOfWork, team_id: str) -> Select[Any]:
    """The team's cases whose audience means the caller, with his ``principals`` beside them."""
    mine = func.array(principals_of(uow.actor.user_id, team_id).scalar_subquery())
    found = select(cases, mine.label("principals"))
    return found.where(cases.c.team_id == team_id, cases.c.audience.op("&&")(mine))


def may_be_told(uow: UnitOfWork) -> ColumnElement[bool]:
    """Files that are there; one still on its way is known to its uploader only."""
    own = (files.c.state == "pending") & (files.c.uploaded_by == uow.actor.user_id)
    return (files.c.state == "clean") | own


def one_case(uow: UnitOfWork, team_id: str, case_id: str, *, to_change: bool = False) -> Row[Any]:
    """A case the caller may see; ``to_change`` holds its tree until the end. Raises NotFound."""
    found = visible(uow, team_id).where(cases.c.case_id == case_id)
    row = uow.first(found.with_for_update(of=cases) if to_change else found)
    if row is None:
        raise NotFound()
    return row


def one_file(uow: UnitOfWork, team_id: str, file_id: str, *, to_change: bool = False) -> Row[Any]:
    """A file of a case the caller may see, with that case's columns. Raises NotFound."""
    found = visible(uow, team_id).join(files, files.c.case_id == cases.c.case_id)
    found = found.add_columns(*_of_a_file()).where(files.c.id == file_id, may_be_told(uow))
    row = uow.first(found.with_for_update(of=[cases, files]) if to_change else found)
    if row is None:
        raise NotFound()
    return row


def _of_a_file() -> list[ColumnElement[Any]]:
    return [column for column in files.c if column.name != "case_id"]


def one_folder(uow: UnitOfWork, case: Row[Any], folder_id: str) -> Row[Any]:
    """A folder of exactly this case. Raises NotFound."""
    found = visible(uow, case.team_id).join(folders, folders.c.case_id == cases.c.case_id)
    row = uow.first(
        found.add_columns(folders.c.depth).where(folders.c.id == folder_id, cases.c.case_id == case.case_id)
    )
    if row is None:
        raise NotFound()
    return row


def folder_keys(uow: UnitOfWork, case: Row[Any]) -> list[Row[Any]]:
    """``parent_id, name_key`` of every folder of a case (to decide about a new one)."""
    found = visible(uow, case.team_id).join(folders, folders.c.case_id == cases.c.case_id)
    return uow.all(
        found.with_only_columns(folders.c.parent_id, folders.c.name_key).where(cases.c.case_id == case.case_id)
    )


def file_keys(uow: UnitOfWork, case: Row[Any]) -> list[Row[Any]]:
    """``folder_id, name_key, state`` of every file of a case that is there or on its way."""
    found = visible(uow, case.team_id).join(files, files.c.case_id == cases.c.case_id)
    found = found.with_only_columns(files.c.folder_id, files.c.name_key, files.c.state)
    return uow.all(found.where(cases.c.case_id == case.case_id, files.c.state != "removed"))


def max_bytes(uow: UnitOfWork, team_id: str) -> int:
    """The team's limit; the usual one until its profile is known here."""
    row = uow.first(select(teams.c.max_bytes).where(teams.c.team_id == team_id))
    return row.max_bytes if row else rules.DEFAULT_MAX_BYTES


# --- what readers get ------------------------------------------------------------------------------------------------


def read_limits(uow: UnitOfWork, ask: c.ReadLimits) -> c.LimitsView:
    """The team's limits (part of its public profile)."""
    row = uow.first(select(teams.c.max_bytes).where(teams.c.team_id == ask.team_id))
    if row is None:
        raise NotFound()
    return c.LimitsView(team_id=ask.team_id, max_bytes=row.max_bytes)


def list_tree(uow: UnitOfWork, ask: c.ListTree) -> c.TreeView:
    """The whole tree of a case."""
    one_case(uow, ask.team_id, ask.case_id)
    mine = visible(uow, ask.team_id).where(cases.c.case_id == ask.case_id)
    in_folders = mine.join(folders, folders.c.case_id == cases.c.case_id).with_only_columns(folders)
    in_files = mine.join(files, files.c.case_id == cases.c.case_id).add_columns(*_of_a_file())
    return c.TreeView(
        case_id=ask.case_id,
        folders=[folder_view(row) for row in uow.all(in_folders.order_by(folders.c.name_key, folders.c.id))],
        files=[
            file_view(uow, row)
            for row in uow.all(in_files.where(may_be_told(uow)).order_by(files.c.name_key, files.c.id))
        ],
    )


def read_file(uow: UnitOfWork, ask: c.ReadFile) -> c.FileView:
    """What we know of a file."""
    return file_view(uow, one_file(uow, ask.team_id, ask.file_id))


def read_download(uow: UnitOfWork, ask: c.ReadDownload) -> c.DownloadView:
    """A short-lived address of the bytes."""
    row = one_file(uow, ask.team_id, ask.file_id)
    if row.state != "clean":
        raise Conflict("upload_incomplete", "The bytes of this file have not arrived yet.")
    served = rules.served_type(row.content_type)
    return c.DownloadView(
        url=store().get_url(row.store_key, row.name, served, uow.now),
        expires_at=uow.now + rules.LINK_LIFE,
        content_type=served,
        name=row.name,
    )


def folder_view(row: Row[Any]) -> c.FolderView:
    return c.FolderView(
        id=row.id, case_id=row.case_id, parent_id=row.parent_id, name=row.name, created_at=row.created_at
    )


def file_view(uow: UnitOfWork, row: Row[Any]) -> c.FileView:
    """A row of ``files`` beside its visible case."""
    return c.FileView(
        id=row.id,
        case_id=row.case_id,
        folder_id=row.folder_id,
        name=row.name,
        content_type=row.content_type,
        size=row.size,
        sha256=row.sha256,
        state=row.state,
        uploaded_by=row.uploaded_by,
        created_at=row.created_at,
        permissions=rules.permissions_of(uow.actor.user_id, row.uploaded_by, row.principals),
        version=row.version,
    )


def due(uow: UnitOfWork, most: int) -> list[Row[Any]]:
    """For the errand, which reads on nobody's behalf: removed files, and uploads that never finished."""
    found = select(files.c.id, files.c.store_key, files.c.tries).where(files.c.due_at <= uow.now)
    return uow.all(found.order_by(files.c.due_at).limit(most).with_for_update(skip_locked=True))
