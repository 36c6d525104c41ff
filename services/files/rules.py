"""Pure decisions about files: names, limits, types, who may remove. No clock, no database, no store."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from services.chassis.problems import Conflict, Forbidden, Invalid, TooLarge
from services.contracts.access import PERMISSIONS, Decision

DEFAULT_MAX_BYTES = 10 * 1024 * 1024
LONGEST_NAME = 255
DRAFT, DROPPED = "draft", "dropped"  # what stands in the place of a case's status before there is a case
MERGED = "merged"  # and when the case goes on as another one
HELD_BY_KEY = ["file.add", "file.read"]  # of the one case a key opens
HELD, CLEAN, REPLACED = "held", "clean", "replaced"
COMMENTS, INTERNAL = "Comments", "Internal"  # the folders of what comes with public and with internal comments
DEEPEST_FOLDER = 20
MOST_FOLDERS = 1_000
MOST_FILES = 5_000
LINK_LIFE = timedelta(minutes=5)
UPLOAD_LIFE = timedelta(minutes=60)
# Bytes are taken away, and what was finished is compared once more, only after the last permission to write them has
# run out and whoever was writing has had as long again.
QUIET_TIME = LINK_LIFE * 2

# What a browser would run or draw as a page; such bytes are handed out as plain bytes.
_ACTIVE = ("html", "xml", "svg", "script", "ecmascript", "pdf", "flash", "shockwave", "mathml")
_INVISIBLE = {"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"}


def max_bytes_of(profile: dict[str, Any]) -> int:
    """The team's limit for one file."""
    limit = (profile.get("files") or {}).get("max_bytes", DEFAULT_MAX_BYTES)
    return limit if isinstance(limit, int) and limit > 0 else DEFAULT_MAX_BYTES


def before_submit_of(profile: dict[str, Any]) -> bool:
    """Whether the team takes files before a case is sent."""
    return (profile.get("files") or {}).get("before_submit", True) is not False


def with_comments_of(profile: dict[str, Any]) -> bool:
    """Whether comments may bring files."""
    return bool((profile.get("comments") or {}).get("files", "file_into_case") != "reject")


def status_of(status: str, merged_into: str | None) -> str:
    """What stands here for the status of a case."""
    return status if merged_into is None else MERGED


def name_key(name: str) -> str:
    """What makes two names the same name to people: case, Unicode form and invisible letters do not count."""
    plain = "".join(letter for letter in unicodedata.normalize("NFC", name) if letter not in _INVISIBLE)
    return unicodedata.normalize("NFC", plain.casefold()).strip(" .")


def free_name(name: str, taken: Collection[str]) -> str:
    """``name``, or ``name (2)`` and so on with the ending kept, so that its key is not among ``taken``."""
    if name_key(name) not in taken:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem.strip(" .") or len(ending) > 20:
        stem, dot, ending = name, "", ""
    number = 2
    while True:
        mark = f" ({number})"
        tried = stem[: LONGEST_NAME - len(mark) - len(dot) - len(ending)] + mark + dot + ending
        if name_key(tried) not in taken:
            return tried
        number += 1


def free_names(names: Sequence[str], taken: Collection[str]) -> list[str]:
    """The same for several that are put down together."""
    keys, found = set(taken), []
    for name in names:
        found.append(free_name(name, keys))
        keys.add(name_key(found[-1]))
    return found


def must_be_within(size: int, limit: int) -> None:
    """Refuse a file over the team's limit, in words that tell what to do; the limit itself is allowed."""
    if size > limit:
        told = f"{limit / 1_048_576:.1f}".rstrip("0").rstrip(".")
        detail = (
            f"The file has {size:,} bytes; the largest allowed here is {told} MB ({limit:,} bytes). "
            "Make it smaller, split it into several files, or ask support for another way to send it."
        )
        raise TooLarge("file_too_large", detail, extra={"max_bytes": limit})


class Solution(NamedTuple):
    """What an organization has of files: the team's limit and name, what the team offers (None: not known yet), and
    what the contract in force includes of it (None: all). ``before_submit``: the team takes files of drafts too;
    ``with_comments``: and of comments."""

    max_bytes: int = DEFAULT_MAX_BYTES
    team: str = ""
    offered: Collection[str] | None = None
    agreed: Collection[str] | None = None
    before_submit: bool = True
    with_comments: bool = True

    @property
    def includes_files(self) -> bool:
        """Whether cases of this organization take files."""
        return all(named is None or "files" in named for named in (self.offered, self.agreed))


def must_be_included(solution: Solution) -> None:
    """Refuse new files where they are not part of the customer's solution, and say whom to ask; what is there already
    stays. Raises Forbidden ``not_included``."""
    if not solution.includes_files:
        detail = f"Files are not included in your solution; contact {solution.team}."
        raise Forbidden("not_included", detail, extra={"feature": "files"})


def must_take_files(status: str) -> None:
    """A cancelled case takes no more files; an open or closed one does."""
    must_not_be_merged(status)
    if status == "cancelled":
        raise Conflict("case_cancelled", "The case is cancelled; it takes no more files.")


def must_not_be_merged(status: str) -> None:
    """The files of a case that goes on as another one stay as they are."""
    if status == MERGED:
        raise Conflict("merged", "This case goes on as another one; use that one, or undo the merge.")


def must_take_with_comments(status: str, with_comments: bool, pointer: str) -> None:
    """Whether a comment may bring files here at all. Raises Invalid at the ``pointer``."""
    if status == DRAFT:
        raise Invalid.field(pointer, "sent", "A draft has no comments yet; add files to the draft itself.")
    if not with_comments:
        raise Invalid.field(pointer, "offered", "Comments of this team bring no files; add them to the case's files.")


def must_have_no_place(folder_id: str | None) -> None:
    """What comes with a comment is put where the others of its kind lie. Raises Invalid ``/folder_id``."""
    if folder_id is not None:
        raise Invalid.field("/folder_id", "place", "A file for a comment is put into the folder of comments.")


def must_come_with(file_ids: Sequence[str], found: Mapping[str, Upload], *, internal: bool) -> None:
    """Hold what a comment names against the caller's own uploads of its case. What an internal one brings must never
    have been public, and what is internal never becomes it. Raises Invalid ``/file_ids/<n>``."""
    errors = []
    for place, file_id in enumerate(file_ids):
        upload = found.get(file_id)
        pointer = f"/file_ids/{place}"
        if upload is None or (upload.internal and not internal):
            detail = "This is none of your uploads to this case, or it was dropped meanwhile."
            errors.append({"pointer": pointer, "rule": "exists", "detail": detail})
        elif internal and upload.state == CLEAN and not upload.internal:
            detail = "Customers see this file already. Send it again with for_comment."
            errors.append({"pointer": pointer, "rule": "internal", "detail": detail})
    if errors:
        raise Invalid("invalid", "Some of these files cannot come with this comment.", errors=errors)


def must_take_before(wants_files: bool, before_submit: bool) -> None:
    """A draft takes files when its creator said that some will come, and the team takes them before it is sent."""
    if not before_submit:
        raise Conflict("files_after_submit", "This team takes files only after the case is sent.")
    if not wants_files:
        raise Conflict("files_not_declared", "The draft says that no files will come. Save it with wants_files first.")


def must_have_room(count: int, most: int) -> None:
    """Keep one case's tree readable."""
    if count >= most:
        raise Conflict("tree_full", f"This case has {most:,} of them already. Remove some, or open another case.")


def must_not_be_too_deep(depth: int) -> None:
    """Folders may lie in folders, but not for ever."""
    if depth > DEEPEST_FOLDER:
        raise Conflict("too_deep", f"Folders may lie {DEEPEST_FOLDER} deep at most.")


class Stored(NamedTuple):
    """What the store has: so many bytes, and what it calls them (the same for the same bytes)."""

    size: int
    etag: str


def must_have_arrived(size: int, found: Stored | None) -> None:
    """``found`` is what the store holds: exactly the announced size, or the upload is not complete."""
    if found is None or found.size != size:
        held = "nothing" if found is None else f"{found.size:,} bytes"
        detail = f"{size:,} bytes were announced, and the store holds {held}. Send the bytes again, then finish."
        raise Conflict("upload_incomplete", detail)


def must_be_the_same(finished: Stored, found: Stored | None) -> None:
    """The address of an upload is good for some minutes, so other bytes may have been sent after it was finished."""
    if found != finished:
        raise Conflict("file_replaced", "Other bytes were sent after this file was finished, so it is being removed.")


class Upload(NamedTuple):
    """What decides whether a comment may bring a file."""

    state: str
    internal: bool


class Place(NamedTuple):
    """By what somebody sees a case: who he is, whether as staff, and the permissions he holds there."""

    user_id: str
    staff: bool
    held: Collection[str]


Held = tuple[str | None, Collection[str]]  # an organization (None: among the staff), and the permissions there


def decide(place: Place, permission: str, status: str, uploaded_by: str | None = None) -> Decision:
    """May he do this with the files of a case in this ``status``, or with the file of this uploader? The one decision:
    checks, lists and explanations rest on it."""
    if permission not in PERMISSIONS["files"]:
        return Decision(False, "unknown_permission")
    if permission not in place.held:
        return Decision(False, "role_lacks_permission")
    if permission == "file.remove" and not place.staff and uploaded_by not in (None, place.user_id):
        return Decision(False, "not_yours")
    if status == MERGED and permission != "file.read":
        return Decision(False, "status_forbids")
    if permission in ("file.add", "folder.add") and status == "cancelled":
        return Decision(False, "status_forbids")
    return Decision(True, "granted")


def decide_unseen(places: Sequence[Held], organization_id: str, permission: str) -> Decision:
    """Why somebody with these places in the team does not see a case of this organization, nor its files."""
    if permission not in PERMISSIONS["files"]:
        return Decision(False, "unknown_permission")
    here = [place for place in places if place[0] in (None, organization_id)]
    if not here:
        return Decision(False, "not_a_member")
    reads = any(("case.read_all" if at is None else "case.read") in held for at, held in here)
    return Decision(False, "visibility_forbids" if reads else "role_lacks_permission")


def may_ask(places: Sequence[Held]) -> bool:
    """Whose rights others have, is told to staff who see cases and people."""
    return any(at is None and {"user.read", "case.read_all"} <= {*held} for at, held in places)


def must_be_able(place: Place, permission: str, uploaded_by: str | None = None) -> None:
    """Refuse what his permissions never allow here. Raises Forbidden ``not_permitted``, ``not_yours``."""
    decision = decide(place, permission, "", uploaded_by)
    if decision.rule == "not_yours":
        raise Forbidden("not_yours", "Only the uploader and the team's staff may remove a file.")
    if not decision.allowed:
        extra = {"permission": permission, "rule": decision.rule}
        raise Forbidden("not_permitted", "You may not do this with files.", extra=extra)


def must_speak_internally(place: Place, *, internal: bool) -> None:
    """Only staff has internal comments. Raises Forbidden ``not_permitted``."""
    if internal and not place.staff:
        extra = {"permission": "case.comment_internal", "rule": "staff_only"}
        raise Forbidden("not_permitted", "You may not do this with files.", extra=extra)


def able(place: Place, status: str, uploaded_by: str) -> list[str]:
    """What this reader may do with a file now."""
    wanted = ("file.read", "file.remove")
    return [permission for permission in wanted if decide(place, permission, status, uploaded_by).allowed]


def served_type(content_type: str) -> str:
    """The type the store says when it hands the bytes out: never one that a browser would run."""
    return "application/octet-stream" if any(word in content_type for word in _ACTIVE) else content_type


def disposition(name: str) -> str:
    """``Content-Disposition`` of a download (RFC 6266): a plain ASCII name for old clients, the real one beside it."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join("_" if letter in '"\\%;' or not letter.isprintable() else letter for letter in ascii_name).strip()
    return f"attachment; filename=\"{plain or 'file'}\"; filename*=UTF-8''{quote(name, safe='')}"


def pause(tries: int) -> timedelta:
    """How long the errand waits before it tries an object again."""
    return timedelta(seconds=min(30 * 2 ** min(tries, 10), 3_600))


def reads_closed_case(audience: Collection[str], user_id: str) -> bool:
    """Whether he sees the case as its support only: it is not open to its whole organization, and not his."""
    return not any(who.startswith("org:") or who == f"user:{user_id}" for who in audience)
