"""The file service: folders, uploads and downloads of cases. One line per message."""

from __future__ import annotations

from services.chassis.entrypoints import errand, event, events, rpc
from services.chassis.unit_of_work import Work
from services.contracts import accounts, cases
from services.contracts import files as c
from services.files import commands, queries
from services.files import settings as settings_of
from services.files.store import Store

# Their audience is narrower than the case's, and they say nothing that files needs.
_INTERNAL = (cases.CommentAdded, cases.CaseClockWarned, cases.CaseClockBreached, cases.CaseFollowUpReached)


class Service:
    """Bytes go from the gateway or the client straight to the store; here live names, places, rights and limits."""

    name = "files"
    settings = settings_of.Settings

    read_limits = rpc(c.ReadLimits, queries.read_limits)
    list_tree = rpc(c.ListTree, queries.list_tree)
    add_folder = rpc(c.AddFolder, commands.add_folder)
    start_upload = rpc(c.StartUpload, commands.start_upload)
    read_upload = rpc(c.ReadUpload, queries.read_upload)
    finish_upload = rpc(c.FinishUpload, commands.finish_upload, look=commands.see_bytes)
    read_access = rpc(c.ReadAccess, queries.read_access)
    file_uploads = rpc(c.FileUploads, commands.file_uploads)
    read_file = rpc(c.ReadFile, queries.read_file)
    read_download = rpc(c.ReadDownload, queries.read_download)
    remove_file = rpc(c.RemoveFile, commands.remove_file)
    clear_draft = rpc(c.ClearDraft, commands.clear_draft)

    learn_membership = event("accounts", accounts.MembershipChanged, commands.learn_membership)
    learn_team = event("accounts", accounts.TeamChanged, commands.learn_team)
    learn_contract = event("accounts", accounts.ContractVersioned, commands.learn_contract)
    # A comment changes neither who sees the case nor, by itself, its status.
    learn_cases = events(
        "cases",
        cases.CaseEvent,
        commands.learn_case,
        but=_INTERNAL,
    )
    learn_drafts = events("cases", cases.DraftEvent, commands.learn_draft)

    forget_case = event("cases", cases.CaseErased, commands.forget_case)

    drop_leftovers = errand(
        seconds=10, take=commands.take_leftovers, run=commands.drop_bytes, finish=commands.forget_file
    )
    look_again = errand(
        seconds=10, take=commands.take_second_looks, run=commands.see_again, finish=commands.note_second_look
    )

    @staticmethod
    def prepare(_work: Work, settings: settings_of.Settings) -> None:
        """Make sure the bucket exists. A store that stays away does not keep the rest from working."""
        Store(settings).make_sure_of_bucket()
