"""The notification service: the feed, mails out, mails in. One line per message."""

from __future__ import annotations

from services.chassis.entrypoints import errand, event, events, rpc, timer
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

    learn_contact = event("cases", cases.ContactNoted, commands.learn_contact)

    forget_case = event("cases", cases.CaseErased, commands.forget_case)

    hold_reply = event("cases", cases.ReplyRefused, commands.hold_reply)

    follow_cases = events("cases", cases.CaseEvent, commands.follow_case)

    tell_of_files = events("files", files.FileEvent, commands.tell)

    tell_of_accounts = events("accounts", accounts.AccountEvent, commands.tell)

    send_mails = errand(
        seconds=1,
        take=commands.take_mails,
        run=commands.send_mail,
        finish=commands.note_outcome,
        give_back=commands.give_back,
    )
    queue_letter = event("accounts", accounts.LetterWanted, commands.queue_letter)
    send_letters = errand(
        seconds=1,
        take=commands.take_letters,
        run=commands.send_letter,
        finish=commands.note_letter,
        give_back=commands.give_back_letters,
    )
    forget_the_old = timer(seconds=60, do=commands.forget_the_old)
