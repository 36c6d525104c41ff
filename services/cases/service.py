"""The cases service: this message leads to this function."""

from __future__ import annotations

from services.cases import commands, queries
from services.cases.settings import Settings
from services.chassis.entrypoints import event, rpc
from services.contracts import cases as c
from services.contracts.accounts import MembershipChanged, OrganizationChanged, TeamChanged
from services.contracts.notifications import ReplyReceived


class Service:
    """Registering, working and ending cases."""

    name = "cases"
    settings = Settings

    open_case = rpc(c.OpenCase, commands.open_case)
    read_case = rpc(c.ReadCase, queries.read_case)
    read_case_by_number = rpc(c.ReadCaseByNumber, queries.read_case_by_number)
    list_cases = rpc(c.ListCases, queries.list_cases)
    list_comments = rpc(c.ListComments, queries.list_comments)
    change_case = rpc(c.ChangeCase, commands.change_case)
    add_comment = rpc(c.AddComment, commands.add_comment)
    review_case = rpc(c.ReviewCase, commands.review_case)
    assign_case = rpc(c.AssignCase, commands.assign_case)
    answer_case = rpc(c.AnswerCase, commands.answer_case)
    close_case = rpc(c.CloseCase, commands.close_case)
    confirm_case = rpc(c.ConfirmCase, commands.confirm_case)
    reopen_case = rpc(c.ReopenCase, commands.reopen_case)
    cancel_case = rpc(c.CancelCase, commands.cancel_case)
    add_follower = rpc(c.AddFollower, commands.add_follower)
    remove_follower = rpc(c.RemoveFollower, commands.remove_follower)

    learn_team = event("accounts", TeamChanged, commands.learn_team)
    learn_organization = event("accounts", OrganizationChanged, commands.learn_organization)
    learn_membership = event("accounts", MembershipChanged, commands.learn_membership)
    add_mail_reply = event("notifications", ReplyReceived, commands.add_mail_reply)
