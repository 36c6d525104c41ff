"""Who may do what with a case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.cases.rules.agreed import not_included
from services.cases.rules.case import Policy, Reader, Standing
from services.cases.rules.changes import editable
from services.cases.rules.moves import TURNS, moves_of, waits_for_price
from services.cases.tables import Case
from services.chassis.problems import Conflict, Forbidden, Invalid
from services.contracts.access import CUSTOMER_SIDE, PART_OF, PERMISSIONS, Decision, Rule
from services.contracts.cases import Visibility

# The permission a client sees -> the act whose moves say when it is possible.
_ACTS = {
    "case.comment": "customer_comments",
    "case.comment_internal": "comment_internal",
    "case.change": "change",
    "case.change_owner": "share",
    "case.change_visibility": "share",
    "case.review": "review",
    "case.assign": "assign",
    "case.queue": "queue",
    "case.escalate": "escalate",
    "case.callback": "callback",
    "case.answer": "answer",
    **{f"case.{act}": act for act in TURNS.values()},
    "case.close": "close",
    "case.cancel": "cancel",
    "case.reopen": "reopen",
    "case.confirm": "confirm",
    "case.rate": "rate",
    "case.link": "link",
    "case.merge": "merge",
    "case.split": "merge",
    "case.follow_up": "link",
    "follower.add": "follow",
    "follower.remove": "follow",
    "case.reclassify": "reclassify",
    "quote.offer": "offer_quote",
    "quote.withdraw": "withdraw_quote",
    "quote.approve": "approve_quote",
    "quote.decline": "decline_quote",
    "key.manage": "key",
}
_KNOWN = {*PERMISSIONS["cases"], *PART_OF}
# The customer's own word; nobody of the staff says it for him.
_CUSTOMER_ONLY = {"case.confirm", "case.rate", "quote.approve", "quote.decline"}
HIGHEST_LEVEL = 2


def must_be_able(reader: Reader, permission: str, *, though_merged: bool = False) -> None:
    """Refuse what the caller's permissions or the team's policy never allow. What is only impossible now is refused by
    ``move``, which says when it would be possible. Raises Forbidden ``not_permitted``, or ``not_included`` for a
    function the customer's solution does not have; Conflict ``merged``, unless it is done ``though_merged``."""
    if permission.startswith("follower.") and not offers_followers(reader.policy):
        raise not_included("followers", reader.policy)
    decision = _entitled(reader, permission)
    if decision.allowed and not _is_ones_own(reader, permission):
        decision = Decision(False, "not_yours")
    if decision.allowed and not though_merged and is_shut_by_merge(reader.case, permission):
        detail = "This case goes on as another one; do it there, or undo the merge."
        raise Conflict("merged", detail, extra={"merged_into": reader.case.merged_into})
    if not decision.allowed:
        extra = {"permission": permission, "rule": decision.rule}
        raise Forbidden("not_permitted", "You may not do this with a case.", extra=extra)


def must_speak_by(reader: Reader, channel: str) -> None:
    """Customers write here or by their program; staff also in the ways in which the team answers. (What comes by mail
    does not come this way.) Raises Invalid ``/channel``."""
    offered = ["portal", "api"]
    if reader.standing.staff:
        offered += [one for one in reader.policy["channels"] if one not in offered]
    if channel not in offered:
        raise Invalid.field("/channel", "choice", f"Choose one of these: {', '.join(offered)}.")


def is_shut_by_merge(case: Case, permission: str) -> bool:
    """A merged case accepts nothing but to be taken apart again."""
    return case.merged_into is not None and permission != "case.merge"


def may_open(standing: Standing) -> bool:
    """Who may register a case, for himself or (support's own people) on behalf of a customer."""
    return "case.create" in standing.permissions


def able(reader: Reader, now: datetime) -> list[str]:
    """Everything this reader may do with this case now."""
    return [permission for permission in _ACTS if decide(reader, permission, now).allowed]


def decide(reader: Reader, permission: str, now: datetime) -> Decision:
    """May this reader do this with this case now? The one decision: checks, lists and explanations rest on it."""
    decision = _entitled(reader, permission)
    act = _ACTS.get(permission)
    if not decision.allowed or act is None:
        return decision
    rule = _against(permission, act, reader, now)
    return Decision(False, rule) if rule else decision


def _against(permission: str, act: str, reader: Reader, now: datetime) -> Rule | None:
    """What of the case's present state stands against an act that is granted."""
    case = reader.case
    if permission in ("follower.add", "case.change_owner") and case.visibility == "private":
        return "visibility_forbids"
    if is_shut_by_merge(case, permission):
        return "status_forbids"
    if not _is_ones_own(reader, permission):
        return "not_yours"
    if permission == "case.rate" and reader.me not in (case.contact_id, case.created_by):
        return "not_yours"
    if waits_for_price(act, case):
        return "quote_required"
    fits = case.status in moves_of(act, case.gate) and _fits(permission, reader, now)
    return None if fits else "status_forbids"


def _entitled(reader: Reader, permission: str) -> Decision:
    """What holds for the person on this case: for a price, the contract's own list goes before the permission."""
    if (
        PART_OF.get(permission, permission) == "quote.approve"
        and reader.approves is not None
        and not reader.standing.staff
    ):
        return Decision(True, "granted") if reader.approves else Decision(False, "contract_names_others")
    return entitled(reader.standing, reader.policy, permission)


def entitled(standing: Standing, policy: Policy, permission: str) -> Decision:
    """The part that holds for every case: what he holds, on his side, and what the team's policy leaves of it."""
    if permission not in _KNOWN:
        return Decision(False, "unknown_permission")
    held = {PART_OF.get(permission, permission)}
    if not standing.staff and permission == "case.change_owner":
        held.add("user.manage")  # the owner is a matter of the organization's administrators
    if not standing.staff and not held <= CUSTOMER_SIDE:
        return Decision(False, "staff_only")
    if standing.staff and permission in _CUSTOMER_ONLY:
        return Decision(False, "customer_only")
    if not held <= set(standing.permissions):
        return Decision(False, "role_lacks_permission")
    if not _wanted(standing, policy, permission):
        return Decision(False, "team_policy_forbids")
    return Decision(True, "granted")


def decide_unseen(places: Sequence[Standing], organization_id: str, permission: str) -> Decision:
    """Why somebody with these places in the team does not see a case of this organization."""
    if permission not in _KNOWN:
        return Decision(False, "unknown_permission")
    here = [place for place in places if place.staff or place.organization_id == organization_id]
    if not here:
        return Decision(False, "not_a_member")
    reads = any(("case.read_all" if place.staff else "case.read") in place.permissions for place in here)
    return Decision(False, "visibility_forbids" if reads else "role_lacks_permission")


def may_ask(places: Sequence[Standing]) -> bool:
    """Whose rights others have, is told to staff who see cases and people."""
    return any(place.staff and {"user.read", "case.read_all"} <= {*place.permissions} for place in places)


def _wanted(standing: Standing, policy: Policy, permission: str) -> bool:
    """Whether the team has this act at all, for this side."""
    if permission.startswith("follower."):
        return offers_followers(policy)
    if permission == "key.manage":
        return bool(policy["access_key"] != "off")
    if permission == "case.callback":
        return "callbacks" in policy["features"] and standing.role != "key"  # a key asks for none
    theirs = {
        "case.close": bool(policy["close"]["by_customer"]),
        "case.change": bool(policy["fields"]["customer_editable"]),
        "case.change_owner": bool(policy["owner"]["field"]),
    }
    return standing.staff or theirs.get(permission, True)


def _is_ones_own(reader: Reader, permission: str) -> bool:
    """A key speaks in the contact's name, and who sees a case is its people's affair: of the customer's side only those
    whose case it is say so. A private case is opened up by its creator or contact alone, not by support either."""
    case = reader.case
    if permission == "case.change_visibility" and case.visibility == "private":
        return made_for(reader)
    if permission in ("key.manage", "case.change_visibility"):
        return reader.standing.staff or reader.me in (case.created_by, case.contact_id, case.owner_id)
    return True


def made_for(reader: Reader) -> bool:
    """Whether the reader is the one between whom and support a private case is."""
    return reader.me in (reader.case.created_by, reader.case.contact_id)


def owner_refused() -> Forbidden:
    """Why somebody cannot name an owner."""
    return Forbidden("owner_not_offered", "Only an administrator with colleagues may name an owner.")


def must_be_showable(reader: Reader, visibility: Visibility) -> None:
    """Whether the case can be seen by others, or by fewer, from now on; who may ask for it is settled. Raises Invalid
    where the team keeps no private cases, Forbidden ``not_yours``, Conflict ``has_merged``."""
    if visibility == "private" and not reader.policy["visibility"]["private_allowed"]:
        raise Invalid.field("/visibility", "choice", "This team keeps no private cases.")
    if visibility == "private" and not (made_for(reader) or reader.standing.staff):
        raise Forbidden("not_yours", "Only the creator and the contact of a case make it private.")
    if reader.merged:  # their comments are shown here, and they have readers of their own
        detail = "Other cases were merged into this one; take them apart first."
        raise Conflict("has_merged", detail, extra={"merged": [number for _, number in reader.merged]})


def must_hear_of_hidden(standing: Standing, policy: Policy) -> None:
    """Whether he may know how many private cases he does not see: administrators, where the team tells it. Raises
    Forbidden ``not_permitted`` and ``not_offered``."""
    if "user.manage" not in standing.permissions:
        raise Forbidden("not_permitted", "This is for the organization's administrators.")
    if not policy["visibility"]["private_count_for_admins"]:
        raise Forbidden("not_offered", "This team does not tell how many cases are private.")


def offers_followers(policy: Policy) -> bool:
    """Whether cases of this team can have followers."""
    return bool(policy["followers"]["enabled"]) and "followers" in policy["features"]


def _fits(permission: str, reader: Reader, now: datetime) -> bool:
    case = reader.case
    if permission in ("case.ask_customer", "case.hold", "case.resume"):
        return permission != f"case.{TURNS.get(case.status)}"  # it stands there already
    in_time = may_reopen(case, reader.policy, now)
    only = {
        "case.confirm": case.confirmation == "pending",
        "case.reopen": in_time,
        "case.follow_up": case.status == "closed" and not in_time and may_open(reader.standing),
        "case.escalate": case.level < HIGHEST_LEVEL,
    }
    return bool(editable(reader)) if permission == "case.change" else only.get(permission, True)


def may_reopen(case: Case, policy: Policy, now: datetime) -> bool:
    """A closed case may be opened again within the team's window; an answered one always."""
    days = int(policy["reopen"]["window_days"])
    return case.closed_at is None or now <= case.closed_at + timedelta(days=days)


def goes_on_elsewhere(reader: Reader, visibility: str, now: datetime) -> bool:
    """Whether a comment on this closed case is the beginning of another, because the window to open it is over. A key
    opens one case and begins none."""
    wanted = reader.policy["closed"]["comment_effect"] == "follow_up" and visibility == "public"
    over = reader.case.status == "closed" and not may_reopen(reader.case, reader.policy, now)
    return wanted and over and not reader.standing.staff and reader.standing.role != "key"


def reaction_to_comment(reader: Reader, visibility: str, now: datetime) -> str:
    """The act a comment is: who speaks, to whom, and what the team wants of comments on closed cases."""
    if visibility == "internal":
        return "comment_internal"
    if reader.standing.staff:
        return "support_comments"
    case, effect = reader.case, reader.policy["closed"]["comment_effect"]
    if case.status == "closed" and effect == "reopen" and may_reopen(case, reader.policy, now):
        return "reopen"
    return "customer_comments"
