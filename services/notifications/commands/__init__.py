"""Commands and reactions of the notification service: learn, tell the feed, queue mails, send them, take replies;
letters about accounts."""

from services.notifications.commands.facts import (
    forget_case,
    forget_the_old,
    learn_contact,
    learn_membership,
    learn_team,
)
from services.notifications.commands.letters import (
    give_back_letters,
    note_letter,
    queue_letter,
    send_letter,
    take_letters,
)
from services.notifications.commands.mailing import give_back, note_outcome, send_mail, take_mails
from services.notifications.commands.replies import hold_reply, read_mail, take_mail
from services.notifications.commands.telling import follow_case, tell

__all__ = [
    "follow_case",
    "forget_case",
    "forget_the_old",
    "give_back",
    "give_back_letters",
    "hold_reply",
    "learn_contact",
    "learn_membership",
    "learn_team",
    "note_letter",
    "note_outcome",
    "queue_letter",
    "read_mail",
    "send_letter",
    "send_mail",
    "take_letters",
    "take_mail",
    "take_mails",
    "tell",
]
