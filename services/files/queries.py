"""Every SELECT of the file service. Each begins at ``visible``: the one place that knows who may see which case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    Row,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    false,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import array

from services.chassis.problems import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import files as c
from services.contracts.access import BECAUSE, AccessView, Decision
from services.files import rules
from services.files.store import store
from services.files.tables import cases, contracts, files, folders, memberships, teams

me: ColumnElement[str] = bindparam("me", type_=Text())
team: ColumnElement[str] = bindparam("team_id", type_=Text())
_CASE = cases.c.case_id == bindparam("case_id", type_=Text())


def _holds(permission: str) -> ColumnElement[bool]:
    return any_(_mine.permissions) == literal(permission, Text())


_mine = memberships.c
_at_home = and_(_mine.organization_id == cases.c.organization_id, _holds("case.read"))
_meant = cases.c.audience.op("&&")(array(["org:" + _mine.organization_id, "user:" + me], type_=Text()))
_sent = cases.c.status.not_in((rules.DRAFT, rules.DROPPED))
_on_the_desk = and_(_mine.organization_id.is_(None), _holds("case.read_all"), or_(_sent, _meant))
# By which of my places I see a case; who is both, sees it as staff. Who holds the key of a case, as cases told the
# gateway a moment ago, adds files to this one and has no other place.
_placed = (
    select(_mine.organization_id.is_(None).label("staff"), _mine.permissions.label("held"))
    .where(_mine.user_id == me, _mine.team_id == cases.c.team_id, _mine.active)
    .where(or_(_on_the_desk, and_(_at_home, _meant)))
    .correlate(cases)
)
_by_key = (
    select(false().label("staff"), literal(rules.HELD_BY_KEY, ARRAY(Text)).label("held"))
    .where(cases.c.case_id == bindparam("opened", type_=Text()), _sent)
    .correlate(cases)
)
_either = union_all(_placed, _by_key).lateral("either")
_place = select(_either).order_by(_either.c.staff.desc()).limit(1).correlate(cases).lateral("place")
_PLACE = (_place.c.staff, _place.c.held)


def visible(*columns: Any) -> Select[Any]:
    """The team's cases ``me`` may see: staff with ``case.read_all`` all of them, customers with ``case.read`` those of
    their organization whose audience means them. A draft is seen by its creator alone, one that was dropped by nobody.
    A missing fact hides."""
    there = cases.c.status != rules.DROPPED
    return select(*columns).select_from(cases.join(_place, true())).where(cases.c.team_id == team, there)


# Files that are there; one still on its way, or waiting for its comment, is known to its uploader only. What is
# internal is the staff's.
_MAY_BE_TOLD = (files.c.state == rules.CLEAN) & or_(_place.c.staff, ~files.c.internal)
_MAY_BE_TOLD |= files.c.state.in_(("pending", rules.HELD)) & (files.c.uploaded_by == me)
_OF_A_FILE = [column for column in files.c if column.name != "case_id"]
_ONE_CASE = visible(cases, *_PLACE).where(_CASE)
_CASE_TO_CHANGE = _ONE_CASE.with_for_update(of=cases)
_ITS_FILES = visible(cases, *_PLACE, *_OF_A_FILE).join(files, files.c.case_id == cases.c.case_id)
_ONE_FILE = _ITS_FILES.where(files.c.id == bindparam("file_id", type_=Text()), _MAY_BE_TOLD)
_FILE_TO_CHANGE = _ONE_FILE.with_for_update(of=[cases, files])
_in_folders = visible(folders).join(folders, folders.c.case_id == cases.c.case_id)
_in_folders = _in_folders.where(_CASE, or_(_place.c.staff, ~folders.c.internal))
_ONE_FOLDER = _in_folders.where(folders.c.id == bindparam("folder_id", type_=Text()))
_OF_COMMENTS = _in_folders.where(
    folders.c.parent_id.is_(None),
    folders.c.name_key == bindparam("name_key", type_=Text()),
    folders.c.internal == bindparam("internal", type_=Boolean()),
)
_FOLDER_KEYS = _in_folders.with_only_columns(folders.c.parent_id, folders.c.name_key)
_FILE_KEYS = _ITS_FILES.with_only_columns(files.c.folder_id, files.c.name_key, files.c.state)
_FILE_KEYS = _FILE_KEYS.where(_CASE, files.c.state != "removed")
_OWN_UPLOADS = _ITS_FILES.with_only_columns(files.c.id, files.c.name, files.c.size, files.c.state, files.c.internal)
_OWN_UPLOADS = _OWN_UPLOADS.where(
    _CASE,
    files.c.uploaded_by == me,
    files.c.id == any_(bindparam("file_ids", type_=ARRAY(Text))),
    files.c.state.in_((rules.HELD, rules.CLEAN)),
).with_for_update(of=files)  # or the errand drops one, held for an hour, between this look and its filing
_TREE_FOLDERS = _in_folders.order_by(folders.c.name_key, folders.c.id)
_TREE_FILES = _ITS_FILES.where(_CASE, _MAY_BE_TOLD).order_by(files.c.name_key, files.c.id)
_in_force = (
    select(contracts.c.features)
    .where(contracts.c.organization_id == bindparam("organization_id", type_=Text()))
    .where(contracts.c.effective_from <= bindparam("now", type_=DateTime(timezone=True)))
    .order_by(contracts.c.contract_version.desc())
    .limit(1)
    .scalar_subquery()
)
_SOLUTION = select(*teams.c["max_bytes", "name", "features"], _in_force, *teams.c["before_submit", "with_comments"])
_SOLUTION = _SOLUTION.where(teams.c.team_id == team)
_LIMITS = select(teams.c.max_bytes, teams.c.before_submit).where(teams.c.team_id == team)
_SENT_ALONG = (
    select(*cases.c["team_id", "organization_id", "audience"], files)
    .join_from(cases, files, files.c.case_id == cases.c.case_id)
    .where(_CASE, files.c.state == rules.CLEAN)
    .order_by(files.c.created_at, files.c.id)
)
_DUE = (
    select(files.c.id, files.c.store_key, files.c.tries)
    .where(files.c.due_at <= bindparam("now", type_=DateTime(timezone=True)))
    .order_by(files.c.due_at)
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(skip_locked=True)
)
_SECOND_LOOKS = (
    select(*cases.c["team_id", "case_id", "organization_id", "audience", "status"])
    .add_columns(*files.c["id", "name", "store_key", "size", "etag", "state", "internal", "due_at"])
    .join_from(cases, files, files.c.case_id == cases.c.case_id)
    .where(files.c.look_at <= bindparam("now", type_=DateTime(timezone=True)))
    .where(files.c.state.in_((rules.HELD, rules.CLEAN, rules.REPLACED)))
    .order_by(files.c.look_at)
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(of=files, skip_locked=True)
)


def one_case(uow: UnitOfWork, team_id: str, case_id: str, *, to_change: bool = False) -> Row[Any]:
    """A case the caller may see, with his place (``staff``, ``held``); ``to_change`` holds its tree until the end.
    Raises NotFound."""
    row = uow.first(_CASE_TO_CHANGE if to_change else _ONE_CASE, _about(uow, team_id, case_id=case_id))
    if row is None:
        raise NotFound()
    return row


def one_file(uow: UnitOfWork, team_id: str, file_id: str, *, to_change: bool = False) -> Row[Any]:
    """A file of a case the caller may see, with that case's columns and his place. Raises NotFound."""
    row = uow.first(_FILE_TO_CHANGE if to_change else _ONE_FILE, _about(uow, team_id, file_id=file_id))
    if row is None:
        raise NotFound()
    return row


def place_of(uow: UnitOfWork, row: Row[Any]) -> rules.Place:
    """By what the caller sees this case (or file with its case)."""
    return rules.Place(uow.actor.user_id, row.staff, row.held)


def one_folder(uow: UnitOfWork, case: Row[Any], folder_id: str) -> Row[Any]:
    """A folder of exactly this case. Raises NotFound."""
    row = uow.first(_ONE_FOLDER, _about(uow, case.team_id, case_id=case.case_id, folder_id=folder_id))
    if row is None:
        raise NotFound()
    return row


def folder_of_comments(uow: UnitOfWork, case: Row[Any], *, internal: bool) -> Row[Any] | None:
    """Where the files of its comments lie, when there is such a folder already."""
    named = {"name_key": rules.name_key(rules.INTERNAL if internal else rules.COMMENTS), "internal": internal}
    return uow.first(_OF_COMMENTS, _about(uow, case.team_id, case_id=case.case_id) | named)


def own_uploads(uow: UnitOfWork, case: Row[Any], file_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Those of these that the caller sent to this case and that have arrived, held until the end; by id, in the order
    he named them."""
    asked = _about(uow, case.team_id, case_id=case.case_id) | {"file_ids": list(file_ids)}
    found = {row.id: row for row in uow.all(_OWN_UPLOADS, asked)}
    return {file_id: found[file_id] for file_id in file_ids if file_id in found}


def folder_keys(uow: UnitOfWork, case: Row[Any]) -> list[Row[Any]]:
    """``parent_id, name_key`` of every folder of a case (to decide about a new one)."""
    return uow.all(_FOLDER_KEYS, _about(uow, case.team_id, case_id=case.case_id))


def file_keys(uow: UnitOfWork, case: Row[Any]) -> list[Row[Any]]:
    """``folder_id, name_key, state`` of every file of a case that is there or on its way."""
    return uow.all(_FILE_KEYS, _about(uow, case.team_id, case_id=case.case_id))


def solution(uow: UnitOfWork, case: Row[Any]) -> rules.Solution:
    """What the case's organization has of files; the usual until the team's profile is known here."""
    about = {"team_id": case.team_id, "organization_id": case.organization_id, "now": uow.now}
    row = uow.first(_SOLUTION, about)
    return rules.Solution(*row) if row else rules.Solution()


def _about(uow: UnitOfWork, team_id: str, **more: str) -> dict[str, Any]:
    opened = uow.context.more.get("opened") if uow.actor.kind == "key" else None
    return {"me": uow.actor.user_id, "team_id": team_id, "opened": opened, **more}


# --- explaining rights ------------------------------------------------------------------------------------------------

# Whose thing it is, before anybody's sight of it: only staff of that team are answered.
_THING = bindparam("thing_id", type_=Text())
_owner = cases.c["team_id", "case_id", "organization_id", "status"]
_OF_FILE = select(*_owner, files.c.uploaded_by, files.c.internal)
_OF_FILE = _OF_FILE.join_from(cases, files, files.c.case_id == cases.c.case_id).where(files.c.id == _THING, _sent)
_OF_FOLDER = select(*_owner, null().label("uploaded_by"), folders.c.internal)
_OF_FOLDER = _OF_FOLDER.join_from(cases, folders, folders.c.case_id == cases.c.case_id).where(
    folders.c.id == _THING, _sent
)
_PLACES = select(_mine.organization_id, _mine.permissions).where(
    _mine.user_id == me, _mine.team_id == team, _mine.active
)
_SEEN_BY = visible(*_PLACE).where(_CASE)


def read_access(uow: UnitOfWork, ask: c.ReadAccess) -> AccessView:
    """For staff of the case's team with ``user.read``, and operators. Raises NotFound for everybody else."""
    of = _OF_FILE if ask.resource_id.startswith("file_") else _OF_FOLDER
    thing = uow.first(of, {"thing_id": ask.resource_id})
    if thing is None:
        raise NotFound()
    asker = uow.all(_PLACES, {"me": uow.actor.user_id, "team_id": thing.team_id})
    if uow.actor.kind != "operator" and not rules.may_ask([(row.organization_id, row.permissions) for row in asker]):
        raise NotFound()
    about = {"me": ask.user_id, "team_id": thing.team_id, "case_id": thing.case_id, "opened": None}
    seen = uow.first(_SEEN_BY, about)
    if seen is not None and thing.internal and not seen.staff:
        decision = Decision(False, "staff_only")
    elif seen is not None:
        place = rules.Place(ask.user_id, seen.staff, seen.held)
        decision = rules.decide(place, ask.action, thing.status, thing.uploaded_by)
    else:
        places = [(row.organization_id, row.permissions) for row in uow.all(_PLACES, about)]
        decision = rules.decide_unseen(places, thing.organization_id, ask.action)
    return AccessView(allowed=decision.allowed, rule=decision.rule, because=BECAUSE[decision.rule])


# --- what readers get ------------------------------------------------------------------------------------------------


def read_limits(uow: UnitOfWork, ask: c.ReadLimits) -> c.LimitsView:
    """The team's limits (part of its public profile)."""
    row = uow.first(_LIMITS, {"team_id": ask.team_id})
    if row is None:
        raise NotFound()
    return c.LimitsView(team_id=ask.team_id, max_bytes=row.max_bytes, before_submit=row.before_submit)


def list_tree(uow: UnitOfWork, ask: c.ListTree) -> c.TreeView:
    """The whole tree of a case."""
    case = one_case(uow, ask.team_id, ask.case_id)
    rules.must_be_able(place_of(uow, case), "file.read")
    _looked_at(uow, case)
    about = _about(uow, ask.team_id, case_id=ask.case_id)
    return c.TreeView(
        case_id=ask.case_id,
        folders=[folder_view(row) for row in uow.all(_TREE_FOLDERS, about)],
        files=[file_view(uow, row) for row in uow.all(_TREE_FILES, about)],
    )


def read_file(uow: UnitOfWork, ask: c.ReadFile) -> c.FileView:
    """What we know of a file."""
    row = _file_to_read(uow, ask)
    _looked_at(uow, row)
    return file_view(uow, row)


def _looked_at(uow: UnitOfWork, case: Row[Any]) -> None:
    """Say so when the case is closed to its organization, and not his."""
    if rules.reads_closed_case(case.audience, uow.actor.user_id):
        uow.record(c.ClosedFilesListed(team_id=case.team_id, case_id=case.case_id, reader_id=uow.actor.user_id))


def _file_to_read(uow: UnitOfWork, ask: c.ReadFile | c.ReadDownload) -> Row[Any]:
    row = one_file(uow, ask.team_id, ask.file_id)
    rules.must_be_able(place_of(uow, row), "file.read")
    return row


def read_upload(uow: UnitOfWork, ask: c.ReadUpload) -> c.UploadView:
    """For who lost the address, or came too late for it. Raises NotFound, Forbidden, Conflict ``upload_finished``."""
    row = one_file(uow, ask.team_id, ask.file_id)
    if row.uploaded_by != uow.actor.user_id:
        raise NotFound()
    rules.must_be_able(place_of(uow, row), "file.add")
    if row.state != "pending":
        raise Conflict("upload_finished", "The bytes of this file have arrived.")
    return upload_view(uow, row, solution(uow, row).max_bytes)


def upload_view(uow: UnitOfWork, row: Row[Any], max_bytes: int) -> c.UploadView:
    """From ``one_file``."""
    put_url, until = store().put_url(row.store_key, uow.now), uow.now + rules.LINK_LIFE
    return c.UploadView(file=file_view(uow, row), put_url=put_url, max_bytes=max_bytes, expires_at=until)


def read_download(uow: UnitOfWork, ask: c.ReadDownload) -> c.DownloadView:
    """A short-lived address of the bytes. Raises NotFound, Conflict ``upload_incomplete``, ``file_replaced``."""
    row = _file_to_read(uow, ask)
    if row.state == "pending":
        raise Conflict("upload_incomplete", "The bytes of this file have not arrived yet.")
    if row.look_at is not None:  # just finished; later nobody can have written it any more
        rules.must_be_the_same(rules.Stored(row.size, row.etag), store().look_at(row.store_key))
    if rules.reads_closed_case(row.audience, uow.actor.user_id):
        looked = {"team_id": row.team_id, "case_id": row.case_id, "file_id": row.id}
        uow.record(c.ClosedFileFetched(**looked, reader_id=uow.actor.user_id))
    served = rules.served_type(row.content_type)
    return c.DownloadView(
        url=store().get_url(row.store_key, row.name, served, uow.now),
        expires_at=uow.now + rules.LINK_LIFE,
        content_type=served,
        name=row.name,
    )


def folder_view(row: Row[Any]) -> c.FolderView:
    return c.FolderView(
        id=row.id,
        case_id=row.case_id,
        parent_id=row.parent_id,
        name=row.name,
        created_at=row.created_at,
        internal=row.internal,
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
        permissions=rules.able(place_of(uow, row), row.status, row.uploaded_by),
        version=row.version,
        internal=row.internal,
    )


def sent_along(uow: UnitOfWork, case_id: str) -> list[Row[Any]]:
    """For the reaction to a draft that was sent: its files, each with its case."""
    return uow.all(_SENT_ALONG, {"case_id": case_id})


def due(uow: UnitOfWork, most: int) -> list[Row[Any]]:
    """For the errand, which reads on nobody's behalf: removed files, and uploads that never finished."""
    return uow.all(_DUE, {"now": uow.now, "most": most})


def second_looks(uow: UnitOfWork, most: int) -> list[Row[Any]]:
    """The same: files to be compared once more with what was finished, and those that turned out to be other ones."""
    return uow.all(_SECOND_LOOKS, {"now": uow.now, "most": most})
