"""Pure decisions about notifications: who is told what, when a mail is tried again, what a reply address is."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32encode
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from services.contracts.access import PERMISSIONS, Decision
from services.contracts.accounts import AccountEvent
from services.contracts.cases import (
    CallbackCancelled,
    CallbackMissed,
    CallbackReminded,
    CallbackRequested,
    CallbackScheduled,
    CaseAssigned,
    CaseCancelled,
    CaseChanged,
    CaseClockBreached,
    CaseClosed,
    CaseEscalated,
    CaseEvent,
    CaseFollowUpReached,
    CaseMerged,
    CaseOpened,
    CaseOwnerChanged,
    CaseReclassified,
    CaseReopened,
    CaseUnmerged,
    CommentAdded,
    ConfirmationGiven,
    QuoteApproved,
    QuoteDeclined,
    QuoteExpired,
    QuoteOffered,
    QuoteWithdrawn,
)
from services.contracts.files import FileEvent

# What an event says in the feed: names, ids and states; never a text that somebody wrote.
_THIN = (
    "case_id",
    "organization_id",
    "number",
    "status",
    "comment_id",
    "visibility",
    "side",
    "folder_id",
    "file_id",
    "assignee_id",
    "owner_id",
    "by",
    "answer",
    "fields",
    "clock",
    "callback_id",
    "quote_id",
    "amount",
    "currency",
    "gate",
)
_KINDS: dict[type[CaseEvent], str] = {
    CommentAdded: "comment",
    CaseAssigned: "assigned",
    CaseEscalated: "escalated",
    CaseReclassified: "reclassified",
    CaseOwnerChanged: "owner_changed",
    CaseMerged: "merged",
    CaseUnmerged: "unmerged",
    CaseClosed: "closed",
    CaseCancelled: "cancelled",
    CaseReopened: "reopened",
    CaseClockBreached: "overdue",
    CaseFollowUpReached: "follow_up",
    QuoteOffered: "quote_offered",
    QuoteApproved: "quote_approved",
    QuoteDeclined: "quote_declined",
    QuoteWithdrawn: "quote_withdrawn",
    QuoteExpired: "quote_expired",
    CallbackRequested: "callback_requested",
    CallbackScheduled: "callback_scheduled",
    CallbackCancelled: "callback_cancelled",
    CallbackReminded: "callback_reminded",
    CallbackMissed: "callback_missed",
}
GIVE_UP_AFTER = timedelta(days=4)
UNKNOWN_PERSON_AFTER = timedelta(hours=1)
LEASE = timedelta(seconds=60)
STRANGERS_RECEIPTS, STRANGERS_WHILE = 3, timedelta(hours=1)  # to one address, asked for without a login
FEED_KEPT = timedelta(days=30)
INBOUND_KEPT = timedelta(days=30)
MAILS_KEPT = timedelta(days=90)


def thin(event: Any) -> dict[str, Any]:
    """The feed's data of an event."""
    found = {name: getattr(event, name) for name in _THIN if hasattr(event, name)}
    if hasattr(event, "fact_version"):
        found["version"] = event.fact_version
    return found


def whom(event: CaseEvent | FileEvent | AccountEvent) -> tuple[str, list[str]]:
    """What the event happened to, and who may know of it: of people and set-up the team's staff."""
    if isinstance(event, AccountEvent):
        return event.thing_id, [f"team:{event.team_id}"]
    return event.case_id, list(event.audience)


def letters_for(event: CaseEvent, *, actor_is_staff: bool, mails_comments: bool) -> dict[str, str]:
    """Who gets which kind of mail: ``{user id: kind}``.

    Nobody is told what he did himself, but a customer gets a receipt for his new case. Internal comments are never
    mailed. An answer (CaseAnswered) is a comment as well, and that one is mailed.
    """
    others = [user for user in event.tell if user != event.actor_id]
    if isinstance(event, CaseOpened):
        told = dict.fromkeys(others, "opened")
        if event.actor_id and not actor_is_staff:
            told[event.actor_id] = "receipt"
        return told
    if isinstance(event, CommentAdded) and (event.visibility != "public" or not mails_comments):
        return {}
    kind = _kind_of(event)
    told = dict.fromkeys(others, kind) if kind else {}
    if isinstance(event, CaseOwnerChanged) and event.owner_id in told:
        told[event.owner_id] = "owner"
    return told


def _kind_of(event: CaseEvent) -> str | None:
    """Of what changes only a new follower is mailed; that all went well needs no letter."""
    if isinstance(event, CaseChanged):
        return "follower" if event.fields == ["followers"] else None
    if isinstance(event, ConfirmationGiven):
        return "not_answered" if event.answer == "no" else None
    if isinstance(event, CallbackScheduled) and event.due_at is None:  # from a program that does not tell it yet
        return None
    return _KINDS.get(type(event))


def decide(held: Collection[str] | None, permission: str) -> Decision:
    """May somebody with these permissions among the staff (None: he is not of the staff) do this?"""
    if permission not in PERMISSIONS["notifications"]:
        return Decision(False, "unknown_permission")
    if held is None:
        return Decision(False, "staff_only")
    return Decision(True, "granted") if permission in held else Decision(False, "role_lacks_permission")


def mails_comments_of(profile: dict[str, Any]) -> bool:
    """Whether the team's profile wants each public comment mailed (it does unless it says no)."""
    return (profile.get("notify") or {}).get("every_public_comment", True) is not False


def pause_after(trouble: str, tries: int, age: timedelta) -> timedelta | None:
    """When a mail is tried again after a passing trouble; None: never.

    ``away``: the mail server could not be reached - look again soon, so that all is out minutes after it is back.
    ``later``: it answered "not now" (4xx, greylisting) - wait a minute at least, then longer and longer.
    """
    if age >= GIVE_UP_AFTER:
        return None
    first, most = (5, 120) if trouble == "away" else (60, 6 * 3_600)
    return timedelta(seconds=min(first * 2 ** min(tries - 1, 20), most))


def reply_token(secret_key: str, nonce: bytes) -> str:
    """The secret part of a reply address: 160 bits, in letters that survive every mail program."""
    made = hmac.new(secret_key.encode(), b"reply " + nonce, hashlib.sha256).digest()
    return b32encode(made[:20]).decode().lower()


def token_hash(token: str) -> bytes:
    """What the database keeps of it."""
    return hashlib.sha256(token.encode()).digest()


def token_in(recipient: str, mail_domain: str) -> str | None:
    """The token of an envelope recipient ``reply+<token>@<our domain>``, exactly as written; None for any other."""
    local, _, domain = recipient.strip("<> ").rpartition("@")
    if domain.lower() != mail_domain.lower() or not local.startswith("reply+"):
        return None
    token = local.removeprefix("reply+")
    return token if len(token) == 32 and token.isascii() and token.isalnum() else None
