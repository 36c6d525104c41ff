"""What people may do: every permission there is, with a sentence each. Roles are lists of these, kept by accounts.

A permission is the right to do something in the places where somebody belongs; whether it can be done with one thing
now (its status, its visibility, the team's profile) is decided by the service that owns the thing.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from services.chassis.messages import Request, Shape, View
from services.contracts.shapes import Id, Line, Permission

Side = Literal["customer", "staff"]

# By the service that asks for them.
PERMISSIONS: dict[str, dict[str, str]] = {
    "cases": {
        "case.create": "Register cases; staff on behalf of a customer.",
        "case.read": "Read the organization's cases, as far as their visibility allows.",
        "case.read_all": "Read every case of the team.",
        "case.comment": "Comment where the other side reads it.",
        "case.comment_internal": "Comment where only the staff reads it.",
        "case.change": "Change what a case says, who owns it and who sees it.",
        "case.review": "Look a new case over: complexity and level.",
        "case.assign": "Give a case to one of the staff.",
        "case.answer": "Answer a case.",
        "case.close": "Close a case.",
        "case.cancel": "Withdraw a case.",
        "case.reopen": "Open an answered or closed case again.",
        "case.reclassify": "Correct the type, priority or topic of a case, with a reason.",
        "case.confirm": "Say whether a closed case is solved.",
        "case.rate": "Say how content one is with a closed case of one's own.",
        "case.link": "Link and tag cases.",
        "case.merge": "Merge cases, undo it, and split a case.",
        "follower.add": "Let a person follow a case.",
        "follower.remove": "End a person's following.",
        "key.manage": "Issue and revoke the keys that open one case without a login; customers for their own cases.",
        "quote.offer": "Offer a price for a case.",
        "quote.approve": "Accept or decline an offered price.",
        "report.read": "Read reports on cases.",
    },
    "files": {
        "file.read": "See and fetch the files of a case that may be read.",
        "file.add": "Add files to a case.",
        "file.remove": "Remove files: customers their own, staff all.",
        "folder.add": "Add folders to a case.",
    },
    "notifications": {
        "mail.read": "See which mails were sent about a case.",
    },
    "accounts": {
        "user.read": "See the people of the organization; staff those of all and the staff itself.",
        "user.manage": "Add, change and remove people of organizations.",
        "contact.manage": "Add, change and remove the organization's contacts.",
        "organization.read": "See the organization; staff all of the team.",
        "organization.manage": "Add and change organizations.",
        "role.manage": "Change roles and the team's own staff.",
        "registration.decide": "Approve or reject who wants to join.",
        "contract.read": "See contracts and what they entitle to.",
        "contract.manage": "Add and change contracts.",
        "product.manage": "Add and change products.",
        "queue.manage": "Change queues and who works in them.",
        "token.manage": "Add and revoke the tokens of integrations.",
        "provider.manage": "Set up where the team's people sign in.",
        "profile.manage": "Change the team's profile.",
        "audit.read": "Read who did what.",
    },
}

# Acts that are granted together with another one; ``permissions`` of a case names them, because each has its own rules.
PART_OF = {
    "case.change_owner": "case.change",
    "case.change_visibility": "case.change",
    "case.ask_customer": "case.answer",
    "case.hold": "case.answer",
    "case.resume": "case.answer",
    "case.queue": "case.assign",
    "case.escalate": "case.assign",
    "case.callback": "case.comment",
    "case.split": "case.merge",
    "case.follow_up": "case.reopen",
    "quote.decline": "quote.approve",
    "quote.withdraw": "quote.offer",
}

# All that somebody of a customer may ever hold. Whatever else stands in his list counts for nothing.
CUSTOMER_SIDE = frozenset(
    {
        *("case.create", "case.read", "case.comment", "case.change", "case.close", "case.cancel", "case.reopen"),
        *("case.confirm", "case.rate", "follower.add", "follower.remove"),
        *("key.manage", "quote.approve", "report.read"),
        *("file.read", "file.add", "file.remove", "folder.add"),
        *("user.read", "user.manage", "contact.manage", "organization.read", "contract.read"),
    }
)

Rule = Literal[
    "granted",
    "unknown_permission",
    "not_a_member",
    "staff_only",
    "customer_only",
    "role_lacks_permission",
    "team_policy_forbids",
    "visibility_forbids",
    "status_forbids",
    "quote_required",
    "contract_names_others",
    "not_yours",
]

# What each rule means, as the end of "allowed / refused, because …".
BECAUSE: dict[Rule, str] = {
    "granted": "The permission is held, and nothing stands against it.",
    "unknown_permission": "There is no such permission here.",
    "not_a_member": "This person has no active place where the thing belongs.",
    "staff_only": "Only the team's own staff can ever do this.",
    "customer_only": "Only the customer can say this.",
    "role_lacks_permission": "The person's role, or the list that replaces it, does not hold the permission.",
    "team_policy_forbids": "The team's profile does not allow it.",
    "visibility_forbids": "The case is not visible to this person.",
    "status_forbids": "It is not possible in the present state of the thing.",
    "quote_required": "The price has to be approved before the work begins.",
    "contract_names_others": "The contract names who may do this, and not this person.",
    "not_yours": "It is possible only with one's own.",
}


class Decision(NamedTuple):
    """The answer of a service's one decision function."""

    allowed: bool
    rule: Rule


class AccessView(View):
    """Whether a person may do something with a thing now, by which rule, and that rule in words."""

    allowed: bool
    rule: Annotated[str, Shape(min=1, max=64, example="role_lacks_permission")]
    because: Line


class Explain(Request[AccessView]):
    """What every service's question about access says: may this person do this with that thing, and why?"""

    user_id: Id
    action: Permission
    resource_id: Id
