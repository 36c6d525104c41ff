"""The cases service: this message leads to this function."""

from __future__ import annotations

from services.cases import queries
from services.cases.commands import ending, facts, following, opening, working
from services.cases.settings import Settings
from services.chassis.entrypoints import event, rpc
from services.contracts import cases as c
from services.contracts.accounts import MembershipChanged, OrganizationChanged, TeamChanged
from services.contracts.notifications import ReplyReceived


class Service:
    """Registering, working and ending cases."""

    name = "cases"
    settings = Settings

    open_case = rpc(c.OpenCase, opening.open_case)
    read_case = rpc(c.ReadCase, queries.read_case)
    read_case_by_number = rpc(c.ReadCaseByNumber, queries.read_case_by_number)
    list_cases = rpc(c.ListCases, queries.list_cases)
    list_comments = rpc(c.ListComments, queries.list_comments)
    change_case = rpc(c.ChangeCase, working.change_case)
    add_comment = rpc(c.AddComment, working.add_comment)
    review_case = rpc(c.ReviewCase, working.review_case)
    assign_case = rpc(c.AssignCase, working.assign_case)
    answer_case = rpc(c.AnswerCase, working.answer_case)
    close_case = rpc(c.CloseCase, ending.close_case)
    confirm_case = rpc(c.ConfirmCase, ending.confirm_case)
    reopen_case = rpc(c.ReopenCase, ending.reopen_case)
    cancel_case = rpc(c.CancelCase, ending.cancel_case)
    add_follower = rpc(c.AddFollower, following.add_follower)
    remove_follower = rpc(c.RemoveFollower, following.remove_follower)

    learn_team = event("accounts", TeamChanged, facts.learn_team)
    learn_organization = event("accounts", OrganizationChanged, facts.learn_organization)
    learn_membership = event("accounts", MembershipChanged, facts.learn_membership)
    add_mail_reply = event("notifications", ReplyReceived, working.add_mail_reply)
