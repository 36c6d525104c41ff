"""Commands and reactions of the notification service: learn, tell the feed, queue mails, send them, take replies."""

from services.notifications.commands.facts import forget_the_old, learn_membership, learn_team
from services.notifications.commands.mailing import give_back, note_outcome, send_mail, take_mails
from services.notifications.commands.replies import read_mail, take_mail
from services.notifications.commands.telling import follow_case, tell

__all__ = [
    "follow_case",
    "forget_the_old",
    "give_back",
    "learn_membership",
    "learn_team",
    "note_outcome",
    "read_mail",
    "send_mail",
    "take_mail",
    "take_mails",
    "tell",
]
