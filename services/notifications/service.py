"""The notification service: the feed, mails out, mails in. One line per message."""

from __future__ import annotations

from services.chassis.entrypoints import errand, event, rpc
from services.contracts import accounts, cases, files
from services.contracts import notifications as c
from services.notifications import commands, queries
from services.notifications import settings as settings_of


class Service:
    """Hears what happened, tells those who may know: live, later, and by mail."""

    name = "notifications"
    settings = settings_of.Settings

    list_feed = rpc(c.ListFeed, queries.list_feed)
    list_mails = rpc(c.ListMails, queries.list_mails)
    take_mail = rpc(c.TakeMail, commands.take_mail, look=commands.read_mail)

    learn_membership = event("accounts", accounts.MembershipChanged, commands.learn_membership)
    learn_team = event("accounts", accounts.TeamChanged, commands.learn_team)

    on_case_opened = event("cases", cases.CaseOpened, commands.follow_case)
    on_case_changed = event("cases", cases.CaseChanged, commands.follow_case)
    on_case_reviewed = event("cases", cases.CaseReviewed, commands.follow_case)
    on_case_assigned = event("cases", cases.CaseAssigned, commands.follow_case)
    on_comment_added = event("cases", cases.CommentAdded, commands.follow_case)
    on_case_answered = event("cases", cases.CaseAnswered, commands.follow_case)
    on_case_closed = event("cases", cases.CaseClosed, commands.follow_case)
    on_case_cancelled = event("cases", cases.CaseCancelled, commands.follow_case)
    on_case_reopened = event("cases", cases.CaseReopened, commands.follow_case)
    on_confirmation_given = event("cases", cases.ConfirmationGiven, commands.follow_case)

    on_folder_added = event("files", files.FolderAdded, commands.tell)
    on_file_added = event("files", files.FileAdded, commands.tell)
    on_file_removed = event("files", files.FileRemoved, commands.tell)

    send_mails = errand(seconds=1, take=commands.take_mails, run=commands.send_mail, finish=commands.note_outcome)
