"""Commands and reactions of the file service: read, decide, write, record, return."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import ARRAY, DateTime, Interval, Row, Text, any_, bindparam, func, insert, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.chassis.actor import Context
from services.chassis.ids import new_id
from services.chassis.problems import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import files as c
from services.contracts.accounts import ContractVersioned, MembershipChanged, TeamChanged
from services.contracts.cases import CaseErased, CaseEvent, CaseOpened, DraftEnded, DraftEvent
from services.files import queries, rules
from services.files.store import store
from services.files.tables import cases, contracts, files, folders, memberships, newer_only, teams

log = structlog.get_logger(__name__)
_ADD_FOLDER = insert(folders).returning(folders)
_ADD_FILE = insert(files)
_this = files.c.id == bindparam("this_id")
_FINISHED = ("state", "sha256", "name", "name_key", "version", "due_at", "etag", "look_at")
_FINISH = update(files).where(_this).values({name: bindparam("new_" + name) for name in _FINISHED})
_FILE_IN = text(
    """UPDATE files SET state = 'clean', due_at = NULL, folder_id = :folder_id, internal = :internal,
        version = version + 1, name = filed.name, name_key = filed.name_key
    FROM unnest(:ids, :names, :keys) AS filed (id, name, name_key) WHERE files.id = filed.id"""
).bindparams(*[bindparam(name, type_=ARRAY(Text)) for name in ("ids", "names", "keys")])
_REMOVE = update(files).where(_this).values({name: bindparam("new_" + name) for name in ("state", "version", "due_at")})
_LEARN_MEMBERSHIP, _LEARN_TEAM, _LEARN_CASE = newer_only(memberships), newer_only(teams), newer_only(cases)
_MEMBERSHIP = [column.name for column in memberships.c]
_OF_A_CONTRACT = ("organization_id", "contract_version", "effective_from")
_LEARN_CONTRACT = upsert(contracts).on_conflict_do_nothing()
_OF_A_CASE = [column.name for column in cases.c if column.name not in ("wants_files", "status")]
_LEASE = text(
    """UPDATE files SET state = 'removed', tries = tries + 1, due_at = lease.due_at
    FROM unnest(:ids, CAST(:due_ats AS timestamptz[])) AS lease (id, due_at) WHERE files.id = lease.id"""
).bindparams(bindparam("ids", type_=ARRAY(Text)))
_REMOVE_ALL = (
    update(files)
    .where(files.c.case_id == bindparam("of_case"), files.c.state != "removed")
    .values(
        state="removed",
        version=files.c.version + 1,
        due_at=func.greatest(
            bindparam("now", type_=DateTime(timezone=True)), files.c.created_at + bindparam("quiet", type_=Interval())
        ),
    )
)
_REMOVE_FOLDERS = folders.delete().where(folders.c.case_id == bindparam("of_case"))
_SECOND_LEASE = (
    update(files)
    .where(files.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
    .values(look_at=bindparam("until", type_=DateTime(timezone=True)))
)
_TAKE_OUT = (
    update(files)
    .where(files.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
    .values(state="removed", version=files.c.version + 1, due_at=bindparam("now", type_=DateTime(timezone=True)))
)
_THE_SAME = update(files).where(_this).values(look_at=None)
_ANOTHER = update(files).where(_this, files.c.state != "removed").values(state=rules.REPLACED, look_at=bindparam("now"))
_FORGET = files.delete().where(_this, files.c.state == "removed")


def add_folder(uow: UnitOfWork, ask: c.AddFolder) -> c.FolderView:
    """Make a folder; two of one name in one place are refused."""
    case = queries.one_case(uow, ask.team_id, ask.case_id, to_change=True)
    rules.must_be_able(queries.place_of(uow, case), "folder.add")
    _must_take(uow, case)
    parent = queries.one_folder(uow, case, ask.parent_id) if ask.parent_id else None
    depth = parent.depth + 1 if parent else 1
    rules.must_not_be_too_deep(depth)
    there = queries.folder_keys(uow, case)
    rules.must_have_room(len(there), rules.MOST_FOLDERS)
    key = rules.name_key(ask.name)
    if any(row.parent_id == ask.parent_id and row.name_key == key for row in there):
        raise Conflict("name_taken", f"There is a folder “{ask.name}” here already. Choose another name.")
    row = _make_folder(uow, case, ask.name, parent, internal=bool(parent and parent.internal))
    return queries.folder_view(row)


def _make_folder(uow: UnitOfWork, case: Row[Any], name: str, parent: Row[Any] | None, *, internal: bool) -> Row[Any]:
    values = {
        "id": new_id("folder"),
        "case_id": case.case_id,
        "parent_id": parent.id if parent else None,
        "depth": parent.depth + 1 if parent else 1,
        "name": name,
        "name_key": rules.name_key(name),
        "created_by": uow.actor.user_id,
        "created_at": uow.now,
        "internal": internal,
    }
    row = uow.all(_ADD_FOLDER, values)[0]
    if case.status != rules.DRAFT:
        uow.record(c.FolderAdded(**_about(uow, case, internal=internal), folder_id=row.id, name=row.name))
    return row


def start_upload(uow: UnitOfWork, ask: c.StartUpload) -> c.UploadView:
    """Announce a file and get the address for its bytes."""
    case = queries.one_case(uow, ask.team_id, ask.case_id, to_change=True)
    rules.must_be_able(queries.place_of(uow, case), "file.add")
    solution = _must_take(uow, case)
    if ask.for_comment:
        rules.must_take_with_comments(case.status, solution.with_comments, "/for_comment")
        rules.must_have_no_place(ask.folder_id)
    folder = queries.one_folder(uow, case, ask.folder_id) if ask.folder_id else None
    rules.must_be_within(ask.size, solution.max_bytes)
    there = queries.file_keys(uow, case)
    rules.must_have_room(len(there), rules.MOST_FILES)
    name = ask.name if ask.for_comment else rules.free_name(ask.name, _taken(there, ask.folder_id))
    values = {
        "id": new_id("file"),
        "case_id": case.case_id,
        "folder_id": ask.folder_id,
        "name": name,
        "name_key": rules.name_key(name),
        "content_type": ask.content_type,
        "size": ask.size,
        "state": "pending",
        "store_key": store().new_key(ask.team_id),
        "uploaded_by": uow.actor.user_id,
        "created_at": uow.now,
        "version": 1,
        "due_at": uow.now + rules.UPLOAD_LIFE,
        "for_comment": ask.for_comment,
        "internal": bool(folder and folder.internal),
    }
    uow.run(_ADD_FILE, values)
    return queries.upload_view(uow, queries.one_file(uow, ask.team_id, values["id"]), solution.max_bytes)


def see_bytes(work: Work, context: Context, ask: c.FinishUpload) -> rules.Stored | None:
    """Before ``finish_upload``, outside its transaction: what does the store hold?"""
    with work.reading(context) as uow:
        file = queries.one_file(uow, ask.team_id, ask.file_id)
    return store().look_at(file.store_key) if file.state == "pending" else None


def finish_upload(uow: UnitOfWork, ask: c.FinishUpload, found: rules.Stored | None) -> c.FileView:
    """The bytes are in the store with the announced size (``found``): from now on the file can be fetched, or waits for
    its comment."""
    file = queries.one_file(uow, ask.team_id, ask.file_id, to_change=True)
    if file.uploaded_by != uow.actor.user_id:
        raise NotFound()
    rules.must_be_able(queries.place_of(uow, file), "file.add")
    if file.state != "pending":
        if file.sha256 != ask.sha256:
            raise Conflict("upload_finished", "This upload is finished, with other bytes. Start a new one.")
        return queries.file_view(uow, file)
    rules.must_take_files(file.status)
    rules.must_have_arrived(file.size, found)
    taken = set() if file.for_comment else _taken(queries.file_keys(uow, file), file.folder_id)
    name = rules.free_name(file.name, taken)
    values = {
        "this_id": file.id,
        "new_state": rules.HELD if file.for_comment else rules.CLEAN,
        "new_sha256": ask.sha256,
        "new_name": name,
        "new_name_key": rules.name_key(name),
        "new_version": file.version + 1,
        "new_due_at": uow.now + rules.UPLOAD_LIFE if file.for_comment else None,
        "new_etag": found.etag if found else None,
        "new_look_at": uow.now + rules.QUIET_TIME,
    }
    uow.run(_FINISH, values)
    if file.status != rules.DRAFT and not file.for_comment:
        told = {"file_id": file.id, "folder_id": file.folder_id, "name": name, "size": file.size}
        uow.record(c.FileAdded(**_about(uow, file, internal=file.internal), **told))
    return queries.read_file(uow, c.ReadFile(team_id=ask.team_id, file_id=file.id))


def file_uploads(uow: UnitOfWork, ask: c.FileUploads) -> c.DoneView:
    """A comment brings these: what was held for it goes into the case's folder; what lies there already stays."""
    case = queries.one_case(uow, ask.team_id, ask.case_id, to_change=True)
    place, internal = queries.place_of(uow, case), ask.visibility == "internal"
    rules.must_be_able(place, "file.add")
    rules.must_speak_internally(place, internal=internal)
    solution = _must_take(uow, case)
    rules.must_take_with_comments(case.status, solution.with_comments, "/file_ids")
    found = queries.own_uploads(uow, case, ask.file_ids)
    known = {file_id: rules.Upload(row.state, row.internal) for file_id, row in found.items()}
    rules.must_come_with(ask.file_ids, known, internal=internal)
    held = [row for row in found.values() if row.state == rules.HELD]
    if held:
        _file_in(uow, case, held, internal=internal)
    return c.DoneView()


def _file_in(uow: UnitOfWork, case: Row[Any], held: list[Row[Any]], *, internal: bool) -> None:
    """Move them into the folder of comments, each under a name that is free there."""
    folder = queries.folder_of_comments(uow, case, internal=internal)
    if folder is None:
        name = rules.INTERNAL if internal else rules.COMMENTS
        folder = _make_folder(uow, case, name, None, internal=internal)
    names = rules.free_names([row.name for row in held], _taken(queries.file_keys(uow, case), folder.id))
    values = {"ids": [row.id for row in held], "names": names, "keys": [rules.name_key(name) for name in names]}
    uow.run(_FILE_IN, values | {"folder_id": folder.id, "internal": internal})
    for row, name in zip(held, names, strict=True):
        told = {"file_id": row.id, "folder_id": folder.id, "name": name, "size": row.size}
        uow.record(c.FileAdded(**_about(uow, case, internal=internal), **told))


def remove_file(uow: UnitOfWork, ask: c.RemoveFile) -> c.DoneView:
    """Take a file out of the tree; its bytes go by an errand."""
    file = queries.one_file(uow, ask.team_id, ask.file_id, to_change=True)
    rules.must_be_able(queries.place_of(uow, file), "file.remove", file.uploaded_by)
    rules.must_not_be_merged(file.status)
    uow.must_match(file.version)
    due_at = max(uow.now, file.created_at + rules.QUIET_TIME)
    values = {"new_state": "removed", "new_version": file.version + 1, "new_due_at": due_at}
    uow.run(_REMOVE, {"this_id": file.id} | values)
    if file.state == "clean" and file.status != rules.DRAFT:
        told = _about(uow, file, internal=file.internal)
        uow.record(c.FileRemoved(**told, file_id=file.id, name=file.name))
    return c.DoneView()


def clear_draft(uow: UnitOfWork, ask: c.ClearDraft) -> c.DoneView:
    """Take everything out of a draft, also what is on its way. Raises NotFound (for a case that was sent too)."""
    draft = queries.one_case(uow, ask.team_id, ask.case_id, to_change=True)
    if draft.status != rules.DRAFT:
        raise NotFound()
    _empty(uow, draft.case_id)
    return c.DoneView()


def _empty(uow: UnitOfWork, case_id: str) -> None:
    """All files of a draft out, their bytes by the errand; its folders too."""
    due = {"now": uow.now, "quiet": rules.QUIET_TIME}
    uow.run(_REMOVE_ALL, {"of_case": case_id} | due)
    uow.run(_REMOVE_FOLDERS, {"of_case": case_id})


def _must_take(uow: UnitOfWork, case: Row[Any]) -> rules.Solution:
    """Refuse a file for a case or draft that takes none; what the customer has of files."""
    solution = queries.solution(uow, case)
    rules.must_be_included(solution)
    rules.must_take_files(case.status)
    if case.status == rules.DRAFT:
        rules.must_take_before(case.wants_files, solution.before_submit)
    return solution


def _taken(there: list[Row[Any]], folder_id: str | None) -> set[str]:
    return {row.name_key for row in there if row.folder_id == folder_id and row.state == "clean"}


def _about(uow: UnitOfWork, case: Row[Any], *, internal: bool = False) -> dict[str, Any]:
    """What every event of a case's files says. What is ``internal`` never leaves the staff."""
    return {
        "team_id": case.team_id,
        "case_id": case.case_id,
        "organization_id": case.organization_id,
        "audience": [f"team:{case.team_id}"] if internal else list(case.audience),
        "actor_id": uow.actor.user_id or None,
        "internal": internal,
    }


# --- reactions: the neighbours' facts --------------------------------------------------------------------------------


def learn_membership(uow: UnitOfWork, happened: MembershipChanged) -> None:
    """Keep who belongs where."""
    uow.run(_LEARN_MEMBERSHIP, {name: getattr(happened, name) for name in _MEMBERSHIP})


def learn_team(uow: UnitOfWork, happened: TeamChanged) -> None:
    """Keep the team's limits, and what it offers."""
    values = {
        "team_id": happened.team_id,
        "max_bytes": rules.max_bytes_of(happened.profile),
        "name": happened.name,
        "features": happened.profile["features"],
        "before_submit": rules.before_submit_of(happened.profile),
        "with_comments": rules.with_comments_of(happened.profile),
        "fact_version": happened.fact_version,
    }
    uow.run(_LEARN_TEAM, values)


def learn_contract(uow: UnitOfWork, happened: ContractVersioned) -> None:
    """Keep what a version of a contract includes. It never changes, so the first telling is the last."""
    values = {name: getattr(happened, name) for name in _OF_A_CONTRACT}
    uow.run(_LEARN_CONTRACT, values | {"features": happened.terms.features})


def learn_case(uow: UnitOfWork, happened: CaseEvent) -> None:
    """Keep who may see the case and how it stands. What is internal speaks to fewer people than the case does."""
    if happened.internal:
        return
    kept = {name: getattr(happened, name) for name in _OF_A_CASE}
    status = rules.status_of(happened.status, happened.merged_into)
    uow.run(_LEARN_CASE, kept | {"status": status, "wants_files": True})
    if isinstance(happened, CaseOpened) and happened.fact_version > 1:  # it was a draft, whose files nobody knew of
        for file in queries.sent_along(uow, happened.case_id):
            told = {"file_id": file.id, "folder_id": file.folder_id, "name": file.name, "size": file.size}
            uow.record(c.FileAdded(**_about(uow, file) | {"actor_id": file.uploaded_by}, **told))


def learn_draft(uow: UnitOfWork, happened: DraftEvent) -> None:
    """Keep whose draft it is and whether it takes files; what belongs to one that was dropped goes."""
    ended = isinstance(happened, DraftEnded)
    values = {
        "case_id": happened.case_id,
        "team_id": happened.team_id,
        "organization_id": happened.organization_id,
        "number": "",
        "title": "",
        "status": rules.DROPPED if ended else rules.DRAFT,
        "audience": [f"user:{happened.creator_id}"],
        "fact_version": happened.fact_version,
        "wants_files": happened.wants_files,
    }
    if uow.run(_LEARN_CASE, values) and ended:
        _empty(uow, happened.case_id)


def forget_case(uow: UnitOfWork, happened: CaseErased) -> None:
    """Everything in it goes. Only its id and version stay, so that nothing said before brings it back."""
    kept = {name: getattr(happened, name) for name in ("case_id", "team_id", "organization_id", "fact_version")}
    wiped = {"number": "", "title": "", "status": rules.DROPPED, "audience": [], "wants_files": False}
    if uow.run(_LEARN_CASE, kept | wiped):
        _empty(uow, happened.case_id)


# --- the errand: bytes nobody may reach any more ---------------------------------------------------------------------


def take_leftovers(uow: UnitOfWork) -> list[tuple[str, str, int]]:
    """Removed files and uploads that never finished; from here on such an upload cannot be finished any more."""
    items = [(row.id, row.store_key, row.tries + 1) for row in queries.due(uow, most=20)]
    if items:
        due_ats = [uow.now + rules.pause(tries) for _, _, tries in items]
        uow.run(_LEASE, {"ids": [file_id for file_id, _, _ in items], "due_ats": due_ats})
    return items


def drop_bytes(item: tuple[str, str, int]) -> bool:
    """Delete the object; deleting it twice is the same."""
    store().remove(item[1])
    return True


def forget_file(uow: UnitOfWork, item: tuple[str, str, int], outcome: bool | Exception) -> None:
    """The object is gone, so the row goes; otherwise it is tried again later. One statement."""
    if outcome is True:
        uow.run(_FORGET, {"this_id": item[0]})


# --- the errand: are these still the bytes that were finished? --------------------------------------------------------


def take_second_looks(uow: UnitOfWork) -> list[tuple[str, str, rules.Stored]]:
    """Files whose address has run out since they were finished. The others are taken out."""
    found = queries.second_looks(uow, most=50)
    others = [row for row in found if row.state == rules.REPLACED]
    if others:
        uow.run(_TAKE_OUT, {"ids": [row.id for row in others], "now": uow.now})
    for row in others:
        log.warning("file replaced after its upload", file_id=row.id, case_id=row.case_id, team_id=row.team_id)
        if row.due_at is None and row.status != rules.DRAFT:  # else nobody was told of it
            told = _about(uow, row, internal=row.internal)
            uow.record(c.FileRemoved(**told, file_id=row.id, name=row.name, because="replaced"))
    same = [row for row in found if row.state != rules.REPLACED]
    if same:
        uow.run(_SECOND_LEASE, {"ids": [row.id for row in same], "until": uow.now + rules.pause(1)})
    return [(row.id, row.store_key, rules.Stored(row.size, row.etag)) for row in same]


def see_again(item: tuple[str, str, rules.Stored]) -> bool:
    """Whether the store has what it had when the upload was finished."""
    return store().look_at(item[1]) == item[2]


def note_second_look(uow: UnitOfWork, item: tuple[str, str, rules.Stored], outcome: bool | Exception) -> None:
    """Once the same, always the same. Nobody reads another one any more, and the next round takes it out; when the
    store is away it is looked at later. One statement."""
    if not isinstance(outcome, Exception):
        values = {"this_id": item[0]}
        if outcome:
            uow.run(_THE_SAME, values)
        else:
            uow.run(_ANOTHER, values | {"now": uow.now})
