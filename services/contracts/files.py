"""The words of files: folders, uploads, downloads."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from services.chassis.messages import Event, Request, View
from services.contracts.access import Explain
from services.contracts.cases import Principals
from services.contracts.shapes import (
    ByteCount,
    ContentType,
    FileName,
    Id,
    Ids,
    Permission,
    Sha256,
    Slug,
    Url,
    Version,
)


class FolderView(View):
    """A folder of a case; ``parent_id`` null is the top. What lies in an ``internal`` one is for staff only."""

    id: Id
    case_id: Id
    parent_id: Id | None
    name: FileName
    created_at: datetime
    internal: bool = False


class FileView(View):
    """A file in a folder (null: the top). ``pending`` until its bytes have arrived; ``held`` until the comment comes
    that it was sent for: until then only its uploader knows of it, and after an hour it is dropped. ``internal``: came
    with an internal comment; for staff only."""

    id: Id
    case_id: Id
    folder_id: Id | None
    name: FileName
    content_type: ContentType
    size: ByteCount
    sha256: Sha256 | None
    state: Literal["pending", "held", "clean"]
    uploaded_by: Id
    created_at: datetime
    permissions: list[Permission]
    version: Version
    internal: bool = False


class TreeView(View):
    """The whole tree of a case: folders and files, by name."""

    case_id: Id
    folders: list[FolderView]
    files: list[FileView]


class LimitsView(View):
    """What may be uploaded, and whether also before a case is sent."""

    team_id: Slug
    max_bytes: ByteCount
    before_submit: bool = True


class UploadView(View):
    """Where the bytes go: one PUT to ``put_url`` (valid until ``expires_at``), then finish the upload."""

    file: FileView
    put_url: Url
    max_bytes: ByteCount
    expires_at: datetime


class DownloadView(View):
    """A short-lived address of the bytes, on the store's own origin."""

    url: Url
    expires_at: datetime
    content_type: ContentType
    name: FileName


class DoneView(View):
    """It is done, and there is nothing more to tell."""

    done: bool = True


class ReadLimits(Request[LimitsView]):
    """The limits of this team."""

    team_id: Slug


class ListTree(Request[TreeView]):
    """Folders and files of a case, or of the caller's own draft."""

    team_id: Slug
    case_id: Id


class AddFolder(Request[FolderView]):
    """Make a folder; two of one name in one place are refused (409)."""

    team_id: Slug
    case_id: Id
    parent_id: Id | None = None
    name: FileName


class StartUpload(Request[UploadView]):
    """Announce a file. Over the team's limit it is refused here (413), before a byte is stored. ``for_comment``: it is
    held until a comment names it in ``file_ids``, and lies in no folder of the sender's choice."""

    team_id: Slug
    case_id: Id
    folder_id: Id | None = None
    name: FileName
    content_type: ContentType = "application/octet-stream"
    size: ByteCount
    for_comment: bool = False


class ReadUpload(Request[UploadView]):
    """Where the bytes of one's own upload go, at an address that is good from now on; 409 when they have arrived."""

    team_id: Slug
    file_id: Id


class FinishUpload(Request[FileView]):
    """The bytes are in the store. The service checks their size there before it says clean."""

    team_id: Slug
    file_id: Id
    sha256: Sha256


class FileUploads(Request[DoneView]):
    """Put the caller's own uploads into the case's folder, because a comment brings them. What an ``internal`` comment
    brings is for staff only. Doing it twice is doing it once; what is not his, or not of this case, is 422."""

    team_id: Slug
    case_id: Id
    file_ids: Ids
    visibility: Literal["public", "internal"] = "public"


class ReadFile(Request[FileView]):
    """What we know of a file."""

    team_id: Slug
    file_id: Id


class ReadDownload(Request[DownloadView]):
    """Permission to fetch the bytes, for five minutes; 409 ``file_replaced`` when they are not those of the upload."""

    team_id: Slug
    file_id: Id


class RemoveFile(Request[DoneView]):
    """Take a file out of the tree; its bytes go later."""

    team_id: Slug
    file_id: Id


class ClearDraft(Request[DoneView]):
    """Take all files and folders of a draft out at once, to begin again."""

    team_id: Slug
    case_id: Id


class FileEvent(Event):
    """What every event of a case's files says; an ``internal`` one is the staff's."""

    subject = "case_id"
    public = True
    team_id: Slug
    case_id: Id
    organization_id: Id
    audience: Principals
    actor_id: Id | None
    internal: bool = False


class FolderAdded(FileEvent):
    """A folder was made."""

    folder_id: Id
    name: FileName


class FileAdded(FileEvent):
    """A file can be fetched."""

    file_id: Id
    folder_id: Id | None
    name: FileName
    size: ByteCount


class FileRemoved(FileEvent):
    """A file was taken out; ``because`` other bytes were sent after its upload was finished, when nobody did it."""

    file_id: Id
    name: FileName
    because: Literal["replaced"] | None = None


class ClosedFileFetched(Event):
    """Somebody of the staff asked for a file of a case that is not open to its whole organization."""

    subject = "case_id"
    team_id: Slug
    case_id: Id
    file_id: Id
    reader_id: Id


class ClosedFilesListed(Event):
    """Somebody of the staff looked at which files such a case has."""

    subject = "case_id"
    team_id: Slug
    case_id: Id
    reader_id: Id


class ReadAccess(Explain):
    """What may a person do with a file or folder, and by which rule? For staff of its team and operators."""
