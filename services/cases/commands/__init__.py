"""What the cases service does. Every command looks like its sister: read, decide, write, record, return."""

from services.cases.commands.ending import cancel_case, close_case, confirm_case, reopen_case
from services.cases.commands.facts import learn_membership, learn_organization, learn_team
from services.cases.commands.following import add_follower, remove_follower
from services.cases.commands.opening import open_case
from services.cases.commands.working import (
    add_comment,
    add_mail_reply,
    answer_case,
    assign_case,
    change_case,
    review_case,
)

__all__ = [
    "add_comment",
    "add_follower",
    "add_mail_reply",
    "answer_case",
    "assign_case",
    "cancel_case",
    "change_case",
    "close_case",
    "confirm_case",
    "learn_membership",
    "learn_organization",
    "learn_team",
    "open_case",
    "remove_follower",
    "reopen_case",
    "review_case",
]
