"""Every SELECT of the file service. Each begins at ``visible``: the one place that knows who may see which case."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, DateTime, Integer, Row, Select, Text, bindparam, select

from services.chassis.problems import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import files as c
from services.files import rules
from services.files.store import store
from services.files.tables import cases, files, folders, principals_of, teams

me: ColumnElement[str] = bindparam("me", type_=Text())
team: ColumnElement[str] = bindparam("team_id", type_=Text())
_mine = principals_of(me, team)
_CASE = cases.c.case_id == bindparam("case_id", type_=Text())


def visible(*columns: Any) -> Select[Any]:
    """The team's cases whose audience means ``me``."""
    return select(*columns).where(cases.c.team_id == team, cases.c.audience.op("&&")(_mine))


# Files that are there; one still on its way is known to its uploader only.
_MAY_BE_TOLD = (files.c.state == "clean") | ((files.c.state == "pending") & (files.c.uploaded_by == me))
_OF_A_FILE = [column for column in files.c if column.name != "case_id"]
_PRINCIPALS = _mine.label("principals")
_ONE_CASE = visible(cases, _PRINCIPALS).where(_CASE)
_CASE_TO_CHANGE = _ONE_CASE.with_for_update(of=cases)
_ITS_FILES = visible(cases, _PRINCIPALS, *_OF_A_FILE).join_from(cases, files, files.c.case_id == cases.c.case_id)
_ONE_FILE = _ITS_FILES.where(files.c.id == bindparam("file_id", type_=Text()), _MAY_BE_TOLD)
_FILE_TO_CHANGE = _ONE_FILE.with_for_update(of=[cases, files])
_in_folders = visible(folders).join_from(cases, folders, folders.c.case_id == cases.c.case_id).where(_CASE)
_ONE_FOLDER = _in_folders.where(folders.c.id == bindparam("folder_id", type_=Text()))
_FOLDER_KEYS = _in_folders.with_only_columns(folders.c.parent_id, folders.c.name_key)
_FILE_KEYS = _ITS_FILES.with_only_columns(files.c.folder_id, files.c.name_key, files.c.state)
_FILE_KEYS = _FILE_KEYS.where(_CASE, files.c.state != "removed")
_TREE_FOLDERS = _in_folders.order_by(folders.c.name_key, folders.c.id)
_TREE_FILES = _ITS_FILES.where(_CASE, _MAY_BE_TOLD).order_by(files.c.name_key, files.c.id)
_MAX_BYTES = select(teams.c.max_bytes).where(teams.c.team_id == team)
_DUE = (
    select(files.c.id, files.c.store_key, files.c.tries)
    .where(files.c.due_at <= bindparam("now", type_=DateTime(timezone=True)))
    .order_by(files.c.due_at)
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(skip_locked=True)
)


def one_case(uow: UnitOfWork, team_id: str, case_id: str, *, to_change: bool = False) -> Row[Any]:
    """A case the caller may see, with his ``principals``; ``to_change`` holds its tree until the end. Raises
    NotFound."""
    row = uow.first(_CASE_TO_CHANGE if to_change else _ONE_CASE, _about(uow, team_id, case_id=case_id))
    if row is None:
        raise NotFound()
    return row


def one_file(uow: UnitOfWork, team_id: str, file_id: str, *, to_change: bool = False) -> Row[Any]:
    """A file of a case the caller may see, with that case's columns and his ``principals``. Raises NotFound."""
    row = uow.first(_FILE_TO_CHANGE if to_change else _ONE_FILE, _about(uow, team_id, file_id=file_id))
    if row is None:
        raise NotFound()
    return row


def one_folder(uow: UnitOfWork, case: Row[Any], folder_id: str) -> Row[Any]:
    """A folder of exactly this case. Raises NotFound."""
    row = uow.first(_ONE_FOLDER, _about(uow, case.team_id, case_id=case.case_id, folder_id=folder_id))
    if row is None:
        raise NotFound()
    return row


def folder_keys(uow: UnitOfWork, case: Row[Any]) -> list[Row[Any]]:
    """``parent_id, name_key`` of every folder of a case (to decide about a new one)."""
    return uow.all(_FOLDER_KEYS, _about(uow, case.team_id, case_id=case.case_id))


def file_keys(uow: UnitOfWork, case: Row[Any]) -> list[Row[Any]]:
    """``folder_id, name_key, state`` of every file of a case that is there or on its way."""
    return uow.all(_FILE_KEYS, _about(uow, case.team_id, case_id=case.case_id))


def max_bytes(uow: UnitOfWork, team_id: str) -> int:
    """The team's limit; the usual one until its profile is known here."""
    row = uow.first(_MAX_BYTES, {"team_id": team_id})
    return row.max_bytes if row else rules.DEFAULT_MAX_BYTES


def _about(uow: UnitOfWork, team_id: str, **more: str) -> dict[str, str]:
    return {"me": uow.actor.user_id, "team_id": team_id, **more}


# --- what readers get ------------------------------------------------------------------------------------------------


def read_limits(uow: UnitOfWork, ask: c.ReadLimits) -> c.LimitsView:
    """The team's limits (part of its public profile)."""
    row = uow.first(_MAX_BYTES, {"team_id": ask.team_id})
    if row is None:
        raise NotFound()
    return c.LimitsView(team_id=ask.team_id, max_bytes=row.max_bytes)


def list_tree(uow: UnitOfWork, ask: c.ListTree) -> c.TreeView:
    """The whole tree of a case."""
    one_case(uow, ask.team_id, ask.case_id)
    about = _about(uow, ask.team_id, case_id=ask.case_id)
    return c.TreeView(
        case_id=ask.case_id,
        folders=[folder_view(row) for row in uow.all(_TREE_FOLDERS, about)],
        files=[file_view(uow, row) for row in uow.all(_TREE_FILES, about)],
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
    return uow.all(_DUE, {"now": uow.now, "most": most})
